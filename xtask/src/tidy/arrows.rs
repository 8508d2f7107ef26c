//! Which crate may depend on which, as Cargo resolves them.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What a crate of ours may be built from.
struct Arrows {
    package: &'static str,
    /// Crates of ours that it may depend on, itself or through others.
    ours: &'static [&'static str],
    /// How the names of crates begin on which it must never depend.
    never: &'static [&'static str],
}

const HOST_AND_TRAINER: &[&str] = &["candle", "nice-plug", "clack", "vst3"];

/// One line for each package of ours, from the ground up.
const ARROWS: &[Arrows] = &[
    Arrows { package: "music", ours: &[], never: HOST_AND_TRAINER },
    Arrows { package: "engine", ours: &["music"], never: HOST_AND_TRAINER },
    Arrows { package: "live", ours: &["music", "engine"], never: HOST_AND_TRAINER },
    Arrows { package: "takes", ours: &["music"], never: HOST_AND_TRAINER },
    Arrows { package: "piano", ours: &["music"], never: HOST_AND_TRAINER },
    Arrows {
        package: "antiphon",
        ours: &["music", "engine", "live", "takes", "piano"],
        never: &["candle", "clack", "vst3-host"],
    },
    Arrows { package: "web", ours: &["music", "engine", "live", "takes", "piano"], never: HOST_AND_TRAINER },
    Arrows { package: "model", ours: &["music", "engine", "takes", "piano"], never: &["nice-plug", "clack", "vst3"] },
    Arrows { package: "host", ours: &["music"], never: &["candle", "nice-plug"] },
    // The demo proves the plugin's file, so it is not built from the plugin; and it is built before all else.
    Arrows { package: "xtask", ours: &["music", "takes", "piano", "host"], never: &["candle", "vst3-host"] },
    // Parsers, and the plugin as a host loads it.
    Arrows {
        package: "fuzz",
        ours: &["music", "engine", "live", "takes", "piano", "antiphon", "host"],
        never: &["candle"],
    },
    Arrows { package: "antiphon-tests", ours: &[], never: &["candle"] },
];

/// Dependencies that are not allowed.
///
/// # Errors
/// When Cargo cannot be asked.
pub(super) fn check() -> Result<Vec<String>> {
    let members = members()?;
    let mut problems = Vec::new();
    for member in &members {
        problems.extend(problems_of(member, &packages_of(member)?, &members));
    }
    Ok(problems)
}

/// What is wrong with a package that is built from `packages`.
fn problems_of(package: &str, packages: &[String], members: &[String]) -> Vec<String> {
    let Some(arrows) = ARROWS.iter().find(|arrows| arrows.package == package) else {
        return vec![format!(
            "{package} is a new crate; add a line with what it may depend on to xtask/src/tidy/arrows.rs"
        )];
    };
    let mut problems = Vec::new();
    for found in packages.iter().filter(|found| *found != package) {
        let is_ours = members.contains(found);
        if is_ours && !arrows.ours.contains(&found.as_str())
            || arrows.never.iter().any(|start| found.starts_with(start))
        {
            problems.push(format!(
                "{package} depends on {found}, and must not: move what it needs to a crate below both, or see \
                 xtask/src/tidy/arrows.rs (`cargo tree -p {package} -i {found}` shows the way)"
            ));
        }
    }
    problems
}

/// Names of the workspace's packages.
fn members() -> Result<Vec<String>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"])?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    Ok(packages.iter().filter_map(|package| package["name"].as_str()).map(str::to_owned).collect())
}

/// Names of all packages that one is built from, itself included.
fn packages_of(package: &str) -> Result<Vec<String>> {
    let arguments =
        ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"];
    let tree = cargo(&arguments)?;
    let mut names: Vec<String> = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    ensure!(names.iter().any(|name| name == package), "cargo tree does not know {package}");
    Ok(names)
}

/// What Cargo prints.
///
/// # Errors
/// When it fails.
pub(crate) fn cargo(arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo").args(arguments).output().context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "cargo {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(package: &str, packages: &[&str]) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        problems_of(
            package,
            &owned(packages),
            &owned(&["engine", "live", "takes", "antiphon", "model", "host", "xtask", "newcomer"]),
        )
    }

    #[test]
    fn allowed_arrows_are_left_alone() {
        assert!(problems("antiphon", &["antiphon", "engine", "live", "takes", "nice-plug", "vst3"]).is_empty());
        assert!(problems("model", &["candle-core", "engine", "model", "takes"]).is_empty());
    }

    #[test]
    fn forbidden_arrows_are_named() {
        for (package, other) in [
            ("antiphon", "candle-core"),
            ("engine", "takes"),
            ("engine", "live"),
            ("live", "takes"),
            ("live", "nice-plug"),
            ("live", "antiphon"),
            ("takes", "engine"),
            ("xtask", "antiphon"),
            ("xtask", "vst3-host"),
        ] {
            let problems = problems(package, &[package, other, "serde"]);
            assert!(problems.len() == 1 && problems[0].contains(other), "{package} -> {other}: {problems:?}");
        }
    }

    #[test]
    fn a_new_crate_needs_a_line() {
        assert!(problems("newcomer", &["newcomer"])[0].contains("is a new crate"));
    }

    #[test]
    fn cargo_is_asked_for_what_is_there() {
        assert!(members().unwrap().contains(&"antiphon".to_owned()));
        assert!(packages_of("antiphon").unwrap().contains(&"engine".to_owned()));
    }
}
