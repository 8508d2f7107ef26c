//! Tempo and beat of a phrase when nobody tells them, as when the host stands still: where its beats are, one by one, for
//! players who slow down and hurry.
//!
//! Reading order: `chords` is what is read of the phrase; `marks` says what a beat looks like in scores; `lattice` finds the
//! most probable beats at each tempo; `prior` is what is believed of the tempo beforehand; `smooth` draws the beats more finely;
//! `candidates` are these and the same at other levels; `features` is what is seen of each, and `ranker` says which is
//! written; `bars` says which beats begin bars.
//! That the level is wrong by an octave (twice or half the written tempo) is the error to expect: the notation is one of several
//! that sound the same. An answer at the same level is none the worse for it.
//!
//! ```
//! use music::rhythm::tempo_finder::{Hints, Struck, find_beat};
//! use music::{Pitch, Velocity};
//!
//! // A waltz at 120 BPM: a bass note and two chords. Which octave of the tempo is meant, a phrase alone does not say.
//! let struck = |i: i64, key| Struck { onset_us: 500_000 * i, pitch: Pitch::nearest(key), velocity: Velocity::MEDIUM };
//! let bar = |i| [struck(i, 40), struck(i + 1, 60), struck(i + 1, 64), struck(i + 2, 60), struck(i + 2, 64)];
//! let waltz: Vec<Struck> = (0..4).flat_map(|i| bar(3 * i)).collect();
//! let beat = find_beat(&waltz, &Hints::default()).unwrap();
//! let octaves = [250_000, 500_000, 1_000_000u32];
//! assert!(octaves.iter().any(|us| us.abs_diff(beat.us_per_beat) < us / 50), "{beat:?}");
//! ```

mod bars;
mod candidates;
mod chords;
mod features;
mod lattice;
mod marks;
mod prior;
mod ranker;
mod smooth;

use super::cost::{NAT, NEVER};
use super::tables::TABLES;
use crate::note::{Pitch, Velocity};
pub use bars::Bar;
use candidates::Candidate;
pub use features::N_FEATURES;
use features::Weighed;
use lattice::{Lattice, N_LENGTHS, PER_OCTAVE, length_ms};
use prior::Prior;

/// Fewer notes have no beat.
pub const LEAST_NOTES: usize = 4;
/// Of a longer phrase, the latest notes count: what the player does now.
pub const LONGEST_PHRASE_US: i64 = 30_000_000;
/// Of a phrase with more notes, the latest ones count.
pub const MOST_NOTES: usize = 1024;

/// A lead of so much is as sure as not.
const HALF_SURE: i32 = 4 * NAT;
/// Tempi that are so many steps of length apart (4 % each) are different ones.
const OTHER_TEMPO: usize = 3;

/// A note of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// When, in microseconds from any zero.
    pub onset_us: i64,
    /// Its key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
}

/// A tempo that someone told: the host's, or one that was tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The tempo, in microseconds a beat.
    pub us_per_beat: u32,
    /// The time of any beat on the notes' clock, if that was told too.
    pub beat_us: Option<i64>,
}

/// What is known before the phrase is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints<'a> {
    /// What was found in earlier phrases of the session, the latest last.
    pub earlier: &'a [Beat],
    /// What the user or the host says.
    pub told: Option<Told>,
}

/// The beat of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The tempo, in microseconds a beat: the mean over the phrase.
    pub us_per_beat: u32,
    /// Times of the beats, ascending, on the notes' clock: from the one at or before the first note to one after the last.
    /// There are at least two.
    pub beats_us: Vec<i64>,
    /// Whether the tempo is constant: the beats are evenly spaced then.
    pub is_steady: bool,
    /// How sure the tempo is against all others, its double and half included, in per cent.
    pub sure_percent: u8,
    /// Which beats begin bars, if enough was heard to tell. Wrong more often than right: heed how sure it is.
    pub bar: Option<Bar>,
    /// For each length of a beat, what it costs above the best.
    evidence: [i32; N_LENGTHS],
}

impl Beat {
    /// Where a time is: in parts ([`PARTS_PER_BEAT`](super::PARTS_PER_BEAT) a beat) from the first of the beats, and the tempo there
    /// in microseconds a beat, as [`Ear::strike`](super::Ear::strike) takes them. Before and after the beats, the nearest tempo goes on.
    #[must_use]
    pub fn parts_at(&self, us: i64) -> (i64, u32) {
        parts_at(&self.beats_us, us)
    }
}

/// Where a time is among beats: see [`Beat::parts_at`].
pub(super) fn parts_at(beats_us: &[i64], us: i64) -> (i64, u32) {
    let last = beats_us.len().saturating_sub(1).max(1);
    let i = beats_us.partition_point(|beat_us| *beat_us <= us).clamp(1, last);
    let (from_us, to_us) = (beats_us[i - 1], beats_us[i]);
    let length_us = (to_us - from_us).max(1);
    let within = (us - from_us).saturating_mul(super::PARTS_PER_BEAT).div_euclid(length_us);
    let beats = i64::try_from(i - 1).unwrap_or(0) * super::PARTS_PER_BEAT;
    (beats.saturating_add(within), u32::try_from(length_us).unwrap_or(u32::MAX))
}

