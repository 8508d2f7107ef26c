//! Checks the plugin for the systems that most musicians use, from whatever system this is.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Windows, and macOS.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"];

/// Type-checks package `antiphon` for each target; nothing is linked, so no compiler of theirs is needed. A target whose
/// standard library cannot be had is named and left out.
///
/// # Errors
/// When Cargo cannot be run or finds an error.
pub(crate) fn run() -> Result<()> {
    for target in TARGETS {
        let added = Command::new("rustup").args(["target", "add", target]).status();
        if !added.is_ok_and(|status| status.success()) {
            println!("{target} is left out: rustup could not add it");
            continue;
        }
        let arguments = ["check", "--package", "antiphon", "--locked", "--target", target];
        let status = Command::new("cargo").args(arguments).status().context("cannot run cargo")?;
        ensure!(status.success(), "the plugin does not compile for {target}; the lines above say why");
    }
    Ok(())
}
