//! A whole answer to a call, as the plugin makes it in a bounce.
//!
//! Note for note, what `answer` gives is what the plugin plays when a host renders this call from a song's start, with these
//! controls (a test in the repository's `tests/` proves it through the plugin's CLAP entry). That takes more than the controls:
//!
//! - *Ticks*: the plugin rounds each key to the nearest tick of 1/48 beat of the song, and plays each note at the first sample of
//!   its tick.
//! - *Hand-over*: by default 700 ms after the last key went up, in ticks at the song's tempo, rounded; an answer as long as the
//!   call then lasts whole beats ([`AnswerRequest::like_the_call`]). Keys that are down at the hand-over end there for the network.
//! - *Metre*: bars are told only while the song rolls; a note has the place in the bar that it had when it was read.
//! - *Seed*: each answer's random streams come from the song's seed and the number of answers before it
//!   ([`AnswerRequest::number`]), each note's from its place in the answer, so that a note that is made anew leaves no trace.
//! - *Candidates*: [`AnswerRequest::most_candidates`] is what the silence before the hand-over has time for
//!   ([`candidates_in`](super::candidates_in)); the plugin makes fewer if it has to answer sooner.
//! - *Recent notes*: the key of a call of under 12 notes is found from the player's last 64, of earlier calls too; *Learn from me*
//!   knows all notes of the song. Here only the call is known, as in a song's first turn.

use super::controls::Controls;
use super::generator::{AnswerGenerator, cut};
use super::player::PlayerNotes;
use super::request::AnswerRequest;
use super::sounding::as_sounded;
use crate::metre::Metre;
use crate::note::Note;
use crate::session::Session;

/// What a player played before the answer.
#[derive(Clone, Debug)]
pub struct Call {
    /// In [`Note::order`], each with the metre in which it was played.
    notes: Vec<(Note, Metre)>,
    /// At the hand-over.
    metre: Metre,
}

impl Call {
    /// A call in one metre.
    pub fn new(notes: impl IntoIterator<Item = Note>, metre: Metre) -> Self {
        Self::in_metres(notes.into_iter().map(|note| (note, metre)), metre)
    }

    /// A call each of whose notes has a metre, and the metre in which the answer goes on.
    pub fn in_metres(notes: impl IntoIterator<Item = (Note, Metre)>, metre: Metre) -> Self {
        let mut notes: Vec<_> = notes.into_iter().collect();
        notes.sort_by_key(|(note, _)| note.order());
        Self { notes, metre }
    }

    /// No call: the music begins by itself.
    #[must_use]
    pub fn none(metre: Metre) -> Self {
        Self { notes: Vec::new(), metre }
    }

    /// The metre at the hand-over.
    #[must_use]
    pub fn metre(&self) -> Metre {
        self.metre
    }

    /// When the first key went down and the last one up.
    #[must_use]
    pub fn bounds_ticks(&self) -> Option<(i64, i64)> {
        let first = self.notes.first()?.0.onset_ticks;
        Some((first, self.notes.iter().map(|(note, _)| note.end_ticks()).max()?))
    }
}

/// Lets a session that has heard nothing hear the call up to the hand-over, and begins the answer.
pub fn begin_answer(
    session: &mut Session,
    call: &Call,
    request: AnswerRequest,
    controls: &Controls,
) -> AnswerGenerator {
    let (mut player, conditions) = (PlayerNotes::default(), controls.call_conditions());
    let n_ended = call.notes.iter().take_while(|(note, _)| note.end_ticks() <= request.start_ticks).count();
    let (ended, sounding) = call.notes.split_at(n_ended);
    let sounding: Vec<(Note, Metre)> =
        sounding.iter().map(|&(note, metre)| (cut(note, request.start_ticks), metre)).collect();
    let hear = |session: &mut Session, notes: &[(Note, Metre)]| {
        for notes in notes.chunk_by(|a, b| a.1 == b.1) {
            session.set_metre(notes[0].1);
            session.feed_all(notes.iter().map(|&(note, _)| (note, conditions)));
        }
    };
    hear(session, ended);
    for &(note, _) in ended {
        player.push(note, session);
    }
    let before = session.checkpoint();
    hear(session, &sounding);
    session.set_metre(call.metre);
    let heard = player.heard_call(sounding.iter().map(|(note, _)| *note), request.song_seed);
    AnswerGenerator::new(request, heard, call.metre, before)
}

/// The answer to a call as it sounds, in [`Note::order`]: all of it, or its first `n_most` notes. One that never ends needs such a
/// limit. `session` must have heard nothing.
pub fn answer(
    session: &mut Session,
    call: &Call,
    request: AnswerRequest,
    controls: &Controls,
    n_most: usize,
) -> Vec<Note> {
    let mut generator = begin_answer(session, call, request, controls);
    let notes = std::iter::from_fn(|| generator.next_note(session, controls));
    as_sounded(&notes.take(n_most).collect::<Vec<_>>(), controls.voices)
}
