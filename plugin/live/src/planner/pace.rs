//! Score time beside played time: where the song has no beat, a beat of the score lasts as long as the player's.

use engine::rhythm::PARTS_PER_TICK;

/// A moment in both times, and how fast each goes from there. Score time is what the model reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    played_parts: i64,
    score_parts: i64,
    /// A beat of score time, in microseconds.
    us_per_beat: u32,
    /// A beat of played time.
    played_us_per_beat: u32,
}

impl Pace {
    /// Both times are the same.
    pub(super) const SAME: Self = Self { played_parts: 0, score_parts: 0, us_per_beat: 1, played_us_per_beat: 1 };

    /// At a moment that is given in parts of a tick of both times, with the length of a beat in both.
    pub(super) fn at(played: (i64, u32), score: (i64, u32)) -> Self {
        let ((played_parts, played_us_per_beat), (score_parts, us_per_beat)) = (played, score);
        Self {
            played_parts,
            score_parts,
            us_per_beat: us_per_beat.max(1),
            played_us_per_beat: played_us_per_beat.max(1),
        }
    }

    /// Score time goes as fast as played time, and is later by so many ticks.
    pub(super) fn later_by(ticks: i64) -> Self {
        Self { score_parts: ticks.saturating_mul(PARTS_PER_TICK), ..Self::SAME }
    }

    /// By how many ticks score time is later, if both go equally fast.
    pub(super) fn lead_ticks(&self) -> Option<i64> {
        let lead_parts = self.score_parts - self.played_parts;
        (self.us_per_beat == self.played_us_per_beat).then_some(lead_parts.div_euclid(PARTS_PER_TICK))
    }

    /// A beat of score time in microseconds, where one of played time lasts `played_us_per_beat`.
    pub(super) fn us_per_beat(&self, played_us_per_beat: u32) -> u32 {
        if self.us_per_beat == self.played_us_per_beat { played_us_per_beat } else { self.us_per_beat }
    }

    /// When a part of the score is played, in parts of a tick of played time; of two, the earlier.
    pub(super) fn played_parts(&self, score_parts: i64) -> i64 {
        let since = i128::from(score_parts) - i128::from(self.score_parts);
        let parts = (since * i128::from(self.us_per_beat)).div_euclid(i128::from(self.played_us_per_beat));
        saturated(i128::from(self.played_parts) + parts)
    }

    /// The first part of the score that is played no earlier than this.
    pub(super) fn score_parts(&self, played_parts: i64) -> i64 {
        let since = i128::from(played_parts) - i128::from(self.played_parts);
        let parts = -(-since * i128::from(self.played_us_per_beat)).div_euclid(i128::from(self.us_per_beat));
        saturated(i128::from(self.score_parts) + parts)
    }

    /// The first tick of the score that is played no earlier than this tick. The end of time is its own.
    pub(super) fn score_ticks(&self, played_ticks: i64) -> i64 {
        if *self == Self::SAME || played_ticks == i64::MAX {
            return played_ticks;
        }
        let parts = self.score_parts(played_ticks.saturating_mul(PARTS_PER_TICK));
        -(-parts).div_euclid(PARTS_PER_TICK)
    }

    /// How many ticks of the score so many ticks of played time are, to the nearest and at least 1.
    pub(super) fn score_length(&self, played_ticks: i64) -> u32 {
        let (score, played) = (i128::from(self.us_per_beat), i128::from(self.played_us_per_beat));
        let ticks = (2 * i128::from(played_ticks) * played + score).div_euclid(2 * score);
        u32::try_from(ticks.max(1)).unwrap_or(u32::MAX)
    }

    /// The same pace, so that a part of the score is played at this moment.
    pub(super) fn moved(self, score_parts: i64, played_parts: i64) -> Self {
        Self { score_parts, played_parts, ..self }
    }
}

fn saturated(parts: i128) -> i64 {
    i64::try_from(parts.clamp(i64::MIN.into(), i64::MAX.into())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_at_or_after_a_moment_is_written_so() {
        let pace = Pace::at((1000, 500_000), (64_000, 612_345));
        for played in (-3000..3000).step_by(7) {
            let score = pace.score_parts(played);
            assert!(pace.played_parts(score) >= played && pace.played_parts(score - 1) < played, "{played}");
        }
        assert_eq!(pace.score_ticks(i64::MAX), i64::MAX);
        assert_eq!((pace.played_parts(i64::MAX / 2), pace.score_length(100)).1, 82);
    }

    #[test]
    fn the_same_time_stays_the_same() {
        for ticks in [i64::MIN, -7, 0, 1, 48, i64::MAX] {
            assert_eq!(Pace::SAME.score_ticks(ticks), ticks);
        }
        assert_eq!(Pace::SAME.played_parts(12_345), 12_345);
        assert_eq!((Pace::SAME.lead_ticks(), Pace::later_by(192).lead_ticks()), (Some(0), Some(192)));
        assert_eq!(Pace::later_by(192).score_ticks(10), 202);
    }
}
