//! Tests the page in real browsers: a script drives those that are installed.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::browsers::{SOURCE, install, script};
use crate::build::target_folder;
use crate::web;

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
    if !install() {
        println!("The page is not tested; {SOURCE}");
        return Ok(());
    }
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
    let (address, n_notes) = (format!("http://{address}/"), options.notes.to_string());
    if !script("web.mjs", &[address.as_ref(), pictures.as_os_str(), n_notes.as_ref()])? {
        println!("There is no browser, so the page is not tested; {SOURCE}");
        return Ok(());
    }
    println!("pictures are in {}", pictures.display());
    Ok(())
}

fn hash(n_notes: u32) -> Vec<String> {
    vec!["hash".to_owned(), n_notes.to_string()]
}
