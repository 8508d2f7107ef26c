//! What is seen of a phrase when beats are laid under it: numbers about 0 to 256 for [`ranker`](super::ranker).

use super::candidates::{Candidate, DERIVATIONS};
use super::chords::Chord;
use crate::rhythm::cost::ln;

/// Places of a beat that are told apart.
const N_PLACES: usize = 12;
/// Weights that an onset may have.
pub(super) const N_WEIGHTS: usize = 8;
/// Onsets of so many places later are compared.
const LAGS: [usize; 5] = [6, 12, 24, 36, 48];
/// Beats that are counted together.
const METRES: [usize; 3] = [2, 3, 4];
/// Weights by which beats are compared.
const METRE_WEIGHTS: [usize; 6] = [1, 2, 3, 5, 6, 7];
/// What else is seen.
const N_SCALARS: usize = 11;
/// Numbers that are seen of each candidate.
pub const N_FEATURES: usize =
    N_WEIGHTS * N_PLACES + METRES.len() * METRE_WEIGHTS.len() + 2 * LAGS.len() + DERIVATIONS.len() + N_SCALARS;
const MOST: i64 = 512;
/// Harmony is new that was not there within this time.
const RECENT_MS: i32 = 500;

/// What does not depend on the beats: the weights of each onset.
#[derive(Clone, Debug)]
pub(super) struct Weighed {
    weights: Vec<[i64; N_WEIGHTS]>,
    /// The tenth and the fiftieth of a hundred gaps between onsets, in milliseconds.
    gaps_ms: [i64; 2],
    n_notes: i64,
}

impl Weighed {
    pub(super) fn new(chords: &[Chord]) -> Self {
        let n = int(chords.len()).max(1);
        let loud = chords.iter().map(|chord| i64::from(chord.velocity)).sum::<i64>() / n;
        let mut bass = None;
        let mut weights = Vec::with_capacity(chords.len());
        for (i, chord) in chords.iter().enumerate() {
            let gap = chords.get(i + 1).map_or(400, |next| i64::from(next.ms - chord.ms)).min(1000);
            let recent = chords[..i].iter().rev().take_while(|other| chord.ms - other.ms <= RECENT_MS);
            let fresh = chord.pitch_classes & !recent.fold(0, |all, other| all | other.pitch_classes);
            let is_bass = chord.is_bass;
            let is_new_bass = is_bass && bass.replace(chord.lowest) != Some(chord.lowest);
            weights.push([
                64,
                64 * (i64::from(chord.n_notes.min(6)) - 1),
                64 * i64::from(is_bass),
                gap / 8,
                64 * i64::from(chord.is_long),
                32 * i64::from(fresh.count_ones()),
                64 * i64::from(is_new_bass),
                4 * (i64::from(chord.velocity) - loud).max(0),
            ]);
        }
        let mut gaps: Vec<i64> = chords.windows(2).map(|pair| i64::from(pair[1].ms - pair[0].ms).max(1)).collect();
        gaps.sort_unstable();
        let gaps_ms = [10, 50].map(|percent| gaps.get(gaps.len() * percent / 100).copied().unwrap_or(400));
        let n_notes = chords.iter().map(|chord| i64::from(chord.n_notes)).sum();
        Self { weights, gaps_ms, n_notes }
    }

    /// Of each onset.
    pub(super) fn weights(&self) -> &[[i64; N_WEIGHTS]] {
        &self.weights
    }

