//! Tempi over a piece, and with them seconds from ticks and ticks from seconds.

/// Microseconds in a beat at 120 beats a minute, the tempo of music that gives none.
const DEFAULT_US_PER_BEAT: u32 = 500_000;
/// The longest beat that a MIDI file can hold: 24 bits.
const MAX_US_PER_BEAT: u32 = 0xFF_FFFF;

/// The tempi of a piece, from its beginning on.
///
/// ```
/// use music::TempoMap;
///
/// // A beat of 480 ticks: two beats at 120 BPM, then 60 BPM.
/// let tempi = TempoMap::new(480, [(0, 500_000), (960, 1_000_000)]);
/// assert_eq!(tempi.seconds(960), 1.0);
/// assert_eq!(tempi.seconds(1440), 2.0);
/// assert_eq!(tempi.ticks(2.0), 1440.0);
/// assert_eq!(tempi.bpm(0), 120.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TempoMap {
    ticks_per_beat: u32,
    /// By rising start; the first is at 0 and may be followed by others that are.
    changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    start_ticks: i64,
    start_seconds: f64,
    us_per_beat: u32,
}

impl TempoMap {
    /// One tempo from beginning to end, in beats a minute; what is no tempo is 120.
    #[must_use]
    pub fn constant(ticks_per_beat: u32, bpm: f64) -> Self {
        Self::new(ticks_per_beat, [(0, us_per_beat(bpm))])
    }

    /// Tempi as (start in ticks, microseconds in a beat), by rising start. It is 120 BPM until the first begins. A start
    /// before 0 is moved to 0; a beat of no time is passed over; `ticks_per_beat` is at least 1.
    #[must_use]
    pub fn new(ticks_per_beat: u32, changes: impl IntoIterator<Item = (i64, u32)>) -> Self {
        let first = Change { start_ticks: 0, start_seconds: 0.0, us_per_beat: DEFAULT_US_PER_BEAT };
        let mut map = Self { ticks_per_beat: ticks_per_beat.max(1), changes: vec![first] };
        for (start_ticks, us_per_beat) in changes {
            let start_ticks = start_ticks.max(0);
            if us_per_beat == 0 || map.changes.last().is_some_and(|last| last.start_ticks > start_ticks) {
                continue;
            }
            let start_seconds = map.seconds(start_ticks);
            while map.changes.pop_if(|change| change.start_ticks >= start_ticks).is_some() {}
            map.changes.push(Change { start_ticks, start_seconds, us_per_beat: us_per_beat.min(MAX_US_PER_BEAT) });
        }
        map
    }

    /// Ticks in a beat of its times.
    #[must_use]
    pub const fn ticks_per_beat(&self) -> u32 {
        self.ticks_per_beat
    }

    /// Each tempo as (start in ticks, microseconds in a beat); the first starts at 0.
    pub fn changes(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.changes.iter().map(|change| (change.start_ticks, change.us_per_beat))
    }

    /// The tempo at a time, in beats a minute.
    #[must_use]
    pub fn bpm(&self, ticks: i64) -> f64 {
        60.0 / (f64::from(self.change(ticks).us_per_beat) * 1e-6)
    }

    /// Seconds from the beginning to a time; what is before the beginning goes on backwards at the first tempo.
    #[must_use]
    pub fn seconds(&self, ticks: i64) -> f64 {
        let change = self.change(ticks);
        let seconds_per_tick = f64::from(change.us_per_beat) * 1e-6 / f64::from(self.ticks_per_beat);
        change.start_seconds + seconds_per_tick * as_f64(ticks.saturating_sub(change.start_ticks))
    }

    /// The time, in ticks and parts of them, at so many seconds from the beginning.
    #[must_use]
    pub fn ticks(&self, seconds: f64) -> f64 {
        let after = self.changes.partition_point(|change| change.start_seconds <= seconds);
        let change = &self.changes[after.saturating_sub(1)];
        let ticks_per_second = f64::from(self.ticks_per_beat) / (f64::from(change.us_per_beat) * 1e-6);
        as_f64(change.start_ticks) + (seconds - change.start_seconds) * ticks_per_second
    }

