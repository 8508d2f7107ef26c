//! The log: MIDI files of what was played, in one folder. It is on while a note in that folder says so. So it belongs to
//! the machine and never to a song, it is the same for all instances, and whoever looks into the folder sees it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::home::new_file;
use crate::midi::midi_file;
use crate::take::Take;

const SWITCH: &str = "The log is on.txt";
const SWITCH_TEXT: &str = "While this file is here, Antiphon writes what you play, and what it answers, to MIDI files in \
    this folder. They never leave this machine.\nTo stop that, press Stop under Kept in Antiphon's window, or delete \
    this file.\n";
const NEW: &str = "logged";
const KEPT: &str = "kept";
/// Of a file that is being written.
const PART: &str = "part";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    folder: PathBuf,
}

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Where it is.
    pub path: PathBuf,
    /// Rises from file to file.
    pub number: u32,
    /// Whether the player has said that it is good.
    pub is_kept: bool,
}

impl Log {
    /// The log in a folder, which may not exist yet.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether the user wants to have it.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.folder.join(SWITCH).is_file()
    }

    /// Switches it on or off, for all instances on this machine.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn switch(&self, on: bool) -> io::Result<()> {
        let switch = self.folder.join(SWITCH);
        if on {
            fs::create_dir_all(&self.folder)?;
            fs::write(switch, SWITCH_TEXT)
        } else {
            unless_gone(fs::remove_file(switch))
        }
    }

    /// All its files, oldest first.
    #[must_use]
    pub fn files(&self) -> Vec<Logged> {
        let mut files: Vec<_> = self.ours().into_iter().filter_map(|path| logged(path, "mid")).collect();
        files.sort_by_key(|file| file.number);
        files
    }

    /// Writes to a new file.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, take: &Take) -> io::Result<PathBuf> {
        let last = self.files().last().map_or(0, |file| file.number);
        new_file(&self.folder, NEW, last.saturating_add(1), take)
    }

    /// Writes a file anew, whole or not at all. False if it has been kept or dropped meanwhile.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn rewrite(&self, path: &Path, take: &Take) -> io::Result<bool> {
        if !path.is_file() {
            return Ok(false);
        }
        let part = path.with_extension(PART);
        let written = fs::write(&part, midi_file(take)?).and_then(|()| fs::rename(&part, path));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written.map(|()| true)
    }

    /// Notes that a file is good.
    ///
    /// # Errors
    /// When it is gone, or the folder cannot be written.
    pub fn keep(&self, file: &Logged) -> io::Result<()> {
        fs::rename(&file.path, self.folder.join(format!("{KEPT}-{:04}.mid", file.number)))
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn discard(&self, file: &Logged) -> io::Result<()> {
        unless_gone(fs::remove_file(&file.path))
    }

    /// Deletes all that was logged, and nothing else, and says how many files that were. The switch stays as it is.
    ///
    /// # Errors
    /// When a file cannot be deleted; the others are gone then.
    pub fn erase(&self) -> io::Result<usize> {
        let deleted: Vec<_> = self.ours().into_iter().map(|path| unless_gone(fs::remove_file(path))).collect();
        let n = deleted.len();
        deleted.into_iter().collect::<io::Result<()>>().map(|()| n)
    }

    /// Files that we wrote, whole or not.
    fn ours(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
        let paths = entries.filter(is_file).map(|entry| entry.path());
        paths.filter(|path| ["mid", PART].iter().any(|extension| logged(path.clone(), extension).is_some())).collect()
    }
}

/// Reads a file's name.
fn logged(path: PathBuf, extension: &str) -> Option<Logged> {
    let name = path.file_name()?.to_str()?.strip_suffix(extension)?.strip_suffix('.')?;
    let (kind, digits) = name.split_once('-')?;
    let is_number = digits.len() >= 4 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_kept = kind == KEPT;
    let number = digits.parse().ok().filter(|_| is_number && (is_kept || kind == NEW))?;
    Some(Logged { path, number, is_kept })
}

fn unless_gone(outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKE: Take = Take { tempo: 90.0, bar_ticks: 192, notes: Vec::new() };

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_off_until_it_is_switched_on_and_survives_both() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("deep").join("Log"));
        assert!(!log.is_on() && log.files().is_empty());
        log.switch(false).unwrap();
        assert_eq!(log.erase().unwrap(), 0);
        assert!(!log.path().exists(), "off leaves no trace");
        log.switch(true).unwrap();
        assert!(log.is_on());
        log.write(&TAKE).unwrap();
        log.switch(false).unwrap();
        assert!(!log.is_on());
        assert_eq!(log.files().len(), 1);
    }

    #[test]
    fn files_are_kept_dropped_and_numbered_on() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().into());
        let first = log.write(&TAKE).unwrap();
        assert!(log.rewrite(&first, &TAKE).unwrap());
        log.write(&TAKE).unwrap();
        log.keep(&log.files()[0]).unwrap();
        assert!(!log.rewrite(&first, &TAKE).unwrap(), "it has another name now");
        log.write(&TAKE).unwrap();
        assert_eq!(names(folder.path()), ["kept-0001.mid", "logged-0002.mid", "logged-0003.mid"]);
        let files = log.files();
        assert_eq!(files.iter().map(|file| file.is_kept).collect::<Vec<_>>(), [true, false, false]);
        log.discard(&files[1]).unwrap();
        log.discard(&files[1]).unwrap();
        assert!(log.keep(&files[1]).is_err());
        assert_eq!(names(folder.path()), ["kept-0001.mid", "logged-0003.mid"]);
    }

    #[test]
    fn erasing_deletes_what_was_logged_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().into());
        log.switch(true).unwrap();
        let others =
            ["logged.mid", "logged-1.mid", "logged-0001.wav", "my-0001.mid", "kept-0001 copy.mid", "kept-.mid"];
        for name in others {
            fs::write(folder.path().join(name), "mine").unwrap();
        }
        fs::create_dir(folder.path().join("kept-0007.mid")).unwrap();
        log.write(&TAKE).unwrap();
        log.keep(&log.files()[0]).unwrap();
        log.write(&TAKE).unwrap();
        fs::write(folder.path().join("logged-0003.part"), "unfinished").unwrap();
        assert_eq!(log.erase().unwrap(), 3);
        let mut left: Vec<_> = others.into_iter().chain(["kept-0007.mid", SWITCH]).collect();
        left.sort_unstable();
        assert_eq!(names(folder.path()), left);
        assert!(log.is_on() && log.files().is_empty());
    }
}
