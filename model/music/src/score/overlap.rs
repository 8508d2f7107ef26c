//! A keyboard has each key once: notes of one key that overlap become notes that follow each other.

use crate::note::Note;

/// Notes in [`Note::order`] in which no key sounds twice at once: a note ends where its key is struck again, and of two
/// that begin together on one key the later in the slice stays. Lengths of 0 become 1.
#[must_use]
pub fn close_overlaps(notes: &[Note]) -> Vec<Note> {
    let mut sorted = notes.to_vec();
    sorted.sort_by_key(Note::order);
    let mut next_onset = [None::<i64>; 128];
    let mut closed = Vec::with_capacity(sorted.len());
    for mut note in sorted.into_iter().rev() {
        let next = next_onset[usize::from(note.pitch.get())].replace(note.onset_ticks);
        note.duration_ticks = note.duration_ticks.max(1);
        if let Some(next) = next {
            let room = next.saturating_sub(note.onset_ticks);
            note.duration_ticks = note.duration_ticks.min(u32::try_from(room).unwrap_or(u32::MAX));
        }
        if note.duration_ticks > 0 {
            closed.push(note);
        }
    }
    closed.reverse();
    closed
}

/// Sorts notes, merges those of one onset and pitch (the longer, the louder), and ends each where the next of its pitch
/// begins.
#[must_use]
pub fn tidy(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by_key(Note::order);
    notes.dedup_by(|later, kept| {
        let same = later.order() == kept.order();
        if same {
            kept.duration_ticks = kept.duration_ticks.max(later.duration_ticks);
            kept.velocity = kept.velocity.max(later.velocity);
        }
        same
    });
    close_overlaps(&notes)
}
