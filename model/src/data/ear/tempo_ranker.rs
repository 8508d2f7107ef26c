//! What the tempo finder's ranker is trained on: phrases of training scores, played by simulated hands in a tempo that is steady
//! or not, and of all beats that such a phrase may have, which are the written ones.

use std::path::Path;

use anyhow::{Result, ensure};
use music::Pitch;
use music::rhythm::PARTS_PER_BEAT;
use music::rhythm::tempo_finder::{N_FEATURES, Struck, seen};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::perceptron::{self, Example, Fit};
use super::rhythm_tables::{RhythmConfig, read, scores};
use crate::data::corpus::{Source, Split};
use crate::data::hands::{Hands, as_f64, rounded};
use crate::data::shards::write_atomically;

/// Tunes and hymns say little of how a pianist's phrases are written.
const WITHOUT: [&str; 5] = ["tunebook", "ceol", "openhymnal", "lead", "weimar"];
/// Notes of one piece, and fewer than these are none.
const N_NOTES: usize = 800;
const LEAST_NOTES: usize = 100;
const PHRASE_US: i64 = 8_000_000;
/// Notes of a phrase, at least.
const LEAST_PHRASE: usize = 6;
/// Phrases of each piece and way of playing, and what is added.
const N_PHRASES: usize = 3;
const N_EPOCHS: u16 = 30;
/// Deviations of hands, in milliseconds: steady ones between these, and in rubato.
const STEADY_SDS_MS: [f64; 2] = [14.0, 30.0];
const RUBATO_SD_MS: f64 = 25.0;
/// So many of 100 notes have a grace note before them, this early.
const GRACES_PERCENT: u32 = 3;
const GRACE_US: std::ops::Range<i64> = 40_000..140_000;
/// A beat that is twice or half the written one is worth so much.
const OCTAVE_WORTH: f32 = 0.4;
/// Tempi that are this near are equal, as a logarithm.
const SAME_TEMPO: f64 = 0.06;
/// A beat is in phase if it is so near a written one, in beats, and three of four must be.
const IN_PHASE: f64 = 0.14;

/// Trains on the training split, tries on the validation split, and writes the file.
///
/// # Errors
/// When the corpus cannot be listed, or holds no score, or the file cannot be written.
pub fn train(config: &RhythmConfig, out: &Path) -> Result<(usize, Fit)> {
    let mut config = config.clone();
    config.without.extend(WITHOUT.map(str::to_owned));
    config.n_notes = config.n_notes.min(N_NOTES);
    let train = examples(&config, Split::Train)?;
    let test = examples(&config, Split::Valid)?;
    ensure!(!train.is_empty(), "no score of the training split in {}", config.data.display());
    let (bytes, fit) = perceptron::fit(&train, &test, N_EPOCHS);
    write_atomically(out, &bytes)?;
    Ok((train.len(), fit))
}

fn examples(config: &RhythmConfig, split: Split) -> Result<Vec<Example<N_FEATURES>>> {
    let of_piece = |(source, seed): (Source, u64)| {
        let score = read(&source, config.n_notes).filter(|score| score.notes.len() >= LEAST_NOTES)?;
        let mut examples = Vec::new();
        for (is_rubato, seed) in [(false, 2 * seed), (true, 2 * seed + 1)] {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let take = Take::new(&score, is_rubato, &mut rng);
            examples.extend((0..N_PHRASES).filter_map(|_| take.example(&mut rng)));
        }
        Some(examples)
    };
    Ok(scores(config, split)?.into_par_iter().filter_map(of_piece).flatten_iter().collect())
}

/// A score that was played.
struct Take {
    /// When its quarters are, from the first.
    beats_us: Vec<f64>,
    notes: Vec<Struck>,
}

