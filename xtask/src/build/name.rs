//! What a build is called, so that whoever tells of a fault can say in which.

use std::process::Command;

/// The version of all packages of the workspace.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// "release" if the commit has the version's tag, else the commit; and whether files were changed since. `None` without Git.
pub(crate) fn name() -> Option<String> {
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let tags = git(&["tag", "--points-at", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(describe(&commit, &tags, !changes.is_empty()))
}

fn describe(commit: &str, tags: &str, is_changed: bool) -> String {
    let is_release = tags.lines().any(|tag| tag.strip_prefix('v') == Some(VERSION));
    match (is_release, is_changed) {
        (true, false) => "release".to_owned(),
        (_, false) => format!("commit {commit}"),
        (_, true) => format!("commit {commit} and changes"),
    }
}

/// What Git prints, if it is there and this is a repository.
pub(crate) fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).env("TZ", "UTC").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tagged_commit_as_it_is_is_the_release() {
        let tag = format!("v{VERSION}");
        for (tags, is_changed, expected) in [
            (format!("other\n{tag}"), false, "release"),
            (tag.clone(), true, "commit 0a1b2c and changes"),
            (format!("{tag}-rc1"), false, "commit 0a1b2c"),
            (String::new(), false, "commit 0a1b2c"),
        ] {
            assert_eq!(describe("0a1b2c", &tags, is_changed), expected);
        }
    }
}
