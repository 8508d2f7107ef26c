//! Beats that a phrase may have: what the lattice finds at different tempi, and the same at other levels (each divided or
//! several together) and displaced.

use super::chords::Chord;
use super::lattice::{Lattice, N_LENGTHS};
use super::smooth::{self, Track};
use crate::rhythm::cost::NAT;

/// So many of the lattice's paths are taken, and none that costs so much more than the best.
const MOST_PATHS: usize = 5;
const MOST_COST: i32 = 40 * NAT;
/// Beats are at least and at most so long.
const BEAT_US: std::ops::RangeInclusive<i64> = 240_000..=2_200_000;
/// An onset this much before a beat belongs to it.
const EARLY_US: i64 = 45_000;
/// Ways to make other beats of a path's: divide each by the first number, and join as many as the second, from the third.
pub(super) const DERIVATIONS: [(usize, usize, usize); 14] = [
    (1, 1, 0),
    (2, 2, 1),
    (2, 1, 0),
    (1, 2, 0),
    (1, 2, 1),
    (3, 1, 0),
    (3, 2, 0),
    (3, 2, 1),
    (1, 3, 0),
    (1, 3, 1),
    (1, 3, 2),
    (2, 3, 0),
    (2, 3, 1),
    (2, 3, 2),
];

/// Beats that a phrase may have.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Ascending, from the phrase's first note. At least two.
    pub(super) beats_us: Vec<i64>,
    pub(super) is_steady: bool,
    /// What the path costs above the best.
    pub(super) cost: i32,
    /// Which of [`DERIVATIONS`].
    pub(super) derivation: usize,
}

impl Candidate {
    /// Mean length of a beat.
    pub(super) fn beat_us(&self) -> i64 {
        let n = i64::try_from(self.beats_us.len() - 1).unwrap_or(1).max(1);
        ((self.beats_us[self.beats_us.len() - 1] - self.beats_us[0]) / n).max(1)
    }

    /// Whether these are about the same beats, as seen at a time.
    fn is_like(&self, other: &Self, at_us: i64) -> bool {
        let (a, b) = (self.beat_us(), other.beat_us());
        let after = |candidate: &Self| {
            let i = candidate.beats_us.partition_point(|us| *us <= at_us);
            at_us - candidate.beats_us[i.saturating_sub(1)]
        };
        let off = (after(self) - after(other)).rem_euclid(a);
        (a - b).abs() * 32 < a && off.min(a - off) * 12 < a
    }
}

/// All that are different. The first is the lattice's best path.
pub(super) fn candidates(lattice: &Lattice, chords: &[Chord]) -> Vec<Candidate> {
    let cost = |length: usize| lattice.end_cost(length);
    let is_least = |length: &usize| {
        let near = length.saturating_sub(2)..(length + 3).min(N_LENGTHS);
        near.into_iter().all(|other| (cost(*length), *length) <= (cost(other), other))
    };
    let mut lengths: Vec<usize> = (0..N_LENGTHS).filter(is_least).collect();
    lengths.sort_by_key(|&length| (cost(length), length));
    lengths.truncate(MOST_PATHS);
    let least = lengths.first().map_or(0, |&length| cost(length));
    let last_us = chords.last().map_or(0, |chord| i64::from(chord.ms) * 1000);
    let mut found: Vec<Candidate> = Vec::new();
    for length in lengths {
        let above = cost(length).saturating_sub(least);
        if above > MOST_COST {
            break;
        }
        let Some(Track { beats_ms, is_steady }) = smooth::track(&lattice.path(length), chords) else { continue };
        let base: Vec<i64> = beats_ms.into_iter().map(smooth::us).collect();
        for (derivation, (divide, join, from)) in DERIVATIONS.into_iter().enumerate() {
            let Some(beats_us) = derived(&base, divide, join, from, last_us) else { continue };
            let candidate = Candidate { beats_us, is_steady, cost: above, derivation };
            let is_known = found.iter().any(|other| candidate.is_like(other, last_us / 2));
            if !is_known && (found.is_empty() || BEAT_US.contains(&candidate.beat_us())) {
                found.push(candidate);
            }
        }
    }
    found
}

/// Beats divided and joined, from one before the first note to one after the last.
fn derived(base: &[i64], divide: usize, join: usize, from: usize, last_us: i64) -> Option<Vec<i64>> {
    let parts = i64::try_from(divide).unwrap_or(1);
    let divided = base.windows(2).flat_map(|pair| {
        let (begin, length) = (pair[0], pair[1] - pair[0]);
        (0..parts).map(move |part| begin + length * part / parts)
    });
    let all: Vec<i64> = divided.chain(base.last().copied()).skip(from).step_by(join).collect();
    let (first, length) = match all[..] {
        [a, b, ..] => (a, b - a),
        [a] => (a, (base[base.len() - 1] - base[0]) * i64::try_from(join).unwrap_or(1) / parts),
        [] => return None,
    };
    let n_before = if first > EARLY_US { (first - EARLY_US + length - 1) / length.max(1) } else { 0 };
    let mut beats: Vec<i64> = (1..=n_before).rev().map(|i| first - i * length).chain(all).collect();
    let length = match beats[..] {
        [.., a, b] => b - a,
        _ => length,
    };
    if length <= 0 {
        return None;
    }
    while beats.len() < 2 || beats[beats.len() - 1] <= last_us {
        let next = beats[beats.len() - 1] + length;
        beats.push(next);
    }
    let n_early = beats.windows(2).take_while(|pair| pair[1] <= -EARLY_US).count();
    beats.drain(..n_early);
    while beats.len() > 2 && beats[beats.len() - 2] > last_us {
        beats.pop();
    }
    (beats.len() >= 2).then_some(beats)
}
