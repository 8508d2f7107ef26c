//! The folder of all that Antiphon writes.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use music::musicxml;

use crate::log::Log;
use crate::midi::midi_file;
use crate::take::Take;

/// Files in one folder before we give up looking for a free name.
const MOST_FILES: u32 = 9999;

/// See the module. It may not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The folder Antiphon in the user's music folder, else in the home folder; `None` if there is neither.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        Some(Self(dirs::audio_dir().or_else(dirs::home_dir)?.join("Antiphon")))
    }

    /// Another folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where style packs belong.
    #[must_use]
    pub fn styles(&self) -> PathBuf {
        self.0.join("Styles")
    }

    /// The log of what is played.
    #[must_use]
    pub fn log(&self) -> Log {
        Log::at(self.0.join("Log"))
    }

    /// Writes a take to a new file.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn save(&self, take: &Take) -> io::Result<PathBuf> {
        new_file(&self.0, "take", 1, take)
    }

    /// Writes a take as a score to a new file: the answer exactly, the call as the ear hears it.
    ///
    /// # Errors
    /// When the folder cannot be written, or no page holds the take.
    pub fn save_score(&self, take: &Take) -> io::Result<PathBuf> {
        let page = musicxml::write(&take.score()).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        new_file_of(&self.0, "take", "musicxml", 1, page.as_bytes())
    }

    /// Writes what was learnt from the player to a new file of a folder of its own, to train on.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn save_learnt(&self, phrases: &Take) -> io::Result<PathBuf> {
        new_file(&self.0.join("Learnt"), "learnt", 1, phrases)
    }
}

/// Writes a take as a MIDI file to the first free name from this number on.
pub(crate) fn new_file(folder: &Path, name: &str, from: u32, take: &Take) -> io::Result<PathBuf> {
    new_file_of(folder, name, "mid", from, &midi_file(take)?)
}

/// Writes to the first free name from this number on. A file that cannot be written to its end is removed.
fn new_file_of(folder: &Path, name: &str, ending: &str, from: u32, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for number in from..from.saturating_add(MOST_FILES) {
        let path = folder.join(format!("{name}-{number:04}.{ending}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                return match file.write_all(bytes) {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        drop(file);
                        let _ = fs::remove_file(&path);
                        Err(error)
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is full; move some files away", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_with_a_home_finds_it_there() {
        let home = Home::of_user().unwrap();
        assert_eq!(home.path().file_name().unwrap(), "Antiphon");
        #[cfg(windows)]
        {
            let user = PathBuf::from(std::env::var_os("USERPROFILE").unwrap());
            assert_eq!(home.path(), user.join("Music").join("Antiphon"));
        }
    }

    #[test]
    fn no_file_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("new"));
        let take = Take { tempo: 90.0, bar_ticks: 0, notes: Vec::new() };
        let paths = [home.save(&take), home.save(&take), home.save_learnt(&take), home.save_score(&take)];
        let paths = paths.map(Result::unwrap);
        let names = paths.map(|path| path.strip_prefix(home.path()).unwrap().to_owned());
        assert_eq!(
            names,
            ["take-0001.mid", "take-0002.mid", "Learnt/learnt-0001.mid", "take-0001.musicxml"].map(PathBuf::from)
        );
    }
}
