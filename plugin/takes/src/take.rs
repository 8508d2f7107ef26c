//! A call and its answer.

use music::rhythm::PARTS_PER_TICK;
use music::{Pitch, TICKS_PER_BEAT, Velocity};
use serde::{Deserialize, Serialize};

/// Parts of a tick ([`PARTS_PER_TICK`]), in which the times of a take are.
#[expect(clippy::cast_possible_truncation, reason = "they are 16")]
pub const TICK_PARTS: u32 = PARTS_PER_TICK as u32;

/// A note of a take, as it was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SavedNote", into = "SavedNote")]
pub struct TakeNote {
    /// Played by Antiphon, not by the player.
    pub is_answer: bool,
    /// When it begins: parts of a tick from the take's start.
    pub on_parts: u32,
    /// When it ends.
    pub off_parts: u32,
    /// Its key.
    pub pitch: Pitch,
    /// How hard it is struck.
    pub velocity: Velocity,
}

/// A note as a song holds it, in which any number may stand. Songs of before there were parts have whole ticks.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct SavedNote {
    is_answer: bool,
    on_ticks: u32,
    off_ticks: u32,
    key: u8,
    velocity: u8,
    /// How much later than those ticks it begins and ends.
    #[serde(default, skip_serializing_if = "is_none")]
    later_parts: (u8, u8),
}

fn is_none(later_parts: &(u8, u8)) -> bool {
    *later_parts == (0, 0)
}

impl From<SavedNote> for TakeNote {
    fn from(saved: SavedNote) -> Self {
        let SavedNote { is_answer, on_ticks, off_ticks, key, velocity, later_parts: (on, off) } = saved;
        let parts = |ticks: u32, later: u8| ticks.saturating_mul(TICK_PARTS).saturating_add(later.into());
        let (pitch, velocity) = (Pitch::nearest(key), Velocity::nearest(velocity));
        Self { is_answer, on_parts: parts(on_ticks, on), off_parts: parts(off_ticks, off), pitch, velocity }
    }
}

impl From<TakeNote> for SavedNote {
    fn from(note: TakeNote) -> Self {
        let TakeNote { is_answer, on_parts, off_parts, pitch, velocity } = note;
        let later = |parts: u32| u8::try_from(parts % TICK_PARTS).unwrap_or(0);
        Self {
            is_answer,
            on_ticks: on_parts / TICK_PARTS,
            off_ticks: off_parts / TICK_PARTS,
            key: pitch.get(),
            velocity: velocity.get(),
            later_parts: (later(on_parts), later(off_parts)),
        }
    }
}

/// See the module; or several of them in a row. What comes from a saved song may hold anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Take {
    /// Beats a minute.
    pub tempo: f32,
    /// Length of a bar in ticks; 0 where there are none. A take begins on a bar line.
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
        let grid_parts = grid.saturating_mul(TICK_PARTS);
        let end_parts = self.notes.iter().map(|note| note.off_parts).max().unwrap_or(0);
        let start_parts = end_parts.div_ceil(grid_parts).saturating_mul(grid_parts);
        self.notes.extend(next.notes.iter().map(|note| TakeNote {
            on_parts: note.on_parts.saturating_add(start_parts),
            off_parts: note.off_parts.saturating_add(start_parts),
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
        let note = |on_ticks: u32, off_ticks: u32| TakeNote {
            is_answer: false,
            on_parts: on_ticks * TICK_PARTS + 5,
            off_parts: off_ticks * TICK_PARTS,
            pitch,
            velocity,
        };
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
        let note = TakeNote { is_answer: true, on_parts: 48, off_parts: 144, pitch, velocity };
        let text = r#"{"is_answer":true,"on_ticks":3,"off_ticks":9,"key":60,"velocity":90}"#;
        assert_eq!(serde_json::to_string(&note).unwrap(), text);
        assert_eq!(serde_json::from_str::<TakeNote>(text).unwrap(), note);
    }

    #[test]
    fn a_song_holds_notes_as_they_were_played_between_the_ticks() {
        for (on_parts, off_parts) in [(0, 1), (49, 144), (63, 10_007), (0, u32::MAX)] {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::nearest(90));
            let note = TakeNote { is_answer: false, on_parts, off_parts, pitch, velocity };
            let saved = serde_json::to_string(&note).unwrap();
            assert_eq!(serde_json::from_str::<TakeNote>(&saved).unwrap(), note, "{saved}");
        }
    }
}
