//! Answers to calls of held-out music, beside what really follows there.

use std::sync::Arc;

use engine::answer::{
    AnswerGenerator, AnswerRequest, Call, CallFeatures, Controls, HeardCall, MOST_CANDIDATES, answer,
};
use engine::key::{Key, find_key};
use engine::{Conditions, Note, Session, Weights};
use rayon::prelude::*;

use super::music::{Held, Music};
use super::score::metre_at;
use crate::data::phrases::{metre, plain};
use crate::data::shards::{Labels, PlacedNote};

/// Notes that the model hears before it answers.
const CALL_NOTES: usize = 64;
/// Notes of an answer, and of every passage that it is compared with.
pub const PASSAGE_NOTES: usize = 128;

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// The plugin, as it is when nobody has touched its controls: what is measured is what is played.
    Plugin,
    /// The network, which is told style and mode and plays what it chooses ([`Controls::raw`]).
    Network,
}

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
pub fn passages(weights: &Arc<Weights>, music: &Music, pieces: &[Held], n: usize, answerer: Answerer) -> Passages {
    let long = pieces.iter().filter(|(_, notes)| notes.len() >= CALL_NOTES + 3 * PASSAGE_NOTES);
    let calls: Vec<Held> = long.take(n).copied().collect();
    let generated = calls.par_iter().enumerate().with_max_len(1).map(|(seed, (piece, notes))| {
        let style = weights.style_index(music.style(piece)).unwrap_or(0);
        let song_seed = u32::try_from(seed).unwrap_or(u32::MAX);
        match answerer {
            Answerer::Plugin => of_plugin(weights, style, notes, song_seed),
            Answerer::Network => of_network(weights, (style, piece.mode), &notes[..CALL_NOTES], song_seed),
        }
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
    find_key(&plain(notes)).map(|(key, _)| key)
}

fn passage(call: &[PlacedNote], answer: impl IntoIterator<Item = Note>) -> Passage {
    let metre = metre(call);
    let placed =
        |note: Note| PlacedNote { note, position: metre.position(note.onset_ticks), labels: Labels::default() };
    Passage { notes: answer.into_iter().map(placed).collect(), key: key(call) }
}

/// What the plugin plays when the first notes of a piece hand over to it: it begins where the piece goes on.
fn of_plugin(weights: &Arc<Weights>, style: u8, notes: &[PlacedNote], song_seed: u32) -> Passage {
    let notes_of_call = &notes[..CALL_NOTES];
    let metre = metre(notes_of_call);
    let in_metre = |&PlacedNote { note, position, .. }: &PlacedNote| {
        let is_there = metre.position(note.onset_ticks) == position;
        (note, if is_there { metre } else { metre_at(note.onset_ticks, position) })
    };
    let call = Call::in_metres(notes_of_call.iter().map(in_metre), metre);
    let start_ticks = notes[CALL_NOTES].note.onset_ticks;
    let controls = Controls { style, ..Controls::default() };
    let between = (start_ticks, i64::MAX);
    passage(notes_of_call, answer_of_plugin(weights, &call, between, song_seed, &controls, PASSAGE_NOTES))
}

/// What the plugin answers to a call from one tick to another, as the first answer of a song, after silence enough to choose in: all of
/// it, or its first `n_most` notes.
pub(crate) fn answer_of_plugin(
    weights: &Arc<Weights>,
    call: &Call,
    (start_ticks, end_ticks): (i64, i64),
    song_seed: u32,
    controls: &Controls,
    n_most: usize,
) -> Vec<Note> {
    let request = AnswerRequest { song_seed, number: 0, start_ticks, end_ticks, most_candidates: MOST_CANDIDATES };
    answer(&mut Session::new(Arc::clone(weights)), call, request, controls, n_most)
}

/// What the network alone goes on with, told this style and this mode of the piece.
fn of_network(weights: &Arc<Weights>, (style, mode): (u8, u8), call: &[PlacedNote], song_seed: u32) -> Passage {
    let mut session = Session::new(Arc::clone(weights));
    let conditions = Conditions { style, mode, ..Conditions::default() };
    for PlacedNote { note, position, .. } in call {
        session.set_metre(metre_at(note.onset_ticks, *position));
        session.feed(*note, conditions);
    }
    let metre = metre(call);
    session.set_metre(metre);
    let notes = plain(call);
    // Of the key, only the mode is told.
    let key = (mode > 0).then_some(Key { tonic: 0, is_minor: mode == 2 });
    let features = CallFeatures::of(&notes, &notes, song_seed).with_key(key);
    let start_ticks = notes.last().map_or(0, |note| note.onset_ticks);
    let request = AnswerRequest { song_seed, number: 0, start_ticks, end_ticks: i64::MAX, most_candidates: 1 };
    let controls = Controls { style, ..Controls::raw() };
    let mut generator = AnswerGenerator::new(request, HeardCall::new(notes, features), metre, session.checkpoint());
    let answer = std::iter::from_fn(|| generator.next_note(&mut session, &controls));
    passage(call, answer.take(PASSAGE_NOTES))
}
