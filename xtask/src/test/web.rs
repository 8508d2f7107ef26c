//! Tests the page in real browsers: a script drives those that are installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::expect_success;
use crate::build::target_folder;
use crate::web;

const FOLDER: &str = "tests/browser";
/// How the script says that there is no browser for it.
const SKIPPED: i32 = 77;
/// Notes whose hash is compared: an hour of music.
const N_NOTES: u32 = 10_000;

/// Options of `cargo xtask test-web`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Compare so many notes of a browser with this machine's own
    #[arg(long, default_value_t = N_NOTES)]
    notes: u32,
}

/// Builds the page, lets this machine say what it has to play, and opens it in browsers.
///
/// # Errors
/// When something cannot be built, or a page does not do what it should.
pub(crate) fn run(options: &Options) -> Result<()> {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !has("node") || !has("npm") {
        println!("No node or npm: the page is not tested. On Debian: apt-get install nodejs npm chromium firefox-esr");
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--prefix", FOLDER, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]);
    expect_success(npm)?;
    let folder = web::build()?;
    let pictures = target_folder()?.join("web-test");
    std::fs::create_dir_all(&pictures)?;
    for (name, words) in [("answer.json", vec!["answer".to_owned()]), ("hash.json", hash(options.notes))] {
        let mut native = Command::new("cargo");
        native.args(["run", "--quiet", "--release", "--package", "web", "--example", "notes", "--"]).args(words);
        let output = native.output().context("cannot run cargo")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(pictures.join(name), output.stdout)?;
    }
    let address = web::serve(&folder, 0)?;
    let mut node = Command::new("node");
    node.arg(Path::new(FOLDER).join("web.mjs")).arg(format!("http://{address}/")).arg(&pictures);
    let status = node.arg(options.notes.to_string()).status().context("cannot run node")?;
    if status.code() == Some(SKIPPED) {
        println!("No browser: the page is not tested. On Debian: apt-get install chromium firefox-esr");
        return Ok(());
    }
    ensure!(status.success(), "the page does not do what it should; the lines above say what");
    println!("pictures are in {}", pictures.display());
    Ok(())
}

fn hash(n_notes: u32) -> Vec<String> {
    vec!["hash".to_owned(), n_notes.to_string()]
}
