//! Loudness: how much of it there is, and how it changes.

use engine::TICKS_PER_BEAT;
use music::Note;

use super::texture::Texture;
use super::{Feature, View, as_f64, deviation, mean, share, ticks_f64};

const BEAT: i64 = TICKS_PER_BEAT as i64;

pub(super) const FEATURES: [Feature; 8] = [
    Feature::new("velocity, over the call's", |view| mean(velocities(&view.answer)) - mean(velocities(&view.call))),
    Feature::new("velocity deviation", |view| deviation(&velocities(&view.answer))),
    Feature::new("velocity deviation, over the call's", |view| {
        deviation(&velocities(&view.answer)) - deviation(&velocities(&view.call))
    }),
    Feature::new("change of velocity from onset to onset", |view| {
        let loudness: Vec<f64> = view.answer.chords().map(|chord| mean(chord.iter().map(velocity))).collect();
        mean(loudness.windows(2).map(|pair| (pair[1] - pair[0]).abs()))
    }),
    Feature::new("onsets as loud as the one before", |view| {
        let loudness: Vec<u8> = view.answer.chords().filter_map(|chord| Some(chord.last()?.velocity.get())).collect();
        share(loudness.windows(2), |pair| pair[0] == pair[1])
    }),
    Feature::new("velocity deviation in chords", |view| {
        let chords = view.answer.chords().filter(|chord| chord.len() > 1);
        mean(chords.map(|chord| deviation(&chord.iter().map(velocity).collect::<Vec<_>>())))
    }),
    Feature::new("accent of beats", |view| {
        let (on, off): (Vec<&Note>, Vec<&Note>) =
            view.answer.notes.iter().partition(|note| note.onset_ticks.rem_euclid(BEAT) == 0);
        mean(on.into_iter().map(velocity)) - mean(off.into_iter().map(velocity))
    }),
    Feature::new("growth of velocity, a bar", growth),
];

fn velocity(note: &Note) -> f64 {
    f64::from(note.velocity.get())
}

fn velocities(texture: &Texture) -> Vec<f64> {
    texture.notes.iter().map(velocity).collect()
}

/// The slope of a straight line through the velocities, in steps for four beats.
fn growth(view: &View) -> f64 {
    let notes = &view.answer.notes;
    let time = |note: &Note| ticks_f64(note.onset_ticks - view.passage.start_ticks) / ticks_f64(4 * BEAT);
    let (middle, loudness) = (mean(notes.iter().map(time)), mean(notes.iter().map(velocity)));
    let covariance = mean(notes.iter().map(|note| (time(note) - middle) * (velocity(note) - loudness)));
    let variance = mean(notes.iter().map(|note| (time(note) - middle).powi(2)));
    // A thousandth of a bar squared keeps a single chord at 0.
    if notes.is_empty() { f64::NAN } else { covariance / (variance + 1e-3 / as_f64(notes.len())) }
}
