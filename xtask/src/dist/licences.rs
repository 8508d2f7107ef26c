//! The licences of all crates that a download is built from, with their texts: each asks that its text goes along.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use host::System;
use serde_json::Value;

use crate::tidy::cargo;

/// How the names of files begin that hold a licence, or what it asks to pass on. The last two are the licences of fonts.
const NAMES: [&str; 8] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE", "OFL", "UFL"];
/// Folders within folders in which they are looked for.
const DEPTH: usize = 3;

/// A crate by somebody else.
struct Crate {
    name: String,
    /// In the words of SPDX.
    licence: String,
    authors: String,
    texts: Vec<String>,
}

/// One page about all crates from which packages are built for a target, but not those with which they are only tested.
///
/// # Errors
/// When Cargo cannot be asked, or a crate names no licence.
pub(crate) fn page(packages: &[&str], target: &str, system: System) -> Result<String> {
    let crates = crates(packages, target)?;
    let mut page = String::from(
        "Antiphon's own licences are in LICENSE-MIT, LICENSE-APACHE and, for the trained network, MODEL-CARD.md;\n\
         the sound of the piano has its own, in PIANO.txt.\n\
         It is built from these works of others, whose licences follow below.\n\n",
    );
    for one in &crates {
        page += &format!("{}: {}\n", one.name, one.licence);
    }
    page += "Rust's standard library: MIT OR Apache-2.0\n";
    if system == System::Windows {
        page += "mingw-w64's runtime: public domain, ZPL-2.1 and MIT; GCC's: GPL-3.0-or-later WITH GCC-exception-3.1\n";
    }
    // Many crates have the same text.
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in &crates {
        for text in &one.texts {
            users.entry(text).or_default().insert(&one.name);
        }
    }
    let mut texts: Vec<(Vec<&str>, &str)> =
        users.into_iter().map(|(text, names)| (names.into_iter().collect(), text)).collect();
    texts.sort();
    for (names, text) in texts {
        page += &format!("\n{}\n{}\n\n{text}\n", "=".repeat(100), names.join(", "));
    }
    Ok(page)
}

/// In the order of their names.
fn crates(packages: &[&str], target: &str) -> Result<Vec<Crate>> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", target];
    let metadata: Value = serde_json::from_str(&cargo(&arguments)?)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let described: HashMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: HashMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let ours: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();

    let is_root = |id: &&String| described.get(*id).is_some_and(|one| packages.contains(&text(&one["name"]).as_str()));
    let mut waiting: Vec<String> = ours.iter().filter(is_root).cloned().collect();
    ensure!(waiting.len() == packages.len(), "Cargo does not know all of {packages:?}");
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let node = nodes.get(&id).with_context(|| format!("cargo metadata does not resolve {id}"))?;
        if !seen.insert(id) {
            continue;
        }
        let is_shipped = |dependency: &Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev");
        let shipped = list(&node["deps"]).into_iter().filter(is_shipped);
        waiting.extend(shipped.map(|dependency| text(&dependency["pkg"])));
    }
    let others = seen.iter().filter(|id| !ours.contains(*id)).filter_map(|id| described.get(id));
    let mut crates = others.map(describe).collect::<Result<Vec<_>>>()?;
    crates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(crates)
}

/// Reads what a crate says of its licence, as `cargo metadata` describes it.
fn describe(package: &Value) -> Result<Crate> {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let name = format!("{} {}", text("name"), text("version"));
    let folder = Path::new(text("manifest_path")).parent().context("a manifest lies in a folder")?;
    let mut files = Vec::new();
    find(folder, DEPTH, &mut files);
    if let Some(named) = package["license_file"].as_str() {
        files.push(folder.join(named));
    }
    files.sort();
    files.dedup();
    let authors: Vec<&str> = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut one = Crate { licence: text("license").to_owned(), authors: authors.join(", "), texts: Vec::new(), name };
    for file in files {
        let words = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        one.texts.push(String::from_utf8_lossy(&words).replace("\r\n", "\n").trim().to_owned());
    }
    if one.texts.is_empty() {
        one.texts = standard_texts(&one)?;
    }
    Ok(one)
}

/// Files whose name says that they hold a licence.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            if depth > 0 {
                find(&path, depth - 1, files);
            }
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().to_uppercase()).unwrap_or_default();
        let is_code = [".RS", ".C", ".H", ".PY", ".SH"].iter().any(|end| name.ends_with(end));
        if !is_code && NAMES.iter().any(|start| name.starts_with(start)) {
            files.push(path);
        }
    }
}

/// For a crate that carries no text: the texts that its licences have for everybody.
fn standard_texts(one: &Crate) -> Result<Vec<String>> {
    let expression = spdx::Expression::parse_mode(&one.licence, spdx::ParseMode::LAX)
        .with_context(|| format!("{} has the licence \"{}\", which SPDX does not know", one.name, one.licence))?;
    let licences = expression.requirements().filter_map(|needed| needed.req.license.id());
    let texts: Vec<String> = licences
        .map(|licence| {
            let authors = if one.authors.is_empty() { "its authors" } else { &one.authors };
            format!("{}, by {authors}\n\n{}", licence.full_name, licence.text().trim())
        })
        .collect();
    ensure!(!texts.is_empty(), "{} names no licence", one.name);
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "x86_64-pc-windows-gnu";

    #[test]
    fn the_page_has_each_crate_and_its_text() {
        let page = page(&["antiphon", "model"], TARGET, System::Windows).unwrap();
        let (list, texts) = page.split_once("====").unwrap();
        let mut n = 0;
        for package in ["antiphon", "model"] {
            let arguments = ["tree", "-p", package, "-e", "normal,build", "--target", TARGET, "--prefix", "none"];
            let tree = cargo(&[&arguments[..], &["--locked"]].concat()).unwrap();
            for line in tree.lines() {
                let mut words = line.split(' ');
                let (name, version) = (words.next().unwrap(), words.next().unwrap_or_default());
                let is_ours = ["antiphon", "model", "engine", "music", "live", "takes", "piano"].contains(&name);
                if is_ours || version.is_empty() {
                    continue;
                }
                let entry = format!("{name} {}", version.trim_start_matches('v'));
                assert!(list.contains(&format!("\n{entry}: ")), "{entry} is not listed");
                assert!(texts.contains(&entry), "{entry} has no text");
                n += 1;
            }
        }
        assert!(n > 150, "only {n}");
        assert!(!list.contains("proptest"), "tests are not shipped");
        assert!(texts.contains("THE SOFTWARE IS PROVIDED \"AS IS\"") && texts.contains("SIL OPEN FONT LICENSE"));
    }

    #[test]
    fn a_crate_without_a_text_gets_that_of_its_licence() {
        let one = |licence: &str| Crate {
            name: "one 1.0".into(),
            licence: licence.into(),
            authors: "A. Author".into(),
            texts: Vec::new(),
        };
        let texts = standard_texts(&one("MIT/Apache-2.0")).unwrap();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("A. Author") && texts[0].contains("Permission is hereby granted"));
        assert!(standard_texts(&one("")).is_err());
        assert!(standard_texts(&one("my own")).is_err());
    }
}
