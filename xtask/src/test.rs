//! Runs the tests, after making sure of the system packages that they link against.

pub(crate) mod aarch64;
mod picture;
pub(crate) mod web;
pub(crate) mod windows;
mod wine;

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the trainer (package `model`), and with it candle's 130 crates.
    #[arg(long)]
    quick: bool,
    /// Passed on to `cargo test`, such as the name of a test.
    #[arg(last = true)]
    cargo_arguments: Vec<String>,
}

/// Debian packages that a Rust toolchain lacks: a linker, the headers of the VST3 test host, and what opens the plugin's window.
pub(crate) const DEBIAN_PACKAGES: [&str; 4] = ["gcc", "libxcb1-dev", "libx11-6", "libx11-xcb1"];

/// Installs what is missing, then tests.
///
/// # Errors
/// When a package is missing and cannot be installed, or a test fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    install(&DEBIAN_PACKAGES)?;
    // Debug builds, because the framework's guard against allocations on the audio thread exists only there.
    let mut cargo = Command::new("cargo");
    cargo.arg("test");
    if !options.quick {
        cargo.arg("--workspace");
    }
    let status = cargo.args(&options.cargo_arguments).status().context("cannot run cargo")?;
    ensure!(status.success(), "the tests failed; the lines above say which");
    Ok(())
}

/// Installs Debian packages that are missing, when run as root; otherwise says which.
///
/// # Errors
/// When packages are missing and cannot be installed.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    // Systems without dpkg have other names for these packages; the linker will name what it misses.
    if Command::new("dpkg").arg("--version").output().is_err() {
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install -y {}", missing.join(" "));
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    if !is_root {
        bail!("the tests need {}; please run\n\n    sudo {install}\n\nand then this again", missing.join(" and "));
    }
    println!("installing {}", missing.join(" and "));
    let script = format!("apt-get update -qq && DEBIAN_FRONTEND=noninteractive {install}");
    let status = Command::new("sh").args(["-c", &script]).status()?;
    ensure!(status.success(), "apt-get could not install {}", missing.join(" and "));
    Ok(())
}

/// Runs a command, whose own lines say why it fails.
///
/// # Errors
/// When it does.
pub(crate) fn expect_success(mut command: Command) -> Result<()> {
    let name = format!("{command:?}");
    let status = command.status().with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name} failed; the lines above say why");
    Ok(())
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]).output();
    query.is_ok_and(|output| output.stdout.ends_with(b"ok installed"))
}
