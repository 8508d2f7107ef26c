//! A call and its answer.

use music::{Pitch, TICKS_PER_BEAT, Velocity};
use serde::{Deserialize, Serialize};

/// A note of a take, in ticks from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SavedNote", into = "SavedNote")]
pub struct TakeNote {
    /// Played by Antiphon, not by the player.
    pub is_answer: bool,
    /// When it begins.
    pub on_ticks: u32,
    /// When it ends.
    pub off_ticks: u32,
    /// Its key.
    pub pitch: Pitch,
    /// How hard it is struck.
    pub velocity: Velocity,
}

/// A note as a song holds it, in which any number may stand.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct SavedNote {
    is_answer: bool,
    on_ticks: u32,
    off_ticks: u32,
    key: u8,
    velocity: u8,
}

impl From<SavedNote> for TakeNote {
    fn from(saved: SavedNote) -> Self {
        let SavedNote { is_answer, on_ticks, off_ticks, key, velocity } = saved;
        Self { is_answer, on_ticks, off_ticks, pitch: Pitch::nearest(key), velocity: Velocity::nearest(velocity) }
    }
}

impl From<TakeNote> for SavedNote {
    fn from(note: TakeNote) -> Self {
        let TakeNote { is_answer, on_ticks, off_ticks, pitch, velocity } = note;
        Self { is_answer, on_ticks, off_ticks, key: pitch.get(), velocity: velocity.get() }
    }
}

/// See the module; or several of them in a row. What comes from a saved song may hold anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Take {
    /// Beats a minute.
    pub tempo: f32,
    /// Length of a bar; 0 where there are none. A take begins on a bar line.
    pub bar_ticks: u32,
    /// In the order of their onsets.
    pub notes: Vec<TakeNote>,
}

impl Take {
    /// Notes of the player.
    #[must_use]
    pub fn n_call(&self) -> usize {
        self.notes.iter().filter(|note| !note.is_answer).count()
    }

    /// Whether both are in the same bars, at the same tempo.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.bar_ticks == other.bar_ticks && (self.tempo - other.tempo).abs() <= 0.02 * self.tempo
    }

    /// Lets another follow at the next bar line; without bars, after whole beats.
    pub fn append(&mut self, next: &Self) {
        let grid = if self.bar_ticks == 0 { TICKS_PER_BEAT } else { self.bar_ticks };
        let end_ticks = self.notes.iter().map(|note| note.off_ticks).max().unwrap_or(0);
        let start_ticks = end_ticks.div_ceil(grid).saturating_mul(grid);
        self.notes.extend(next.notes.iter().map(|note| TakeNote {
            on_ticks: note.on_ticks.saturating_add(start_ticks),
            off_ticks: note.off_ticks.saturating_add(start_ticks),
            ..*note
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_keeps_its_place_in_the_bar() {
        let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
        let note = |on_ticks, off_ticks| TakeNote { is_answer: false, on_ticks, off_ticks, pitch, velocity };
        let take = |bar_ticks| Take { tempo: 100.0, bar_ticks, notes: vec![note(30, 200)] };
        for (bar_ticks, start_ticks) in [(192, 384), (0, 240)] {
            let mut both = take(bar_ticks);
            both.append(&take(bar_ticks));
            assert_eq!(both.notes, [note(30, 200), note(start_ticks + 30, start_ticks + 200)]);
        }
        assert!(!take(192).agrees(&take(144)));
        assert!(take(192).agrees(&Take { tempo: 101.0, ..take(192) }));
        assert!(!take(192).agrees(&Take { tempo: 110.0, ..take(192) }));
    }

    #[test]
    fn a_song_holds_notes_as_it_always_did() {
        let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::nearest(90));
        let note = TakeNote { is_answer: true, on_ticks: 3, off_ticks: 9, pitch, velocity };
        let text = r#"{"is_answer":true,"on_ticks":3,"off_ticks":9,"key":60,"velocity":90}"#;
        assert_eq!(serde_json::to_string(&note).unwrap(), text);
        assert_eq!(serde_json::from_str::<TakeNote>(text).unwrap(), note);
    }
}
