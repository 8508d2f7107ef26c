//! The log of what is played: for whoever switched it on, on this machine, and for nobody else.

use std::path::PathBuf;

use host::{Clap, Instance, Pace, Played, Rig};
use takes::Home;

use crate::common::{OFFLINE, answer, linked, open_entry};

/// A folder for all that is written, which goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("antiphon-log-{}-{test}", std::process::id())))
    }

    fn home(&self) -> Home {
        Home::at(&self.0)
    }

    fn open(&self) -> Rig<Clap> {
        antiphon::with_data_dir(&self.0, || open_entry(&linked(), OFFLINE, Pace::Unpaced))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Plays a call and hears the answer out; then the instance is gone, and has written what it had to.
fn play(mut rig: Rig<Clap>) -> Vec<Played> {
    let notes = answer(&mut rig, 16);
    assert!(!notes.is_empty());
    notes
}

#[test]
fn what_is_played_is_logged_for_whoever_wants_it_and_changes_no_note() {
    let (mine, yours) = (Folder::new("mine"), Folder::new("yours"));
    let log = mine.home().log();
    let unlogged = play(mine.open());
    assert!(!mine.0.exists(), "nothing is written before anybody asks for it");

    log.switch(true).unwrap();
    let mut rig = mine.open();
    let song = rig.plugin.save().unwrap();
    assert_eq!(answer(&mut rig, 16), unlogged);
    drop(rig);
    let files = log.files();
    assert_eq!(files.len(), 1);
    let bytes = std::fs::read(&files[0].path).unwrap();
    let (n_call, n_answer) = takes::count_notes(&bytes).unwrap();
    assert_eq!((n_call, n_answer), (6, unlogged.len()));

    // Somebody else opens the song.
    let mut rig = yours.open();
    rig.plugin.load(&song).unwrap();
    play(rig);
    assert!(!yours.0.exists(), "a song switches nothing on");

    log.switch(false).unwrap();
    play(mine.open());
    assert_eq!(log.files(), files);
    assert_eq!(log.erase().unwrap(), 1);
    assert!(log.files().is_empty());
}
