//! What is in a download, and where.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use host::System;

use super::{Download, TRAINER};
use crate::build::{Bundles, VERSION, bundles};
use crate::install::copy;

/// What Cargo has built for a download.
pub(super) struct Built {
    /// The plugin's library.
    pub(super) library: PathBuf,
    pub(super) trainer: PathBuf,
}

/// A download before it is packed.
pub(super) struct LaidOut {
    pub(super) bundles: Bundles,
    pub(super) trainer: PathBuf,
}

/// What the page about installing has to say of this build.
pub(super) struct Facts {
    /// What the build is called.
    pub(super) build: String,
    /// The oldest glibc with which it runs.
    pub(super) glibc: Option<String>,
    /// The page of licences.
    pub(super) licences: String,
}

/// Fills an empty folder with all that is in a download. Runs in the workspace's root.
///
/// # Errors
/// When something is missing, or the folder cannot be written.
pub(super) fn lay_out(folder: &Path, download: &Download, built: &Built, facts: &Facts) -> Result<LaidOut> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bundles = bundles::lay_out(folder, &built.library, download.system, download.arch)?;
    let mut trainer = folder.join(TRAINER);
    if download.system == System::Windows {
        trainer.set_extension("exe");
    }
    fs::copy(&built.trainer, &trainer).with_context(|| format!("cannot copy {}", built.trainer.display()))?;
    copy(Path::new("plugin/presets"), &folder.join("presets"))?;
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(Path::new(file), &folder.join("licences").join(file))?;
    }
    fs::write(folder.join("licences/OTHERS.txt"), &facts.licences)?;
    // The card's pictures lie beside it here.
    let card = fs::read_to_string("model/weights/README.md").context("the model card is missing")?;
    fs::create_dir_all(folder.join("model"))?;
    fs::write(folder.join("model/MODEL-CARD.md"), card.replace("../../docs/", ""))?;
    for picture in ["bits.svg", "answers.svg"] {
        copy(&Path::new("docs").join(picture), &folder.join("model").join(picture))?;
    }
    fs::write(folder.join("INSTALL.txt"), page(download.system, facts))?;
    if download.system == System::Linux {
        let script = folder.join("install.sh");
        fs::write(&script, include_str!("pages/install.sh"))?;
        #[cfg(unix)]
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    }
    Ok(LaidOut { bundles, trainer })
}

/// Which file goes where.
fn page(system: System, facts: &Facts) -> String {
    let page = match system {
        System::Linux => include_str!("pages/linux.txt"),
        System::MacOs => include_str!("pages/macos.txt"),
        System::Windows => include_str!("pages/windows.txt"),
    };
    page.replace("{version}", VERSION)
        .replace("{build}", &facts.build)
        .replace("{glibc}", facts.glibc.as_deref().unwrap_or("2.17"))
        .replace("{play}", include_str!("pages/play.txt").trim_end())
}