    /// The same tempi at the same beats, in other ticks.
    #[must_use]
    pub fn resampled(&self, ticks_per_beat: u32) -> Self {
        let ticks = |ticks| resample(ticks, self.ticks_per_beat, ticks_per_beat);
        Self::new(ticks_per_beat, self.changes().map(|(start, us_per_beat)| (ticks(start), us_per_beat)))
    }

    fn change(&self, ticks: i64) -> &Change {
        in_force(&self.changes, |change| change.start_ticks, ticks).unwrap_or(&self.changes[0])
    }
}

/// Of changes by rising start, the last that has begun at a time; before the first, the first. `None` if there are none.
pub(crate) fn in_force<T>(changes: &[T], start_ticks: impl Fn(&T) -> i64, ticks: i64) -> Option<&T> {
    let n_begun = changes.partition_point(|change| start_ticks(change) <= ticks);
    changes.get(n_begun.saturating_sub(1))
}

/// Microseconds in a beat, to the nearest, within what a MIDI file can hold.
pub(crate) fn us_per_beat(bpm: f64) -> u32 {
    if !bpm.is_finite() || bpm <= 0.0 {
        return DEFAULT_US_PER_BEAT;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within 24 bits")]
    let us = (60e6 / bpm).round().clamp(1.0, f64::from(MAX_US_PER_BEAT)) as u32;
    us
}

/// Ticks of one resolution to the nearest of another. Absurd times saturate.
pub(crate) fn resample(ticks: i64, from_per_beat: u32, to_per_beat: u32) -> i64 {
    let (from, to) = (i128::from(from_per_beat.max(1)), i128::from(to_per_beat));
    let scaled = i128::from(ticks) * to;
    // Halves go away from zero, as `f64::round` has it.
    let rounded = (2 * scaled.abs() + from) / (2 * from) * scaled.signum();
    i64::try_from(rounded).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
}

#[expect(clippy::cast_precision_loss, reason = "a day of music is far below 2^52 ticks")]
pub(crate) fn as_f64(ticks: i64) -> f64 {
    ticks as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_ticks_are_each_others_inverse_over_all_tempi() {
        let tempi = TempoMap::new(96, [(0, 400_000), (96, 800_000), (96, 600_000), (1000, 250_000), (500, 1)]);
        assert_eq!(tempi.changes().collect::<Vec<_>>(), [(0, 400_000), (96, 600_000), (1000, 250_000)]);
        for ticks in [-50, 0, 1, 95, 96, 97, 999, 1000, 5000] {
            assert!((tempi.ticks(tempi.seconds(ticks)) - as_f64(ticks)).abs() < 1e-6, "{ticks}");
        }
        assert!((tempi.seconds(96) - 0.4).abs() < 1e-12 && (tempi.bpm(500) - 100.0).abs() < 1e-9);
        let finer = tempi.resampled(960);
        assert!((finer.seconds(10_000) - tempi.seconds(1000)).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_tempo_is_passed_over() {
        assert_eq!(TempoMap::new(0, [(0, 0)]), TempoMap::constant(1, f64::NAN));
        assert!((TempoMap::constant(48, -3.0).bpm(0) - 120.0).abs() < 1e-9);
        assert!((TempoMap::constant(48, 1e-9).bpm(0) - 60.0 / 16.777_215).abs() < 1e-6);
    }

    #[test]
    fn resampling_rounds_to_the_nearest() {
        assert_eq!([15, 14, -15, -14, 0].map(|ticks| resample(ticks, 480, 48)), [2, 1, -2, -1, 0]);
        assert_eq!(resample(i64::MAX, 1, 48), i64::MAX);
        assert_eq!(resample(i64::MIN, 1, 48), i64::MIN);
    }
}
