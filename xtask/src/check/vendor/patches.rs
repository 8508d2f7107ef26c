//! The patches and what their heads promise.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One fault, mended.
pub(super) struct Patch {
    pub(super) name: String,
    pub(super) path: PathBuf,
    text: String,
}

/// What each head must say, for whoever meets the fault or sends the patch to its authors.
const WORDS: [&str; 4] = ["Subject: ", "Symptom: ", "How it shows: ", "Upstream: "];

/// All patches, in the order in which they are applied.
pub(super) fn read(folder: &Path) -> Result<Vec<Patch>> {
    let mut patches = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        patches.push(Patch { name, text: fs::read_to_string(&path)?, path });
    }
    patches.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(patches)
}

/// What the patches' heads lack. `tests` is the source of the tests that they name.
pub(super) fn problems(patches: &[Patch], tests: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (i, Patch { name, text, .. }) in patches.iter().enumerate() {
        let number = format!("{:02}-", i + 1);
        if !name.starts_with(&number) || !name.ends_with(".patch") {
            problems
                .push(format!("vendor/patches/{name} should be called {number}….patch: patches are numbered in order"));
        }
        let head = text.split("\n--- ").next().unwrap_or_default();
        for word in WORDS {
            if !head.lines().any(|line| line.starts_with(word)) {
                problems.push(format!("the head of vendor/patches/{name} has no line \"{word}…\"; write one"));
            }
        }
        match head.lines().find_map(|line| line.strip_prefix("Test: ")).and_then(|line| line.split(',').next()) {
            None => problems.push(format!("the head of vendor/patches/{name} names no test (\"Test: …\"); write one")),
            Some(test) if !tests.contains(&format!("fn {test}()")) => problems.push(format!(
                "vendor/patches/{name} names the test {test}, which is not in tests/framework.rs; correct the name"
            )),
            Some(_) => {}
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(name: &str, text: &str) -> Patch {
        Patch { name: name.into(), path: PathBuf::new(), text: text.into() }
    }

    const SOUND: &str =
        "Subject: s\n\nSymptom: s\nHow it shows: s\nUpstream: not yet\nTest: it_works, in t\n\n--- a/f\n+++ b/f\n";

    #[test]
    fn a_sound_head_is_left_alone() {
        assert_eq!(problems(&[patch("01-fault.patch", SOUND)], "fn it_works() {}"), [""; 0]);
    }

    #[test]
    fn a_gap_in_the_numbers_is_seen() {
        let found = problems(&[patch("01-a.patch", SOUND), patch("03-b.patch", SOUND)], "fn it_works() {}");
        assert!(found.len() == 1 && found[0].contains("02-"), "{found:?}");
    }

    #[test]
    fn missing_words_and_tests_are_named() {
        let found = problems(&[patch("01-a.patch", &SOUND.replace("Symptom", "Sign"))], "");
        assert!(found.len() == 2 && found[0].contains("Symptom") && found[1].contains("it_works"), "{found:?}");
        // A line of the diff is no line of the head.
        let found = problems(&[patch("01-a.patch", "--- a/f\n+++ b/f\nTest: it_works,\n")], "fn it_works() {}");
        assert_eq!(found.len(), WORDS.len());
    }
}
