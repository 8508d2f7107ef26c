//! Checks that `vendor/nice-plug` is the published crate with the patches of `vendor/patches`, and nothing else.

mod compare;
mod patches;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{build, test};
use patches::Patch;

const NAME: &str = "nice-plug";
const VERSION: &str = "0.4.2";
/// Of the file that crates.io serves, as a `Cargo.lock` that takes the crate from there would have it.
const SHA256: &str = "3f47be74bed3e8aa17bb055d4ff89af1fb016aa0d2756cd9b6c029a3743676a5";

const COPY: &str = "vendor/nice-plug";
const PATCHES: &str = "vendor/patches";

/// Compares, and says what differs.
///
/// # Errors
/// When the copy is something else than the published crate with the patches, or the crate cannot be had.
pub(crate) fn run() -> Result<()> {
    let problems = problems()?;
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    println!("{COPY} is {NAME} {VERSION} with the patches of {PATCHES}");
    Ok(())
}

/// What is wrong with the copy, each with what to do about it.
///
/// # Errors
/// When the published crate cannot be had.
pub(crate) fn problems() -> Result<Vec<String>> {
    test::install(&["patch"])?;
    let patches = patches::read(Path::new(PATCHES))?;
    let tests = fs::read_to_string("tests/framework.rs")? + &fs::read_to_string("tests/framework/window.rs")?;
    let mut problems = patches::problems(&patches, &tests);

    let folder = build::target_folder()?.join("check-vendor");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    let published = unpack(&download(&folder)?, &folder)?;
    for patch in &patches {
        if let Err(why) = apply(patch, &published) {
            problems.push(format!(
                "{PATCHES}/{} does not apply to {NAME} {VERSION} after those before it; bring it up to date:\n{why}",
                patch.name
            ));
            return Ok(problems);
        }
    }
    problems.extend(compare::differences(&published, Path::new(COPY))?);
    Ok(problems)
}

/// Lets Cargo fetch the crate from its registry, whatever the workspace puts in its place. Returns the archive, of which
/// the checksum is right.
fn download(folder: &Path) -> Result<PathBuf> {
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"published\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             {NAME} = {{ version = \"={VERSION}\", default-features = false }}\n"
        ),
    )?;
    // So that its dependencies are those that are here already.
    fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    let fetch =
        Command::new("cargo").args(["fetch", "--quiet", "--manifest-path"]).arg(folder.join("Cargo.toml")).status();
    ensure!(fetch.context("cannot run cargo")?.success(), "cargo could not fetch {NAME} {VERSION} from crates.io");

    let file = format!("{NAME}-{VERSION}.crate");
    let cache = cargo_home()?.join("registry/cache");
    let registries = fs::read_dir(&cache).with_context(|| format!("cannot read {}", cache.display()))?;
    let mut archives = registries.flatten().map(|registry| registry.path().join(&file)).filter(|path| path.is_file());
    let archive = archives.next().with_context(|| format!("cargo left no {file} in {}", cache.display()))?;
    let sum = output(Command::new("sha256sum").arg(&archive))?;
    ensure!(
        sum.starts_with(SHA256),
        "{} is not the published {NAME} {VERSION}: its SHA-256 should be {SHA256}, and is\n{sum}Delete it and try again.",
        archive.display()
    );
    Ok(archive)
}

/// The folder in which Cargo keeps what it downloads.
///
/// # Errors
/// For a user without a home.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("Cargo's home folder is not known")
}

fn unpack(archive: &Path, folder: &Path) -> Result<PathBuf> {
    output(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder))?;
    Ok(folder.join(format!("{NAME}-{VERSION}")))
}

fn apply(patch: &Patch, crate_folder: &Path) -> Result<()> {
    let arguments = ["-p1", "--silent", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch", "-d"];
    output(Command::new("patch").args(arguments).arg(crate_folder).arg("-i").arg(patch.path.canonicalize()?))?;
    Ok(())
}

/// What a program prints, all of it in the error if it fails.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command:?} failed:\n{words}{}", String::from_utf8_lossy(&output.stderr));
    Ok(words)
}
