//! How it sounds.

use crate::{RATE, loudness, peak, piano, render};

/// The frequency at which a sound is most like itself some periods later; less than half a period from the expected one.
fn frequency(samples: &[f32], expected: f64) -> f64 {
    let rate = f64::from(RATE);
    let likeness = |lag: usize| -> f64 {
        samples.iter().zip(&samples[lag..]).take(samples.len() / 2).map(|(a, b)| f64::from(a * b)).sum()
    };
    // Over many periods, an error of a sample is a small one.
    let periods = (expected / 20.0).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let lag = |periods: f64| (rate * periods / expected) as usize;
    let lags = lag(periods - 0.4)..=lag(periods + 0.4);
    let best = lags.max_by(|&a, &b| likeness(a).total_cmp(&likeness(b))).expect("there are lags");
    let [before, at, after] = [likeness(best - 1), likeness(best), likeness(best + 1)];
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let lag = best as f64 + 0.5 * (before - after) / (before - 2.0 * at + after);
    rate * periods / lag
}

/// A piano's octaves are tuned a little wide, and low strings are not quite harmonic. A4 is 440 Hz to within 1 Hz.
#[test]
fn every_key_has_its_pitch() {
    for (key, tolerance_cents) in (33_u8..=90).step_by(3).map(|key| (key, 15.0)).chain([(69, 3.9)]) {
        let mut piano = piano();
        piano.note_on(0, key, 0.7);
        let [left, _] = render(&mut piano, 30_000);
        let expected = 440.0 * ((f64::from(key) - 69.0) / 12.0).exp2();
        let found = frequency(&left[6000..], expected);
        let cents = 1200.0 * (found / expected).log2();
        assert!(cents.abs() < tolerance_cents, "key {key}: {found:.2} Hz for {expected:.2}, {cents:.1} cents");
    }
}

#[test]
fn a_note_decays_while_its_key_is_down_and_ends_when_it_goes_up() {
    let mut piano = piano();
    piano.note_on(0, 60, 0.8);
    let seconds: Vec<f32> = (0..6).map(|_| loudness(&render(&mut piano, RATE.into())[0])).collect();
    assert!(seconds.windows(2).all(|pair| pair[1] < pair[0]), "{seconds:?}");
    assert!(seconds[5] > 1e-4, "a string sounds for seconds: {seconds:?}");
    piano.note_off(0, 60);
    render(&mut piano, usize::from(RATE) / 2);
    assert_eq!(peak(&render(&mut piano, 100)[0]), 0.0);
    assert!(piano.is_silent());
}

#[test]
fn a_harder_key_is_louder_and_brighter() {
    let of = |velocity| {
        let mut piano = piano();
        piano.note_on(0, 48, velocity);
        let [left, _] = render(&mut piano, 24_000);
        let slopes: Vec<f32> = left.windows(2).map(|pair| pair[1] - pair[0]).collect();
        (loudness(&left), loudness(&slopes) / loudness(&left))
    };
    let all: Vec<(f32, f32)> = [0.1, 0.3, 0.6, 1.0].map(of).into();
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{all:?}");
}

#[test]
fn low_keys_are_to_the_left_and_both_sides_sound() {
    for key in [21, 40, 60, 80, 108, 127] {
        let mut piano = piano();
        piano.note_on(0, key, 0.8);
        let sides = render(&mut piano, 12_000).map(|side| loudness(&side));
        assert!(sides.iter().all(|&side| side > 1e-3), "key {key}: {sides:?}");
    }
}

#[test]
fn forty_notes_as_loud_as_can_be_do_not_clip() {
    let mut piano = piano();
    for key in 40..80 {
        piano.note_on(0, key, 1.0);
    }
    for side in render(&mut piano, 96_000) {
        assert!(side.iter().all(|sample| sample.is_finite()));
        let peak = peak(&side);
        assert!(peak < 1.0 && peak > 0.7, "{peak}");
    }
}

#[test]
fn chords_of_medium_strength_are_well_heard_and_left_as_they_are() {
    for keys in [&[48, 55, 60, 64][..], &[36, 43, 48, 52, 55, 60, 64, 67, 72, 76]] {
        let mut piano = piano();
        keys.iter().for_each(|&key| piano.note_on(0, key, 0.63));
        let peak = render(&mut piano, 24_000).map(|side| peak(&side)).into_iter().fold(0.0, f32::max);
        // From there on the limiter is at work.
        assert!((0.2..0.7).contains(&peak), "{peak}");
    }
}
