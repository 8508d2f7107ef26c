//! Simulated hands: a score as someone would play it against a click. The numbers are those of drummers who played to a
//! metronome (Groove MIDI Dataset) and of pianists' chords and articulation, measured for `shared/research/playing.md`.

use music::Note;
use music::rhythm::{PARTS_PER_BEAT, PARTS_PER_TICK, PlayedNote};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The standard deviation of people against a click.
pub const USUAL_SD_MS: f64 = 20.0;

/// How late a player is as a rule: mean and standard deviation between takes.
const LATENESS_MS: (f64, f64) = (-8.0, 10.0);
/// What a deviation has in common with the one before.
const CORRELATION: f64 = 0.3;
/// Degrees of freedom of Student's t.
const FREEDOM: i32 = 6;
/// Deviations are at most so many standard deviations.
const MOST_SDS: f64 = 3.5;
/// The notes of a chord around its mean.
const CHORD_SD_MS: f64 = 9.0;
const VELOCITY_SD: f64 = 10.0;
/// The tune above and the bass below are brought out and held back.
const TOP_VELOCITY: f64 = 6.0;
const BASS_VELOCITY: f64 = -5.0;

/// Share of the written value that keys are held: at 5, 25, 50, 75 and 95 of 100 notes, by the value in ticks.
const ARTICULATION: [(u32, [f64; 5]); 10] = [
    (6, [0.30, 0.48, 0.77, 1.05, 1.61]),
    (12, [0.22, 0.43, 0.74, 1.03, 1.67]),
    (16, [0.21, 0.44, 0.73, 1.01, 1.49]),
    (24, [0.14, 0.26, 0.51, 0.93, 1.47]),
    (36, [0.10, 0.29, 0.60, 0.94, 1.23]),
    (48, [0.10, 0.22, 0.43, 0.79, 1.27]),
    (72, [0.15, 0.44, 0.67, 0.88, 1.13]),
    (96, [0.14, 0.42, 0.63, 0.93, 1.20]),
    (144, [0.15, 0.47, 0.68, 0.91, 1.19]),
    (192, [0.10, 0.49, 0.70, 0.93, 1.20]),
];
/// Where those shares are, with the ends that the table lacks.
const QUANTILES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// Hands that play one take. The same seed plays the same.
#[derive(Clone, Debug)]
pub struct Hands {
    rng: ChaCha8Rng,
    sd_ms: f64,
    lateness_ms: f64,
    /// The latest deviation, without the lateness.
    deviation_ms: f64,
}

impl Hands {
    /// Of a standard deviation, [`USUAL_SD_MS`] or another. At 0 they play what is written, but for articulation and dynamics.
    #[must_use]
    pub fn new(sd_ms: f64, seed: u64) -> Self {
        let mut hands = Self { rng: ChaCha8Rng::seed_from_u64(seed), sd_ms, lateness_ms: 0.0, deviation_ms: 0.0 };
        if sd_ms > 0.0 {
            let (mean_ms, sd_ms) = LATENESS_MS;
            hands.lateness_ms = mean_ms + sd_ms * hands.normal();
        }
        hands
    }

    /// When the notes are struck that are written at these times (in parts of a tick, in order; equal ones are a chord). The tempo
    /// is in microseconds a beat, at a time in parts.
    pub fn strike(&mut self, written_parts: &[i64], us_per_beat: impl Fn(i64) -> u32) -> Vec<i64> {
        let mut before = None;
        let strike = |&parts: &i64| {
            if before.replace(parts) != Some(parts) {
                let limit_ms = MOST_SDS * self.sd_ms;
                let fresh_ms = (1.0 - CORRELATION * CORRELATION).sqrt() * self.student() * self.sd_ms;
                self.deviation_ms = (CORRELATION * self.deviation_ms + fresh_ms).clamp(-limit_ms, limit_ms);
            }
            let chord_ms = if self.sd_ms > 0.0 { CHORD_SD_MS * self.normal() } else { 0.0 };
            parts + parts_of(self.lateness_ms + self.deviation_ms + chord_ms, us_per_beat(parts))
        };
        written_parts.iter().map(strike).collect()
    }

