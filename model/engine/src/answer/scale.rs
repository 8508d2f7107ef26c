//! Keys and scales, and how an answer is held to them.

use crate::conditions::harmony;
use crate::key::Key;
use crate::note::Note;

/// The choices of the key: the call's, or a tonic.
pub const KEY_NAMES: &[&str] = &["Like the call", "C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
/// The choices of the scale: the one of the call's mode, or a scale of its own.
pub const SCALE_NAMES: &[&str] = &[
    "Like the call",
    "Major",
    "Minor",
    "Harmonic minor",
    "Dorian",
    "Phrygian",
    "Lydian",
    "Mixolydian",
    "Major pentatonic",
    "Minor pentatonic",
    "Blues",
    "Whole tone",
];
/// Semitones above the tonic. Minor has its leading note too, which nearly all minor music uses.
const SCALES: [&[u8]; 11] = [
    &[0, 2, 4, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 8, 10, 11],
    &[0, 2, 3, 5, 7, 8, 11],
    &[0, 2, 3, 5, 7, 9, 10],
    &[0, 1, 3, 5, 7, 8, 10],
    &[0, 2, 4, 6, 7, 9, 11],
    &[0, 2, 4, 5, 7, 9, 10],
    &[0, 2, 4, 7, 9],
    &[0, 3, 5, 7, 10],
    &[0, 3, 5, 6, 7, 10],
    &[0, 2, 4, 6, 8, 10],
];
/// What the lean lock takes from the logit of a note outside the scale: it becomes 12 times less likely where a key was chosen,
const LEAN: f32 = -2.5;
/// and at most so where it is only heard: real answers leave the key of their call more than the call does.
const LEAN_ON_HEARD: f32 = -0.4;
/// A call with this share of its notes in its key, or less, says nothing of the key of the answer.
const LOOSE: f32 = 0.8;
/// Pitch classes, from C up.
pub(super) const CLASSES: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// What is added to the logits of pitches on a beat that are none of the chord's.
const OUTSIDE_CHORD: f32 = -4.0;

/// How strictly an answer keeps to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLock {
    /// All notes are alike.
    Off,
    /// Other notes are rare.
    Lean,
    /// There are no others, unless the range leaves none.
    Strict,
}

/// Share of the notes that are in the scale of a key; 1 without notes.
#[must_use]
pub fn share_in_key(notes: &[Note], key: Key) -> f32 {
    let steps = SCALES[usize::from(key.is_minor)];
    let is_in = |note: &&Note| steps.contains(&((note.pitch.get() + 12 - key.tonic % 12) % 12));
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = notes.iter().filter(is_in).count() as f32 / notes.len().max(1) as f32;
    if notes.is_empty() { 1.0 } else { share }
}

/// What to add to the logits of pitch classes on a beat, from C up, so that they keep to a chord, given as the condition: `(12,)`.
#[must_use]
pub fn chord_bias(harmony: u8) -> [f32; 12] {
    let Some(chord) = harmony::chord(harmony) else { return [0.0; 12] };
    CLASSES.map(|class| if chord.has(class) { 0.0 } else { OUTSIDE_CHORD })
}

/// What the player chose. What is left open comes from the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyChoice {
    /// Pitch class, 0 (C) to 11 (B).
    pub tonic: Option<u8>,
    /// Place in [`SCALE_NAMES`].
    pub scale: u8,
}

impl KeyChoice {
    /// The key of the answer to a call in `heard`; `None` if nobody says.
    #[must_use]
    pub fn key(self, heard: Option<Key>) -> Option<Key> {
        let tonic = self.tonic.or(heard.map(|key| key.tonic))?;
        let is_minor = self.scale().map_or(heard.is_some_and(|key| key.is_minor), |scale| scale.contains(&3));
        Some(Key { tonic, is_minor })
    }

