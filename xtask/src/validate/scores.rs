//! Scores before other people's eyes: the schema of MusicXML, music21, and MuseScore if it is installed, read what the trainer writes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::expect_success;

/// What the comparison is written in.
pub(super) const PROGRAM: &str = "python3";
pub(super) const SOURCE: &str = "apt-get install python3-venv; and for all of it: musescore3 libxml2-utils (Debian 12)";
/// Readers of scores, and the two halves of the schema; all of free licences.
const PACKAGES: [&str; 4] = ["music21==10.5.1", "musicxml==1.6.3", "xmlschema==4.3.2", "partitura==1.9.0"];
const WEIGHTS: &str = "model/weights/nano.antiphon";

/// Which scores are compared.
#[derive(clap::Args)]
// Clap would give the group of these options the name of those that they are among.
#[group(skip)]
pub(super) struct Options {
    /// Takes that are written as scores and read by others
    #[arg(long, default_value_t = 20)]
    takes: u32,
    /// A folder of OpenScore's .mxl files (github.com/OpenScore/Lieder, CC0), to compare reading and the names of notes
    #[arg(long)]
    openscore: Option<PathBuf>,
}

/// Compares. False if Python's packages are not to be had, which has been said then.
///
/// # Errors
/// When the trainer cannot be built, or others read other notes.
pub(super) fn run(program: &Path, options: &Options) -> Result<bool> {
    println!("== Scores (the first time, Python's packages are installed and the trainer is built)");
    let folder = std::env::current_dir()?.join("target/scores");
    let python = folder.join("venv/bin/python");
    let succeeds = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let is_made = python.is_file() || succeeds(Command::new(program).args(["-m", "venv"]).arg(folder.join("venv")));
    let installs = || succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES));
    if !is_made || !installs() {
        println!("Python's packages cannot be installed ({}): scores are not compared", PACKAGES.join(", "));
        return Ok(false);
    }
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", "model"]);
    expect_success(build)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let trainer = target.join("release/model");
    ensure!(trainer.is_file(), "{} is not there, though it was built", trainer.display());
    let mut compare = Command::new(python);
    compare.arg("xtask/src/validate/scores.py").arg(trainer).arg(WEIGHTS).arg(&folder).arg(options.takes.to_string());
    compare.arg(options.openscore.as_deref().unwrap_or(Path::new("-")));
    expect_success(compare).map(|()| true)
}
