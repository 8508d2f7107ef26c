//! What a song remembers: notes that the network knows before it begins.
//!
//! It changes only when the player says so. What was merely played is forgotten at the song's next start, so that a
//! bounce holds what was heard.

use engine::note::Note;
use engine::{MOST_USER_NOTES, Metre, Pitch, Velocity};
use serde::{Deserialize, Serialize};

/// Notes that are kept, at most.
pub(crate) const MOST_NOTES: usize = 256;
/// Long before any song: the model reads a rest of any length above some bars as the same.
const LONG_AGO_TICKS: i64 = 1 << 40;

/// A note of the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedNote {
    /// The note.
    pub note: Note,
    /// Something else than the one before it came last.
    pub is_first: bool,
}

/// What a song remembers, as it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SongMemory {
    /// Length of a bar; 0 if there were none.
    bar_ticks: u32,
    /// Onset from a bar line, length, key, velocity and style.
    notes: Vec<(i64, u32, u8, u8, u8)>,
    /// The player's own: time since the one before, length, key, velocity, and whether a phrase begins.
    #[serde(default)]
    own: Vec<(u32, u32, u8, u8, bool)>,
}

impl SongMemory {
    /// Keeps notes and their styles, and those of the player.
    pub fn new(
        metre: Metre,
        notes: impl Iterator<Item = (Note, u8)>,
        learned: impl Iterator<Item = LearnedNote>,
    ) -> Self {
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
        let own = learned.take(MOST_USER_NOTES).map(|LearnedNote { note, is_first }| {
            let shift = note.onset_ticks.saturating_sub(before.replace(note.onset_ticks).unwrap_or(note.onset_ticks));
            let shift = if is_first { 0 } else { u32::try_from(shift.max(0)).unwrap_or(u32::MAX) };
            (shift, note.duration_ticks, note.pitch.get(), note.velocity.get(), is_first)
        });
        Self { bar_ticks, notes: notes.collect(), own: own.collect() }
    }

    /// How many notes are remembered, without those learned from the player.
    #[must_use]
    pub fn n_notes(&self) -> usize {
        self.notes.len()
    }

    /// The player's notes that are remembered.
    pub(crate) fn learned(&self) -> Vec<LearnedNote> {
        let mut onset_ticks = 0;
        let note = |&(shift_ticks, duration_ticks, key, velocity, is_first): &(u32, u32, u8, u8, bool)| {
            onset_ticks += i64::from(shift_ticks);
            let (pitch, velocity) = (Pitch::new(key)?, Velocity::new(velocity)?);
            let note = Note { onset_ticks, duration_ticks: duration_ticks.max(1), pitch, velocity };
            Some(LearnedNote { note, is_first })
        };
        self.own.iter().take(MOST_USER_NOTES).filter_map(note).collect()
    }

    /// Notes with their styles, on a timeline that lies before all songs. What makes no sense in a damaged song is left out.
    pub(crate) fn notes(&self) -> (Metre, Vec<(Note, u8)>) {
        let bar_ticks = self.bar_ticks;
        let from = -LONG_AGO_TICKS / i64::from(bar_ticks.max(1)) * i64::from(bar_ticks.max(1));
        let note = |&(onset, duration_ticks, key, velocity, style): &(i64, u32, u8, u8, u8)| {
            let onset_ticks = from + Some(onset).filter(|onset| (0..LONG_AGO_TICKS / 2).contains(onset))?;
            let (pitch, velocity) = (Pitch::new(key)?, Velocity::new(velocity)?);
            Some((Note { onset_ticks, duration_ticks: duration_ticks.max(1), pitch, velocity }, style))
        };
        let metre = if bar_ticks == 0 { Metre::Free } else { Metre::Bars { bar_line_ticks: from, bar_ticks } };
        (metre, self.notes.iter().take(MOST_NOTES).filter_map(note).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_with_their_places_in_the_bar() {
        let note = |onset_ticks| {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            (Note { onset_ticks, duration_ticks: 24, pitch, velocity }, 3)
        };
        let metre = Metre::Bars { bar_line_ticks: 10, bar_ticks: 144 };
        let own = [(0, true), (60, false)].map(|(onset, is_first)| LearnedNote { note: note(onset).0, is_first });
        let memory = SongMemory::new(metre, [note(200), note(224), note(1000)].into_iter(), own.into_iter());
        let saved = serde_json::to_string(&memory).unwrap();
        let loaded: SongMemory = serde_json::from_str(&saved).unwrap();
        assert_eq!(loaded.learned(), own);
        let (kept_metre, notes) = loaded.notes();
        assert_eq!((notes.len(), notes[0].1), (3, 3));
        assert_eq!(notes[2].0.onset_ticks - notes[0].0.onset_ticks, 800);
        for (kept, played) in notes.iter().zip([200, 224, 1000]) {
            assert_eq!(kept_metre.position(kept.0.onset_ticks), metre.position(played));
        }
    }

    #[test]
    fn a_damaged_memory_does_no_harm() {
        let good = (5, 10, 60, 70, 0);
        let bad = [(i64::MIN, 1, 60, 70, 0), (i64::MAX, 1, 60, 70, 0), (0, 0, 200, 70, 0), (0, 1, 60, 0, 0)];
        let notes = bad.into_iter().chain(vec![good; 1000]).collect();
        let own = [(u32::MAX, 0, 60, 70, false), (0, 1, 60, 70, true), (0, 1, 200, 70, true)];
        let memory = SongMemory { bar_ticks: u32::MAX, notes, own: own.repeat(1000) };
        assert_eq!(memory.notes().1.len(), MOST_NOTES - bad.len());
        assert_eq!(memory.learned().len(), MOST_USER_NOTES - MOST_USER_NOTES / 3);
        // A song of before there were habits.
        assert!(serde_json::from_str::<SongMemory>(r#"{"bar_ticks":0,"notes":[]}"#).is_ok());
    }
}
