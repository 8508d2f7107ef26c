//! What becomes of an answer: notes that are taken back, the candidates among which it was chosen, and what of it was heard when it is over.

use super::generator::{AnswerGenerator, GeneratedNote, cut};
use crate::note::Note;
use crate::session::Session;

impl AnswerGenerator {
    /// Takes back the notes that begin at `from_ticks` or later. False, and nothing is done, if the session has moved on.
    pub fn take_back(&mut self, from_ticks: i64, session: &mut Session) -> bool {
        if self.choice.is_some() {
            // What is not chosen was not heard, and is chosen first.
            return true;
        }
        let n_kept = self.notes.partition_point(|made| made.note.onset_ticks < from_ticks);
        if self.notes.get(n_kept).is_some_and(|made| !session.rewind(&made.before)) {
            return false;
        }
        self.notes.truncate(n_kept);
        self.n_offered = self.n_offered.min(n_kept);
        self.not_before_ticks = from_ticks;
        self.is_complete = false;
        true
    }

    /// Notes that are made from now on are those of another candidate: the best has rank 0. Beyond those that were judged come others.
    pub fn follow_candidate(&mut self, rank: u8) {
        self.candidate = self.ranking.get(usize::from(rank)).copied().unwrap_or(rank);
    }

    /// The best of the candidates that were judged, the best first, from their first note as far as they were judged; none where there
    /// was no choice.
    #[must_use]
    pub fn candidates(&self) -> &[Vec<Note>] {
        &self.best
    }

    /// The rank of the candidate whose notes are made now, 0 for the best.
    #[must_use]
    pub fn rank(&self) -> u8 {
        let place = self.ranking.iter().position(|&candidate| candidate == self.candidate);
        place.and_then(|place| u8::try_from(place).ok()).unwrap_or(self.candidate)
    }

    /// The answer is not wanted: the session goes back to before it. False, and nothing is done, if it has moved on.
    pub fn withdraw(&self, session: &mut Session) -> bool {
        session.rewind(&self.before)
    }

    /// Whether all its notes are still known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.n_forgotten == 0
    }

    /// The notes that began before `at_ticks`, ended there.
    pub fn heard_until(&self, at_ticks: i64) -> impl Iterator<Item = Note> {
        heard_until(self.chosen(), at_ticks)
    }

    /// The answer was heard up to `at_ticks`, and the first note that others played meanwhile began at `others_ticks`. What the
    /// session has of it stays as far as that is what was heard, and comes before the others'. Returns the rest, ended at
    /// `at_ticks`: it is to be told anew, in its place among the others.
    pub fn settle(&self, at_ticks: i64, others_ticks: Option<i64>, session: &mut Session) -> Vec<Note> {
        if let Some(choice) = &self.choice {
            session.rewind(&choice.before);
        }
        let is_as_heard =
            |note: &Note| note.end_ticks() <= at_ticks && others_ticks.is_none_or(|ticks| note.onset_ticks < ticks);
        let notes = self.chosen();
        let n_as_heard = notes.iter().take_while(|made| is_as_heard(&made.note)).count();
        let rest = &notes[n_as_heard..];
        let is_taken_back = rest.first().is_some_and(|made| session.rewind(&made.before));
        if is_taken_back { heard_until(rest, at_ticks).collect() } else { Vec::new() }
    }
}

fn heard_until(notes: &[GeneratedNote], at_ticks: i64) -> impl Iterator<Item = Note> {
    notes
        .iter()
        .map(|made| made.note)
        .filter(move |note| note.onset_ticks < at_ticks)
        .map(move |note| cut(note, at_ticks))
}
