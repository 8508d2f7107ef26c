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
/// Shares of answers whose last note begins two beats before the end or later, and one beat or later; the others end as they come.
const TWO_BEATS: f32 = 0.42;
const ONE_BEAT: f32 = 0.23;
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
        let Metre::Bars { bar_line_ticks, .. } = metre else { return None };
        if end_ticks == i64::MAX || end_ticks.saturating_sub(start_ticks) < SHORTEST_TICKS {
            return None;
        }
        let n_beats = match unit(stream(seed, PLACE, 0)) {
            chance if chance < TWO_BEATS => 2,
            chance if chance < TWO_BEATS + ONE_BEAT => 1,
            _ => return None,
        };
        let until_ticks = end_ticks - BEAT_TICKS;
        Some(Self { from_ticks: end_ticks - n_beats * BEAT_TICKS, until_ticks, bar_line_ticks })
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
        assert!((610..690).contains(&closings.len()), "{}", closings.len());
        assert!((370..470).contains(&n_at(480)), "{}", n_at(480));
        assert_eq!(n_at(528), closings.len(), "who finds none two beats before takes the next");
        assert_eq!([479, 500, 552, 576].map(n_at), [0; 4], "off the beats, or too late to be held");
    }

    #[test]
    fn what_is_short_free_or_endless_ends_as_it_comes() {
        let cases = [(request(383), BARS), (request(576), Metre::Free), (request(i64::MAX), BARS)];
        assert!(cases.iter().all(|(request, metre)| (0..50).all(|seed| Closing::of(request, *metre, seed).is_none())));
    }
}
