//! Two folders, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Of the published crate, what we do not use, or what only a registry needs.
const NOT_CARRIED: [&str; 6] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml.orig",
    "tests/",
    "src/wrapper/standalone/",
    "src/wrapper/standalone.rs",
];
/// In our copy, what the published crate forgot.
const ADDED: [&str; 1] = ["LICENSE"];
/// Without the entries of the tests that are not carried.
const MANIFEST: &str = "Cargo.toml";

/// Where `copy` is not what `expected`, the published crate with all patches applied, lets it be.
pub(super) fn differences(expected: &Path, copy: &Path) -> Result<Vec<String>> {
    let mut expected = files(expected)?;
    expected.retain(|name, _| !NOT_CARRIED.iter().any(|left_out| name.starts_with(left_out)));
    if let Some(manifest) = expected.get_mut(MANIFEST) {
        *manifest = without_tests(&String::from_utf8_lossy(manifest)).into_bytes();
    }
    let mut found = files(copy)?;
    found.retain(|name, _| !ADDED.contains(&name.as_str()));

    let copy = copy.display();
    let mut differences = Vec::new();
    for (name, content) in &expected {
        match found.get(name) {
            None => differences.push(format!("{copy}/{name} is missing; put it back as published")),
            Some(ours) if ours != content => differences.push(format!(
                "{copy}/{name} differs from the published file with the patches applied; bring a patch up to date, or undo \
                 the change"
            )),
            Some(_) => {}
        }
    }
    let more = found.keys().filter(|name| !expected.contains_key(*name));
    differences
        .extend(more.map(|name| format!("{copy}/{name} is in no patch and was not published; add it to a patch")));
    Ok(differences)
}

/// All files of a folder by their paths inside it, with their contents.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(inside) = folders.pop() {
        let path = folder.join(&inside);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry?;
            let name = format!("{inside}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(name + "/");
            } else {
                files.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// The manifest without its `[[test]]` tables.
fn without_tests(manifest: &str) -> String {
    let mut is_test = false;
    let lines = manifest.split_inclusive('\n').filter(|line| {
        if line.starts_with('[') {
            is_test = line.trim_end() == "[[test]]";
        }
        !is_test
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn compare(published: &[(&str, &str)], copy: &[(&str, &str)]) -> Vec<String> {
        let (published, copy) = (folder(published), folder(copy));
        let all = differences(published.path(), copy.path()).unwrap();
        let place = format!("{}/", copy.path().display());
        all.into_iter().map(|words| words.replace(&place, "")).collect()
    }

    #[test]
    fn what_is_not_carried_and_what_is_added_is_no_difference() {
        let manifest = "[package]\nname = \"a\"\n\n[[test]]\nname = \"t\"\n\n[lib]\n";
        let published =
            [("src/lib.rs", "1"), ("tests/t.rs", ""), ("src/wrapper/standalone/a.rs", ""), ("Cargo.toml", manifest)];
        let copy = [("src/lib.rs", "1"), ("LICENSE", "ISC"), ("Cargo.toml", "[package]\nname = \"a\"\n\n[lib]\n")];
        assert_eq!(compare(&published, &copy), [""; 0]);
    }

    #[test]
    fn each_difference_is_named() {
        let found = compare(&[("a.rs", "1"), ("b/b.rs", "1")], &[("a.rs", "2"), ("c.rs", "")]);
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("a.rs differs"));
        assert!(found[1].starts_with("b/b.rs is missing"));
        assert!(found[2].starts_with("c.rs is in no patch"));
    }
}
