//! Builds the page: a folder of files that any server can serve, and a server for this machine alone.

mod serve;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host::System;

use crate::build::{add_target, release, target_folder};
use crate::dist::licences;

pub(crate) use serve::serve;

/// Options of `cargo xtask web`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Serve the page to this machine, until Ctrl-C.
    #[arg(long)]
    serve: bool,
    /// The port to serve it on.
    #[arg(long, default_value_t = 8712)]
    port: u16,
}

const TARGET: &str = "wasm32-unknown-unknown";
const SCRIPTS: &str = "plugin/web/www";
/// The module, and the faster one for browsers that know its instructions, with the features that it is built with.
const MODULES: [(&str, &[&str]); 2] =
    [("antiphon.wasm", &[]), ("antiphon-relaxed.wasm", &["--features", "web/relaxed-simd"])];
/// What goes along as it is.
const FILES: [(&str, &str); 5] = [
    ("model/weights/nano.antiphon", "nano.antiphon"),
    ("model/weights/README.md", "MODEL-CARD.md"),
    ("plugin/sound/font/NOTICE", "licences/PIANO.txt"),
    ("LICENSE-MIT", "licences/LICENSE-MIT.txt"),
    ("LICENSE-APACHE", "licences/LICENSE-APACHE.txt"),
];

/// Builds the page in `target/web`, and serves it if that is wanted.
///
/// # Errors
/// When Cargo fails, or the folder cannot be written, or the port is taken.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = build()?;
    println!("{}", folder.display());
    if options.serve {
        let address = serve(&folder, options.port)?;
        println!("http://{address}/ (Ctrl-C ends it)");
        loop {
            std::thread::park();
        }
    }
    Ok(())
}

/// Builds the page, and gives its folder.
///
/// # Errors
/// When Cargo fails, or the folder cannot be written.
pub(crate) fn build() -> Result<PathBuf> {
    add_target(TARGET)?;
    let target = target_folder()?;
    let folder = target.join("web");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder.join("licences"))?;
    for (name, features) in MODULES {
        release("web", |cargo: &mut Command| {
            // Names of functions are half a megabyte.
            cargo.args(["--lib", "--target", TARGET]).args(features).env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
        })?;
        copy(&target.join(TARGET).join("release/web.wasm"), &folder.join(name))?;
    }
    for entry in fs::read_dir(SCRIPTS).context("cannot read the page's scripts")? {
        let entry = entry?;
        copy(&entry.path(), &folder.join(entry.file_name()))?;
    }
    for (from, to) in FILES {
        copy(Path::new(from), &folder.join(to))?;
    }
    fs::write(folder.join("licences/OTHERS.txt"), licences::page(&["web"], TARGET, System::Linux)?)?;
    ensure!(folder.join("index.html").is_file(), "the page has no index.html");
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
