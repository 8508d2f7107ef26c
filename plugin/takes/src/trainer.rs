//! The trainer beside the plugin: where it is installed, and what the two tell each other while it makes a style for the window.
//!
//! It is a process of its own. It writes one [`Report`] a line, as JSON, to its standard output, and listens on its standard
//! input: [`FINISH`] asks for a pack of what was learnt by then, and the end of the input ends it without one, so that it does not
//! outlive whoever started it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The program's name, without what Windows adds.
pub const NAME: &str = "antiphon-trainer";
/// Names another program, for tests.
pub const PROGRAM_VARIABLE: &str = "ANTIPHON_TRAINER";
/// The line that asks for a pack of what was learnt so far.
pub const FINISH: &str = "finish";
/// No report is longer, in bytes. Who reads more before a line ends does not listen to the trainer.
pub const MOST_LINE_BYTES: usize = 64 << 10;

/// What the trainer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Report {
    /// It comes first.
    Begun {
        /// Checksum of the network that its packs belong to, in hexadecimal.
        base_sha256: String,
    },
    /// How far it is.
    Progress {
        /// What it does, in a word or two.
        stage: String,
        /// How much of the time for learning is over, 0 to 1.
        share: f64,
        /// Of the stage, at most; `None` while that cannot be said.
        remaining_s: Option<f64>,
        /// How it goes, in words.
        status: String,
    },
    /// Something about the user's music, such as a file of which a part was left out.
    Remark {
        /// A line.
        text: String,
    },
    /// The pack is there.
    Made(MadePack),
    /// The user has chosen these files and folders; none to think better of it.
    Chosen {
        /// Their paths.
        paths: Vec<PathBuf>,
    },
    /// There is no pack, and this is why and what to do; the last report.
    Failed {
        /// In sentences; the first line is the gist.
        why: String,
    },
}

/// A pack that was made, and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadePack {
    /// Its file.
    pub path: PathBuf,
    /// Its style.
    pub name: String,
    /// Files that were used.
    pub n_files: usize,
    /// Notes that were learnt from.
    pub n_notes: usize,
    /// How long it took.
    pub minutes: f64,
    /// The style as which the music was read before.
    pub nearest: String,
    /// Bits per note of music of the player that was held out, before and after.
    pub own_bits: [f64; 2],
    /// The same of other music.
    pub other_bits: [f64; 2],
}

/// Where the trainer is looked for, which is where it is installed: the user's folder for programs' data. `None` for a user
/// without one.
#[must_use]
pub fn program() -> Option<PathBuf> {
    std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from).or_else(installed)
}

/// Where it is installed.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    Some(dirs::data_local_dir()?.join("Antiphon").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_lines_with_the_name_of_an_event() {
        let progress = Report::Progress {
            stage: "learning".to_owned(),
            share: 0.25,
            remaining_s: Some(90.0),
            status: "two\nlines".to_owned(),
        };
        let made = Report::Made(MadePack {
            path: PathBuf::from("/music/my style.antiphon"),
            name: "My style".to_owned(),
            n_files: 20,
            n_notes: 10_651,
            minutes: 7.5,
            nearest: "Baroque".to_owned(),
            own_bits: [4.21, 3.84],
            other_bits: [4.0, 4.04],
        });
        for (report, event) in [(progress, "progress"), (made, "made")] {
            let line = serde_json::to_string(&report).unwrap();
            assert!(line.starts_with(&format!("{{\"event\":\"{event}\",")) && !line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Report>(&line).unwrap(), report);
        }
        assert!(serde_json::from_str::<Report>("{\"event\":\"unknown\"}").is_err());
    }

    #[test]
    fn the_trainer_lies_in_a_folder_of_its_own() {
        let program = installed().unwrap();
        assert!(program.ends_with(format!("Antiphon/{NAME}{}", std::env::consts::EXE_SUFFIX)), "{program:?}");
    }
}
