//! What a piece costs: bits, right guesses, and the tokens that other models would spend on it.

use std::ops::AddAssign;

use engine::{Conditions, Metre, Note, Position, Session, Weights};

use super::tokens::Tokens;
use crate::data::sequence;
use crate::data::shards::{Piece, PlacedNote};

/// The costs of some music. A piece's end costs bits too, but is no note.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    /// By attribute.
    pub bits: [f64; 4],
    /// Notes.
    pub n_notes: u64,
    /// Notes that were guessed at: all but the first of each piece.
    pub n_guesses: u64,
    /// Guesses whose likeliest value was the true one, by attribute (the earlier attributes being known).
    pub n_right: [u64; 4],
    /// Guesses right in all four attributes.
    pub n_all_right: u64,
    /// The same music as note-on, note-off, time-shift and velocity tokens.
    pub tokens: Tokens,
}

impl Score {
    /// Of notes for which nothing has been paid yet.
    pub(super) fn of(notes: &[PlacedNote]) -> Self {
        let plain: Vec<Note> = notes.iter().map(|placed| placed.note).collect();
        Self { n_notes: notes.len() as u64, tokens: Tokens::count(&plain), ..Self::default() }
    }

    pub(super) fn pay(&mut self, nats: [f64; 4]) {
        self.bits.iter_mut().zip(nats).for_each(|(bits, nats)| *bits += nats * std::f64::consts::LOG2_E);
    }

    /// Counts a guess, right or wrong in each attribute.
    pub(super) fn guess(&mut self, right: [bool; 4]) {
        self.n_guesses += 1;
        self.n_right.iter_mut().zip(right).for_each(|(n, right)| *n += u64::from(right));
        self.n_all_right += u64::from(right == [true; 4]);
    }

    /// All attributes together.
    #[must_use]
    pub fn total_bits(&self) -> f64 {
        self.bits.iter().sum()
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        for a in 0..4 {
            self.bits[a] += other.bits[a];
            self.n_right[a] += other.n_right[a];
        }
        self.n_notes += other.n_notes;
        self.n_guesses += other.n_guesses;
        self.n_all_right += other.n_all_right;
        self.tokens += other.tokens;
    }
}

/// The piece's end, if the notes reach it.
pub(super) fn end(piece: &Piece, notes: &[PlacedNote]) -> Option<(i64, Position)> {
    (notes.len() == piece.n_notes).then_some((piece.end_ticks, piece.end_position()))
}

/// A piece as the n-grams read it.
pub(crate) fn events(piece: &Piece, notes: &[PlacedNote]) -> Vec<sequence::Event> {
    sequence::events(notes, end(piece, notes))
}

/// What the model is told of a piece. Density and polyphony are left open: they are measured on what is to be predicted.
pub(crate) fn conditions(weights: &Weights, piece: &Piece, style: &str) -> Conditions {
    Conditions { style: weights.style_index(style).unwrap_or(0), mode: piece.mode, ..Conditions::default() }
}

/// Scores a piece from its beginning, note by note, as the plugin hears it, leaning towards its earlier notes.
pub(crate) fn played(
    session: &mut Session,
    piece: &Piece,
    notes: &[PlacedNote],
    conditions: Conditions,
    cache_weight: f32,
) -> Score {
    let mut score = Score::of(notes);
    session.reset();
    session.clear_user_notes();
    session.set_cache_weight(cache_weight);
    for (i, PlacedNote { note, position, .. }) in notes.iter().enumerate() {
        session.set_metre(metre_at(note.onset_ticks, *position));
        let mut right = [false; 4];
        let nats = session.score_seeing(engine::Event::Note(*note), conditions, |attribute, logits, value| {
            right[attribute] = likeliest(logits) == usize::from(value);
        });
        session.add_user_note(*note, i == 0);
        score.pay(nats.map(f64::from));
        if i > 0 {
            score.guess(right);
        }
    }
    if let Some((at_ticks, position)) = end(piece, notes) {
        session.set_metre(metre_at(at_ticks, position));
        score.pay(session.score(engine::Event::End { at_ticks }, conditions).map(f64::from));
    }
    score
}

fn likeliest(logits: &[f32]) -> usize {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(0, |(value, _)| value)
}

/// A metre in which `ticks` has this position.
pub(super) fn metre_at(ticks: i64, position: Position) -> Metre {
    match position.in_bar_ticks() {
        Some(in_bar) => Metre::Bars { bar_line_ticks: ticks - in_bar, bar_ticks: u32::MAX },
        None => Metre::Free,
    }
}
