//! What a built file asks of the system on which it is to run, as `objdump` reads it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host::System;

/// Makes sure that nothing is needed that users do not have. For Linux, returns the oldest C library with which it runs.
///
/// # Errors
/// When there is such a thing, or `objdump` (of Debian's `binutils`) is missing.
pub(super) fn check(file: &Path, system: System) -> Result<Option<String>> {
    if system == System::MacOs {
        // Apple's linker names a missing library itself.
        return Ok(None);
    }
    let output = Command::new("objdump").arg("-p").arg(file).output().context("cannot run objdump")?;
    ensure!(output.status.success(), "objdump cannot read {}", file.display());
    let text = String::from_utf8_lossy(&output.stdout);
    let libraries = libraries(&text, system);
    ensure!(!libraries.is_empty(), "objdump names no library that {} needs", file.display());
    for library in libraries {
        ensure!(
            is_everywhere(library, system),
            "{} needs {library}, which users may not have; link it statically",
            file.display()
        );
    }
    Ok(newest_glibc(&text))
}

/// Names of the libraries that are loaded with a file.
fn libraries(text: &str, system: System) -> Vec<&str> {
    let key = if system == System::Windows { "DLL Name: " } else { "NEEDED" };
    text.lines().filter_map(|line| line.trim().strip_prefix(key)).map(str::trim).collect()
}

/// mingw's own DLLs are called `lib…`, and Windows' are not. On Linux: the C library, and the compiler's part of it.
fn is_everywhere(library: &str, system: System) -> bool {
    match system {
        System::Windows => !library.to_lowercase().starts_with("lib"),
        _ => ["libc.so.", "libm.so.", "libdl.so.", "libpthread.so.", "libgcc_s.so.", "ld-linux"]
            .iter()
            .any(|start| library.starts_with(start)),
    }
}

/// The newest version of glibc of which something is used.
fn newest_glibc(text: &str) -> Option<String> {
    let versions = text.match_indices("GLIBC_").filter_map(|(at, start)| {
        let number = text[at + start.len()..].split(|c: char| c != '.' && !c.is_ascii_digit()).next()?;
        let parts: Vec<u32> = number.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        Some((parts, number.to_owned()))
    });
    versions.max().map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PE: &str = "The Import Tables:\n\tDLL Name: KERNEL32.dll\n\tvma:  Hint\n\tDLL Name: libwinpthread-1.dll\n";
    const ELF: &str = "Dynamic Section:\n  NEEDED               libc.so.6\n  NEEDED               libX11.so.6\n\n\
                       Version References:\n  required from libc.so.6:\n    0x0 0x00 08 GLIBC_2.9\n    0x1 0x00 05 GLIBC_2.34\n    \
                       0x2 0x00 04 GLIBC_2.2.5\n    0x3 0x00 03 GLIBC_PRIVATE\n";

    #[test]
    fn foreign_libraries_are_told_from_the_systems_own() {
        let found = |text, system| {
            let all = libraries(text, system).into_iter();
            all.map(|library| (library, is_everywhere(library, system))).collect::<Vec<_>>()
        };
        assert_eq!(found(PE, System::Windows), [("KERNEL32.dll", true), ("libwinpthread-1.dll", false)]);
        assert_eq!(found(ELF, System::Linux), [("libc.so.6", true), ("libX11.so.6", false)]);
    }

    #[test]
    fn versions_of_glibc_are_compared_by_their_numbers() {
        assert_eq!(newest_glibc(ELF).as_deref(), Some("2.34"));
        assert_eq!(newest_glibc(PE), None);
    }
}
