//! How far ahead of the clock on the wall the host is.
//!
//! A VST3 host should say that it bounces, and not all do. One that does not is known by its speed: who is well ahead of the
//! clock plays to nobody yet, and can be kept waiting for less than that. Until it is, notes may be lost.

use std::time::Duration;

/// A live host may be ahead by its buffers, or by what it computes in advance; this is more.
const SURELY_AHEAD: Duration = Duration::from_millis(500);

/// See the module. Times are since any moment that stays the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RenderSpeed {
    /// When the music would be, if it were heard live.
    heard: Option<Duration>,
}

impl RenderSpeed {
    /// Takes note of a block that is asked for now. How long the host can be kept waiting; `None` if it plays live.
    pub(super) fn spare(&mut self, now: Duration, block: Duration) -> Option<Duration> {
        // A host that falls behind, or pauses, does not save up time.
        let heard = self.heard.map_or(now, |heard| heard.max(now));
        let ahead = heard.saturating_sub(now);
        self.heard = Some(heard + block);
        ahead.checked_sub(SURELY_AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Duration = Duration::from_millis(10);
    const NOW: Duration = Duration::from_secs(1000);

    #[test]
    fn a_live_host_has_no_time_to_spare() {
        let mut speed = RenderSpeed::default();
        for block in 0..1000u32 {
            // Blocks come in bursts of twenty, and there is a pause of a second in the middle.
            let pause = Duration::from_secs(u64::from(block / 500));
            assert_eq!(speed.spare(NOW + pause + BLOCK * (block / 20 * 20), BLOCK), None, "block {block}");
        }
    }

    #[test]
    fn a_bounce_has_what_it_is_ahead_by() {
        let mut speed = RenderSpeed::default();
        let spare: Vec<_> = (0..200).map(|_| speed.spare(NOW, BLOCK)).collect();
        assert_eq!((spare[49], spare[50], spare[150]), (None, Some(Duration::ZERO), Some(BLOCK * 100)));
        assert_eq!(speed.spare(NOW + Duration::from_secs(2), BLOCK), None, "it plays live again");
    }
}
