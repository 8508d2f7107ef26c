//! Scores a piece window by window: in the very contexts that a session would go through, but each in one pass of the
//! trainer's network, which is several times faster than note by note.

use anyhow::Result;
use engine::vocab::END;
use engine::{Conditions, Position, Weights};

use super::score::{self, Score};
use crate::data::batch::{Batch, Step};
use crate::data::sequence::{self, Event};
use crate::data::shards::{Piece, PlacedNote};
use crate::network::Network;
use crate::network::cpu::{Workspace, guesses};

/// The weights, for whole windows.
#[derive(Debug)]
pub(super) struct Windows {
    network: Network,
    workspace: Workspace,
}

impl Windows {
    pub(super) fn new(weights: &Weights) -> Result<Self> {
        Ok(Self { network: Network::of_weights(weights)?, workspace: Workspace::default() })
    }

    /// Scores a piece from its beginning.
    pub(super) fn score(&self, piece: &Piece, notes: &[PlacedNote], conditions: Conditions) -> Result<Score> {
        let n_context = self.network.config().n_context;
        let half = n_context / 2;
        let events = score::events(piece, notes);
        let mut score = Score::of(notes);
        // A full context goes on with its most recent half.
        for start in (0..events.len()).step_by(half).take_while(|start| *start == 0 || start + half < events.len()) {
            let n_known = if start == 0 { 0 } else { half };
            let window = &events[start..events.len().min(start + n_context)];
            let (nats, guesses) = guesses(&self.network, &batch(window, n_known, conditions), &self.workspace)?;
            score.pay(nats);
            for (event, guess) in window.iter().zip(guesses).skip(n_known.max(1)) {
                if event.values[1] != END {
                    score.guess(guess.is_likeliest);
                }
            }
        }
        Ok(score)
    }
}

/// One row, each event predicted from those before it. The events after the first `n_known` count.
pub(crate) fn batch(events: &[Event], n_known: usize, conditions: Conditions) -> Batch {
    let mut batch = Batch { batch_size: 1, sequence_length: events.len(), ..Batch::default() };
    let mut fed = sequence::begin(events.first().map_or(Position::FREE, |first| first.position));
    for (step, target) in events.iter().enumerate() {
        let is_note = target.values[1] != END;
        let counts = [step > 0, true, is_note, is_note].map(|counts| counts && step >= n_known);
        batch.push(Some(&Step { fed, target: *target, told: conditions, levels: [0; 3], counts }));
        fed = *target;
        if step == 0 {
            fed.values[0] = 0;
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::{Metre, ModelConfig, Note, Pitch, Precision, Session, Velocity, random_file};

    use super::*;
    use crate::data::corpus::Split;

    #[test]
    fn windows_cost_what_a_session_pays_note_by_note() {
        let weights = Arc::new(Weights::parse(&random_file(ModelConfig::TINY, Precision::F32, 5).unwrap()).unwrap());
        let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 };
        let note = |i: u8| {
            let (pitch, velocity) = (Pitch::new(40 + i % 36 * 7 % 40).unwrap(), Velocity::new(40 + i % 64).unwrap());
            Note { onset_ticks: i64::from(i / 2) * 20, duration_ticks: 5 + u32::from(i), pitch, velocity }
        };
        let placed = |note: Note| PlacedNote {
            note,
            position: metre.position(note.onset_ticks),
            labels: crate::data::shards::Labels::default(),
        };
        let mut notes: Vec<PlacedNote> = (0..200).map(note).map(placed).collect();
        notes.sort_by_key(|placed| placed.note.order());
        let windows = Windows::new(&weights).unwrap();
        let mut session = Session::new(Arc::clone(&weights));
        // Up to the end of a context, one beyond, and over several; with the piece's end and without.
        for n_notes in [1, 31, 32, 63, 64, 65, 95, 96, 97, 200] {
            for n_more in [0, 1] {
                let end = metre.position(5000);
                let piece = Piece {
                    path: String::new(),
                    title: String::new(),
                    composer: String::new(),
                    style: 0,
                    split: Split::Test,
                    offset: 0,
                    n_notes: n_notes + n_more,
                    mode: 1,
                    is_free: false,
                    is_expressive: false,
                    is_flat: false,
                    tempo_bpm: 120.0,
                    voices: 1.0,
                    weight: 1.0,
                    end_ticks: 5000,
                    end_position: [end.beat_phase, end.bar_beat],
                };
                let conditions = Conditions { mode: 1, ..Conditions::default() };
                let at_once = windows.score(&piece, &notes[..n_notes], conditions).unwrap();
                let played = score::played(&mut session, &piece, &notes[..n_notes], conditions, 0.0);
                for (a, b) in at_once.bits.into_iter().zip(played.bits) {
                    assert!(
                        (a - b).abs() < 1e-3 * b.max(1.0),
                        "{n_notes} notes: {:?}, {:?}",
                        at_once.bits,
                        played.bits
                    );
                }
                assert_eq!(at_once.n_guesses, played.n_guesses);
                assert_eq!(at_once.n_right, played.n_right);
                assert_eq!(at_once.n_all_right, played.n_all_right);
            }
        }
    }
}
