//! An answer that is being made.

use engine::Session;
use engine::answer::{AnswerGenerator, Controls};
use engine::note::Note;

use super::Listener;
use super::speed::Speed;
use crate::messages::{FromWorker, PlannedNote, ToWorker};

/// More notes than this at once are no music; the answer then ends.
const MAX_NOTES_PER_ASK: usize = 500;

/// See the module.
#[derive(Debug)]
pub(super) struct Plan {
    /// Tells it from all others.
    pub(super) turn: u32,
    pub(super) answer: AnswerGenerator,
    /// The style that was chosen when it began.
    pub(super) style: u8,
    /// Of the notes heard, the first so many were told to the model, ended at the hand-over.
    pub(super) n_told: usize,
    /// Some of those sounded on.
    pub(super) is_cut_short: bool,
}

impl Plan {
    /// Makes and offers all notes that begin before `until_ticks`, unless the next message makes that worthless.
    pub(super) fn extend(
        &mut self,
        until_ticks: i64,
        controls: &Controls,
        session: &mut Session,
        speed: &mut Speed,
        listener: &mut impl Listener,
    ) {
        for _ in 0..MAX_NOTES_PER_ASK {
            while let Some(note) = self.answer.offer(until_ticks) {
                if !listener.offer(FromWorker::Note(self.planned(note))) {
                    return;
                }
            }
            if self.answer.reaches(until_ticks) || self.is_pointless(listener.peek()) {
                return;
            }
            let begun = listener.wall_clock();
            self.answer.generate(session, controls);
            speed.add(listener.wall_clock().saturating_sub(begun));
        }
        self.answer.complete();
    }

    fn planned(&self, note: Note) -> PlannedNote {
        PlannedNote {
            turn: self.turn,
            on_ticks: note.onset_ticks,
            off_ticks: note.end_ticks(),
            key: note.pitch.get(),
            velocity: note.velocity.get(),
        }
    }

    /// Whether the next message makes the rest of this plan worthless. Nothing that is heard or remembered depends on it.
    fn is_pointless(&self, next: Option<ToWorker>) -> bool {
        let reached = self.answer.last_ticks().unwrap_or(i64::MIN);
        match next {
            Some(ToWorker::Cancel { turn }) => turn == self.turn,
            Some(ToWorker::Finish { turn, at_ticks }) => turn == self.turn && reached >= at_ticks,
            Some(ToWorker::Replace { turn, from_ticks, .. }) => turn == self.turn && reached >= from_ticks,
            Some(ToWorker::Reset | ToWorker::Start) => true,
            _ => false,
        }
    }
}
