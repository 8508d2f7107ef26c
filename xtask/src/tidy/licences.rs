//! Licences and sources of all that we build on, as `deny.toml` allows them.
//!
//! `cargo deny check` looks at more (known holes, banned crates, duplicates), and `cargo xtask validate` runs it where it is
//! installed. It takes minutes to build, so what matters most is checked here too, from the same file.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::arrows::cargo;

/// The part of `deny.toml` that is read here.
struct Rules {
    allowed: Vec<String>,
    /// More licences for one crate.
    exceptions: BTreeMap<String, Vec<String>>,
    registries: Vec<String>,
}

/// Crates under other licences, or from elsewhere.
///
/// # Errors
/// When `deny.toml` cannot be read, or Cargo cannot be asked.
pub(super) fn check() -> Result<Vec<String>> {
    let rules = Rules::parse(&fs::read_to_string("deny.toml").context("cannot read deny.toml")?)?;
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--locked"])?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    Ok(packages.iter().filter_map(|package| rules.problem(package)).collect())
}

impl Rules {
    fn parse(text: &str) -> Result<Self> {
        let file: toml::Table = text.parse()?;
        let texts = |list: &toml::Value| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(toml::Value::as_str).map(str::to_owned).collect()
        };
        let licenses = file.get("licenses").context("deny.toml has no [licenses]")?;
        let exceptions = licenses.get("exceptions").and_then(toml::Value::as_array).into_iter().flatten();
        let exceptions =
            exceptions.filter_map(|one| Some((one.get("crate")?.as_str()?.to_owned(), texts(one.get("allow")?))));
        let sources = file.get("sources").and_then(|sources| sources.get("allow-registry"));
        Ok(Self {
            allowed: texts(licenses.get("allow").context("deny.toml allows no licences")?),
            exceptions: exceptions.collect(),
            registries: texts(sources.context("deny.toml allows no registry")?),
        })
    }

    /// What is wrong with a package, as `cargo metadata` describes it.
    fn problem(&self, package: &Value) -> Option<String> {
        let (name, licence) = (package["name"].as_str()?, package["license"].as_str().unwrap_or_default());
        // Our own, and the copy in `vendor`, have no source.
        if let Some(source) = package["source"].as_str() {
            let registry = source.strip_prefix("registry+").unwrap_or(source);
            if !self.registries.iter().any(|allowed| allowed == registry) {
                return Some(format!("{name} comes from {source}; take it from crates.io"));
            }
        }
        let more = self.exceptions.get(name).map(Vec::as_slice).unwrap_or_default();
        let is_allowed = |licence: &str| self.allowed.iter().chain(more).any(|allowed| allowed == licence);
        (!satisfies(licence, &is_allowed)).then(|| {
            format!("{name} is under \"{licence}\", which deny.toml does not allow; use another crate, or allow it with a reason")
        })
    }
}

/// Whether a licence expression of SPDX can be met by licences that are allowed. `A/B` is an old way to write `A OR B`.
fn satisfies(expression: &str, is_allowed: &impl Fn(&str) -> bool) -> bool {
    let expression = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX);
    expression.is_ok_and(|expression| expression.evaluate(|needed| is_allowed(&needed.to_string())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: &str = "[licenses]\nallow = [\"MIT\", \"Unicode-3.0\"]\nexceptions = [{ crate = \"font\", allow = [\"OFL-1.1\"] }]\n\
                         [sources]\nallow-registry = [\"https://registry\"]\n";

    #[test]
    fn expressions_are_met_by_what_is_allowed() {
        let is_allowed = |licence: &str| ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].contains(&licence);
        for expression in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "MIT AND Zlib",
            "(GPL-3.0 OR MIT) AND Zlib",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-3.0 AND AGPL-3.0 OR MIT",
        ] {
            assert!(satisfies(expression, &is_allowed), "{expression}");
        }
        for expression in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR AGPL-3.0)", "Apache-2.0", "(MIT", "MIT MIT"]
        {
            assert!(!satisfies(expression, &is_allowed), "{expression}");
        }
    }

    #[test]
    fn licences_and_sources_are_checked() {
        let rules = Rules::parse(RULES).unwrap();
        let package =
            |name: &str, license: &str, source: Value| json!({"name": name, "license": license, "source": source});
        let problem = |name, license, source| rules.problem(&package(name, license, source)).unwrap_or_default();
        assert_eq!(problem("a", "MIT", json!("registry+https://registry")), "");
        assert_eq!(problem("ours", "MIT", Value::Null), "");
        assert_eq!(problem("font", "OFL-1.1 AND MIT", Value::Null), "");
        assert!(problem("b", "OFL-1.1", Value::Null).contains("OFL-1.1"));
        assert!(problem("c", "MIT", json!("git+https://elsewhere")).contains("elsewhere"));
    }
}
