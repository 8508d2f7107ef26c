//! Makes what musicians download: for each system one archive with the plugin in both formats, the trainer, and what belongs to them.

mod archive;
mod contents;
mod imports;
pub(crate) mod licences;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host::System;
use sha2::{Digest, Sha256};
use zip::DateTime;

use crate::build::{self, VERSION, bundles, git};
use crate::test;
use contents::{Built, Facts};

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
#[command(after_help = "Windows is cross-compiled from Debian; macOS needs a Mac, and both chips go into one file. \
    ANTIPHON_SIGN_AS names the identity of the keychain with which to sign there.")]
pub(crate) struct Options {
    /// The system to build for; without it, this one
    #[arg(long, value_parser = DOWNLOADS.map(|download| download.target))]
    target: Option<String>,
}

/// One archive.
struct Download {
    target: &'static str,
    system: System,
    /// As Rust names it; of several, any.
    arch: &'static str,
    /// What Cargo builds for it; several are put into one file.
    rust_targets: &'static [&'static str],
    /// How the archive's name ends.
    suffix: &'static str,
}

const DOWNLOADS: [Download; 3] = [
    Download {
        target: "x86_64-unknown-linux-gnu",
        system: System::Linux,
        arch: "x86_64",
        rust_targets: &["x86_64-unknown-linux-gnu"],
        suffix: "linux-x86_64",
    },
    Download {
        target: WINDOWS,
        system: System::Windows,
        arch: "x86_64",
        rust_targets: &[WINDOWS],
        suffix: "windows-x86_64",
    },
    Download {
        target: "universal-apple-darwin",
        system: System::MacOs,
        arch: "aarch64",
        rust_targets: &["aarch64-apple-darwin", "x86_64-apple-darwin"],
        suffix: "macos",
    },
];

/// Linked with mingw, so that it can be built and, in Wine, tested on Debian.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";
/// As the plugin looks for it.
pub(crate) const TRAINER: &str = takes::trainer::NAME;
/// mingw's linker and C compiler.
pub(crate) const MINGW: [&str; 1] = ["gcc-mingw-w64-x86-64"];
/// Both formats carry the network, and a download should not.
const MOST_BYTES: u64 = 45_000_000;

/// Builds, lays out, packs, and says how large it is.
///
/// # Errors
/// When something does not build, asks for what users may not have, or is too large.
pub(crate) fn run(options: &Options) -> Result<()> {
    make(options.target.as_deref())
}

/// The same, for a target or this system.
///
/// # Errors
/// As of [`run`].
pub(crate) fn make(target: Option<&str>) -> Result<()> {
    let wanted = |download: &&Download| match target {
        Some(target) => download.target == target,
        None => download.system == System::here(),
    };
    let download = DOWNLOADS.iter().find(wanted).context("there is no download for this system")?;
    let folder = folder()?;
    let built = compile(download, &folder.join("built").join(download.suffix))?;
    let mut glibc = None;
    for file in [&built.library, &built.trainer] {
        glibc = glibc.max(imports::check(file, download.system)?);
    }
    ensure!(download.system != System::Linux || glibc.is_some(), "objdump does not say which glibc is needed");

    let place = unpacked(download)?;
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    let build = build::name().unwrap_or_else(|| "built from source".to_owned());
    let licences = licences::page(&["antiphon", "model"], download.rust_targets[0], download.system)?;
    let laid_out =
        contents::lay_out(&place, &std::env::current_dir()?, download, &built, &Facts { build, glibc, licences })?;
    if download.system == System::MacOs {
        let identity = std::env::var("ANTIPHON_SIGN_AS").unwrap_or_else(|_| "-".to_owned());
        laid_out.bundles.sign(&identity)?;
        bundles::sign(&laid_out.trainer, &identity)?;
    }

    let archive = folder.join(format!("{}.zip", archive_name(download)));
    archive::pack(&place, &archive, commit_time())?;
    let n_bytes = fs::metadata(&archive)?.len();
    let sums = folder.join("SHA256SUMS");
    fs::write(&sums, checksums(&folder)?)?;
    println!("{} ({:.1} MB)\n{}", archive.display(), megabytes(n_bytes), sums.display());
    ensure!(n_bytes <= MOST_BYTES, "it is larger than {:.0} MB", megabytes(MOST_BYTES));
    Ok(())
}

/// Where downloads are made.
fn folder() -> Result<PathBuf> {
    Ok(build::target_folder()?.join("dist"))
}

fn archive_name(download: &Download) -> String {
    format!("antiphon-{VERSION}-{}", download.suffix)
}