    /// What to add to the logits of the pitch classes, from C up: `(12,)`. `in_key` is the share of the call's notes that are in
    /// its key: the answer leans towards that no more than the call does.
    #[must_use]
    pub fn class_bias(self, heard: Option<Key>, lock: KeyLock, in_key: f32) -> [f32; 12] {
        let outside = match lock {
            KeyLock::Off => 0.0,
            KeyLock::Lean if self.tonic.is_none() && self.scale == 0 => {
                LEAN_ON_HEARD * ((in_key - LOOSE) / (1.0 - LOOSE)).clamp(0.0, 1.0)
            }
            KeyLock::Lean => LEAN,
            KeyLock::Strict => f32::NEG_INFINITY,
        };
        let Some(key) = self.key(heard).filter(|_| lock != KeyLock::Off) else { return [0.0; 12] };
        let mut bias = [outside; 12];
        for step in self.scale().unwrap_or(SCALES[usize::from(key.is_minor)]) {
            bias[usize::from((key.tonic + step) % 12)] = 0.0;
        }
        bias
    }

    fn scale(self) -> Option<&'static [u8]> {
        SCALES.get(usize::from(self.scale).checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const E_MINOR: Option<Key> = Some(Key { tonic: 4, is_minor: true });

    fn classes(choice: KeyChoice, heard: Option<Key>) -> Vec<usize> {
        let bias = choice.class_bias(heard, KeyLock::Strict, 1.0);
        (0..12).filter(|&class| bias[class] == 0.0).collect()
    }

    #[test]
    fn what_is_not_chosen_comes_from_the_call() {
        let all: Vec<usize> = (0..12).collect();
        assert_eq!(SCALE_NAMES.len(), SCALES.len() + 1);
        assert_eq!(classes(KeyChoice::default(), None), all);
        assert_eq!(classes(KeyChoice::default(), E_MINOR), [0, 2, 3, 4, 6, 7, 9, 11]);
        assert_eq!(classes(KeyChoice { tonic: Some(0), scale: 0 }, None), [0, 2, 4, 5, 7, 9, 11]);
        assert_eq!(classes(KeyChoice { tonic: Some(9), scale: 0 }, E_MINOR), [0, 2, 4, 5, 7, 8, 9, 11]);
        assert_eq!(classes(KeyChoice { tonic: None, scale: 8 }, E_MINOR), [1, 4, 6, 8, 11]);
        assert_eq!(classes(KeyChoice { tonic: None, scale: 8 }, None), all);
        assert_eq!(KeyChoice { tonic: Some(2), scale: 4 }.key(None), Some(Key { tonic: 2, is_minor: true }));
    }

    #[test]
    fn a_call_that_leaves_its_key_is_answered_so() {
        let outside = |choice: KeyChoice, in_key| choice.class_bias(E_MINOR, KeyLock::Lean, in_key)[5];
        let (heard, chosen) = (KeyChoice::default(), KeyChoice { tonic: Some(4), scale: 2 });
        assert_eq!([0.5, LOOSE, 1.0].map(|share| outside(heard, share)), [0.0, 0.0, LEAN_ON_HEARD]);
        assert!((outside(heard, 0.9) - LEAN_ON_HEARD / 2.0).abs() < 1e-5);
        assert_eq!(outside(chosen, 0.5), LEAN, "who chooses a key wants it");
    }

    #[test]
    fn a_chord_is_kept_to_on_beats() {
        let a_minor = harmony::value(Some(harmony::Chord { root: 9, kind: harmony::ChordKind::Minor }));
        let inside: Vec<usize> = (0..12).filter(|&class| chord_bias(a_minor)[class] == 0.0).collect();
        assert_eq!((inside, chord_bias(0), chord_bias(harmony::NO_CHORD)), (vec![0, 4, 9], [0.0; 12], [0.0; 12]));
    }

    #[test]
    fn leaning_keeps_all_notes_possible() {
        let bias = KeyChoice::default().class_bias(E_MINOR, KeyLock::Lean, 1.0);
        assert!(bias.iter().all(|b| b.is_finite()) && bias[4] == 0.0 && bias[5] < -0.3);
        assert_eq!(KeyChoice::default().class_bias(E_MINOR, KeyLock::Off, 1.0), [0.0; 12]);
    }
}
