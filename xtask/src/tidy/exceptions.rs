//! What may break a rule for now, and why.

/// A rule that allows exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Lines of a file.
    FileLength,
    /// Entries of a folder.
    FolderBreadth,
    /// Modules named by a reading order.
    ReadingOrder,
}

/// Something that breaks a rule.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) rule: Rule,
    /// The file or folder.
    pub(super) path: String,
    /// What is wrong, and what to do about it.
    pub(super) words: String,
}

const TOPICS: &str = "one topic a file, which a flat list shows best";

/// Each is a rule, a path and a reason. Remove a line as soon as it is not needed; until then, it is reported.
const EXCEPTIONS: &[(Rule, &str, &str)] = &[(Rule::FolderBreadth, "tests", TOPICS)];

/// The problems that are no exceptions, and the exceptions that are no problems any more.
pub(super) fn apply(problems: Vec<Problem>) -> Vec<String> {
    apply_list(problems, EXCEPTIONS)
}

fn apply_list(problems: Vec<Problem>, exceptions: &[(Rule, &str, &str)]) -> Vec<String> {
    let is_excepted = |problem: &Problem| {
        exceptions.iter().any(|&(rule, path, _)| (rule, path) == (problem.rule, problem.path.as_str()))
    };
    let unused = exceptions.iter().filter(|&&(rule, path, _)| {
        !problems.iter().any(|problem| (problem.rule, problem.path.as_str()) == (rule, path))
    });
    let unused = unused.map(|(rule, path, why)| {
        format!("{path} needs no exception ({rule:?}, \"{why}\") any more; remove its line from xtask/src/tidy/exceptions.rs")
    });
    let broken = problems.iter().filter(|problem| !is_excepted(problem)).map(|problem| problem.words.clone());
    broken.chain(unused).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_holds_for_its_rule_and_path_and_only_while_it_is_needed() {
        let problem = |rule, path: &str| Problem { rule, path: path.into(), words: format!("{path} is wrong") };
        let exceptions = [(Rule::FileLength, "a.rs", "old"), (Rule::FileLength, "b.rs", "older")];
        let problems = vec![problem(Rule::FileLength, "a.rs"), problem(Rule::FolderBreadth, "a.rs")];
        let words = apply_list(problems, &exceptions);
        assert_eq!(words.len(), 2);
        assert_eq!(words[0], "a.rs is wrong");
        assert!(words[1].starts_with("b.rs needs no exception"));
    }
}
