//! How often the ear is right: what it heard beside what was written.

use std::collections::BTreeMap;

use music::rhythm::{Ear, HeardNote, NoteId, PARTS_PER_TICK, PlayedNote};
use serde::Serialize;

use super::share;

/// Right is what is at most half a tick from the truth, in quarters.
const TOLERANCE: f64 = 0.5 / 48.0 + 1e-9;

/// Where a note is written, in quarters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// Where it begins.
    pub onset: f64,
    /// How long it is.
    pub value: f64,
}

/// A note that is played to the ear. Notes that no score has, such as those of a trill, are heard but not counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestNote {
    /// As played.
    pub played: PlayedNote,
    /// `None` if it is not counted.
    pub written: Option<Written>,
}

/// How often the ear was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Hearing {
    /// Notes that count.
    pub n_notes: usize,
    /// At the right place.
    pub n_onsets: usize,
    /// Of the right value.
    pub n_values: usize,
    /// Pairs of notes in one written chord.
    pub n_written_pairs: usize,
    /// Pairs of notes in one heard chord.
    pub n_heard_pairs: usize,
    /// Pairs that are both.
    pub n_right_pairs: usize,
}

impl Hearing {
    /// Counts what was heard.
    pub fn new(notes: &[TestNote], heard: &[HeardNote]) -> Self {
        let mut hearing = Self::of_onsets(notes, heard.iter().map(|heard| (heard.onset_ticks, heard.chord)));
        let counted = notes.iter().zip(heard).filter_map(|(note, heard)| Some((note.written?, heard)));
        let is_right = |written: Written, value: Option<u32>| {
            value.is_some_and(|ticks| (f64::from(ticks) / 48.0 - written.value).abs() <= TOLERANCE)
        };
        hearing.n_values = counted.filter(|(written, heard)| is_right(*written, heard.value_ticks)).count();
        hearing
    }

    /// Counts where notes were placed (in ticks), and in which chords.
    pub fn of_onsets<C: Ord + Copy>(notes: &[TestNote], heard: impl Iterator<Item = (i64, C)>) -> Self {
        let mut hearing = Self::default();
        let (mut written_chords, mut heard_chords) = (BTreeMap::<u64, usize>::new(), BTreeMap::<C, usize>::new());
        let mut both = BTreeMap::<(u64, C), usize>::new();
        for (note, (ticks, chord)) in notes.iter().zip(heard) {
            let Some(written) = note.written else { continue };
            hearing.n_notes += 1;
            hearing.n_onsets += usize::from((as_quarters(ticks) - written.onset).abs() <= TOLERANCE);
            let place = written.onset.to_bits();
            *written_chords.entry(place).or_default() += 1;
            *heard_chords.entry(chord).or_default() += 1;
            *both.entry((place, chord)).or_default() += 1;
        }
        hearing.n_written_pairs = written_chords.values().map(|n| pairs(*n)).sum();
        hearing.n_heard_pairs = heard_chords.values().map(|n| pairs(*n)).sum();
        hearing.n_right_pairs = both.values().map(|n| pairs(*n)).sum();
        hearing
    }

    /// Adds another performance.
    pub const fn add(&mut self, other: Self) {
        self.n_notes += other.n_notes;
        self.n_onsets += other.n_onsets;
        self.n_values += other.n_values;
        self.n_written_pairs += other.n_written_pairs;
        self.n_heard_pairs += other.n_heard_pairs;
        self.n_right_pairs += other.n_right_pairs;
    }

    /// Share of the notes at the right place.
    #[must_use]
    pub fn onsets(&self) -> f64 {
        share(self.n_onsets, self.n_notes)
    }

    /// Share of the notes of the right value.
    #[must_use]
    pub fn values(&self) -> f64 {
        share(self.n_values, self.n_notes)
    }

    /// Harmonic mean of the shares of heard and of written pairs that are right.
    #[must_use]
    pub fn chord_f1(&self) -> f64 {
        share(2 * self.n_right_pairs, self.n_heard_pairs + self.n_written_pairs)
    }
}

/// Where each note is so many notes later, as the ear heard it while it was played.
#[must_use]
pub fn heard_later(notes: &[TestNote], n_later: usize) -> Vec<(i64, NoteId)> {
    let mut ear = Ear::new();
    let mut ids = Vec::with_capacity(notes.len());
    let mut places = Vec::with_capacity(notes.len());
    let place = |ear: &Ear, id: NoteId| ear.note(id).map_or((0, id), |note| (note.onset_ticks, note.chord));
    for TestNote { played, .. } in notes {
        ids.push(ear.strike(played.onset_parts, played.us_per_beat, played.pitch, played.velocity));
        if let Some(id) = ids.len().checked_sub(n_later + 1).map(|i| ids[i]) {
            places.push(place(&ear, id));
        }
    }
    ear.settle();
    places.extend(ids[places.len()..].iter().map(|&id| place(&ear, id)));
    places
}

/// The nearest sixteenth or triplet eighth: what a DAW's input quantise does. In ticks.
#[must_use]
pub fn nearest_sixteenth_or_triplet(onset_parts: i64) -> i64 {
    let distance = |ticks: i64| (onset_parts - ticks * PARTS_PER_TICK).abs();
    let around = |step: i64| {
        let first = onset_parts.div_euclid(step * PARTS_PER_TICK) * step;
        [first, first + step]
    };
    let [a, b] = around(12);
    let [c, d] = around(16);
    [a, b, c, d].into_iter().min_by_key(|ticks| distance(*ticks)).unwrap_or(0)
}

const fn pairs(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn as_quarters(ticks: i64) -> f64 {
    ticks as f64 / 48.0
}
