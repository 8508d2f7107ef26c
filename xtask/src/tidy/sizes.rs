//! How long a file and how broad a folder may be.

use std::collections::{BTreeMap, BTreeSet};

use super::exceptions::{Problem, Rule};
use super::tree::Tree;

const MAX_LINES: usize = 400;
const MAX_ENTRIES: usize = 14;

/// Rust files that are too long, and folders of them with too many entries.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let long = tree.ending_in(".rs").filter_map(|(path, text)| {
        let n_lines = text.lines().count();
        (n_lines > MAX_LINES).then(|| Problem {
            rule: Rule::FileLength,
            path: path.to_owned(),
            words: format!(
                "{path} has {n_lines} lines, more than {MAX_LINES}; move one concept of it to a file of its own"
            ),
        })
    });
    let broad = entries(tree).into_iter().filter_map(|(path, entries)| {
        let n_entries = entries.len();
        (n_entries > MAX_ENTRIES).then(|| Problem {
            rule: Rule::FolderBreadth,
            words: format!(
                "{path} has {n_entries} entries, more than {MAX_ENTRIES}; put those of one subject into a folder"
            ),
            path,
        })
    });
    long.chain(broad).collect()
}

/// What a reader sees in each folder of Rust files: a module and the folder of its parts are one entry.
fn entries(tree: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in tree.files.keys() {
        let mut rest = path.as_str();
        while let Some((folder, name)) = rest.rsplit_once('/') {
            folders.entry(folder.to_owned()).or_default().insert(name.trim_end_matches(".rs").to_owned());
            rest = folder;
        }
    }
    let holds_rust = |folder: &String| {
        tree.ending_in(".rs").any(|(path, _)| path.rsplit_once('/').is_some_and(|(parent, _)| parent == folder))
    };
    folders.retain(|folder, _| holds_rust(folder));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(tree: &Tree) -> Vec<(Rule, String)> {
        check(tree).into_iter().map(|problem| (problem.rule, problem.path)).collect()
    }

    #[test]
    fn a_file_may_have_400_lines() {
        let (fits, long) = ("\n".repeat(400), "\n".repeat(401));
        let tree = Tree::of(&[("a/fits.rs", &fits), ("a/long.rs", &long), ("a/long.md", &long)]);
        assert_eq!(broken(&tree), [(Rule::FileLength, "a/long.rs".to_owned())]);
    }

    #[test]
    fn a_module_and_its_folder_are_one_entry() {
        let mut files: Vec<(String, &str)> = (0..14).map(|i| (format!("a/src/m{i}.rs"), "")).collect();
        files.extend((0..14).map(|i| (format!("a/src/m{i}/part.rs"), "")));
        // No Rust in there, so it may be as broad as it likes.
        files.extend((0..20).map(|i| (format!("a/data/{i}.mid"), "")));
        let tree = |files: &[(String, &str)]| Tree {
            files: files.iter().map(|(p, t)| (p.clone(), (*t).to_owned())).collect(),
        };
        assert_eq!(broken(&tree(&files)), []);
        files.push(("a/src/fixtures/one.txt".into(), ""));
        assert_eq!(broken(&tree(&files)), [(Rule::FolderBreadth, "a/src".to_owned())]);
    }
}
