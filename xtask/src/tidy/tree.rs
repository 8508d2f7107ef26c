//! The files that the rules look at.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Texts by their paths from the workspace's root. Other people's code is not among them.
pub(super) struct Tree {
    /// Rust, Markdown, workflows and scripts with their texts; of other files only the name.
    pub(super) files: BTreeMap<String, String>,
}

const READ: [&str; 4] = [".rs", ".md", ".yml", "run"];

impl Tree {
    /// What Git keeps, or would keep.
    pub(super) fn read() -> Result<Self> {
        let list = Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).output();
        let list = list.context("cannot run git")?;
        ensure!(list.status.success(), "git cannot list the files: {}", String::from_utf8_lossy(&list.stderr));
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&list.stdout).lines().filter(|path| !path.starts_with("vendor/nice-plug/"))
        {
            let is_read = READ.iter().any(|end| path.ends_with(end));
            // A file that was deleted is listed until that is committed.
            match if is_read { fs::read_to_string(path) } else { fs::metadata(path).map(|_| String::new()) } {
                Ok(text) => files.insert(path.to_owned(), text),
                Err(_) => continue,
            };
        }
        Ok(Self { files })
    }

    /// The files whose name ends so.
    pub(super) fn ending_in<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        all.filter(move |(path, _)| path.ends_with(end))
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }
}
