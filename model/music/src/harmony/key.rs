//! Key finding by the Krumhansl-Schmuckler method: the pitch-class durations of the music are correlated with the
//! Krumhansl-Kessler profiles of the 24 keys (Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990).

use crate::note::Note;

const MAJOR: [f32; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const MINOR: [f32; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

/// A key: its tonic and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Pitch class of the tonic, 0 (C) to 11 (B).
    pub tonic: u8,
    /// False for major.
    pub is_minor: bool,
}

impl Key {
    /// Its key signature: so many sharps, or flats if negative, at most six.
    ///
    /// ```
    /// let e_minor = music::Key { tonic: 4, is_minor: true };
    /// assert_eq!(e_minor.fifths(), 1);
    /// ```
    #[must_use]
    pub const fn fifths(self) -> i8 {
        const OF_MAJOR: [i8; 12] = [0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5];
        let major = if self.is_minor { self.tonic + 3 } else { self.tonic };
        OF_MAJOR[(major % 12) as usize]
    }

    /// The mode as the model's condition: 1 major, 2 minor.
    #[must_use]
    pub const fn mode_condition(self) -> u8 {
        if self.is_minor { 2 } else { 1 }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
        let mode = if self.is_minor { "minor" } else { "major" };
        write!(f, "{} {mode}", NAMES[usize::from(self.tonic % 12)])
    }
}

/// The best-fitting key and its correlation (-1 to 1); `None` when the notes have fewer than three pitch classes.
#[must_use]
pub fn find_key(notes: &[Note]) -> Option<(Key, f32)> {
    let mut weights = [0.0f32; 12];
    for note in notes {
        // A long pedal note says less about the key than its length suggests, so lengths count up to a bar.
        #[expect(clippy::cast_precision_loss, reason = "at most 192")]
        let length = note.duration_ticks.min(192) as f32;
        weights[usize::from(note.pitch.get() % 12)] += length;
    }
    if weights.iter().filter(|&&w| w > 0.0).count() < 3 {
        return None;
    }
    let mut best: Option<(Key, f32)> = None;
    for tonic in 0..12u8 {
        for (is_minor, profile) in [(false, &MAJOR), (true, &MINOR)] {
            let fit = correlation(&weights, profile, usize::from(tonic));
            if best.is_none_or(|(_, b)| fit > b) {
                best = Some((Key { tonic, is_minor }, fit));
            }
        }
    }
    best
}

/// Pearson correlation of `weights` with `profile` moved up to `tonic`.
fn correlation(weights: &[f32; 12], profile: &[f32; 12], tonic: usize) -> f32 {
    let mean = |v: &[f32; 12]| v.iter().sum::<f32>() / 12.0;
    let (mean_w, mean_p) = (mean(weights), mean(profile));
    let (mut wp, mut ww, mut pp) = (0.0, 0.0, 0.0);
    for class in 0..12 {
        let w = weights[class] - mean_w;
        let p = profile[(class + 12 - tonic) % 12] - mean_p;
        wp += w * p;
        ww += w * w;
        pp += p * p;
    }
    if ww > 0.0 { wp / (ww * pp).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    fn scale(keys: &[u8]) -> Vec<Note> {
        keys.iter()
            .zip(0i64..)
            .map(|(&key, i)| Note {
                onset_ticks: i * 24,
                duration_ticks: 24,
                pitch: Pitch::new(key).unwrap(),
                velocity: Velocity::new(80).unwrap(),
            })
            .collect()
    }

    #[test]
    fn finds_the_key_of_plain_phrases() {
        let cases: [(&[u8], &str); 3] = [
            (&[60, 64, 67, 72, 71, 69, 67, 65, 64, 62, 60, 60], "C major"),
            (&[57, 60, 64, 69, 68, 69, 64, 62, 60, 59, 57, 57], "A minor"),
            (&[62, 66, 69, 74, 73, 71, 69, 67, 66, 64, 62, 62], "D major"),
        ];
        for (keys, name) in cases {
            assert_eq!(find_key(&scale(keys)).unwrap().0.to_string(), name);
        }
        assert_eq!(find_key(&scale(&[60, 60, 67])), None);
    }
}
