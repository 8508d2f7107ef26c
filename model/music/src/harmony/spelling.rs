//! Pitch spelling by stage 1 of Meredith's ps13 (D. Meredith, "The ps13 pitch spelling algorithm", *Journal of New Music Research* 35,
//! 2006): each note takes the letter that it has in most of the keys that are probable around it, each key weighed by how often its
//! tonic is heard there.

use crate::note::Note;

/// Notes before and after that say what the key is, the note itself among the latter.
const N_BEFORE: usize = 10;
const N_AFTER: usize = 42;
/// The steps from a tonic to the notes of its harmonic chromatic scale.
const STEPS: [i32; 12] = [0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6];
/// Semitones from C to the steps C D E F G A B, and the same on the line of fifths.
const SEMITONES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const FIFTHS: [i32; 7] = [0, 2, 4, -1, 1, 3, 5];

/// A pitch by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// 0 (C) to 6 (B).
    pub step: u8,
    /// Sharps, or flats if negative: -2 to 2.
    pub alter: i8,
    /// 4 from middle C to the B above.
    pub octave: i8,
}

impl Spelled {
    /// The name of the step.
    #[must_use]
    pub const fn letter(self) -> char {
        ['C', 'D', 'E', 'F', 'G', 'A', 'B'][self.step as usize % 7]
    }

    /// A key by the name of the step that lies nearest; `None` if that needs more than two accidentals.
    fn of(key: i32, step: i32) -> Option<Self> {
        let semitones = *SEMITONES.get(usize::try_from(step).ok()?)?;
        let octave = (key - semitones + 6).div_euclid(12);
        let alter = key - semitones - 12 * octave;
        let octave = i8::try_from(octave - 1).ok()?;
        let (step, alter) = (u8::try_from(step).ok()?, i8::try_from(alter).ok()?);
        (-2..=2).contains(&alter).then_some(Self { step, alter, octave })
    }

    /// Its place on the line of fifths, from C.
    fn fifths(self) -> i32 {
        FIFTHS[usize::from(self.step % 7)] + 7 * i32::from(self.alter)
    }
}

/// Names for notes in [`Note::order`]. `fifths` is the key signature: so many sharps, or flats if negative. It says only which
/// of two names is meant where both are as good, as in F sharp and G flat major.
///
/// ```
/// use music::harmony::spelling::spell;
/// use music::{Note, Pitch, Velocity};
///
/// // D minor, with its leading note.
/// let keys = [62, 65, 69, 70, 69, 67, 65, 64, 61, 62];
/// let notes = keys.map(|key| Note { onset_ticks: 0, duration_ticks: 1, pitch: Pitch::nearest(key), velocity: Velocity::MEDIUM });
/// let names: String = spell(&notes, -1).iter().map(|spelled| format!("{}{} ", spelled.letter(), spelled.alter)).collect();
/// assert_eq!(names, "D0 F0 A0 B-1 A0 G0 F0 E0 C1 D0 ");
/// ```
#[must_use]
pub fn spell(notes: &[Note], fifths: i8) -> Vec<Spelled> {
    let key = |note: &Note| i32::from(note.pitch.get());
    let class = |note: &Note| usize::from(note.pitch.get() % 12);
    let Some(first) = notes.first().map(class) else { return Vec::new() };
    let step_from = |tonic: usize, class: usize| STEPS[(class + 12 - tonic) % 12];
    // The step of each tonic, if the first note is named as from C.
    let tonic_step: Vec<i32> = (0..12).map(|tonic| (STEPS[first] - step_from(tonic, first)).rem_euclid(7)).collect();
    let mut counts = [0u32; 12];
    let (mut from, mut to) = (0, 0);
    let mut steps = Vec::with_capacity(notes.len());
    for (place, note) in notes.iter().enumerate() {
        while to < notes.len().min(place + N_AFTER) {
            counts[class(&notes[to])] += 1;
            to += 1;
        }
        while from + N_BEFORE < place {
            counts[class(&notes[from])] -= 1;
            from += 1;
        }
        let mut weights = [0u32; 7];
        for tonic in 0..12 {
            let step = (step_from(tonic, class(note)) + tonic_step[tonic]).rem_euclid(7);
            weights[usize::try_from(step).unwrap_or(0)] += counts[tonic];
        }
        let best = (0..7i32).max_by_key(|&step| (weights[usize::try_from(step).unwrap_or(0)], -step));
        steps.push(best.unwrap_or(0));
    }
    // All steps are right, or all are as many too high: the key says which.
    let shifted = |by: i32| {
        let spelled = notes.iter().zip(&steps).map(|(note, step)| Spelled::of(key(note), (step + by).rem_euclid(7)));
        spelled.collect::<Vec<_>>()
    };
    let centre = i32::from(fifths) + 2;
    let distance = |spelled: &[Option<Spelled>]| -> i64 {
        spelled.iter().map(|spelled| spelled.map_or(24, |spelled| i64::from((spelled.fifths() - centre).abs()))).sum()
    };
    let best = (-1..=1).map(shifted).min_by_key(|spelled| distance(spelled)).unwrap_or_default();
    let plain = |note: &Note| {
        let near = (0..7).filter_map(|step| Spelled::of(key(note), step));
        near.min_by_key(|spelled| (spelled.fifths() - centre).abs()).unwrap_or(Spelled { step: 0, alter: 0, octave: 4 })
    };
    best.into_iter().zip(notes).map(|(spelled, note)| spelled.unwrap_or_else(|| plain(note))).collect()
}
