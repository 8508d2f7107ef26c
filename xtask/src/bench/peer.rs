//! Python for peers: an interpreter that has their packages, installed on request into a virtual environment under `target`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build;

/// A Python that can import `packages` (of the same names in PyPI): that of our virtual environment, or else the one on
/// the path. With `install`, they are first installed into the virtual environment. `None` when there is none.
///
/// # Errors
/// When the installation fails.
pub(crate) fn python(packages: &[&str], install: bool) -> Result<Option<PathBuf>> {
    let folder = build::target_folder()?.join("peers");
    let own = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let names = packages.join(", ");
    let has_packages = |python: &PathBuf| {
        Command::new(python).args(["-c", &format!("import {names}")]).output().is_ok_and(|o| o.status.success())
    };
    if let Some(found) = [own.clone(), PathBuf::from("python3")].into_iter().find(has_packages) {
        return Ok(Some(found));
    }
    if !install {
        return Ok(None);
    }
    println!("installing {names} into {} ...", folder.display());
    let status = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
    ensure!(status.context("cannot run python3; install Python 3 with venv")?.success(), "python3 made no environment");
    let status = Command::new(&own).args(["-m", "pip", "install", "--quiet"]).args(packages).status()?;
    ensure!(status.success() && has_packages(&own), "pip could not install {names}");
    Ok(Some(own))
}
