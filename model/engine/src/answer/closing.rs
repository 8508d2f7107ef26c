//! How an answer ends: as phrases do, on a note that is held, and not wherever its time is up.
//!
//! Told how many bars are left, networks of our size still play on to the last beat: 41 of 100 answers ended on a note of a beat or
//! more, and 78 of 100 phrases of composers do (`model benchmark steering`). So most answers take the first note on a beat near their
//! end for their last, and hold it to the end. What note that is, is left to the network.

use super::request::{AnswerRequest, stream, unit};
use crate::metre::Metre;
use crate::note::TICKS_PER_BEAT;

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Answers that are shorter have no room to end in.
const SHORTEST_TICKS: i64 = 4 * BEAT_TICKS;
/// Shares of answers whose last note may begin with the last bar, two beats before the end, and one; the others end as they come.
const SHARES: [f32; 3] = [0.2, 0.25, 0.2];
/// Of the random streams of an answer, the one that chooses.
const PLACE: u64 = u64::MAX - 1;

/// Where an answer may take its last note.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    from_ticks: i64,
    /// The last note begins a beat before the end, or it would not be held.
    until_ticks: i64,
    bar_line_ticks: i64,
}

impl Closing {
    /// Of an answer of these random streams; `None` if it ends as it comes.
    pub(super) fn of(request: &AnswerRequest, metre: Metre, seed: u64) -> Option<Self> {
        let AnswerRequest { start_ticks, end_ticks, .. } = *request;
        let Metre::Bars { bar_line_ticks, bar_ticks } = metre else { return None };
        let length_ticks = end_ticks.saturating_sub(start_ticks);
        if end_ticks == i64::MAX || length_ticks < SHORTEST_TICKS {
            return None;
        }
        let last_bar_ticks = (end_ticks - 1 - bar_line_ticks).rem_euclid(i64::from(bar_ticks.max(1))) + 1;
        let held_ticks = match unit(stream(seed, PLACE, 0)) {
            chance if chance < SHARES[0] => last_bar_ticks.clamp(BEAT_TICKS, length_ticks / 2),
            chance if chance < SHARES[0] + SHARES[1] => 2 * BEAT_TICKS,
            chance if chance < SHARES[0] + SHARES[1] + SHARES[2] => BEAT_TICKS,
            _ => return None,
        };
        let until_ticks = end_ticks - BEAT_TICKS;
        Some(Self { from_ticks: end_ticks - held_ticks, until_ticks, bar_line_ticks })
    }

    /// Whether a note that begins here is the last, with those that begin together with it.
    pub(super) fn is_at(self, onset_ticks: i64) -> bool {
        (self.from_ticks..=self.until_ticks).contains(&onset_ticks)
            && (onset_ticks - self.bar_line_ticks).rem_euclid(BEAT_TICKS) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

    fn request(end_ticks: i64) -> AnswerRequest {
        AnswerRequest { song_seed: 1, number: 0, start_ticks: 192, end_ticks, most_candidates: 1 }
    }

    #[test]
    fn most_answers_end_on_one_of_the_last_beats() {
        let closings: Vec<_> = (0..1000).filter_map(|seed| Closing::of(&request(576), BARS, seed)).collect();
        let n_at = |ticks: i64| closings.iter().filter(|closing| closing.is_at(ticks)).count();
        assert!((600..700).contains(&closings.len()), "{}", closings.len());
        assert!((160..240).contains(&n_at(384)), "{}", n_at(384));
        assert!((410..490).contains(&n_at(480)), "who finds none with the last bar takes the next: {}", n_at(480));
        assert_eq!(n_at(528), closings.len());
        assert_eq!([336, 479, 500, 552, 576].map(n_at), [0; 5], "off the beats, or too early, or too late to be held");
    }

    #[test]
    fn what_is_short_free_or_endless_ends_as_it_comes() {
        let cases = [(request(383), BARS), (request(576), Metre::Free), (request(i64::MAX), BARS)];
        assert!(cases.iter().all(|(request, metre)| (0..50).all(|seed| Closing::of(request, *metre, seed).is_none())));
    }
}
