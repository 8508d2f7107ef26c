//! Copies the bundles to the user's plugin folders, and the trainer to where the plugin looks for it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use takes::trainer;

use crate::build;

/// Options of `cargo xtask install`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the trainer, which takes minutes to build: the window then makes no styles
    #[arg(long)]
    without_trainer: bool,
}

/// Bundles the plugin and installs it and the trainer for the current user.
///
/// # Errors
/// When the build fails or the folders cannot be written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let bundles = build::bundle()?;
    let (clap_folder, vst3_folder) = plugin_folders()?;
    println!();
    for (bundle, folder) in [(&bundles.clap, clap_folder), (&bundles.vst3, vst3_folder)] {
        let place = folder.join(bundle.file_name().context("a bundle has a name")?);
        remove(&place)?;
        copy(bundle, &place).with_context(|| format!("cannot write {}", place.display()))?;
        println!("installed {}", place.display());
    }
    if !options.without_trainer {
        build::release("model", |cargo| {
            cargo.arg("--locked");
        })?;
        let place = trainer::installed().context("this user has no home folder for the trainer")?;
        let built = build::target_folder()?.join("release").join(format!("model{}", std::env::consts::EXE_SUFFIX));
        remove(&place)?;
        copy(&built, &place).with_context(|| format!("cannot write {}", place.display()))?;
        println!("installed {}", place.display());
    }
    println!("Let your music software scan for plugins again. README.md says how to set up the tracks.");
    Ok(())
}

/// The user's own CLAP and VST3 folders, as the two formats define them.
fn plugin_folders() -> Result<(PathBuf, PathBuf)> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set"));
    Ok(match std::env::consts::OS {
        "windows" => {
            let common = variable("LOCALAPPDATA")?.join("Programs").join("Common");
            (common.join("CLAP"), common.join("VST3"))
        }
        "macos" => {
            let plugins = variable("HOME")?.join("Library/Audio/Plug-Ins");
            (plugins.join("CLAP"), plugins.join("VST3"))
        }
        _ => (variable("HOME")?.join(".clap"), variable("HOME")?.join(".vst3")),
    })
}

/// Removes an earlier version, which a running host may still have open: on Unix it keeps the old file.
///
/// # Errors
/// When the system does not allow it.
pub(crate) fn remove(place: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(place) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
    };
    removed.with_context(|| format!("cannot replace {}; close the software that uses it", place.display()))
}

/// Copies a file, or a folder with all that is in it.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::create_dir_all(to.parent().context("a place in a folder")?)?;
        fs::copy(from, to)?;
    }
    Ok(())
}
