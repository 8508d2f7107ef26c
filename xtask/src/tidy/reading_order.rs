//! Reading orders name all modules and nothing else.
//!
//! A file may say in its head in which order to read its modules: a paragraph that begins with "Reading order". Each module is
//! named there in backticks.

use std::collections::BTreeSet;

use super::exceptions::{Problem, Rule};
use super::tree::Tree;

/// Reading orders that lack a module, or name none.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.ending_in(".rs").filter_map(|(path, text)| problem(path, text)).collect()
}

fn problem(path: &str, text: &str) -> Option<Problem> {
    let named = named(text)?;
    let modules = modules(text);
    let list = |names: Vec<&&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut words = Vec::new();
    let missing: Vec<_> = modules.difference(&named).collect();
    if !missing.is_empty() {
        words.push(format!("does not name {}; say when to read it", list(missing)));
    }
    let unknown: Vec<_> = named.difference(&modules).collect();
    if !unknown.is_empty() {
        words.push(format!(
            "names {}, which is no module here; leave it out, or take away its backticks",
            list(unknown)
        ));
    }
    let words = format!("the reading order of {path} {}", words.join(", and "));
    (named != modules).then(|| Problem { rule: Rule::ReadingOrder, path: path.to_owned(), words })
}

/// The names in backticks of the paragraph, if there is one. Only words that could be a module's count: `Session::next` or
/// `-p` could not.
fn named(text: &str) -> Option<BTreeSet<&str>> {
    let head =
        text.lines().take_while(|line| line.starts_with("//!")).map(|line| line.trim_start_matches("//!").trim());
    let order = head.skip_while(|line| !line.starts_with("Reading order")).take_while(|line| !line.is_empty());
    let names: Vec<&str> = order.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    let is_module = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (text.contains("//! Reading order")).then(|| names.into_iter().filter(is_module).collect())
}

/// The modules that a file declares, but for its tests.
fn modules(text: &str) -> BTreeSet<&str> {
    let mut modules = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines() {
        let words = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
        if let Some(name) = words.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'))
            && !is_test
        {
            modules.insert(name);
        }
        is_test = line == "#[cfg(test)]";
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "//! A crate.\n//!\n//! Reading order: [`note`] first, then `key` (see [`Note::new`]);\n//! last \
                            `midi`.\n//!\n//! `other` is elsewhere.\n\nmod key;\npub mod midi;\npub(crate) mod note;\n\
                            #[cfg(test)]\nmod tests;\n";

    #[test]
    fn a_complete_order_and_a_file_without_one_are_left_alone() {
        let tree = Tree::of(&[("a/src/lib.rs", COMPLETE), ("b/src/lib.rs", "//! A crate.\n\nmod a;\n")]);
        assert!(check(&tree).is_empty());
    }

    #[test]
    fn what_is_missing_and_what_is_unknown_is_named() {
        let text = COMPLETE.replace("mod key;", "mod keys;");
        let problems = check(&Tree::of(&[("a/src/lib.rs", &text)]));
        assert_eq!(problems.len(), 1);
        let words = &problems[0].words;
        assert!(words.contains("does not name `keys`") && words.contains("names `key`,"), "{words}");
    }
}
