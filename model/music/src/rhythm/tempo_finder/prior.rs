//! What is believed of the tempo before the phrase is heard: people's tempi, what earlier phrases said, and what was told.

use super::super::cost::{NAT, NEVER, ln};
use super::lattice::{N_LENGTHS, length_ms};
use super::{Beat, Hints, Told};

/// The middle of all tempi, 100 BPM, and their standard deviation as a logarithm.
const MIDDLE_MS: u64 = 600;
const SD: i64 = 40;
/// What an earlier phrase said counts this much, in 64ths, and half of that for each phrase since.
const EARLIER: i32 = 40;
/// No earlier phrase is surer than this of one tempo.
const MOST_EVIDENCE: i32 = 16 * NAT;
/// From one phrase to the next, a tempo drifts by steps of length of this cost.
const DRIFT: i32 = NAT / 2;
/// A tempo that was told is this much cheaper, and its beats this much.
const TOLD: i32 = 12 * NAT;
const TOLD_BEAT: i32 = 4 * NAT;
/// Standard deviations of what is told: of the tempo in per cent, and of the beat in milliseconds.
const TOLD_SD: i64 = 4;
const TOLD_BEAT_SD_MS: i64 = 40;

/// The cost of a phrase's first beat.
#[derive(Debug)]
pub(super) struct Prior {
    lengths: [i32; N_LENGTHS],
    /// What earlier phrases said, and no more.
    earlier: [i32; N_LENGTHS],
    told: Option<Told>,
    /// Milliseconds a beat, and the time of one from the phrase's first note.
    told_beat: Option<(i64, i64)>,
}

impl Prior {
    pub(super) fn new(hints: &Hints<'_>, first_us: i64) -> Self {
        let mut lengths: [i32; N_LENGTHS] = std::array::from_fn(|length| normal(length_ms(length), MIDDLE_MS, SD));
        let mut earlier = [0; N_LENGTHS];
        let mut weight = EARLIER;
        for Beat { evidence, .. } in hints.earlier.iter().rev().take(4) {
            for (length, cost) in earlier.iter_mut().enumerate() {
                *cost += drifted(evidence, length).min(MOST_EVIDENCE) * weight / 64;
            }
            weight /= 2;
        }
        lengths.iter_mut().zip(earlier).for_each(|(cost, earlier)| *cost += earlier);
        let mut told_beat = None;
        if let Some(Told { us_per_beat, beat_us }) = hints.told {
            let ms = u64::from(us_per_beat / 1000).clamp(60, 10_000);
            for (length, cost) in lengths.iter_mut().enumerate() {
                *cost += normal(length_ms(length), ms, TOLD_SD).min(TOLD);
            }
            let ms = i64::try_from(ms).unwrap_or(1);
            told_beat = beat_us.map(|beat_us| (ms, beat_us.saturating_sub(first_us) / 1000));
        }
        Self { lengths, earlier, told: hints.told, told_beat }
    }

    /// Of beats this long, by what earlier phrases said and what was told. `at_ms` is the time of one of them.
    pub(super) fn hinted(&self, beat_us: i64, at_ms: i32) -> i32 {
        let ms = i32::try_from(beat_us / 1000).unwrap_or(i32::MAX).max(1);
        let told = self.told.map_or(0, |told| {
            let told_ms = u64::from(told.us_per_beat / 1000).clamp(60, 10_000);
            normal(ms, told_ms, TOLD_SD).min(TOLD) + self.off_beat(at_ms)
        });
        self.earlier[nearest_length(ms)] + told
    }

    /// Of a first beat at this time from the phrase's first note, this long.
    pub(super) fn cost(&self, ms: i32, length: usize) -> i32 {
        self.lengths[length] + self.off_beat(ms)
    }

    /// Of a beat that is off the one that was told.
    fn off_beat(&self, ms: i32) -> i32 {
        self.told_beat.map_or(0, |(beat_ms, at_ms)| {
            let after = i64::from(ms).saturating_sub(at_ms).rem_euclid(beat_ms);
            let off = after.min(beat_ms - after) * i64::from(NAT) / TOLD_BEAT_SD_MS;
            i32::try_from(off * off / (2 * i64::from(NAT))).unwrap_or(TOLD_BEAT).min(TOLD_BEAT)
        })
    }
}

/// The length that is nearest to one in milliseconds.
pub(super) fn nearest_length(ms: i32) -> usize {
    (0..N_LENGTHS).min_by_key(|&length| length_ms(length).abs_diff(ms)).unwrap_or(0)
}

/// Of a length that is normal about a middle, on a logarithmic scale.
fn normal(ms: i32, middle_ms: u64, sd_percent: i64) -> i32 {
    let ratio = i64::from(ln(ms.unsigned_abs().into(), middle_ms));
    let sd = sd_percent * i64::from(NAT) / 100;
    i32::try_from(ratio * ratio * i64::from(NAT) / (2 * sd * sd).max(1)).unwrap_or(NEVER).min(NEVER / 4)
}

/// The least evidence against a length or one near it.
fn drifted(evidence: &[i32; N_LENGTHS], length: usize) -> i32 {
    let near = evidence.iter().zip(0..).map(|(cost, other): (&i32, usize)| {
        let steps = i32::try_from(other.abs_diff(length)).unwrap_or(0);
        cost.saturating_add(steps * steps * DRIFT)
    });
    near.min().unwrap_or(0)
}