/// The folder that is packed.
fn unpacked(download: &Download) -> Result<PathBuf> {
    Ok(folder()?.join(archive_name(download)))
}

/// Where `cargo xtask dist` leaves the files for Windows, as users unpack them.
///
/// # Errors
/// When this program was moved elsewhere.
pub(crate) fn windows_files() -> Result<PathBuf> {
    let download = DOWNLOADS.iter().find(|download| download.target == WINDOWS);
    unpacked(download.context("there is a download for Windows")?)
}

/// Builds plugin and trainer; for several targets, into one file each, in this folder.
fn compile(download: &Download, folder: &Path) -> Result<Built> {
    if download.system == System::Windows {
        test::install(&MINGW)?;
    }
    let file = |package: &str, target: &str| -> Result<PathBuf> {
        let name = match (package, download.system) {
            ("antiphon", system) => system.library(package),
            (_, System::Windows) => format!("{package}.exe"),
            _ => package.to_owned(),
        };
        Ok(build::target_folder()?.join(target).join("release").join(name))
    };
    for target in download.rust_targets {
        build::add_target(target)?;
        for package in ["antiphon", "model"] {
            let flags = flags(download.system)?.join("\u{1f}");
            build::release(package, |cargo| {
                cargo.args(["--locked", "--target", target]).env("CARGO_ENCODED_RUSTFLAGS", flags);
                cargo.env("MACOSX_DEPLOYMENT_TARGET", bundles::OLDEST_MACOS);
            })?;
        }
    }
    if let [target] = download.rust_targets {
        return Ok(Built { library: file("antiphon", target)?, trainer: file("model", target)? });
    }
    fs::create_dir_all(folder)?;
    let merged = |package| -> Result<PathBuf> {
        let parts = download.rust_targets.iter().map(|target| file(package, target)).collect::<Result<Vec<_>>>()?;
        let whole = folder.join(package);
        let status = Command::new("lipo").arg("-create").arg("-output").arg(&whole).args(parts).status();
        ensure!(status.context("cannot run lipo, which comes with Xcode")?.success(), "lipo could not make {package}");
        Ok(whole)
    };
    Ok(Built { library: merged("antiphon")?, trainer: merged("model")? })
}

/// What makes a build the same in whatever folder it is made, and whenever.
fn flags(system: System) -> Result<Vec<String>> {
    let workspace = std::env::current_dir()?;
    let crates = crate::check::vendor::cargo_home()?.join("registry/src");
    let mut flags: Vec<String> = [(workspace, "antiphon"), (crates, "crates")]
        .into_iter()
        .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()))
        .collect();
    // A fifth of the size, and of use to nobody who has not built it.
    flags.push("-Cstrip=symbols".to_owned());
    if system == System::Windows {
        flags.push("-Clink-arg=-Wl,--no-insert-timestamp".to_owned());
    }
    Ok(flags)
}

/// What all files of an archive are dated: the commit's time, to be the same in each build of it.
fn commit_time() -> DateTime {
    let told = git(&["log", "-1", "--format=%cd", "--date=format-local:%Y %m %d %H %M %S"]);
    told.as_deref().and_then(read_time).unwrap_or_default()
}

fn read_time(text: &str) -> Option<DateTime> {
    let mut numbers = text.split(' ').map(str::parse::<u16>);
    let year = numbers.next()?.ok()?;
    let mut next = || numbers.next()?.ok().and_then(|number| u8::try_from(number).ok());
    DateTime::from_date_and_time(year, next()?, next()?, next()?, next()?, next()?).ok()
}

/// A line for each archive of a folder, as `sha256sum -c` reads them.
fn checksums(folder: &Path) -> Result<String> {
    let mut archives: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    archives.retain(|path| path.extension().is_some_and(|extension| extension == "zip"));
    archives.sort();
    let mut lines = String::new();
    for path in archives {
        for byte in Sha256::digest(fs::read(&path)?) {
            write!(lines, "{byte:02x}")?;
        }
        let name = path.file_name().context("an archive has a name")?;
        writeln!(lines, "  {}", name.to_string_lossy())?;
    }
    Ok(lines)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(n_bytes: u64) -> f64 {
    n_bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_commit_and_sums_are_as_sha256sum_writes_them() {
        assert_eq!(read_time("2026 11 28 07 05 04"), DateTime::from_date_and_time(2026, 11, 28, 7, 5, 4).ok());
        assert_eq!(read_time("2026 11 28"), None);
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [("b.zip", "abc"), ("a.zip", ""), ("SHA256SUMS", "old"), ("folder.txt", "")] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.zip\n\
                        ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b.zip\n";
        assert_eq!(checksums(folder.path()).unwrap(), expected);
    }
}