impl Take {
    fn new(score: &music::Reduction, is_rubato: bool, rng: &mut ChaCha8Rng) -> Self {
        // Twelve uniform numbers are as good as normal.
        let normal = |rng: &mut ChaCha8Rng| (0..12).map(|_| rng.random_range(-0.5f64..0.5)).sum::<f64>();
        let beat_us = 60e6 / score.tempo_bpm() * (0.1 * normal(rng)).exp();
        let last_beat = score.notes.last().map_or(0, |note| note.onset_ticks / 48 + 2);
        // A tempo that wanders from beat to beat and from phrase to phrase, and slows at each one's ends.
        let (mut us, mut fast, mut slow) = (0.0, 0.0, 0.0);
        let (n_beats, depth) = (f64::from(rng.random_range(4..12)), rng.random_range(0.0..0.12));
        let mut beats_us = Vec::new();
        for beat in 0..=last_beat {
            beats_us.push(us);
            fast = 0.8 * fast + 0.05 * normal(rng);
            slow = 0.9 * slow + 0.02 * normal(rng);
            let arc = depth * (as_f64(beat) / n_beats * std::f64::consts::TAU).cos();
            us += beat_us * if is_rubato { (fast + slow + arc).exp() } else { 1.0 };
        }
        let [least, most] = STEADY_SDS_MS;
        let sd_ms = if is_rubato { RUBATO_SD_MS } else { rng.random_range(least..most) };
        let steady_us = rounded(beat_us);
        let played =
            Hands::new(sd_ms, rng.random()).play(&score.notes, |_| u32::try_from(steady_us).unwrap_or(500_000));
        let mut take = Self { beats_us, notes: Vec::with_capacity(played.len()) };
        for (note, i) in played {
            // How far the hands are off, at the place where it is written.
            let written_parts = score.notes[i].onset_ticks * music::rhythm::PARTS_PER_TICK;
            let off_us = (note.onset_parts - written_parts) * steady_us / PARTS_PER_BEAT;
            let onset_us = rounded(take.us_at(as_f64(written_parts) / as_f64(PARTS_PER_BEAT))) + off_us;
            let velocity = score.notes[i].velocity;
            take.notes.push(Struck { onset_us, pitch: note.pitch, velocity });
            if rng.random_range(0..100) < GRACES_PERCENT {
                let pitch = Pitch::nearest(note.pitch.get().saturating_sub(2));
                take.notes.push(Struck { onset_us: onset_us - rng.random_range(GRACE_US), pitch, velocity });
            }
        }
        take.notes.sort_by_key(|note| (note.onset_us, note.pitch));
        take
    }

    fn us_at(&self, beats: f64) -> f64 {
        let last = self.beats_us.len().saturating_sub(2);
        let i = usize::try_from(rounded(beats.floor())).unwrap_or(0).min(last);
        let (from, to) = (self.beats_us[i], self.beats_us[i + 1]);
        from + (beats - as_f64(i64::try_from(i).unwrap_or(0))) * (to - from)
    }

    fn beats_at(&self, us: f64) -> f64 {
        let i = self.beats_us.partition_point(|beat_us| *beat_us <= us).clamp(1, self.beats_us.len() - 1);
        let (from, to) = (self.beats_us[i - 1], self.beats_us[i]);
        as_f64(i64::try_from(i).unwrap_or(0) - 1) + (us - from) / (to - from)
    }

    /// A phrase from anywhere.
    fn example(&self, rng: &mut ChaCha8Rng) -> Option<Example<N_FEATURES>> {
        let (first_us, last_us) = (self.notes.first()?.onset_us, self.notes.last()?.onset_us);
        let from_us = first_us + rng.random_range(0..=(last_us - first_us - PHRASE_US).max(0));
        let until = |us: i64| self.notes.partition_point(|note| note.onset_us < us);
        let phrase = &self.notes[until(from_us)..until(from_us + PHRASE_US)];
        if phrase.len() < LEAST_PHRASE {
            return None;
        }
        let example: Example<N_FEATURES> =
            seen(phrase).into_iter().map(|(beats_us, features)| (features, self.worth(&beats_us))).collect();
        example.iter().any(|(_, worth)| *worth > 0.0).then_some(example)
    }

    /// Of beats that someone finds here.
    fn worth(&self, beats_us: &[i64]) -> f32 {
        let at: Vec<f64> = beats_us.iter().map(|us| self.beats_at(as_f64(*us))).collect();
        let n = i64::try_from(at.len()).unwrap_or(i64::MAX);
        let length = (at[at.len() - 1] - at[0]) / as_f64(n - 1);
        let is_right = |level: f64| {
            let unit = level.min(1.0);
            let in_phase = at.iter().filter(|at| (*at / unit - (*at / unit).round()).abs() < IN_PHASE).count();
            (length / level).ln().abs() <= SAME_TEMPO && in_phase * 4 >= at.len() * 3
        };
        match () {
            () if is_right(1.0) => 1.0,
            () if is_right(0.5) || is_right(2.0) => OCTAVE_WORTH,
            () => 0.0,
        }
    }
}
