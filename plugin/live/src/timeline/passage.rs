//! A take as plain values.

use super::{PARTS_PER_TICK, TimelineNote, Who};

/// Notes of a take that are kept.
pub(super) const MAX_NOTES: usize = 2048;

/// A call and its answer, or a part of them. Parts of a tick are counted from the bar line before the first note.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Beats a minute.
    pub tempo: f32,
    /// Length of a bar; 0 if there were none.
    pub bar_ticks: u32,
    /// In the order of their onsets.
    pub notes: Vec<PassageNote>,
}

/// A note of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageNote {
    /// Whether Antiphon played it.
    pub is_answer: bool,
    /// Its onset, in parts of a tick.
    pub on_parts: u32,
    /// Its end, in parts of a tick.
    pub off_parts: u32,
    /// 0 to 127.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

impl Passage {
    /// Keys that are still down end now.
    pub(super) fn new(tempo: f32, bar_ticks: u32, start_ticks: i64, now_ticks: i64, notes: &[TimelineNote]) -> Self {
        let (start_parts, now_parts) = (start_ticks * PARTS_PER_TICK, now_ticks * PARTS_PER_TICK);
        let since = |parts: i64| u32::try_from(parts - start_parts).unwrap_or(0);
        let note = |note: &TimelineNote| PassageNote {
            is_answer: note.who == Who::Antiphon,
            on_parts: since(note.span.on_parts),
            off_parts: since(note.span.off_parts.min(now_parts.max(note.span.on_parts + 1))),
            key: note.span.key,
            velocity: note.span.velocity,
        };
        let mut notes: Vec<PassageNote> = notes.iter().take(MAX_NOTES).map(note).collect();
        notes.sort_by_key(|note| note.on_parts);
        Self { tempo, bar_ticks, notes }
    }
}
