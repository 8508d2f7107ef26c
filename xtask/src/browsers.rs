//! Real browsers: scripts in `tests/browser` drive those that are installed, with puppeteer.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::validate::find;

/// How to get what the scripts need.
pub(crate) const SOURCE: &str = "apt-get install chromium firefox-esr pulseaudio nodejs npm (Debian 12)";
const FOLDER: &str = "tests/browser";
/// How a script says that there is no browser for it.
const SKIPPED: i32 = 77;

/// Installs what the scripts are written with, as the lock file has it. False if that is not to be had here.
pub(crate) fn install() -> bool {
    let (Some(npm), Some(_)) = (find("npm"), find("node")) else { return false };
    let arguments = ["ci", "--prefix", FOLDER, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    let is_installed = Command::new(npm).args(arguments).status().is_ok_and(|status| status.success());
    if !is_installed {
        println!("puppeteer cannot be installed: no page is opened");
    }
    is_installed
}

/// Runs a script of the folder; false if there is no browser for it.
///
/// # Errors
/// When it fails.
pub(crate) fn script(name: &str, arguments: &[&OsStr]) -> Result<bool> {
    let mut node = Command::new("node");
    node.arg(Path::new(FOLDER).join(name)).args(arguments);
    let status = node.status().context("cannot run node")?;
    ensure!(status.success() || status.code() == Some(SKIPPED), "{name} failed; the lines above say why");
    Ok(status.success())
}
