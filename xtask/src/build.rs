//! Builds the plugin and puts it into bundles. The other tasks start from here.

pub(crate) mod bundles;
mod name;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host::System;

pub(crate) use bundles::Bundles;
pub(crate) use name::{VERSION, git, name};

/// Goes to the workspace's root, so that tasks work from any folder inside it.
///
/// # Errors
/// When the sources are gone.
pub(crate) fn enter_workspace() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lives in a workspace")?;
    std::env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))
}

/// Builds the plugin for this machine in release mode, and bundles it in `target/bundled`.
///
/// # Errors
/// When Cargo fails, or the folder cannot be written.
pub(crate) fn bundle() -> Result<Bundles> {
    release("antiphon", |_| {})?;
    let target = target_folder()?;
    let (system, arch) = (System::here(), std::env::consts::ARCH);
    let library = target.join("release").join(system.library("antiphon"));
    let bundles = bundles::lay_out(&target.join("bundled"), &library, system, arch)?;
    if system == System::MacOs {
        bundles.sign("-")?;
    }
    Ok(bundles)
}

/// Builds a package in release mode. What it shows as its build is the commit at hand.
///
/// # Errors
/// When Cargo fails.
pub(crate) fn release(package: &str, options: impl FnOnce(&mut Command)) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--package", package]);
    if let Some(name) = name() {
        cargo.env("ANTIPHON_BUILD", name);
    }
    options(&mut cargo);
    let status = cargo.status().context("cannot run cargo")?;
    ensure!(status.success(), "{package} does not build; the lines above say why");
    Ok(())
}

/// Cargo's target folder: this program runs from `<target>/debug/xtask`.
///
/// # Errors
/// When this program was moved elsewhere.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).context("xtask runs from Cargo's target folder")?.to_owned())
}

/// Lets rustup add a target's standard library.
///
/// # Errors
/// When it cannot.
pub(crate) fn add_target(target: &str) -> Result<()> {
    let status = Command::new("rustup").args(["target", "add", target]).status();
    let status = status.with_context(|| format!("cannot run rustup; install Rust's {target} target by other means"))?;
    ensure!(status.success(), "rustup could not install the target {target}; is there a network?");
    Ok(())
}
