//! Which answer is wanted.

use super::candidates::MOST_CANDIDATES;
use super::offline::Call;
use crate::metre::Metre;
use crate::note::TICKS_PER_BEAT;

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Length of an answer "like the call" if there was none: two bars of 4/4.
pub const NO_CALL_TICKS: i64 = 8 * BEAT_TICKS;

/// An answer that is to be made. Times are on the timeline of the notes: in a host, ticks of 1/48 beat since the song's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRequest {
    /// The song's seed, which the player chooses. Without any note of the player it also chooses the key.
    pub song_seed: u32,
    /// Answers that were heard before this one since the song's start, or since the host last jumped: each has random streams
    /// of its own.
    pub number: u32,
    /// The hand-over: when its first note begins.
    pub start_ticks: i64,
    /// When it is over; `i64::MAX` for never.
    pub end_ticks: i64,
    /// Of how many candidates the best may be chosen, at most; see [`candidates_in`](super::candidates_in).
    pub most_candidates: u8,
}

impl AnswerRequest {
    /// The first answer of a song as the plugin times it when it is left alone: it begins `silence_ticks` after the last key
    /// of the call went up, and is as long as the call. Without a call it begins at 0. The silence has room for as many candidates
    /// as the controls ask for.
    #[must_use]
    pub fn like_the_call(call: &Call, silence_ticks: i64, song_seed: u32) -> Self {
        let (start_ticks, length_ticks, most_candidates) = match call.bounds_ticks() {
            Some((first, last)) => {
                (last + silence_ticks, length_like_the_call(last - first, call.metre()), MOST_CANDIDATES)
            }
            None => (0, NO_CALL_TICKS, 1),
        };
        Self { song_seed, number: 0, start_ticks, end_ticks: start_ticks + length_ticks, most_candidates }
    }

    /// What all random streams of this answer are made from, those of each candidate of others.
    pub(super) fn seed_of(&self, candidate: u8) -> u64 {
        let seed = u64::from(self.song_seed) << 32 | u64::from(self.number);
        if candidate == 0 { seed } else { stream(seed, u64::MAX, candidate.into()) }
    }
}

/// Length of an answer to a call of this length: the same, but at least a beat, and whole beats where there is a beat.
#[must_use]
pub fn length_like_the_call(call_ticks: i64, metre: Metre) -> i64 {
    let call_ticks = call_ticks.max(BEAT_TICKS);
    match metre {
        Metre::Free => call_ticks,
        Metre::Bars { .. } => call_ticks + (-call_ticks).rem_euclid(BEAT_TICKS),
    }
}

/// A random number of its own for each attempt at each note (SplitMix64; Steele et al. 2014).
pub(super) fn stream(seed: u64, place: u64, attempt: u64) -> u64 {
    let turn = |z: u64| {
        let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    };
    turn(turn(turn(seed) ^ place) ^ attempt)
}

/// A number from 0 to 1, less than 1.
pub(super) fn unit(random: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "24 bits, exact")]
    let unit = (random >> 40) as f32 / (1u64 << 24) as f32;
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_its_call_in_whole_beats() {
        let bars = Metre::Bars { bar_line_ticks: 7, bar_ticks: 168 };
        for (call_ticks, expected) in [(0, 48), (1, 48), (48, 48), (49, 96), (192, 192), (193, 240)] {
            assert_eq!(length_like_the_call(call_ticks, bars), expected, "{call_ticks}");
        }
        assert_eq!([20, 193].map(|ticks| length_like_the_call(ticks, Metre::Free)), [48, 193]);
    }

    #[test]
    fn every_song_answer_note_and_attempt_has_its_own_random_numbers() {
        let request =
            |song_seed, number| AnswerRequest { song_seed, number, start_ticks: 0, end_ticks: 9, most_candidates: 1 };
        assert_eq!(request(5, 7).seed_of(0), 5 << 32 | 7);
        let mut all: Vec<u64> = (0..3u32)
            .flat_map(|i| (0..3u32).map(move |k| request(i, k)))
            .flat_map(|request| (0..3).map(move |candidate| request.seed_of(candidate)))
            .flat_map(|seed| (0..3).flat_map(move |place| (0..3).map(move |attempt| stream(seed, place, attempt))))
            .collect();
        assert!(all.iter().all(|&random| (0.0..1.0).contains(&unit(random))));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 243);
    }
}
