//! From notes on the tape to a take.

use engine::{Pitch, Velocity};
use takes::{Take, TakeNote};

use super::reel::{Note, Who};

/// Takes that are kept with the song.
pub(crate) const MAX_TAKES: usize = 32;
/// Notes of a take that are kept.
pub(super) const MAX_NOTES: usize = 2048;

/// Keys that are still down end now.
pub(super) fn take(tempo: f32, bar_ticks: u32, start_ticks: i64, now_ticks: i64, notes: &[Note]) -> Take {
    let since = |ticks: i64| u32::try_from(ticks - start_ticks).unwrap_or(0);
    let note = |note: &Note| TakeNote {
        is_answer: note.who == Who::Antiphon,
        on_ticks: since(note.span.on_ticks),
        off_ticks: since(note.span.off_ticks.min(now_ticks.max(note.span.on_ticks + 1))),
        pitch: Pitch::nearest(note.span.key),
        velocity: Velocity::nearest(note.span.velocity),
    };
    let mut notes: Vec<TakeNote> = notes.iter().take(MAX_NOTES).map(note).collect();
    notes.sort_by_key(|note| note.on_ticks);
    Take { tempo, bar_ticks, notes }
}
