//! The song's memory, on its way between the window, the saved song and the worker.
//!
//! It changes only when the player says so. What was merely played is forgotten at the song's next start, so that a
//! bounce holds what was heard.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use engine::Metre;
use live::{LearnedNote, SongMemory};
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// As it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedSongMemory(SongMemory);

/// See the module. Not for the audio thread.
#[derive(Debug, Default)]
pub(crate) struct SharedSongMemory {
    saved: Mutex<SavedSongMemory>,
    is_remember_requested: AtomicBool,
    /// The player's notes that were learnt, on their way from the worker to the window.
    are_learned_notes_requested: AtomicBool,
    learned_notes: Mutex<Option<(Metre, Vec<LearnedNote>)>>,
}

impl SharedSongMemory {
    /// From its next start on, the song begins with what was played and answered last.
    pub(crate) fn remember(&self) {
        self.is_remember_requested.store(true, Relaxed);
    }

    /// From its next start on, the song begins with nothing.
    pub(crate) fn forget(&self) {
        self.set_memory(SongMemory::default());
    }

    pub(crate) fn n_notes(&self) -> usize {
        self.saved.lock().0.n_notes()
    }

    /// Whether the player has just asked for it; once.
    pub(crate) fn take_remember_request(&self) -> bool {
        self.is_remember_requested.swap(false, Relaxed)
    }

    /// Asks for the notes that were learnt from the player.
    pub(crate) fn request_learned_notes(&self) {
        self.are_learned_notes_requested.store(true, Relaxed);
    }

    /// Whether the player has just asked for them; once.
    pub(crate) fn take_learned_notes_request(&self) -> bool {
        self.are_learned_notes_requested.swap(false, Relaxed)
    }

    pub(crate) fn provide_learned_notes(&self, metre: Metre, own: Vec<LearnedNote>) {
        *self.learned_notes.lock() = Some((metre, own));
    }

    /// What was asked for, once it has come.
    pub(crate) fn take_learned_notes(&self) -> Option<(Metre, Vec<LearnedNote>)> {
        self.learned_notes.lock().take()
    }

    /// From its next start on, the song begins with this.
    pub(crate) fn set_memory(&self, memory: SongMemory) {
        self.saved.lock().0 = memory;
    }

    /// What the song begins with.
    pub(crate) fn get(&self) -> SongMemory {
        self.saved.lock().0.clone()
    }
}

impl PersistentField<'_, SavedSongMemory> for std::sync::Arc<SharedSongMemory> {
    fn set(&self, saved: SavedSongMemory) {
        self.set_memory(saved.0);
    }

    fn map<F: Fn(&SavedSongMemory) -> R, R>(&self, f: F) -> R {
        f(&self.saved.lock())
    }
}
