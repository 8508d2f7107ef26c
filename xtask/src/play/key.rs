//! The key of a phrase, for the report. It is read here a second time, and not by the engine's own code, so that the
//! report is a witness of its own. Method: Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990.

use super::midi_file::Note;

const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];
const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

/// The best-fitting of the 24 keys, such as "D minor"; "no key" without notes.
pub(super) fn name(notes: &[Note]) -> String {
    let mut lengths = [0.0; 12];
    for note in notes {
        lengths[usize::from(note.key % 12)] += note.end_beats - note.start_beats;
    }
    let keys = (0..12).flat_map(|tonic| [(tonic, "major", &MAJOR), (tonic, "minor", &MINOR)]);
    let fits = keys.map(|(tonic, mode, profile)| (correlation(&lengths, profile, tonic), tonic, mode));
    match fits.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((fit, tonic, mode)) if fit > 0.0 => format!("{} {mode}", NAMES[tonic]),
        _ => "no key".to_owned(),
    }
}

fn correlation(lengths: &[f64; 12], profile: &[f64; 12], tonic: usize) -> f64 {
    let mean = |values: &[f64; 12]| values.iter().sum::<f64>() / 12.0;
    let (mean_length, mean_profile) = (mean(lengths), mean(profile));
    let (mut product, mut square) = (0.0, 0.0);
    for class in 0..12 {
        let length = lengths[class] - mean_length;
        product += length * (profile[(class + 12 - tonic) % 12] - mean_profile);
        square += length * length;
    }
    // The profile's own spread is much the same for all keys of a mode; leaving it out would favour the minor ones.
    let spread: f64 = profile.iter().map(|p| (p - mean_profile).powi(2)).sum();
    if square > 0.0 { product / (square * spread).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_key_of_a_scale() {
        let scale = |keys: &[u8]| -> Vec<Note> {
            keys.iter().map(|&key| Note { start_beats: 0.0, end_beats: 1.0, key, velocity: 80 }).collect()
        };
        assert_eq!(name(&scale(&[62, 65, 69, 74, 73, 74, 67, 65, 64, 62])), "D minor");
        assert_eq!(name(&scale(&[67, 71, 74, 79, 78, 79, 72, 71, 69, 67])), "G major");
        assert_eq!(name(&[]), "no key");
    }
}
