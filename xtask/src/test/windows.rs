//! Tests the files for Windows on Debian: the whole plugin's tests load CLAP and VST3 in Wine, and look at the window.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use host::System;

use super::wine::{Wine, windows_path};
use super::{expect_success, install, picture};
use crate::build::{Bundles, add_target, bundles, target_folder};
use crate::dist::{self, MINGW, TRAINER, WINDOWS, windows_files};

/// Options of `cargo xtask test-windows`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Test what `cargo xtask dist --target x86_64-pc-windows-gnu` has made, and the trainer too, instead of a debug build
    #[arg(long)]
    released: bool,
    /// Phrases that the random host plays in each format
    #[arg(long, default_value_t = 300)]
    phrases: u32,
    /// Passed on to the test program, such as the name of a test
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// As `tests/editor.rs` opens it.
const WINDOW_SIZE: (u32, u32) = (1000, 680);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The whole plugin's tests, and those of what Windows has in a way of its own: folders, files and priorities.
const TESTS: [&str; 8] =
    ["--package", "antiphon-tests", "--test", "plugin", "--package", "antiphon", "--package", "takes"];

/// Makes the download for Windows and tests what is in it.
///
/// # Errors
/// As of [`run`].
pub(crate) fn release(phrases: u32) -> Result<()> {
    dist::make(Some(WINDOWS))?;
    run(&Options { released: true, phrases, arguments: Vec::new() })
}

/// Installs what is missing, then builds and tests.
///
/// # Errors
/// When something is missing and cannot be installed, or a test fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!("(the first build for Windows takes minutes)");
    install(&MINGW)?;
    add_target(WINDOWS)?;
    let target = target_folder()?;
    let folder = target.join("windows");
    fs::create_dir_all(&folder)?;
    let wine = Wine::start(folder.join("wine"))?;

    let mut build = cargo_test(&wine);
    build.arg("--no-run");
    expect_success(build)?;
    let plugin = if options.released {
        let files = windows_files()?;
        Bundles { clap: files.join("Antiphon.clap"), vst3: files.join("Antiphon.vst3") }
    } else {
        // The one that was built with the tests ends them when `process()` allocates.
        let library = target.join(WINDOWS).join("debug/deps").join(System::Windows.library("antiphon"));
        bundles::lay_out(&folder, &library, System::Windows, "x86_64")?
    };
    let picture = folder.join("window.png");
    let _ = fs::remove_file(&picture);
    println!("== {} and {} in Wine", plugin.clap.display(), plugin.vst3.display());
    let mut tests = cargo_test(&wine);
    tests
        // What the window draws without a system's window is the same everywhere.
        .args(["--", "--skip", "editor::tests::"])
        .args(&options.arguments)
        .env("ANTIPHON_CLAP", windows_path(&plugin.clap)?)
        .env("ANTIPHON_VST3", windows_path(&plugin.vst3)?)
        .env("ANTIPHON_PICTURE", windows_path(&picture)?)
        .env("ANTIPHON_PHRASES", options.phrases.to_string());
    photographed(&wine, &picture, || expect_success(tests))?;
    if picture.exists() {
        println!("A picture of the window: {}", picture.display());
    }
    if options.released {
        test_trainer(&wine, &folder)?;
    }
    Ok(())
}

/// Does something, and meanwhile waits for the plugin's window to take a picture of it.
fn photographed(wine: &Wine, file: &Path, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let photographer = scope.spawn(|| -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                if let Some(picture) = picture::of_answer(WINDOW_SIZE, |program| wine.command(program))? {
                    // Whole at once, since the test waits for it.
                    let part = file.with_extension("part");
                    picture.save(&part)?;
                    return Ok(fs::rename(part, file)?);
                }
                std::thread::sleep(LOOK_EVERY);
            }
            Ok(())
        });
        let outcome = act();
        is_over.store(true, Ordering::Relaxed);
        let seen = photographer.join();
        outcome.and(seen.unwrap_or_else(|_| bail!("taking the picture failed")))
    })
}

/// Cargo, which runs the tests that it builds for Windows in Wine.
fn cargo_test(wine: &Wine) -> Command {
    let mut cargo = wine.command("cargo");
    cargo.args(["test", "--locked", "--lib", "--target", WINDOWS]).args(TESTS);
    cargo.env(format!("CARGO_TARGET_{}_RUNNER", WINDOWS.to_uppercase().replace('-', "_")), "wine");
    cargo
}

/// The answer that the trainer for Windows makes is that of this system's, byte by byte.
fn test_trainer(wine: &Wine, folder: &Path) -> Result<()> {
    println!("== The trainer in Wine");
    let [theirs, ours] = ["answer-windows.mid", "answer-here.mid"].map(|name| folder.join(name));
    for answer in [&theirs, &ours] {
        let _ = fs::remove_file(answer);
    }
    let (weights, call) = (Path::new("model/weights/nano.antiphon"), Path::new("tests/fixtures/call.mid"));
    let mut there = wine.command("wine");
    there.arg(windows_files()?.join(TRAINER).with_extension("exe")).arg("generate");
    for (option, file) in [("--weights", weights), ("--call", call), ("--out", &theirs)] {
        there.args([option, &windows_path(file)?]);
    }
    expect_success(there)?;
    let mut here = Command::new("cargo");
    here.args(["run", "--locked", "--package", "model", "--", "generate", "--weights"]).arg(weights);
    here.arg("--call").arg(call).arg("--out").arg(&ours);
    expect_success(here)?;
    let [theirs, ours] = [fs::read(theirs), fs::read(ours)].map(|bytes| bytes.context("an answer is missing"));
    ensure!(theirs? == ours?, "the trainer for Windows does not answer what this system's does");
    Ok(())
}
