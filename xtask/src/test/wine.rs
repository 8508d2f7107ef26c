//! Runs Windows programs on Debian: Wine with a folder and a screen of its own.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::install;

/// Wine, a screen that nobody sees, and what looks at it.
const DEBIAN_PACKAGES: [&str; 5] = ["wine", "wine64", "xvfb", "x11-apps", "x11-utils"];
const SCREEN: &str = "1280x900x24";

/// See the module. It ends with what it has started.
pub(super) struct Wine {
    /// Its drive C, its registry, and the user's folders.
    prefix: PathBuf,
    screen: Child,
    display: String,
}

impl Wine {
    /// Installs what is missing, and starts. `prefix` is a folder that may be new.
    ///
    /// # Errors
    /// When something is missing and cannot be installed, or does not start.
    pub(super) fn start(prefix: PathBuf) -> Result<Self> {
        install(&DEBIAN_PACKAGES)?;
        fs::create_dir_all(&prefix)?;
        let mut screen = Command::new("Xvfb")
            // It chooses a free display, and writes its number.
            .args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run Xvfb")?;
        let mut number = String::new();
        BufReader::new(screen.stdout.take().context("Xvfb has an output")?).read_line(&mut number)?;
        let wine = Self { prefix, screen, display: format!(":{}", number.trim()) };
        ensure!(!number.trim().is_empty(), "Xvfb does not start");
        let status = wine.command("wine").args(["wineboot", "--init"]).stderr(Stdio::null()).status();
        ensure!(status.context("cannot run wine")?.success(), "Wine cannot set up {}", wine.prefix.display());
        wine.stand_in()?;
        Ok(wine)
    }

    /// What a program needs in its environment to run with it, or to run programs with it.
    pub(super) fn environment(&self) -> [(&'static str, OsString); 4] {
        [
            ("WINEPREFIX", self.prefix.clone().into()),
            ("DISPLAY", self.display.clone().into()),
            // It says much that concerns only its authors, and asks to download what we do not use.
            ("WINEDEBUG", "-all".into()),
            ("WINEDLLOVERRIDES", "mscoree,mshtml=".into()),
        ]
    }

    /// A command that runs with it.
    pub(super) fn command(&self, program: impl Into<PathBuf>) -> Command {
        let mut command = Command::new(program.into());
        command.envs(self.environment());
        command
    }

    /// Builds the DLL that is missing, if it is.
    fn stand_in(&self) -> Result<()> {
        let library = self.prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return Ok(());
        }
        let status = Command::new("x86_64-w64-mingw32-gcc")
            .args(["-shared", "-O2", "-o"])
            .arg(&library)
            .args(["xtask/src/test/bcryptprimitives.c", "-ladvapi32"])
            .status();
        ensure!(status.context("cannot run mingw's compiler")?.success(), "bcryptprimitives.c does not compile");
        Ok(())
    }
}

/// A file of this system, as Windows programs in Wine know it.
pub(super) fn windows_path(path: &Path) -> Result<String> {
    let path = std::path::absolute(path)?;
    Ok(format!("Z:{}", path.to_str().context("a path in Unicode")?.replace('/', "\\")))
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server waits a while for more to do.
        let _ = self.command("wineserver").arg("--kill").status();
        let _ = self.screen.kill();
        let _ = self.screen.wait();
    }
}
