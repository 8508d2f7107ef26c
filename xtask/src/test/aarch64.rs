//! Tests the engine as 64-bit ARM machines run it, in an emulator: the kernels for NEON, and that the notes are the same.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::install;
use crate::build::add_target;

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// A cross-linker with ARM's C library, and the emulator of programs.
const DEBIAN_PACKAGES: [&str; 2] = ["gcc-aarch64-linux-gnu", "qemu-user"];
/// Where Debian puts ARM's C library.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";
/// Without and with dot products: an early and a late ARM processor.
const PROCESSORS: [&str; 2] = ["cortex-a53", "max"];

/// Installs what is missing, then tests on each processor.
///
/// # Errors
/// When something is missing and cannot be installed, or a test fails.
pub(crate) fn run() -> Result<()> {
    install(&DEBIAN_PACKAGES)?;
    add_target(TARGET)?;
    for processor in PROCESSORS {
        println!("as {processor}");
        let status = Command::new("cargo")
            .args(["test", "-p", "engine", "--lib", "--tests", "--target", TARGET])
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
            .env(
                "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
                format!("qemu-aarch64 -cpu {processor} -L {LIBRARIES}"),
            )
            .status()
            .context("cannot run cargo")?;
        ensure!(status.success(), "the tests failed as {processor}; the lines above say which");
    }
    Ok(())
}