    /// Plays notes that are in [`Note::order`]; the tempo is in microseconds a beat, at a time in ticks. Each comes with its place in
    /// `notes`; they are in the order in which they are struck.
    pub fn play(&mut self, notes: &[Note], us_per_beat: impl Fn(i64) -> u32) -> Vec<(PlayedNote, usize)> {
        let written: Vec<i64> = notes.iter().map(|note| note.onset_ticks * PARTS_PER_TICK).collect();
        let struck = self.strike(&written, |parts| us_per_beat(parts.div_euclid(PARTS_PER_TICK)));
        let mut played = Vec::with_capacity(notes.len());
        for (i, (note, onset_parts)) in notes.iter().zip(struck).enumerate() {
            let is_beside = |j: Option<usize>| {
                j.and_then(|j| notes.get(j)).is_some_and(|other| other.onset_ticks == note.onset_ticks)
            };
            let part = match (is_beside(i.checked_sub(1)), is_beside(Some(i + 1))) {
                (true, false) => TOP_VELOCITY,
                (false, true) => BASS_VELOCITY,
                _ => 0.0,
            };
            let velocity = f64::from(note.velocity.get()) + part + VELOCITY_SD * self.normal();
            let share = self.articulation(note.duration_ticks);
            let value_parts = f64::from(note.duration_ticks) * as_f64(PARTS_PER_TICK);
            let note = PlayedNote {
                onset_parts,
                off_parts: onset_parts + rounded(value_parts * share).max(1),
                pitch: note.pitch,
                velocity: music::Velocity::nearest(u8::try_from(rounded(velocity.max(1.0))).unwrap_or(127)),
                us_per_beat: us_per_beat(note.onset_ticks),
            };
            played.push((note, i));
        }
        played.sort_by_key(|(note, i)| (note.onset_parts, *i));
        played
    }

    /// Share of a written value that the key is held.
    fn articulation(&mut self, ticks: u32) -> f64 {
        let nearest = ARTICULATION.iter().min_by_key(|(value, _)| value.abs_diff(ticks)).unwrap_or(&ARTICULATION[0]);
        let [a, b, c, d, e] = nearest.1;
        let shares = [0.6 * a, a, b, c, d, e, 1.3 * e];
        let u: f64 = self.rng.random_range(0.0..1.0);
        let above = QUANTILES.iter().position(|q| u < *q).unwrap_or(QUANTILES.len() - 1);
        let (low, high) = (QUANTILES[above - 1], QUANTILES[above]);
        shares[above - 1] + (shares[above] - shares[above - 1]) * (u - low) / (high - low)
    }

    /// Of standard deviation 1, by Box and Muller's method.
    fn normal(&mut self) -> f64 {
        let (u, angle): (f64, f64) = (self.rng.random_range(0.0..1.0), self.rng.random_range(0.0..1.0));
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Student's t, scaled to a standard deviation of 1.
    fn student(&mut self) -> f64 {
        let squares: f64 = (0..FREEDOM).map(|_| self.normal().powi(2)).sum();
        let freedom = f64::from(FREEDOM);
        self.normal() / (squares / freedom).sqrt() * ((freedom - 2.0) / freedom).sqrt()
    }
}

/// Parts of a tick in so many milliseconds.
pub(crate) fn parts_of(ms: f64, us_per_beat: u32) -> i64 {
    rounded(ms * 1000.0 * as_f64(PARTS_PER_BEAT) / f64::from(us_per_beat.max(1)))
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn rounded(x: f64) -> i64 {
    x.round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "constants, and minutes in microseconds")]
pub(super) const fn as_f64(x: i64) -> f64 {
    x as f64
}

#[cfg(test)]
mod tests {
    use music::{Pitch, Velocity};

    use super::*;

    fn scale(n: i64) -> Vec<Note> {
        let pitch = |i: i64| Pitch::nearest(u8::try_from(48 + i % 24).unwrap());
        let note = |i| Note { onset_ticks: 24 * i, duration_ticks: 24, pitch: pitch(i), velocity: Velocity::MEDIUM };
        (0..n).map(note).collect()
    }

    #[test]
    fn the_same_seed_plays_the_same_and_another_does_not() {
        let play = |seed| Hands::new(USUAL_SD_MS, seed).play(&scale(50), |_| 500_000);
        assert_eq!(play(1), play(1));
        assert_ne!(play(1), play(2));
    }

    #[test]
    fn deviations_have_the_mean_and_spread_of_people() {
        let written: Vec<i64> = (0..20_000).map(|i| i * 384).collect();
        let mut takes = Vec::new();
        for seed in 0..40 {
            let struck = Hands::new(20.0, seed).strike(&written[..500], |_| 500_000);
            let ms: Vec<f64> = struck.iter().zip(&written).map(|(a, b)| as_f64(a - b) * 500.0 / 768.0).collect();
            let mean = ms.iter().sum::<f64>() / 500.0;
            let sd = (ms.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 500.0).sqrt();
            assert!((16.0..26.0).contains(&sd), "{sd}");
            takes.push(mean);
        }
        let mean = takes.iter().sum::<f64>() / 40.0;
        assert!((-13.0..-3.0).contains(&mean), "{mean}");
    }

    #[test]
    fn without_spread_the_onsets_are_as_written() {
        let written: Vec<i64> = (0..50).map(|i| i * 384).collect();
        assert_eq!(Hands::new(0.0, 1).strike(&written, |_| 400_000), written);
        for (note, i) in Hands::new(0.0, 1).play(&scale(50), |_| 500_000) {
            assert_eq!(note.onset_parts, written[i]);
            assert!(note.off_parts > note.onset_parts);
        }
    }
}
