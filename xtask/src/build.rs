//! Builds the plugin and bundles it. The other tasks start from here.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The plugin's files, one for each format. On Linux and Windows the CLAP is a plain file; the VST3 is a folder.
pub(crate) struct Bundles {
    /// `Antiphon.clap`
    pub clap: PathBuf,
    /// `Antiphon.vst3`
    pub vst3: PathBuf,
}

/// Goes to the workspace's root, so that tasks work from any folder inside it.
///
/// # Errors
/// When the sources are gone.
pub(crate) fn enter_workspace() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lives in a workspace")?;
    std::env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))
}

/// Builds the plugin in release mode and bundles it.
///
/// # Errors
/// When Cargo fails.
pub(crate) fn bundle() -> Result<Bundles> {
    let release = ["--release".to_owned()];
    nice_plug_xtask::build(&["antiphon".to_owned()], &release)?;
    let target = target_folder()?;
    nice_plug_xtask::bundle(&target, "antiphon", &release, false)?;
    let folder = target.join("bundled");
    Ok(Bundles { clap: folder.join("Antiphon.clap"), vst3: folder.join("Antiphon.vst3") })
}

/// Cargo's target folder: this program runs from `<target>/debug/xtask`.
///
/// # Errors
/// When this program was moved elsewhere.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).context("xtask runs from Cargo's target folder")?.to_owned())
}
