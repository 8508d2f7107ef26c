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

/// Fills an empty folder with all that is in a download; what comes with the sources is taken from `workspace`.
///
/// # Errors
/// When something is missing, or the folder cannot be written.
pub(super) fn lay_out(
    folder: &Path,
    workspace: &Path,
    download: &Download,
    built: &Built,
    facts: &Facts,
) -> Result<LaidOut> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bundles = bundles::lay_out(folder, &built.library, download.system, download.arch)?;
    let mut trainer = folder.join(TRAINER);
    if download.system == System::Windows {
        trainer.set_extension("exe");
    }
    fs::copy(&built.trainer, &trainer).with_context(|| format!("cannot copy {}", built.trainer.display()))?;
    copy(&workspace.join("plugin/presets"), &folder.join("presets"))?;
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&workspace.join(file), &folder.join("licences").join(file))?;
    }
    fs::write(folder.join("licences/OTHERS.txt"), &facts.licences)?;
    copy(&workspace.join("plugin/sound/font/NOTICE"), &folder.join("licences/PIANO.txt"))?;
    // The card's pictures lie beside it here.
    let card = fs::read_to_string(workspace.join("model/weights/README.md")).context("the model card is missing")?;
    fs::create_dir_all(folder.join("model"))?;
    fs::write(folder.join("model/MODEL-CARD.md"), card.replace("../../docs/", ""))?;
    for picture in ["bits.svg", "answers.svg"] {
        copy(&workspace.join("docs").join(picture), &folder.join("model").join(picture))?;
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

#[cfg(test)]
mod tests {
    use super::super::DOWNLOADS;
    use super::*;

    const EVERYWHERE: [&str; 11] = [
        "INSTALL.txt",
        "licences/LICENSE-APACHE",
        "licences/LICENSE-MIT",
        "licences/OTHERS.txt",
        "licences/PIANO.txt",
        "model/MODEL-CARD.md",
        "model/answers.svg",
        "model/bits.svg",
        "presets/01-answer.json",
        "presets/02-trading-fours.json",
        "presets/11-wild.json",
    ];

    /// A download whose plugin and trainer are a few letters, in a folder with a space in its name.
    fn laid_out(download: &Download) -> (tempfile::TempDir, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let built = Built { library: parent.path().join("library"), trainer: parent.path().join("trainer") };
        for (file, text) in [(&built.library, "plugin"), (&built.trainer, "trainer")] {
            fs::write(file, text).unwrap();
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let facts =
            Facts { build: "commit 0a1b2c".into(), glibc: Some("2.34".into()), licences: "crate 1.0: MIT".into() };
        let folder = parent.path().join("a download");
        lay_out(&folder, workspace, download, &built, &facts).unwrap();
        (parent, folder)
    }

    #[test]
    fn each_download_has_both_formats_the_trainer_and_what_belongs_to_them() {
        for download in &DOWNLOADS {
            let (_parent, folder) = laid_out(download);
            let own: &[&str] = match download.system {
                System::Linux => &[
                    "Antiphon.clap",
                    "Antiphon.vst3/Contents/x86_64-linux/Antiphon.so",
                    "antiphon-trainer",
                    "install.sh",
                ],
                System::MacOs => &[
                    "Antiphon.clap/Contents/MacOS/Antiphon",
                    "Antiphon.clap/Contents/Info.plist",
                    "Antiphon.vst3/Contents/MacOS/Antiphon",
                    "Antiphon.vst3/Contents/PkgInfo",
                    "antiphon-trainer",
                ],
                System::Windows => {
                    &["Antiphon.clap", "Antiphon.vst3/Contents/x86_64-win/Antiphon.vst3", "antiphon-trainer.exe"]
                }
            };
            for file in EVERYWHERE.iter().chain(own) {
                assert!(folder.join(file).is_file(), "{}: no {file}", download.target);
            }
            let page = fs::read_to_string(folder.join("INSTALL.txt")).unwrap();
            assert!(page.contains(VERSION) && page.contains("commit 0a1b2c") && !page.contains('{'), "{page}");
            for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()) {
                let file = file.to_str().unwrap();
                assert!(file == "INSTALL.txt" || page.contains(file), "{}: {file} is not explained", download.target);
            }
            let card = fs::read_to_string(folder.join("model/MODEL-CARD.md")).unwrap();
            assert!(card.contains("(bits.svg)"), "the card's pictures lie beside it");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_script_for_linux_installs_and_replaces() {
        let download = DOWNLOADS.iter().find(|download| download.system == System::Linux).unwrap();
        let (parent, folder) = laid_out(download);
        let home = parent.path().join("a home");
        let old = home.join(".vst3/Antiphon.vst3/Contents/old");
        fs::create_dir_all(&old).unwrap();
        for _ in 0..2 {
            let script = std::process::Command::new(folder.join("install.sh"))
                .env_remove("XDG_DATA_HOME")
                .env("HOME", &home)
                .output()
                .unwrap();
            assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
            assert!(!old.exists(), "what was there before is replaced");
            for (file, text) in [
                (".clap/Antiphon.clap", "plugin"),
                (".vst3/Antiphon.vst3/Contents/x86_64-linux/Antiphon.so", "plugin"),
                (".local/share/Antiphon/antiphon-trainer", "trainer"),
            ] {
                assert_eq!(fs::read_to_string(home.join(file)).unwrap(), text, "{file}");
            }
        }
        let n_left = fs::read_dir(home.join(".vst3")).unwrap().count();
        assert_eq!(n_left, 1, "nothing half copied is left");
    }
}
