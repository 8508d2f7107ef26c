//! Pitches, intervals and key.

use engine::answer::scale::share_in_key;
use music::Note;

use super::texture::Texture;
use super::{Feature, View, as_f64, deviation, entropy, mean, share};

pub(super) const FEATURES: [Feature; 19] = [
    Feature::new("pitch, over the call's", |view| mean_pitch(&view.answer) - mean_pitch(&view.call)),
    Feature::new("pitch deviation", |view| deviation(&pitches(&view.answer))),
    Feature::new("highest note, over the call's", |view| highest(&view.answer) - highest(&view.call)),
    Feature::new("lowest note, over the call's", |view| lowest(&view.answer) - lowest(&view.call)),
    Feature::new("range, over the call's", |view| {
        highest(&view.answer) - lowest(&view.answer) - highest(&view.call) + lowest(&view.call)
    }),
    Feature::new("steps in the top voice", |view| intervals(view, |size| (1..=2).contains(&size))),
    Feature::new("leaps in the top voice", |view| intervals(view, |size| size >= 5)),
    Feature::new("repeated notes in the top voice", |view| intervals(view, |size| size == 0)),
    Feature::new("interval of the top voice", |view| mean(sizes(&view.answer))),
    Feature::new("interval of the top voice, over the call's", |view| {
        mean(sizes(&view.answer)) - mean(sizes(&view.call))
    }),
    Feature::new("turns of the top voice", turns),
    Feature::new("in the key", |view| in_key(view, &view.answer)),
    Feature::new("in the key, over the call's", |view| in_key(view, &view.answer) - in_key(view, &view.call)),
    Feature::new("pitch class entropy, bits", |view| entropy(classes(&view.answer))),
    Feature::new("pitch classes in common with the call", common_classes),
    Feature::new("keys that the call has struck", |view| {
        share(&view.answer.notes, |note| view.call.notes.iter().any(|other| other.pitch == note.pitch))
    }),
    Feature::new("octaves struck together", |view| chords_with(view, 0)),
    Feature::new("semitones struck together", |view| chords_with(view, 1)),
    Feature::new("interval of the bass", |view| {
        let bass: Vec<f64> = view.answer.chords().map(|chord| key(&chord[0])).collect();
        mean(bass.windows(2).map(|pair| (pair[1] - pair[0]).abs()))
    }),
];

fn key(note: &Note) -> f64 {
    f64::from(note.pitch.get())
}

fn pitches(texture: &Texture) -> Vec<f64> {
    texture.notes.iter().map(key).collect()
}

fn mean_pitch(texture: &Texture) -> f64 {
    mean(pitches(texture))
}

fn highest(texture: &Texture) -> f64 {
    pitches(texture).into_iter().fold(f64::NAN, f64::max)
}

fn lowest(texture: &Texture) -> f64 {
    pitches(texture).into_iter().fold(f64::NAN, f64::min)
}

fn sizes(texture: &Texture) -> Vec<f64> {
    texture.intervals().into_iter().map(|interval| f64::from(interval.unsigned_abs())).collect()
}

fn intervals(view: &View, is_meant: impl Fn(u16) -> bool) -> f64 {
    share(view.answer.intervals(), |interval| is_meant(interval.unsigned_abs()))
}

/// How often the top voice turns, of the places where it moves on.
fn turns(view: &View) -> f64 {
    let moves: Vec<i16> = view.answer.intervals().into_iter().filter(|&interval| interval != 0).collect();
    share(moves.windows(2), |pair| pair[0].signum() != pair[1].signum())
}

fn in_key(view: &View, texture: &Texture) -> f64 {
    f64::from(share_in_key(&texture.notes, view.passage.key))
}

fn classes(texture: &Texture) -> Vec<u8> {
    texture.notes.iter().map(|note| note.pitch.get() % 12).collect()
}

/// Overlap of the distributions of pitch classes.
fn common_classes(view: &View) -> f64 {
    let shares = |texture: &Texture| {
        let classes = classes(texture);
        let n = as_f64(classes.len());
        (0..12).map(move |class| as_f64(classes.iter().filter(|&&other| other == class).count()) / n)
    };
    shares(&view.answer).zip(shares(&view.call)).map(|(a, b)| a.min(b)).sum()
}

/// Share of the chords in which two notes are this many semitones apart, but for octaves.
fn chords_with(view: &View, semitones: u8) -> f64 {
    let has = |chord: &[Note]| {
        chord.iter().enumerate().any(|(i, low)| {
            let mut above = chord[i + 1..].iter().map(|high| high.pitch.get() - low.pitch.get());
            above.any(|above| above % 12 == semitones && above >= semitones.max(1))
        })
    };
    share(view.answer.chords().filter(|chord| chord.len() > 1), has)
}
