//! Chords: their names as a condition, and a recogniser that finds the chord of each beat.
//!
//! The recogniser compares the pitch classes of a beat, weighed by how long they sound, with what each chord is expected to
//! hold, and then takes the likeliest sequence in which chords change seldom (Viterbi; in the manner of Sheh and Ellis 2003,
//! "Chord Segmentation and Recognition using EM-Trained Hidden Markov Models", with hand-set probabilities). How often it
//! is right is measured on lead sheets by `model benchmark harmony`.

use music::bar_lines::Beat;

use crate::note::{Note, TICKS_PER_BEAT};

/// Values of the harmony condition: open, no chord, and twelve roots of each [`ChordKind`].
pub const N_HARMONIES: usize = 2 + 12 * N_KINDS;
/// The value for music in which no chord sounds.
pub const NO_CHORD: u8 = 1;
const N_KINDS: usize = 9;
const N_CHORDS: usize = 12 * N_KINDS;

/// What is built on a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChordKind {
    /// Third and fifth, major.
    Major,
    /// Minor third and fifth.
    Minor,
    /// Major third, fifth, minor seventh.
    DominantSeventh,
    /// Major third, fifth, major seventh.
    MajorSeventh,
    /// Minor third, fifth, minor seventh.
    MinorSeventh,
    /// Minor third and diminished fifth, with or without a diminished seventh.
    Diminished,
    /// Minor third, diminished fifth, minor seventh.
    HalfDiminished,
    /// Major third and augmented fifth.
    Augmented,
    /// Fourth and fifth.
    Suspended,
}

impl ChordKind {
    /// All kinds, in the order of their values.
    pub const ALL: [Self; N_KINDS] = [
        Self::Major,
        Self::Minor,
        Self::DominantSeventh,
        Self::MajorSeventh,
        Self::MinorSeventh,
        Self::Diminished,
        Self::HalfDiminished,
        Self::Augmented,
        Self::Suspended,
    ];

    /// Semitones of its tones above the root, the root first.
    #[must_use]
    pub const fn intervals(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Minor => &[0, 3, 7],
            Self::DominantSeventh => &[0, 4, 7, 10],
            Self::MajorSeventh => &[0, 4, 7, 11],
            Self::MinorSeventh => &[0, 3, 7, 10],
            Self::Diminished => &[0, 3, 6, 9],
            Self::HalfDiminished => &[0, 3, 6, 10],
            Self::Augmented => &[0, 4, 8],
            Self::Suspended => &[0, 5, 7],
        }
    }

    /// Log probability of the kind before any note is heard; roughly how often each is met.
    const fn prior(self) -> f32 {
        match self {
            Self::Major => -0.2,
            Self::Minor => -0.3,
            Self::DominantSeventh => 0.0,
            Self::MinorSeventh => -1.6,
            Self::MajorSeventh => -1.8,
            Self::Diminished => -4.0,
            Self::HalfDiminished => -3.5,
            Self::Augmented => -3.0,
            Self::Suspended => -2.2,
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Major => "",
            Self::Minor => "m",
            Self::DominantSeventh => "7",
            Self::MajorSeventh => "maj7",
            Self::MinorSeventh => "m7",
            Self::Diminished => "dim",
            Self::HalfDiminished => "m7b5",
            Self::Augmented => "aug",
            Self::Suspended => "sus4",
        }
    }
}

/// A chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// Pitch class, 0 (C) to 11 (B).
    pub root: u8,
    /// What is built on it.
    pub kind: ChordKind,
}

impl Chord {
    /// Whether a key is one of its tones.
    #[must_use]
    pub fn has(self, key: u8) -> bool {
        self.kind.intervals().contains(&((key + 12 - self.root % 12) % 12))
    }
}

impl std::fmt::Display for Chord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMES: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
        write!(f, "{}{}", NAMES[usize::from(self.root % 12)], self.kind.suffix())
    }
}

/// The condition's value for a chord, or for none.
#[must_use]
pub fn value(chord: Option<Chord>) -> u8 {
    let Some(Chord { root, kind }) = chord else { return NO_CHORD };
    2 + root % 12 + 12 * kind as u8
}

/// The chord of a value; `None` when it is open or says that there is none.
#[must_use]
pub fn chord(value: u8) -> Option<Chord> {
    let index = value.checked_sub(2)?;
    Some(Chord { root: index % 12, kind: *ChordKind::ALL.get(usize::from(index / 12))? })
}

/// The value of the same chord `semitones` higher.
#[must_use]
pub fn transposed(value: u8, semitones: i16) -> u8 {
    let Some(Chord { root, kind }) = chord(value) else { return value };
    let root = (i16::from(root) + semitones).rem_euclid(12);
    self::value(Some(Chord { root: u8::try_from(root).unwrap_or(0), kind }))
}

