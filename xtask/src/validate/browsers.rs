//! A page of `model listen` in real browsers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::expect_success;
pub(super) use crate::browsers::SOURCE;
use crate::browsers::{install, script};
use crate::build::target_folder;

/// What the pages are missing here, in words.
pub(super) const NAME: &str = "browsers";

/// Opens pages. False if what is needed for that is not here, which has been said then.
///
/// # Errors
/// When the trainer cannot be built, or a page does not do what it should.
pub(super) fn run() -> Result<bool> {
    println!("== Pages in browsers (the first time, puppeteer is installed and the trainer's tests are built)");
    if !install() {
        return Ok(false);
    }
    listening_page()
}

/// A page of `model listen` is listened to, and what was saved is merged.
fn listening_page() -> Result<bool> {
    let mut test = Command::new("cargo");
    test.args(["test", "--package", "model", "--test", "judge", "a_page_does_not_say"]);
    expect_success(test)?;
    let folder = target_folder()?.join("tmp/listen");
    let (page, results) = (folder.join("listen.html"), folder.join("results"));
    ensure!(page.is_file(), "{} is not there, though the test passed", page.display());
    if !script("listen.mjs", &[page.as_os_str(), results.as_os_str()])? {
        return Ok(false);
    }
    let files = std::fs::read_dir(&results)?.flatten().map(|entry| entry.path());
    let files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    let mut merge = Command::new("cargo");
    merge.args(["run", "--quiet", "--package", "model", "--", "listen", "merge", "--key"]);
    merge.arg(folder.join("key.json")).args(&files);
    let output = merge.output().context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(
        said.starts_with(&format!("{} listener", files.len()))
            && said.contains(", 2 pairs")
            && !said.contains("Left out of the files"),
        "what the browsers saved cannot be merged; the lines above say why"
    );
    Ok(true)
}
