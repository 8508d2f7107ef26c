//! The plugin as users install it, in both formats.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host::System;

use super::VERSION;
use crate::install::remove;

/// What users see of it.
pub(crate) const NAME: &str = "Antiphon";

/// The first system for both chips.
pub(crate) const OLDEST_MACOS: &str = "11.0";

/// What is installed: on Linux and Windows the CLAP is a plain file; all else are folders.
#[derive(Debug)]
pub(crate) struct Bundles {
    /// `Antiphon.clap`
    pub clap: PathBuf,
    /// `Antiphon.vst3`
    pub vst3: PathBuf,
}

/// Lays a library out as CLAP and VST3 in a folder, in place of what was there.
///
/// # Errors
/// When the library is missing or the folder cannot be written.
pub(crate) fn lay_out(folder: &Path, library: &Path, system: System, arch: &str) -> Result<Bundles> {
    let bundles = Bundles { clap: folder.join("Antiphon.clap"), vst3: folder.join("Antiphon.vst3") };
    for (bundle, place) in [(&bundles.clap, system.clap(NAME)), (&bundles.vst3, system.vst3(NAME, arch))] {
        remove(bundle)?;
        let place = folder.join(place);
        fs::create_dir_all(place.parent().context("a place in a folder")?)?;
        fs::copy(library, &place)
            .with_context(|| format!("cannot copy {} to {}", library.display(), place.display()))?;
        if system == System::MacOs {
            let format =
                bundle.extension().and_then(|extension| extension.to_str()).context("a bundle has an extension")?;
            fs::write(bundle.join("Contents/Info.plist"), info_plist(format))?;
            fs::write(bundle.join("Contents/PkgInfo"), "BNDL????")?;
        }
    }
    Ok(bundles)
}

impl Bundles {
    /// Signs both for macOS, which loads nothing that is not: with an identity of the keychain, or `-` for this machine only.
    ///
    /// # Errors
    /// When macOS's `codesign` is missing or refuses.
    pub(crate) fn sign(&self, identity: &str) -> Result<()> {
        sign(&self.clap, identity)?;
        sign(&self.vst3, identity)
    }
}

/// Signs a program or bundle for macOS.
///
/// # Errors
/// When macOS's `codesign` is missing or refuses.
pub(crate) fn sign(path: &Path, identity: &str) -> Result<()> {
    let mut command = Command::new("codesign");
    command.args(["--force", "--sign", identity]);
    if identity != "-" {
        // What Apple asks for before it vouches for a download.
        command.args(["--options", "runtime", "--timestamp"]);
    }
    let status = command.arg(path).status().context("cannot run codesign, which comes with macOS")?;
    ensure!(status.success(), "codesign could not sign {}", path.display());
    Ok(())
}

/// What macOS wants to know of a bundle
/// (<https://developer.apple.com/documentation/bundleresources/information-property-list>).
fn info_plist(format: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>CFBundleDevelopmentRegion</key>
	<string>en</string>
	<key>CFBundleDisplayName</key>
	<string>{NAME}</string>
	<key>CFBundleExecutable</key>
	<string>{NAME}</string>
	<key>CFBundleIdentifier</key>
	<string>org.antiphon.antiphon.{format}</string>
	<key>CFBundleInfoDictionaryVersion</key>
	<string>6.0</string>
	<key>CFBundleName</key>
	<string>{NAME}</string>
	<key>CFBundlePackageType</key>
	<string>BNDL</string>
	<key>CFBundleShortVersionString</key>
	<string>{VERSION}</string>
	<key>CFBundleSignature</key>
	<string>????</string>
	<key>CFBundleSupportedPlatforms</key>
	<array>
		<string>MacOSX</string>
	</array>
	<key>CFBundleVersion</key>
	<string>{VERSION}</string>
	<key>LSMinimumSystemVersion</key>
	<string>{OLDEST_MACOS}</string>
	<key>NSHighResolutionCapable</key>
	<true/>
</dict>
</plist>
"#
    )
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use plist::{Dictionary, Value};

    use super::*;

    fn laid_out(system: System) -> (tempfile::TempDir, Bundles) {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("library");
        fs::write(&library, "code").unwrap();
        let bundles = lay_out(folder.path(), &library, system, "x86_64").unwrap();
        (folder, bundles)
    }

    fn text<'a>(plist: &'a Dictionary, key: &str) -> &'a str {
        plist.get(key).and_then(Value::as_string).unwrap_or_else(|| panic!("{key} is missing"))
    }

    #[test]
    fn each_system_finds_the_library_and_an_older_bundle_is_replaced() {
        for system in [System::Linux, System::MacOs, System::Windows] {
            let (folder, bundles) = laid_out(system);
            fs::write(bundles.vst3.join("Contents/old"), "").unwrap();
            let again = lay_out(folder.path(), &folder.path().join("library"), system, "x86_64").unwrap();
            assert!(!again.vst3.join("Contents/old").exists());
            for place in [system.clap(NAME), system.vst3(NAME, "x86_64")] {
                assert_eq!(fs::read(folder.path().join(place)).unwrap(), b"code");
            }
            assert_eq!(again.clap.is_dir(), system == System::MacOs);
        }
    }

    /// What `plutil -lint` and the loader of bundles look for.
    #[test]
    fn property_lists_say_what_macos_asks_for() {
        let (_folder, bundles) = laid_out(System::MacOs);
        let mut identifiers = Vec::new();
        for bundle in [&bundles.clap, &bundles.vst3] {
            let contents = bundle.join("Contents");
            let plist = Value::from_file(contents.join("Info.plist")).unwrap().into_dictionary().unwrap();
            let executable = Path::new(text(&plist, "CFBundleExecutable"));
            assert!(matches!(executable.components().collect::<Vec<_>>()[..], [Component::Normal(_)]));
            assert!(contents.join("MacOS").join(executable).is_file(), "{}", executable.display());
            let marks = text(&plist, "CFBundlePackageType").to_owned() + text(&plist, "CFBundleSignature");
            assert_eq!(fs::read_to_string(contents.join("PkgInfo")).unwrap(), marks);
            for key in ["CFBundleVersion", "CFBundleShortVersionString", "LSMinimumSystemVersion"] {
                let numbers: Vec<&str> = text(&plist, key).split('.').collect();
                assert!((2..=3).contains(&numbers.len()), "{key}");
                assert!(numbers.iter().all(|number| number.parse::<u32>().is_ok()), "{key}");
            }
            let identifier = text(&plist, "CFBundleIdentifier").to_owned();
            assert!(identifier.split('.').count() >= 3, "{identifier}");
            assert!(identifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)));
            identifiers.push(identifier);
        }
        assert_ne!(identifiers[0], identifiers[1], "two bundles of one identifier are one to macOS");
    }
}