/// What the ranker sees of each candidate of a phrase (its beats in microseconds, and its features): to train it.
#[must_use]
#[doc(hidden)]
pub fn seen(notes: &[Struck]) -> Vec<(Vec<i64>, [i16; N_FEATURES])> {
    let Some(first_us) = notes.first().map(|note| note.onset_us) else { return Vec::new() };
    let chords = chords::chords(notes, first_us);
    if chords.len() < 2 {
        return Vec::new();
    }
    let lattice = Lattice::new(&chords, &Prior::new(&Hints::default(), first_us), &TABLES, &marks::MARKS);
    let weighed = Weighed::new(&chords);
    let seen = |candidate: &Candidate| {
        let beats_us = candidate.beats_us.iter().map(|us| us + first_us).collect();
        (beats_us, weighed.features(&chords, candidate))
    };
    candidates::candidates(&lattice, &chords).iter().map(seen).collect()
}

/// What is seen of each way to have bars: beats of a bar, which is the first, and the features. To set their weights.
#[must_use]
#[doc(hidden)]
pub fn seen_bars(notes: &[Struck], beats_us: &[i64]) -> Vec<(usize, usize, Vec<i16>)> {
    let Some(first_us) = notes.first().map(|note| note.onset_us) else { return Vec::new() };
    let chords = chords::chords(notes, first_us);
    if chords.len() < 2 || beats_us.len() < 2 {
        return Vec::new();
    }
    let beats_us: Vec<i64> = beats_us.iter().map(|us| us.saturating_sub(first_us)).collect();
    let seen = bars::seen(&chords, &Weighed::new(&chords), &beats_us);
    seen.into_iter().map(|(n_beats, first, row)| (n_beats, first, row.to_vec())).collect()
}

/// Finds the beat of a phrase, whose notes are in order of time. `None` if there are fewer than [`LEAST_NOTES`], or all are
/// one chord. The same notes have the same beat on every machine. About 10 ms for 8 seconds.
#[must_use]
pub fn find_beat(notes: &[Struck], hints: &Hints<'_>) -> Option<Beat> {
    let notes = &notes[notes.len().saturating_sub(MOST_NOTES)..];
    let last_us = notes.last()?.onset_us;
    let is_too_early = |note: &Struck| note.onset_us < last_us.saturating_sub(LONGEST_PHRASE_US);
    let notes = &notes[notes.partition_point(is_too_early)..];
    // What is later than the last note, or earlier than one before it, is out of order.
    let is_ordered = notes.is_sorted_by_key(|note| note.onset_us);
    if notes.len() < LEAST_NOTES || !is_ordered {
        return None;
    }
    let first_us = notes[0].onset_us;
    let chords = chords::chords(notes, first_us);
    if chords.len() < 2 {
        return None;
    }
    let prior = Prior::new(hints, first_us);
    let lattice = Lattice::new(&chords, &prior, &TABLES, &marks::MARKS);
    let candidates = candidates::candidates(&lattice, &chords);
    let weighed = Weighed::new(&chords);
    let cost = |candidate: &Candidate| {
        let beat_ms = i32::try_from(candidate.beats_us[0] / 1000).unwrap_or(0);
        let hinted = prior.hinted(candidate.beat_us(), beat_ms);
        hinted.saturating_sub(ranker::score(&weighed.features(&chords, candidate)))
    };
    let costs: Vec<i32> = candidates.iter().map(cost).collect();
    let best = (0..costs.len()).min_by_key(|&i| costs[i])?;
    let least = costs[best];
    let mut evidence = [NEVER; N_LENGTHS];
    for (candidate, cost) in candidates.iter().zip(&costs) {
        let ms = i32::try_from(candidate.beat_us() / 1000).unwrap_or(i32::MAX);
        let known = &mut evidence[prior::nearest_length(ms)];
        *known = cost.saturating_sub(least).min(*known);
    }
    let Candidate { beats_us, is_steady, .. } = &candidates[best];
    let us_per_beat = u32::try_from(candidates[best].beat_us()).unwrap_or(0);
    let rivals = (0..N_LENGTHS).filter(|&length| !is_like(length, us_per_beat));
    let lead = rivals.map(|length| evidence[length]).min().unwrap_or(0);
    let sure_percent = u8::try_from(100 * i64::from(lead) / (i64::from(lead) + i64::from(HALF_SURE))).unwrap_or(100);
    let bar = bars::bar(&chords, &weighed, beats_us);
    let beats_us = beats_us.iter().map(|us| first_us.saturating_add(*us)).collect();
    Some(Beat { us_per_beat, beats_us, is_steady: *is_steady, sure_percent, bar, evidence })
}

/// Whether a length is a path's tempo, or one to which its tempo may drift.
fn is_like(length: usize, us_per_beat: u32) -> bool {
    let ms = i64::from(length_ms(length));
    let us = i64::from(us_per_beat);
    let tolerance = i64::try_from(OTHER_TEMPO * 100 / PER_OCTAVE).unwrap_or(0);
    (ms * 1000 - us).abs() * 100 <= us * tolerance
}

#[cfg(test)]
mod tests;
