//! Every command that a text tells the reader to type exists.

use std::collections::BTreeSet;

use super::tree::Tree;

/// Where the trainer's verbs are listed: the file that declares this is searched for.
const MODEL_VERBS: &str = "enum Verb {";

/// Tasks and verbs of the trainer that texts and help texts name, and that do not exist.
pub(super) fn check(tree: &Tree, commands: &clap::Command) -> Vec<String> {
    let model = tree.ending_in(".rs").filter(|(path, _)| path.starts_with("model/src/"));
    let model: BTreeSet<String> = model.flat_map(|(_, text)| variants(text)).collect();
    let mut problems = Vec::new();
    // This file talks of commands that do not exist.
    let texts = [".md", ".rs", ".yml", ".ci/run"]
        .into_iter()
        .flat_map(|end| tree.ending_in(end))
        .filter(|(path, _)| !path.ends_with("tidy/verbs.rs"));
    for (path, text) in texts {
        for words in after(text, "cargo xtask ") {
            let Some(task) = word(words) else { continue };
            match commands.find_subcommand(task) {
                None => problems.push(unknown(
                    path,
                    &format!("cargo xtask {task}"),
                    "`cargo xtask` lists the tasks there are",
                )),
                Some(found) if found.is_subcommand_required_set() => {
                    let Some(kind) = words.get(task.len()..).and_then(|rest| rest.strip_prefix(' ')).and_then(word)
                    else {
                        continue;
                    };
                    if found.find_subcommand(kind).is_none() {
                        let help = format!("`cargo xtask {task}` lists what there is");
                        problems.push(unknown(path, &format!("cargo xtask {task} {kind}"), &help));
                    }
                }
                Some(_) => {}
            }
        }
        for words in after(text, "-p model -- ").chain(after(text, "`model ")) {
            let Some(verb) = word(words) else { continue };
            if !model.contains(verb) {
                problems.push(unknown(path, &format!("model {verb}"), "the verbs are those of `Verb` in model/src"));
            }
        }
    }
    problems
}

fn unknown(path: &str, command: &str, help: &str) -> String {
    format!("{path} names `{command}`, which does not exist; correct it: {help}")
}

/// What follows each place where `start` stands.
fn after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(start).filter_map(move |(at, _)| text.get(at + start.len()..))
}

/// The word at the start, if it could be a verb.
fn word(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')).unwrap_or(text.len());
    text.get(..end).filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// The variants of the list of verbs, as clap spells them.
fn variants(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once(MODEL_VERBS) else { return Vec::new() };
    let mut depth = 0;
    let mut names = Vec::new();
    for line in list.lines().take_while(|line| !line.starts_with('}')) {
        let line = line.trim();
        let name: String = line.chars().take_while(char::is_ascii_alphanumeric).collect();
        if depth == 0 && name.starts_with(|c: char| c.is_ascii_uppercase()) {
            names.push(kebab(&name));
        }
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
    }
    names
}

fn kebab(name: &str) -> String {
    let mut word = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    const VERBS: &str = "#[derive(Subcommand)]\nenum Verb {\n    /// Reads\n    Prepare {\n        #[command(flatten)]\n        \
                         options: Options,\n    },\n    /// Learns\n    CrossValidate(Options),\n}\n\nenum Other {\n    Thing,\n}\n";

    fn commands() -> Command {
        let bench = Command::new("bench").subcommand_required(true).subcommand(Command::new("engine"));
        Command::new("xtask").subcommand(Command::new("play")).subcommand(bench)
    }

    #[test]
    fn verbs_are_read_from_their_list() {
        assert_eq!(variants(VERBS), ["prepare", "cross-validate"]);
    }

    #[test]
    fn commands_that_exist_are_left_alone() {
        let readme = "`cargo xtask play my.mid` and `cargo xtask bench engine`, `cargo xtask`;\ncargo run -p model -- prepare \
                      --data x\n`model cross-validate`; the crate `model`, `model/src`";
        let tree = Tree::of(&[("model/src/main.rs", VERBS), ("README.md", readme)]);
        assert_eq!(check(&tree, &commands()), [""; 0]);
    }

    #[test]
    fn commands_that_do_not_exist_are_named() {
        let readme = "`cargo xtask sing`, `cargo xtask bench page`, `model thing`, cargo run -p model -- teach";
        let problems = check(&Tree::of(&[("model/src/main.rs", VERBS), ("README.md", readme)]), &commands());
        let named = ["xtask sing`", "xtask bench page`", "model teach`", "model thing`"];
        assert_eq!(problems.len(), named.len(), "{problems:?}");
        assert!(problems.iter().zip(named).all(|(problem, name)| problem.contains(name)), "{problems:?}");
    }
}
