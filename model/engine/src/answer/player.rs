//! What the player has played.

use super::features::CallFeatures;
use crate::note::Note;
use crate::session::Session;

/// The key is found from this many of the player's last notes.
const KEY_NOTES: usize = 64;

/// The player's notes: those of the present call, and the last ones of all. All in [`Note::order`].
#[derive(Clone, Debug)]
pub struct PlayerNotes {
    call: Vec<Note>,
    /// Notes before this belong to an earlier call.
    call_from_ticks: i64,
    /// At most [`KEY_NOTES`].
    recent: Vec<Note>,
}

/// A call as it is at the hand-over.
#[derive(Clone, Debug)]
pub struct HeardCall {
    notes: Vec<Note>,
    features: CallFeatures,
}

impl HeardCall {
    /// A call that was measured.
    #[must_use]
    pub fn new(notes: Vec<Note>, features: CallFeatures) -> Self {
        Self { notes, features }
    }

    /// In [`Note::order`].
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// What is known of it.
    #[must_use]
    pub fn features(&self) -> &CallFeatures {
        &self.features
    }
}

impl Default for PlayerNotes {
    /// Nothing was played yet.
    fn default() -> Self {
        Self { call: Vec::new(), call_from_ticks: i64::MIN, recent: Vec::new() }
    }
}

impl PlayerNotes {
    /// Keeps a note that is over, and lets the session learn from it.
    pub fn push(&mut self, note: Note, session: &mut Session) {
        if self.is_of_call(&note) {
            self.call.push(note);
        }
        // Between two calls there was an answer.
        session.add_user_note(note, self.call.len() == 1);
        self.recent.push(note);
        let n_too_many = self.recent.len().saturating_sub(KEY_NOTES);
        self.recent.drain(..n_too_many);
    }

    /// An answer was heard that began at `from_ticks`: what is played from there on is a new call.
    pub fn begin_call(&mut self, from_ticks: i64) {
        self.call.clear();
        self.call_from_ticks = from_ticks;
    }

    /// Whether a note belongs to the present call.
    #[must_use]
    pub fn is_of_call(&self, note: &Note) -> bool {
        note.onset_ticks >= self.call_from_ticks
    }

    /// The call, if it ends now. `sounding` are its notes that were not over, and so not kept yet, up to now.
    #[must_use]
    pub fn heard_call(&self, sounding: impl IntoIterator<Item = Note>, song_seed: u32) -> HeardCall {
        let (mut call, mut recent) = (self.call.clone(), self.recent.clone());
        for note in sounding {
            recent.push(note);
            if self.is_of_call(&note) {
                call.push(note);
            }
        }
        let features = CallFeatures::of(&call, &recent, song_seed);
        HeardCall::new(call, features)
    }

    /// The notes of the present call that are over.
    #[must_use]
    pub fn call(&self) -> &[Note] {
        &self.call
    }

    /// The player's last notes, at most 64.
    #[must_use]
    pub fn recent(&self) -> &[Note] {
        &self.recent
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{note, session};
    use super::*;

    #[test]
    fn a_call_begins_after_the_answer_and_the_last_notes_are_remembered() {
        let (mut session, mut player) = (session(), PlayerNotes::default());
        for i in 0..100 {
            player.push(note(24 * i, 60), &mut session);
        }
        assert_eq!((player.call().len(), player.recent().len(), session.user_notes().len()), (100, KEY_NOTES, 100));
        player.begin_call(3000);
        // It began before the answer did.
        player.push(note(2990, 62), &mut session);
        assert!(player.call().is_empty());
        player.push(note(3100, 64), &mut session);
        player.push(note(3124, 65), &mut session);
        assert_eq!(player.call(), [note(3100, 64), note(3124, 65)]);
        let firsts = session.user_notes().filter(|(_, is_first)| *is_first).map(|(note, _)| note.onset_ticks);
        assert_eq!(firsts.collect::<Vec<_>>(), [0, 3100]);
    }

    #[test]
    fn a_key_that_is_still_down_counts_but_is_not_kept() {
        let (mut session, mut player) = (session(), PlayerNotes::default());
        let c_major = [60, 64, 67, 65, 71];
        for (i, key) in (0..).zip(c_major) {
            player.push(note(24 * i, key), &mut session);
        }
        let key =
            |sounding: &[Note]| player.heard_call(sounding.iter().copied(), 1).features().key().map(|key| key.tonic);
        let held = Note { duration_ticks: 400, ..note(120, 60) };
        assert_eq!((key(&[held]), player.call().len()), (Some(0), 5));
    }
}