/// The chord that a set of held keys names, the lowest of them weighing most; `None` for fewer than three pitch classes.
#[must_use]
pub fn of_keys(keys: &[u8]) -> Option<Chord> {
    let mut frame = Frame::default();
    for &key in keys {
        frame.classes[usize::from(key % 12)] = 1.0;
    }
    frame.bass = keys.iter().min().map(|key| key % 12);
    if frame.classes.iter().filter(|&&mass| mass > 0.0).count() < 3 {
        return None;
    }
    let scores = frame.scores();
    let best = (0..N_CHORDS).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))?;
    chord(u8::try_from(best + 2).ok()?)
}

/// What sounds during a beat.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    /// How long each pitch class sounds, in beats.
    classes: [f32; 12],
    /// The lowest note's pitch class.
    bass: Option<u8>,
}

/// Probabilities of a sounding note: each tone of the chord from the root up, and any other class.
const TONES: [f32; 4] = [0.34, 0.26, 0.22, 0.13];
const OTHER: f32 = 0.012;
/// Log probabilities of the bass: each tone of the chord, and any other class.
const BASS: [f32; 4] = [-0.4, -1.9, -2.1, -3.0];
const OTHER_BASS: f32 = -4.0;
/// More sounding time than this (in beats) says no more.
const MOST_MASS: f32 = 3.5;
/// Log odds of a change of chord against none, within a bar and at a bar line.
const CHANGE: f32 = -3.0;
const CHANGE_AT_BAR: f32 = -1.6;

impl Frame {
    /// Log likelihood of every chord, by root and kind as in [`value`].
    fn scores(&self) -> [f32; N_CHORDS] {
        let mass: f32 = self.classes.iter().sum();
        let scale = if mass > MOST_MASS { MOST_MASS / mass } else { 1.0 };
        let mut scores = [0.0; N_CHORDS];
        for (k, kind) in ChordKind::ALL.into_iter().enumerate() {
            let mut expected = [libm::logf(OTHER); 12];
            let mut bass = [OTHER_BASS; 12];
            // Three tones share what four would have.
            let share = if kind.intervals().len() == 3 { 1.0 / (1.0 - TONES[3]) } else { 1.0 };
            for (i, &interval) in kind.intervals().iter().enumerate() {
                expected[usize::from(interval)] = libm::logf(TONES[i] * share);
                bass[usize::from(interval)] = BASS[i];
            }
            for root in 0..12 {
                let above = |class: usize| (class + 12 - root) % 12;
                let notes: f32 = (0..12).map(|class| self.classes[class] * expected[above(class)]).sum();
                let bass = self.bass.map_or(0.0, |class| bass[above(usize::from(class))]);
                let is_silent = mass <= 0.0;
                scores[12 * k + root] = if is_silent { 0.0 } else { scale * notes + 0.6 * bass + 0.3 * kind.prior() };
            }
        }
        scores
    }
}

/// The harmony value of each beat (in rising order), for notes in [`Note::order`]. A beat in which nothing sounds, nor in the
/// one before, has no chord.
#[must_use]
pub fn recognise(notes: &[Note], beats: &[Beat]) -> Vec<u8> {
    let (frames, n_beats) = (frames(notes, beats), beats.len());
    let mut best = [0.0f32; N_CHORDS];
    // The chord before each, when it is the likeliest way to get there. (n_beats, N_CHORDS)
    let mut before: Vec<[u8; N_CHORDS]> = Vec::with_capacity(n_beats);
    for (beat, frame) in frames.iter().enumerate() {
        let scores = frame.scores();
        let (from, likeliest) = maximum(&best);
        let change = likeliest + if beats[beat].is_bar_line { CHANGE_AT_BAR } else { CHANGE };
        let mut ways = [0; N_CHORDS];
        for (i, best) in best.iter_mut().enumerate() {
            let stays = *best >= change;
            ways[i] = if stays { u8::try_from(i).unwrap_or(0) } else { from };
            *best = best.max(change) + scores[i];
        }
        // Only differences count, and sums would lose their last digits.
        let (_, highest) = maximum(&best);
        best.iter_mut().for_each(|score| *score -= highest);
        before.push(ways);
    }
    let mut values = vec![NO_CHORD; n_beats];
    let (mut at, _) = maximum(&best);
    for beat in (0..n_beats).rev() {
        let is_silent = |beat: usize| frames[beat].classes.iter().all(|&mass| mass <= 0.0);
        if !is_silent(beat) || beat > 0 && !is_silent(beat - 1) {
            values[beat] = at + 2;
        }
        at = before[beat][usize::from(at)];
    }
    values
}

