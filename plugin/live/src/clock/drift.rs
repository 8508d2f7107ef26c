//! Whether a song that is not quite where it was expected has jumped.

/// The song is ahead of where it was expected by more than this: a seek, not a curve of the tempo.
pub(super) const JUMP_TICKS: f64 = 12.0;
/// A song may be behind by this much though its tempo does not fall: positions that tremble. Loops that are shorter than this exist.
const MOST_BACK_TICKS: f64 = 1.0;
/// What it was off by is forgotten within this time.
const FORGET_TICKS: f64 = 48.0;

/// Positions that go a little back, again and again, would stop the time: so they may not add up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drift {
    /// What the song was lately off by, in sum.
    sum_ticks: f64,
}

impl Drift {
    /// Whether a song drifts that is off by so much after a block. Less than `least_ticks` is not corrected, and does not add up.
    pub(super) fn is_drift(&mut self, off_by: f64, block_ticks: f64, least_ticks: f64) -> bool {
        if self.sum_ticks != 0.0 {
            self.sum_ticks *= (1.0 - block_ticks / FORGET_TICKS).max(0.0);
        }
        if off_by.abs() <= least_ticks {
            return true;
        }
        let sum_ticks = self.sum_ticks + off_by;
        // A tempo that falls within a block leaves at least half of it.
        let is_slow = off_by >= -0.5 * block_ticks;
        let is_drift = off_by <= JUMP_TICKS && (is_slow || sum_ticks >= -MOST_BACK_TICKS);
        match off_by.abs() <= MOST_BACK_TICKS {
            true if is_drift => self.sum_ticks = sum_ticks,
            true => {}
            false => self.sum_ticks = 0.0,
        }
        is_drift
    }

    /// What steps back have taken from played time, if one more of them was too many.
    pub(super) fn taken_ticks(&self) -> f64 {
        -self.sum_ticks.min(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many blocks of a quarter of a tick pass before a song that is off by these jumps.
    fn n_until_jump(mut off_by: impl FnMut(usize) -> f64) -> Option<usize> {
        let mut drift = Drift::default();
        (0..10_000).find(|&block| !drift.is_drift(off_by(block), 0.25, 0.001))
    }

    #[test]
    fn who_trembles_or_slows_down_drifts_and_who_goes_back_jumps() {
        assert_eq!(n_until_jump(|block| if block % 2 == 0 { 0.4 } else { -0.4 }), None, "it trembles");
        assert_eq!(n_until_jump(|_| -0.1), None, "it slows down");
        assert_eq!(n_until_jump(|_| 11.0), None, "it is fast");
        assert_eq!(n_until_jump(|_| 13.0), Some(0), "a seek");
        assert_eq!(n_until_jump(|_| -1.5), Some(0), "a short loop");
        assert!(n_until_jump(|block| if block % 4 == 3 { -1.0 } else { 0.0 }) < Some(20), "a loop of a tick");
        assert!(n_until_jump(|_| -0.25) < Some(20), "it stands still");
    }
}