    /// Of a candidate.
    pub(super) fn features(&self, chords: &[Chord], candidate: &Candidate) -> [i16; N_FEATURES] {
        let beats = &candidate.beats_us;
        let mut places = [[0i64; N_PLACES]; N_WEIGHTS];
        let mut on_beats = [[[0i64; 4]; METRE_WEIGHTS.len()]; METRES.len()];
        let mut sums = [1i64; N_WEIGHTS];
        let n_beats = beats.len() - 1;
        let mut slots = vec![0u16; (n_beats + 1) * N_PLACES + 1];
        let mut seen = vec![0u8; n_beats + 1];
        let mut off_ms = 0;
        let mut beat = 0;
        for (chord, weights) in chords.iter().zip(&self.weights) {
            let us = i64::from(chord.ms) * 1000;
            while beat + 2 < beats.len() && beats[beat + 1] <= us {
                beat += 1;
            }
            let length = (beats[beat + 1] - beats[beat]).max(1);
            // In 16ths of a place.
            let within = ((us - beats[beat]) * 192 / length).clamp(0, 192);
            let (below, share) = (usize::try_from(within / 16).unwrap_or(0), within % 16);
            for (weight, (row, sum)) in weights.iter().zip(places.iter_mut().zip(&mut sums)) {
                row[below % N_PLACES] += weight * (16 - share);
                row[(below + 1) % N_PLACES] += weight * share;
                *sum += weight * 16;
            }
            let nearest = usize::try_from((within + 8) / 16).unwrap_or(0);
            slots[beat * N_PLACES + nearest] |= chord.pitch_classes;
            let from_beat = within.min(192 - within);
            let on = if within > 96 { beat + 1 } else { beat };
            if from_beat <= 24 {
                seen[on] |= 1;
                for (metre, rows) in METRES.into_iter().zip(&mut on_beats) {
                    for (weight, row) in METRE_WEIGHTS.into_iter().zip(rows) {
                        row[on % metre] += weights[weight] * 16;
                    }
                }
            } else {
                seen[beat] |= if (within - 96).abs() <= 24 { 6 } else { 4 };
            }
            let fine = [48, 64].map(|step| within % step);
            let off = fine[0].min(48 - fine[0]).min(fine[1].min(64 - fine[1]));
            off_ms += off * length / 192_000;
        }
        let mut features = [0i16; N_FEATURES];
        let mut all = features.iter_mut();
        let mut put = |value: i64| {
            if let Some(feature) = all.next() {
                *feature = i16::try_from(value.clamp(-MOST, MOST)).unwrap_or(0);
            }
        };
        for (row, sum) in places.iter().zip(sums) {
            row.iter().for_each(|place| put(256 * place / sum));
        }
        for rows in on_beats {
            for (weight, row) in METRE_WEIGHTS.into_iter().zip(rows) {
                put(256 * row.into_iter().max().unwrap_or(0) / sums[weight]);
            }
        }
        for lag in LAGS {
            let (mut n, mut same, mut n_pitches, mut same_pitches) = (1, 0, 1, 0);
            for (now, later) in slots.iter().zip(slots.get(lag..).unwrap_or(&[])).filter(|pair| *pair.0 != 0) {
                n += 1;
                same += i64::from(*later != 0);
                n_pitches += i64::from(now.count_ones());
                same_pitches += i64::from((now & later).count_ones());
            }
            put(256 * same / n);
            put(256 * same_pitches / n_pitches);
        }
        for derivation in 0..DERIVATIONS.len() {
            put(if derivation == candidate.derivation { 128 } else { 0 });
        }
        let beat_ms = candidate.beat_us() / 1000;
        let (n, n_onsets) = (int(n_beats).max(1), int(chords.len()));
        let count = |bit: u8| int(seen.iter().filter(|seen| *seen & bit != 0).count());
        let tempo = log(beat_ms, 600);
        [
            tempo,
            tempo.abs(),
            log(n_onsets, n),
            log(self.n_notes, n),
            256 * count(1) / (n + 1),
            256 * count(2) / n,
            256 * count(7) / (n + 1),
            4 * off_ms / n_onsets.max(1),
            i64::from(candidate.cost / 16),
            log(self.gaps_ms[0], beat_ms),
            log(self.gaps_ms[1], beat_ms),
        ]
        .into_iter()
        .for_each(put);
        features
    }
}

fn log(numerator: i64, denominator: i64) -> i64 {
    i64::from(ln(numerator.max(1).unsigned_abs(), denominator.max(1).unsigned_abs())) / 2
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
