//! How a plugin's library is laid out as what users install, in each format and on each system.
//!
//! CLAP: a plain library, but a bundle on macOS
//! (<https://github.com/free-audio/clap/blob/main/include/clap/entry.h>). VST3: a bundle everywhere
//! (<https://steinbergmedia.github.io/vst3_dev_portal/pages/Technical+Documentation/Locations+Format/Plugin+Format.html>).

use std::path::{Path, PathBuf};

/// A system that hosts run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux, and what is like it.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The system of this program.
    #[must_use]
    pub fn here() -> Self {
        match std::env::consts::OS {
            "macos" => Self::MacOs,
            "windows" => Self::Windows,
            _ => Self::Linux,
        }
    }

    /// What Cargo calls the library of a package.
    #[must_use]
    pub fn library(self, package: &str) -> String {
        match self {
            Self::Linux => format!("lib{package}.so"),
            Self::MacOs => format!("lib{package}.dylib"),
            Self::Windows => format!("{package}.dll"),
        }
    }

    /// Where the library is in what is installed as a CLAP.
    #[must_use]
    pub fn clap(self, name: &str) -> PathBuf {
        let clap = PathBuf::from(format!("{name}.clap"));
        if self == Self::MacOs { clap.join("Contents/MacOS").join(name) } else { clap }
    }

    /// Where the library is in what is installed as a VST3. `arch` is as Rust names it, such as `x86_64`.
    #[must_use]
    pub fn vst3(self, name: &str, arch: &str) -> PathBuf {
        let contents = Path::new(&format!("{name}.vst3")).join("Contents");
        match self {
            Self::Linux => contents.join(format!("{arch}-linux")).join(format!("{name}.so")),
            Self::MacOs => contents.join("MacOS").join(name),
            Self::Windows => contents.join(format!("{arch}-win")).join(format!("{name}.vst3")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_lie_where_the_formats_want_them() {
        let places = [System::Linux, System::MacOs, System::Windows].map(|system| {
            let paths = [PathBuf::from(system.library("p")), system.clap("P"), system.vst3("P", "x86_64")];
            paths.map(|path| path.to_str().unwrap().replace('\\', "/"))
        });
        assert_eq!(
            places,
            [
                ["libp.so", "P.clap", "P.vst3/Contents/x86_64-linux/P.so"],
                ["libp.dylib", "P.clap/Contents/MacOS/P", "P.vst3/Contents/MacOS/P"],
                ["p.dll", "P.clap", "P.vst3/Contents/x86_64-win/P.vst3"],
            ]
        );
    }
}
