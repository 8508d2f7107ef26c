//! How often the chord recogniser is right, on lead sheets whose chords were written out from their symbols: bass and chords
//! lie on velocities of their own, so the symbol can be read back from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use engine::conditions::harmony::{self, Chord, ChordKind};
use music::bar_lines::BarLines;
use music::file::read_reduction;
use music::{Note, Reading, Reduction, TICKS_PER_BEAT};
use serde::Serialize;

use crate::data::corpus::{self, Split};

/// A chord that is not struck again for longer than this may have been left.
const MOST_CHORD_TICKS: i64 = 4 * TICKS_PER_BEAT as i64;

/// What to measure on.
#[derive(Clone, Debug)]
pub struct HarmonyConfig {
    /// A folder of MIDI files, or a manifest.
    pub data: PathBuf,
    /// Only files whose path holds this.
    pub only: String,
    /// Velocity of the bass, which is the chord's root.
    pub bass_velocity: u8,
    /// Velocity of the other notes of the chord.
    pub chord_velocity: u8,
}

/// How often the recogniser was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Accuracy {
    /// Beats whose chord is of a kind that has a name here.
    pub n_beats: usize,
    /// Of these, beats with the right root.
    pub n_right_roots: usize,
    /// With the right root and third.
    pub n_right_thirds: usize,
    /// With the right root and kind.
    pub n_right: usize,
    /// Beats with other chords (sixths, ninths, added notes), on which only the root can be right.
    pub n_others: usize,
    /// Of these, beats with the right root.
    pub n_other_roots: usize,
}

impl Accuracy {
    fn count(&mut self, truth: Truth, found: Option<Chord>) {
        let has_root = found.is_some_and(|chord| chord.root == truth.root);
        let Some(kind) = truth.kind else {
            self.n_others += 1;
            self.n_other_roots += usize::from(has_root);
            return;
        };
        let third = |kind: ChordKind| kind.intervals()[1];
        self.n_beats += 1;
        self.n_right_roots += usize::from(has_root);
        self.n_right_thirds += usize::from(has_root && found.is_some_and(|found| third(found.kind) == third(kind)));
        self.n_right += usize::from(has_root && found.is_some_and(|found| found.kind == kind));
    }

    fn add(&mut self, other: Self) {
        self.n_beats += other.n_beats;
        self.n_right_roots += other.n_right_roots;
        self.n_right_thirds += other.n_right_thirds;
        self.n_right += other.n_right;
        self.n_others += other.n_others;
        self.n_other_roots += other.n_other_roots;
    }
}

/// What the lead sheets of a split say.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct HarmonyReport {
    /// With bass and chords to hear, as training hears these pieces.
    pub with_chords: Accuracy,
    /// With the melody alone.
    pub melody_alone: Accuracy,
}

/// Measures on each split.
///
/// # Errors
/// When a file cannot be read, or none has such velocities.
pub fn harmony(config: &HarmonyConfig) -> Result<BTreeMap<Split, HarmonyReport>> {
    let mut reports: BTreeMap<Split, HarmonyReport> = BTreeMap::new();
    for source in corpus::list(&config.data)?.sources.into_iter().filter(|source| source.path.contains(&config.only)) {
        let bytes = fs::read(&source.file).with_context(|| format!("cannot open {}", source.file.display()))?;
        let Ok((score, _)) = read_reduction(&bytes, Reading::Auto) else { continue };
        let (with_chords, melody_alone) = piece(&score, config);
        let report = reports.entry(source.split).or_default();
        report.with_chords.add(with_chords);
        report.melody_alone.add(melody_alone);
    }
    reports.retain(|_, report| report.with_chords.n_beats > 0);
    ensure!(
        !reports.is_empty(),
        "no piece there has a bass of velocity {} and chords of velocity {}; give others, or other files",
        config.bass_velocity,
        config.chord_velocity
    );
    Ok(reports)
}

/// What is written: the root, and the kind if it is one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Truth {
    root: u8,
    kind: Option<ChordKind>,
}

