//! Passages of the timeline as takes.

use engine::{Pitch, Velocity};
use live::timeline::Passage;
use takes::{Take, TakeNote};

/// Takes that are kept with the song.
pub(crate) const MAX_TAKES: usize = 32;

/// The take of a passage.
pub(crate) fn take(passage: &Passage) -> Take {
    let notes = passage.notes.iter().map(|note| TakeNote {
        is_answer: note.is_answer,
        on_parts: note.on_parts,
        off_parts: note.off_parts,
        pitch: Pitch::nearest(note.key),
        velocity: Velocity::nearest(note.velocity),
    });
    Take { tempo: passage.tempo, bar_ticks: passage.bar_ticks, notes: notes.collect() }
}
