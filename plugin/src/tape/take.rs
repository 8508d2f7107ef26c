//! A call and its answer, kept with the song or saved as a MIDI file.

use serde::{Deserialize, Serialize};

use super::reel::{Note, Who};

/// Takes that are kept with the song.
pub(crate) const MAX_TAKES: usize = 32;
/// Notes of a take that are kept.
const MAX_NOTES: usize = 2048;

/// A note of a take, in ticks from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakeNote {
    pub(crate) is_answer: bool,
    pub(crate) on_ticks: u32,
    pub(crate) off_ticks: u32,
    pub(crate) key: u8,
    pub(crate) velocity: u8,
}

/// See the module. What comes from a saved song may hold anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Take {
    /// Beats a minute when it was kept.
    pub(crate) tempo: f32,
    /// Length of a bar; 0 where there are none.
    pub(crate) bar_ticks: u32,
    /// In the order of their onsets.
    pub(crate) notes: Vec<TakeNote>,
}

impl Take {
    /// Of notes on the tape; keys that are still down end now.
    pub(super) fn new(tempo: f32, bar_ticks: u32, start_ticks: i64, now_ticks: i64, notes: &[Note]) -> Self {
        let since = |ticks: i64| u32::try_from(ticks - start_ticks).unwrap_or(0);
        let note = |note: &Note| TakeNote {
            is_answer: note.who == Who::Antiphon,
            on_ticks: since(note.span.on_ticks),
            off_ticks: since(note.span.off_ticks.min(now_ticks.max(note.span.on_ticks + 1))),
            key: note.span.key,
            velocity: note.span.velocity,
        };
        let mut notes: Vec<TakeNote> = notes.iter().take(MAX_NOTES).map(note).collect();
        notes.sort_by_key(|note| note.on_ticks);
        Self { tempo, bar_ticks, notes }
    }
}
