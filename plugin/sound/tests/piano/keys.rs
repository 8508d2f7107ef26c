//! Keys, pedals, and when things are heard.

use piano::{MAX_NOTES, Piano, PianoError};

use crate::{RATE, loudness, peak, piano, render};

#[test]
fn a_note_begins_at_its_sample_in_blocks_of_any_length() {
    let reference = {
        let mut piano = piano();
        piano.note_on(0, 72, 0.9);
        render(&mut piano, 2000)
    };
    assert!(peak(&reference[0][..40]) > 0.0, "the hammer is heard at once");
    for start in [0, 1, 63, 64, 65, 777] {
        let mut piano = piano();
        let silence = render(&mut piano, start);
        assert_eq!(silence.map(|side| peak(&side)), [0.0; 2]);
        piano.note_on(0, 72, 0.9);
        assert_eq!(render(&mut piano, 2000), reference, "at {start}");
    }
}

/// Plays chords, pedals and more notes than there can be, in blocks of this length.
fn etude(block: usize) -> [Vec<f32>; 2] {
    let mut piano = piano();
    let mut all = [Vec::new(), Vec::new()];
    let mut moves: Vec<(usize, u8)> = (0..120_u8).map(|i| (usize::from(i) * 331, i)).collect();
    moves.push((60_000, 255));
    let mut now = 0;
    for (at, what) in moves {
        while now < at {
            let n = block.min(at - now);
            for (all, new) in all.iter_mut().zip(render(&mut piano, n)) {
                all.extend(new);
            }
            now += n;
        }
        match what {
            255 => piano.all_off(),
            _ if what % 30 == 7 => piano.controller(0, 64, f32::from(what % 2)),
            _ if what % 3 == 2 => piano.note_off(0, 40 + (what - 2) % 50),
            _ => piano.note_on(0, 40 + what % 50, f32::from(what) / 127.0),
        }
    }
    all
}

#[test]
fn the_samples_do_not_depend_on_the_length_of_blocks() {
    let reference = etude(512);
    for block in [1, 32, 64, 4096] {
        assert!(etude(block) == reference, "blocks of {block}");
    }
}

#[test]
fn the_pedal_holds_what_is_let_go() {
    let after = |pedal: f32| {
        let mut piano = piano();
        piano.controller(3, 64, pedal);
        piano.note_on(3, 60, 0.8);
        render(&mut piano, 4800);
        piano.note_off(3, 60);
        render(&mut piano, 24_000);
        (loudness(&render(&mut piano, 4800)[0]), piano)
    };
    let (without, _) = after(0.4);
    let (with, mut piano) = after(0.5);
    assert!(with > 100.0 * without, "{with} {without}");
    // Another channel has a pedal of its own.
    piano.controller(2, 64, 0.0);
    assert!(loudness(&render(&mut piano, 4800)[0]) > 0.5 * with);
    piano.controller(3, 64, 0.0);
    render(&mut piano, 30_000);
    assert!(piano.is_silent());
}

#[test]
fn channels_let_go_of_their_own_keys_only() {
    let mut piano = piano();
    piano.note_on(0, 60, 0.8);
    piano.note_on(1, 67, 0.8);
    piano.note_off(1, 60);
    piano.controller(1, 123, 0.0);
    render(&mut piano, 36_000);
    assert!(loudness(&render(&mut piano, 4800)[0]) > 1e-3, "the first channel's key is down");
    piano.controller(0, 123, 0.0);
    render(&mut piano, 36_000);
    assert!(piano.is_silent());
}

#[test]
fn all_goes_within_a_hundredth_of_a_second_and_without_a_click() {
    for end in [Piano::all_off as fn(&mut Piano), |piano| piano.controller(0, 120, 0.0)] {
        let mut piano = piano();
        piano.controller(0, 64, 1.0);
        for key in [40, 52, 59, 64, 67] {
            piano.note_on(0, key, 0.8);
        }
        let [before, _] = render(&mut piano, 9600);
        let step = |samples: &[f32]| samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        end(&mut piano);
        let [after, _] = render(&mut piano, 480);
        let joint = [before[before.len() - 1], after[0]];
        assert!(step(&after).max(step(&joint)) <= step(&before[4800..]) * 1.2);
        assert!(piano.is_silent());
        assert_eq!(peak(&render(&mut piano, 64)[1]), 0.0);
    }
}

#[test]
fn a_key_that_is_struck_again_does_not_pile_up() {
    let mut piano = piano();
    piano.controller(0, 64, 1.0);
    let mut loudest: f32 = 0.0;
    for _ in 0..40 {
        piano.note_on(0, 57, 1.0);
        loudest = loudest.max(peak(&render(&mut piano, 4800)[0]));
    }
    assert!(loudest < 0.6, "{loudest}");
}

#[test]
fn one_note_too_many_ends_the_one_that_is_missed_least_without_a_click() {
    let mut piano = piano();
    for key in 0..u8::try_from(MAX_NOTES).unwrap() {
        piano.note_on(0, 30 + key, 0.3);
        render(&mut piano, 100);
    }
    let step = |samples: &[f32]| samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    let [before, _] = render(&mut piano, 9600);
    // Struck so softly that it is hardly heard itself.
    piano.note_on(0, 100, 0.01);
    let [after, _] = render(&mut piano, 960);
    assert!(step(&after) <= step(&before) * 1.2);
}

#[test]
fn senseless_numbers_do_no_harm() {
    let mut piano = piano();
    for velocity in [f32::NAN, -1.0, 0.0, 1e30, f32::INFINITY] {
        piano.note_on(200, 255, velocity);
        piano.controller(99, 64, velocity);
        let sides = render(&mut piano, 100);
        assert!(sides.iter().flatten().all(|sample| sample.is_finite() && sample.abs() < 1.0));
    }
    let (mut short, mut long) = ([1.0; 10], [1.0; 20]);
    piano.render(&mut short, &mut long);
    assert_eq!(peak(&long[10..]), 0.0);
    piano.render(&mut [], &mut []);
}

#[test]
fn it_plays_at_the_rates_of_audio_interfaces_and_says_when_it_cannot() {
    for rate in [16_000.0, 22_050.0, 44_100.0, 96_000.0, 192_000.0] {
        let mut piano = Piano::new(rate).unwrap();
        piano.note_on(0, 60, 0.8);
        assert!(loudness(&render(&mut piano, RATE.into())[0]) > 1e-3, "{rate}");
    }
    for rate in [0.0, 8000.0, 384_000.0, f32::NAN, -48_000.0] {
        let error = Piano::new(rate).unwrap_err();
        assert!(matches!(error, PianoError::SampleRate(_)) && error.to_string().contains("16 to 192 kHz"));
    }
}
