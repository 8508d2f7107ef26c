//! The song's memory, on its way between the window, the saved song and the worker.
//!
//! It changes only when the player says so. What was merely played is forgotten at the song's next start, so that a
//! bounce holds what was heard.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use engine::Metre;
pub(crate) use live::LearnedNote as Own;
use live::SongMemory;
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// As it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Kept(SongMemory);

/// See the module. Not for the audio thread.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    kept: Mutex<Kept>,
    is_wanted: AtomicBool,
    /// The player's notes that were learnt, on their way from the worker to the window.
    is_asked: AtomicBool,
    told: Mutex<Option<(Metre, Vec<Own>)>>,
}

impl Memory {
    /// From its next start on, the song begins with what was played and answered last.
    pub(crate) fn remember(&self) {
        self.is_wanted.store(true, Relaxed);
    }

    /// From its next start on, the song begins with nothing.
    pub(crate) fn forget(&self) {
        self.keep(SongMemory::default());
    }

    pub(crate) fn n_notes(&self) -> usize {
        self.kept.lock().0.n_notes()
    }

    /// Whether the player has just asked for it; once.
    pub(crate) fn take_wanted(&self) -> bool {
        self.is_wanted.swap(false, Relaxed)
    }

    /// Asks for the notes that were learnt from the player.
    pub(crate) fn ask(&self) {
        self.is_asked.store(true, Relaxed);
    }

    /// Whether the player has just asked for them; once.
    pub(crate) fn take_asked(&self) -> bool {
        self.is_asked.swap(false, Relaxed)
    }

    pub(crate) fn tell(&self, metre: Metre, own: Vec<Own>) {
        *self.told.lock() = Some((metre, own));
    }

    /// What was asked for, once it has come.
    pub(crate) fn take_told(&self) -> Option<(Metre, Vec<Own>)> {
        self.told.lock().take()
    }

    /// From its next start on, the song begins with this.
    pub(crate) fn keep(&self, memory: SongMemory) {
        self.kept.lock().0 = memory;
    }

    /// What the song begins with.
    pub(crate) fn kept(&self) -> SongMemory {
        self.kept.lock().0.clone()
    }
}

impl PersistentField<'_, Kept> for std::sync::Arc<Memory> {
    fn set(&self, saved: Kept) {
        self.keep(saved.0);
    }

    fn map<F: Fn(&Kept) -> R, R>(&self, f: F) -> R {
        f(&self.kept.lock())
    }
}
