//! Answers to calls of held-out music, beside what really follows there.

use std::sync::Arc;

use engine::key::{Key, find_key};
use engine::{Ask, Conditions, Metre, Note, Onset, Pitch, Sampling, Session, TICKS_PER_BEAT, Weights};
use rayon::prelude::*;

use super::music::{Held, Music};
use super::score::{in_bar_ticks, metre_at};
use crate::answering::Answering;
use crate::shards::{Labels, PlacedNote};

/// Notes that the model hears before it answers.
const CALL_NOTES: usize = 64;
/// Notes of an answer, and of every passage that it is compared with.
pub const PASSAGE_NOTES: usize = 128;
/// As a player would have it.
const SAMPLING: Sampling = Sampling { temperature: 0.95, top_p: 0.95 };

/// A run of [`PASSAGE_NOTES`] notes.
#[derive(Clone, Debug)]
pub struct Passage {
    /// In [`Note::order`], with their places in the bar.
    pub notes: Vec<PlacedNote>,
    /// Of the call before it, or of the passage before it.
    pub key: Option<Key>,
}

/// Passages, as many of each kind.
#[derive(Debug, Default)]
pub struct Passages {
    /// What the model answers to the first notes of a piece.
    pub generated: Vec<Passage>,
    /// What really follows there.
    pub real: Vec<Passage>,
    /// What stands in the middle of the same pieces: how far apart real music is.
    pub other_real: Vec<Passage>,
}

/// Answers to the beginnings of the first `n` pieces that are long enough; the same for the same weights and pieces.
#[must_use]
pub fn passages(weights: &Arc<Weights>, music: &Music, pieces: &[Held], n: usize) -> Passages {
    let long = pieces.iter().filter(|(_, notes)| notes.len() >= CALL_NOTES + 3 * PASSAGE_NOTES);
    let calls: Vec<Held> = long.take(n).copied().collect();
    let generated = calls.par_iter().enumerate().with_max_len(1).map(|(seed, (piece, notes))| {
        let style = weights.style_index(music.style(piece)).unwrap_or(0);
        let conditions = Conditions { style, mode: piece.mode, ..Conditions::default() };
        answer(weights, conditions, &notes[..CALL_NOTES], seed as u64)
    });
    let real = |start: usize, notes: &[PlacedNote]| Passage {
        notes: notes[start..start + PASSAGE_NOTES].to_vec(),
        key: key(&notes[start - CALL_NOTES..start]),
    };
    Passages {
        generated: generated.collect(),
        real: calls.iter().map(|(_, notes)| real(CALL_NOTES, notes)).collect(),
        other_real: calls.iter().map(|(_, notes)| real(notes.len() / 2, notes)).collect(),
    }
}

fn key(notes: &[PlacedNote]) -> Option<Key> {
    let notes: Vec<Note> = notes.iter().map(|placed| placed.note).collect();
    find_key(&notes).map(|(key, _)| key)
}

fn answer(weights: &Arc<Weights>, conditions: Conditions, call: &[PlacedNote], seed: u64) -> Passage {
    let mut session = Session::new(Arc::clone(weights));
    session.seed(seed);
    for PlacedNote { note, position, .. } in call {
        session.set_metre(metre_at(note.onset_ticks, *position));
        session.feed(*note, conditions);
    }
    let metre = metre(call);
    session.set_metre(metre);
    let mut ask = Ask {
        conditions,
        sampling: SAMPLING,
        lowest: Pitch::new(21).unwrap_or(Pitch::MIDDLE_C),
        highest: Pitch::new(108).unwrap_or(Pitch::MIDDLE_C),
        onset: Onset::NotBefore(call.last().map_or(0, |placed| placed.note.onset_ticks)),
        may_end: false,
    };
    let (mut answering, mut notes) = (Answering::new(seed), Vec::with_capacity(PASSAGE_NOTES));
    while notes.len() < PASSAGE_NOTES {
        let Some(note) = answering.next(&mut session, &ask) else { break };
        notes.push(PlacedNote { note, position: metre.position(note.onset_ticks), labels: Labels::default() });
        ask.onset = Onset::NotBefore(note.onset_ticks);
    }
    Passage { notes, key: key(call) }
}

/// The metre at the end of a call. Prepared notes do not say how long bars are, but where they begin.
fn metre(call: &[PlacedNote]) -> Metre {
    let line = |placed: &PlacedNote| in_bar_ticks(placed.position).map(|ticks| placed.note.onset_ticks - ticks);
    let Some(bar_line_ticks) = call.last().and_then(line) else { return Metre::Free };
    let mut lines: Vec<i64> = call.iter().filter_map(line).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut bars: Vec<i64> = lines.windows(2).map(|pair| pair[1] - pair[0]).collect();
    bars.sort_unstable();
    // The middle one, since a bar may lack notes, or be cut short.
    let bar_ticks = bars.get(bars.len() / 2).and_then(|&ticks| u32::try_from(ticks).ok());
    Metre::Bars { bar_line_ticks, bar_ticks: bar_ticks.unwrap_or(4 * TICKS_PER_BEAT) }
}

#[cfg(test)]
mod tests {
    use engine::{Position, Velocity};

    use super::*;

    #[test]
    fn the_metre_is_read_off_the_bar_lines() {
        let waltz = Metre::Bars { bar_line_ticks: 24, bar_ticks: 144 };
        let note = |onset_ticks: i64| {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            let note = Note { onset_ticks, duration_ticks: 12, pitch, velocity };
            PlacedNote { note, position: waltz.position(onset_ticks), labels: Labels::default() }
        };
        let call: Vec<_> = (0..40).map(|i| note(i * 24)).collect();
        let Metre::Bars { bar_line_ticks, bar_ticks } = metre(&call) else { panic!("no bars") };
        assert_eq!((bar_ticks, (bar_line_ticks - 24) % 144), (144, 0));
        let free = PlacedNote { position: Position::FREE, ..note(0) };
        assert_eq!(metre(&[free]), Metre::Free);
    }
}
