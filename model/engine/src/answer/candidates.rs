//! Which of several answers to a call is played: each is made to its end, and the one that the [critic](crate::critic) finds best is made
//! again.
//!
//! It is what language models call *best of n* (Stiennon et al. 2020). Candidates differ in their random streams only. How many are
//! made depends on the controls and on how long the silence before the answer is, never on how fast the machine is: the same call
//! has the same answer live and bounced.

use crate::critic::CriticSession;
use crate::note::{Note, TICKS_PER_BEAT};
use crate::session::Checkpoint;

/// As many candidates as can be asked for.
pub const MOST_CANDIDATES: u8 = 8;
/// Of so many candidates, the best, the notes are kept to be shown.
pub const SHOWN_CANDIDATES: usize = 3;
/// A candidate is judged by so many of its notes at most,
pub(super) const JUDGED_NOTES: usize = 64;
/// and by so much of its time: eight bars of 4/4.
pub(super) const JUDGED_TICKS: i64 = 32 * TICKS_PER_BEAT as i64;
/// A candidate is made and judged in this time, but on the slowest machines.
const US_PER_CANDIDATE: i64 = 80_000;

/// How many candidates can be made in so many ticks of silence before an answer, 1 to [`MOST_CANDIDATES`].
///
/// ```
/// use engine::answer::candidates_in;
///
/// // At 120 beats a minute, in no time, a sixteenth and a beat.
/// assert_eq!([0, 12, 48].map(|ticks| candidates_in(500_000, ticks)), [1, 1, 6]);
/// ```
#[must_use]
pub fn candidates_in(us_per_beat: u32, silence_ticks: i64) -> u8 {
    let silence_us = silence_ticks.max(0).saturating_mul(us_per_beat.into()) / i64::from(TICKS_PER_BEAT);
    u8::try_from(silence_us / US_PER_CANDIDATE).unwrap_or(u8::MAX).clamp(1, MOST_CANDIDATES)
}

/// A choice that is not made yet.
#[derive(Debug)]
pub(super) struct Choice {
    /// The session before the first note of each candidate.
    pub(super) before: Checkpoint,
    n_candidates: u8,
    /// It has heard the call.
    critic: CriticSession,
    /// Of the candidates so far.
    scores: Vec<f32>,
    /// And what they play.
    notes: Vec<Vec<Note>>,
}

impl Choice {
    pub(super) fn new(n_candidates: u8, before: Checkpoint, critic: CriticSession) -> Self {
        let n = usize::from(n_candidates);
        Self { before, n_candidates, critic, scores: Vec::with_capacity(n), notes: Vec::with_capacity(n) }
    }

    /// The next candidate is this, and ends at `end_ticks`; `i64::MAX` if its end is not made. Returns whether all have been heard.
    pub(super) fn judge(&mut self, answer: &[Note], start_ticks: i64, end_ticks: i64) -> bool {
        self.scores.push(self.critic.score(answer, start_ticks, end_ticks));
        self.notes.push(answer.to_vec());
        self.scores.len() >= usize::from(self.n_candidates)
    }

    /// The candidates so far, the best first; of equals, the earlier.
    pub(super) fn ranking(&self) -> Vec<u8> {
        let mut ranking: Vec<u8> = (0..).take(self.scores.len()).collect();
        let score = |candidate: &u8| self.scores[usize::from(*candidate)];
        ranking.sort_by(|a, b| score(b).total_cmp(&score(a)));
        ranking
    }

    /// What the best of a ranking play, as far as they were judged.
    pub(super) fn best(&mut self, ranking: &[u8]) -> Vec<Vec<Note>> {
        let best = ranking.iter().take(SHOWN_CANDIDATES);
        best.map(|&candidate| std::mem::take(&mut self.notes[usize::from(candidate)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{note, session};
    use super::*;

    #[test]
    fn the_best_comes_first_and_of_equals_the_earlier() {
        let mut choice = Choice::new(4, session().checkpoint(), CriticSession::built_in());
        let tune = [60, 64, 67, 72].map(|key| note(12 * i64::from(key - 60), key));
        let is_over = [&tune[..1], &tune, &[], &tune].map(|notes| choice.judge(notes, 0, 192));
        assert_eq!(is_over, [false, false, false, true]);
        let ranking = choice.ranking();
        let place = |candidate: u8| ranking.iter().position(|&ranked| ranked == candidate);
        assert_eq!(place(1).map(|place| place + 1), place(3), "{ranking:?}");
        let best = choice.best(&ranking);
        let n_notes: Vec<usize> = ranking.iter().map(|&candidate| [1, 4, 0, 4][usize::from(candidate)]).collect();
        assert_eq!(best.iter().map(Vec::len).collect::<Vec<_>>(), n_notes[..SHOWN_CANDIDATES]);
    }
}
