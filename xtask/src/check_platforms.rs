//! Checks the plugin for the systems that most musicians use, and what a page needs for a browser, from whatever system this is.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Windows, macOS, and browsers; with the packages that must compile there.
const TARGETS: [(&str, &[&str]); 3] = [
    ("x86_64-pc-windows-msvc", &["antiphon"]),
    ("aarch64-apple-darwin", &["antiphon"]),
    ("wasm32-unknown-unknown", &["music", "engine", "live", "piano"]),
];

/// Type-checks packages for each target; nothing is linked, so no compiler of theirs is needed. A target whose
/// standard library cannot be had is named and left out.
///
/// # Errors
/// When Cargo cannot be run or finds an error.
pub(crate) fn run() -> Result<()> {
    for (target, packages) in TARGETS {
        let added = Command::new("rustup").args(["target", "add", target]).status();
        if !added.is_ok_and(|status| status.success()) {
            println!("{target} is left out: rustup could not add it");
            continue;
        }
        for package in packages {
            let arguments = ["check", "--package", package, "--locked", "--target", target];
            let status = Command::new("cargo").args(arguments).status().context("cannot run cargo")?;
            ensure!(status.success(), "{package} does not compile for {target}; the lines above say why");
        }
    }
    Ok(())
}