/// With bass and chords, and with the melody alone.
fn piece(score: &Reduction, config: &HarmonyConfig) -> (Accuracy, Accuracy) {
    let notes = &score.notes;
    let last_ticks = notes.last().map_or(0, |note| note.onset_ticks);
    let beats = BarLines::new(&score.metres).beats(0, last_ticks);
    let of = |velocity: u8| notes.iter().filter(move |note| note.velocity.get() == velocity);
    let bass: Vec<&Note> = of(config.bass_velocity).collect();
    let chords: Vec<&Note> = of(config.chord_velocity).collect();
    let truths: Vec<Option<Truth>> = beats.iter().map(|beat| truth(&bass, &chords, beat.start_ticks)).collect();
    let accuracy = |notes: &[Note]| {
        let mut accuracy = Accuracy::default();
        for (truth, value) in truths.iter().zip(harmony::recognise(notes, &beats)) {
            if let Some(truth) = truth {
                accuracy.count(*truth, harmony::chord(value));
            }
        }
        accuracy
    };
    let is_written = |note: &Note| [config.bass_velocity, config.chord_velocity].contains(&note.velocity.get());
    let melody: Vec<Note> = notes.iter().filter(|note| !is_written(note)).copied().collect();
    (accuracy(notes), accuracy(&melody))
}

/// The chord that is written at a time: the latest bass note, and what is above it until the next one.
fn truth(bass: &[&Note], chords: &[&Note], ticks: i64) -> Option<Truth> {
    let next = bass.partition_point(|note| note.onset_ticks <= ticks);
    let from = bass.get(next.checked_sub(1)?)?;
    let until = bass.get(next).map_or(from.onset_ticks + MOST_CHORD_TICKS, |next| next.onset_ticks);
    if ticks - from.onset_ticks >= MOST_CHORD_TICKS {
        return None;
    }
    let root = from.pitch.get() % 12;
    let (first, stop) = [from.onset_ticks, until].map(|ticks| chords.partition_point(|n| n.onset_ticks < ticks)).into();
    let mut intervals: Vec<u8> =
        chords.get(first..stop)?.iter().map(|note| (note.pitch.get() + 12 - root) % 12).chain([0]).collect();
    intervals.sort_unstable();
    intervals.dedup();
    if intervals.len() == 1 {
        return None;
    }
    let is_kind = |kind: &ChordKind| {
        kind.intervals() == intervals || *kind == ChordKind::Diminished && intervals == kind.intervals()[..3]
    };
    Some(Truth { root, kind: ChordKind::ALL.into_iter().find(is_kind) })
}

#[cfg(test)]
mod tests {
    use music::{MetreChange, Pitch, TempoMap, TimeSignature, Velocity};

    use super::*;

    #[test]
    fn symbols_are_read_back_and_compared() {
        let note = |onset_ticks, duration_ticks, key, velocity| Note {
            onset_ticks,
            duration_ticks,
            pitch: Pitch::new(key).unwrap(),
            velocity: Velocity::new(velocity).unwrap(),
        };
        // A bar of C, half a bar of G7 and half of C6, which has no name here, under a tune.
        let mut notes: Vec<Note> = (0..8).map(|i| note(48 * i, 48, 72, 84)).collect();
        for (at, root, above) in [(0, 36, [48, 52, 55, 60]), (192, 43, [50, 53, 55, 59]), (288, 36, [52, 55, 57, 60])] {
            notes.push(note(at, 96, root, 66));
            notes.extend(above.map(|key| note(at, 96, key, 56)));
        }
        notes.sort_by_key(Note::order);
        let score = Reduction {
            notes,
            metres: vec![MetreChange { start_ticks: 0, signature: TimeSignature::COMMON }],
            tempi: TempoMap::constant(TICKS_PER_BEAT, 120.0),
            is_free: false,
            heard_by: None,
            end_ticks: 384,
            seconds: 4.0,
        };
        let config = HarmonyConfig { data: PathBuf::new(), only: String::new(), bass_velocity: 66, chord_velocity: 56 };
        let (with_chords, melody_alone) = piece(&score, &config);
        assert_eq!((with_chords.n_beats, with_chords.n_right, with_chords.n_others), (6, 6, 2), "{with_chords:?}");
        assert_eq!((with_chords.n_other_roots, melody_alone.n_beats), (2, 6));
        assert!(melody_alone.n_right_roots < 6, "one note does not tell chords apart");
    }
}
