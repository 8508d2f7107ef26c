//! Checks plugin and trainer for the systems that most musicians use, and what a page needs for a browser, from whatever system this is.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build::add_target;
use crate::dist::{MINGW, WINDOWS};
use crate::test::install;

/// Options of `cargo xtask check-platforms`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out targets that cannot be added, such as without a network
    #[arg(long)]
    skip_missing: bool,
}

/// Windows, macOS with both chips, and browsers; with the packages that must compile there. (`cargo xtask test-windows` builds the
/// plugin with mingw.)
const TARGETS: [(&str, &[&str]); 5] = [
    ("x86_64-pc-windows-msvc", &["antiphon"]),
    (WINDOWS, &["model"]),
    ("aarch64-apple-darwin", &["antiphon", "model"]),
    ("x86_64-apple-darwin", &["antiphon", "model"]),
    ("wasm32-unknown-unknown", &["web"]),
];

/// Type-checks packages for each target. Nothing is linked, so no compiler of theirs is needed; where a crate would run one for C,
/// a program that does nothing stands in for it.
///
/// # Errors
/// When a target cannot be added, or Cargo cannot be run or finds an error.
pub(crate) fn run(options: &Options) -> Result<()> {
    for (target, packages) in TARGETS {
        match add_target(target) {
            Ok(()) => {}
            Err(why) if options.skip_missing => {
                println!("{target} is left out: {why:#}");
                continue;
            }
            Err(why) => return Err(why).context("with --skip-missing, such a target is left out"),
        }
        if target == WINDOWS {
            install(&MINGW)?;
        }
        for package in packages {
            let mut cargo = Command::new("cargo");
            cargo.args(["check", "--package", package, "--locked", "--target", target]);
            if target.ends_with("-apple-darwin") && !cfg!(target_os = "macos") {
                let target = target.replace('-', "_");
                cargo.env(format!("CC_{target}"), "true").env(format!("AR_{target}"), "true").env("SDKROOT", "/");
            }
            let status = cargo.status().context("cannot run cargo")?;
            ensure!(status.success(), "{package} does not compile for {target}; the lines above say why");
        }
    }
    Ok(())
}
