//! Python for peers: an interpreter that has a package, installed on request into a virtual environment under `target`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build;

/// A Python that can import `package`: that of our virtual environment, or else the one on the path. With `install`, the
/// package is first installed into the virtual environment. `None` when there is none.
///
/// # Errors
/// When the installation fails.
pub(crate) fn python(package: &str, install: bool) -> Result<Option<PathBuf>> {
    let folder = build::target_folder()?.join("peers");
    let own = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let has_package = |python: &PathBuf| {
        Command::new(python).args(["-c", &format!("import {package}")]).output().is_ok_and(|o| o.status.success())
    };
    if let Some(found) = [own.clone(), PathBuf::from("python3")].into_iter().find(has_package) {
        return Ok(Some(found));
    }
    if !install {
        return Ok(None);
    }
    println!("installing {package} into {} ...", folder.display());
    let status = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
    ensure!(status.context("cannot run python3; install Python 3 with venv")?.success(), "python3 made no environment");
    let status = Command::new(&own).args(["-m", "pip", "install", "--quiet", package]).status()?;
    ensure!(status.success() && has_package(&own), "pip could not install {package}");
    Ok(Some(own))
}
