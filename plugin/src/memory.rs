//! The project's memory: notes that the model knows before the song begins.
//!
//! It changes only when the player says so. What was merely played is forgotten at the song's next start, so that a
//! bounce holds what was heard.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use engine::note::Note;
use engine::{MOST_LEARNT, Metre, Pitch, Velocity};
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// Notes that are kept, at most.
pub(crate) const MOST_NOTES: usize = 256;
/// Long before any song: the model reads a rest of any length above some bars as the same.
const LONG_AGO_TICKS: i64 = 1 << 40;

/// As it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Length of a bar; 0 if there were none.
    bar_ticks: u32,
    /// Onset from a bar line, length, key, velocity and style.
    notes: Vec<(i64, u32, u8, u8, u8)>,
    /// The player's own: time since the one before, length, key, velocity, and whether a phrase begins.
    #[serde(default)]
    own: Vec<(u32, u32, u8, u8, bool)>,
}

/// A note of the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) note: Note,
    /// Something else than the one before it came last.
    pub(crate) is_first: bool,
}

/// See the module. Not for the audio thread.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    kept: Mutex<Kept>,
    /// Counts the changes.
    version: AtomicU32,
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
        self.keep(Kept::default());
    }

    pub(crate) fn n_notes(&self) -> usize {
        self.kept.lock().notes.len()
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

    pub(crate) fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    /// Keeps notes and their styles, and those of the player.
    pub(crate) fn keep_notes(
        &self,
        metre: Metre,
        notes: impl Iterator<Item = (Note, u8)>,
        own: impl Iterator<Item = Own>,
    ) {
        let (line, bar_ticks) = match metre {
            Metre::Bars { bar_line_ticks, bar_ticks } => (bar_line_ticks, bar_ticks),
            Metre::Free => (0, 0),
        };
        let bar = i64::from(bar_ticks.max(1));
        let mut first = None;
        let notes = notes.take(MOST_NOTES).map(|(note, style)| {
            let from = *first.get_or_insert(line + (note.onset_ticks - line).div_euclid(bar) * bar);
            (note.onset_ticks - from, note.duration_ticks, note.pitch.get(), note.velocity.get(), style)
        });
        let mut before = None;
        let own = own.take(MOST_LEARNT).map(|Own { note, is_first }| {
            let shift = note.onset_ticks.saturating_sub(before.replace(note.onset_ticks).unwrap_or(note.onset_ticks));
            let shift = if is_first { 0 } else { u32::try_from(shift.max(0)).unwrap_or(u32::MAX) };
            (shift, note.duration_ticks, note.pitch.get(), note.velocity.get(), is_first)
        });
        self.keep(Kept { bar_ticks, notes: notes.collect(), own: own.collect() });
    }

    /// The player's notes that are kept.
    pub(crate) fn own(&self) -> Vec<Own> {
        let mut onset_ticks = 0;
        let note = |&(shift_ticks, duration_ticks, key, velocity, is_first): &(u32, u32, u8, u8, bool)| {
            onset_ticks += i64::from(shift_ticks);
            let (pitch, velocity) = (Pitch::new(key)?, Velocity::new(velocity)?);
            Some(Own { note: Note { onset_ticks, duration_ticks: duration_ticks.max(1), pitch, velocity }, is_first })
        };
        self.kept.lock().own.iter().take(MOST_LEARNT).filter_map(note).collect()
    }

    /// What is kept, on a timeline that lies before all songs. What makes no sense in a damaged song is left out.
    pub(crate) fn notes(&self) -> (Metre, Vec<(Note, u8)>) {
        let Kept { bar_ticks, notes, .. } = self.kept.lock().clone();
        let from = -LONG_AGO_TICKS / i64::from(bar_ticks.max(1)) * i64::from(bar_ticks.max(1));
        let note = |(onset, duration_ticks, key, velocity, style): (i64, u32, u8, u8, u8)| {
            let onset_ticks = from + Some(onset).filter(|onset| (0..LONG_AGO_TICKS / 2).contains(onset))?;
            let (pitch, velocity) = (Pitch::new(key)?, Velocity::new(velocity)?);
            Some((Note { onset_ticks, duration_ticks: duration_ticks.max(1), pitch, velocity }, style))
        };
        let metre = if bar_ticks == 0 { Metre::Free } else { Metre::Bars { bar_line_ticks: from, bar_ticks } };
        (metre, notes.into_iter().take(MOST_NOTES).filter_map(note).collect())
    }

    fn keep(&self, kept: Kept) {
        *self.kept.lock() = kept;
        self.version.fetch_add(1, Relaxed);
    }
}

impl PersistentField<'_, Kept> for std::sync::Arc<Memory> {
    fn set(&self, saved: Kept) {
        self.keep(saved);
    }

    fn map<F: Fn(&Kept) -> R, R>(&self, f: F) -> R {
        f(&self.kept.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_with_their_places_in_the_bar() {
        let memory = Memory::default();
        let note = |onset_ticks| {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            (Note { onset_ticks, duration_ticks: 24, pitch, velocity }, 3)
        };
        let metre = Metre::Bars { bar_line_ticks: 10, bar_ticks: 144 };
        let own = [(0, true), (60, false)].map(|(onset, is_first)| Own { note: note(onset).0, is_first });
        memory.keep_notes(metre, [note(200), note(224), note(1000)].into_iter(), own.into_iter());
        let saved = serde_json::to_string(&*memory.kept.lock()).unwrap();
        let loaded = std::sync::Arc::new(Memory::default());
        loaded.set(serde_json::from_str(&saved).unwrap());
        assert_eq!(loaded.own(), own);
        let (kept_metre, notes) = loaded.notes();
        assert_eq!((loaded.version(), notes.len(), notes[0].1), (1, 3, 3));
        assert_eq!(notes[2].0.onset_ticks - notes[0].0.onset_ticks, 800);
        for (kept, played) in notes.iter().zip([200, 224, 1000]) {
            assert_eq!(kept_metre.position(kept.0.onset_ticks), metre.position(played));
        }
    }

    #[test]
    fn a_damaged_memory_does_no_harm() {
        let memory = Memory::default();
        let good = (5, 10, 60, 70, 0);
        let bad = [(i64::MIN, 1, 60, 70, 0), (i64::MAX, 1, 60, 70, 0), (0, 0, 200, 70, 0), (0, 1, 60, 0, 0)];
        let notes = bad.into_iter().chain(vec![good; 1000]).collect();
        let own = [(u32::MAX, 0, 60, 70, false), (0, 1, 60, 70, true), (0, 1, 200, 70, true)];
        memory.keep(Kept { bar_ticks: u32::MAX, notes, own: own.repeat(1000) });
        assert_eq!(memory.notes().1.len(), MOST_NOTES - bad.len());
        assert_eq!(memory.own().len(), MOST_LEARNT - MOST_LEARNT / 3);
        // A song of before there were habits.
        assert!(serde_json::from_str::<Kept>(r#"{"bar_ticks":0,"notes":[]}"#).is_ok());
    }
}