fn maximum(scores: &[f32; N_CHORDS]) -> (u8, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (u8::try_from(i).unwrap_or(0), score);
        }
    }
    best
}

fn frames(notes: &[Note], beats: &[Beat]) -> Vec<Frame> {
    let mut frames = vec![Frame::default(); beats.len()];
    let mut lowest = vec![u8::MAX; beats.len()];
    let mut first = 0;
    for note in notes {
        let (from, to) = (note.onset_ticks, note.end_ticks());
        while beats.get(first + 1).is_some_and(|next| next.start_ticks <= from) {
            first += 1;
        }
        // A long pedal note says less of the harmony than its length suggests.
        for beat in (first..beats.len()).take(8) {
            let begins = beats[beat].start_ticks;
            let ends = beats.get(beat + 1).map_or(begins + i64::from(TICKS_PER_BEAT), |next| next.start_ticks);
            let sounds_ticks = to.min(ends) - from.max(begins);
            if sounds_ticks <= 0 {
                break;
            }
            let pitch = note.pitch.get();
            #[expect(clippy::cast_precision_loss, reason = "at most a bar")]
            let mass = sounds_ticks.min(192) as f32 / TICKS_PER_BEAT as f32;
            frames[beat].classes[usize::from(pitch % 12)] += mass;
            if pitch < lowest[beat] && sounds_ticks * 4 >= ends - begins {
                lowest[beat] = pitch;
                frames[beat].bass = Some(pitch % 12);
            }
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    #[test]
    fn values_name_every_chord_once() {
        for value in 0..u8::try_from(N_HARMONIES).unwrap() {
            match chord(value) {
                Some(chord) => {
                    assert_eq!(self::value(Some(chord)), value);
                    assert_eq!(transposed(transposed(value, 5), -5), value);
                    assert_eq!(transposed(value, 12), value);
                }
                None => assert!(value <= NO_CHORD),
            }
        }
        assert_eq!(value(None), NO_CHORD);
        assert_eq!(chord(u8::MAX), None);
    }

    fn beats(n: usize) -> Vec<Beat> {
        let beat = |i: usize| Beat { start_ticks: i64::try_from(i).unwrap() * 48, is_bar_line: i.is_multiple_of(4) };
        (0..n).map(beat).collect()
    }

    fn chords(beats: &[&[u8]]) -> Vec<Note> {
        let chord = |(beat, keys): (usize, &&[u8])| {
            let onset_ticks = i64::try_from(beat).unwrap() * 48;
            let note = move |&key: &u8| Note {
                onset_ticks,
                duration_ticks: 48,
                pitch: Pitch::new(key).unwrap(),
                velocity: Velocity::MEDIUM,
            };
            keys.iter().map(note).collect::<Vec<_>>()
        };
        beats.iter().enumerate().flat_map(chord).collect()
    }

    #[test]
    fn a_cadence_is_heard() {
        let notes = chords(&[&[53, 60, 69], &[50, 57, 65], &[43, 62, 65, 71], &[43, 62, 65, 71], &[48, 64, 67], &[]]);
        let names: Vec<String> =
            recognise(&notes, &beats(7)).into_iter().map(|v| chord(v).map_or("-".into(), |c| c.to_string())).collect();
        assert_eq!(names, ["F", "Dm", "G7", "G7", "C", "C", "-"]);
    }

    #[test]
    fn passing_notes_change_no_chord() {
        let mut notes = chords(&[&[48, 52, 55], &[48, 52, 55], &[48, 52, 55], &[48, 52, 55]]);
        for (i, key) in [72u8, 74, 76, 77, 79, 77, 76, 74].into_iter().enumerate() {
            let onset_ticks = i64::try_from(i).unwrap() * 24;
            let pitch = Pitch::new(key).unwrap();
            notes.push(Note { onset_ticks, duration_ticks: 24, pitch, velocity: Velocity::MEDIUM });
        }
        notes.sort_by_key(Note::order);
        let c_major = value(Some(Chord { root: 0, kind: ChordKind::Major }));
        assert_eq!(recognise(&notes, &beats(4)), [c_major; 4]);
    }

    #[test]
    fn held_keys_name_a_chord_in_any_inversion() {
        let name = |keys: &[u8]| of_keys(keys).map(|chord| chord.to_string());
        assert_eq!(name(&[52, 55, 60]).as_deref(), Some("C"));
        assert_eq!(name(&[57, 60, 64]).as_deref(), Some("Am"));
        assert_eq!(name(&[55, 59, 62, 65]).as_deref(), Some("G7"));
        assert_eq!(name(&[59, 62, 65, 69]).as_deref(), Some("Bm7b5"));
        assert_eq!(name(&[60, 65, 67]).as_deref(), Some("Csus4"));
        assert_eq!(name(&[60, 72, 67]), None);
    }
}
