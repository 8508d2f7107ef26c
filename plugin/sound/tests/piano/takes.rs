//! Whole scores.

use std::io::Cursor;

use music::{Note, Part, PedalChange, Pitch, Score, TimeSignature, Velocity};
use piano::PianoError;

use crate::{loudness, peak};

/// A beat of silence, a beat of A4, at 60 beats a minute.
fn score() -> Score {
    let pitch = Pitch::new(69).expect("a pitch");
    let note = Note { onset_ticks: 48, duration_ticks: 48, pitch, velocity: Velocity::MEDIUM };
    Score::new(60.0, TimeSignature::COMMON).with_part(Part::new("Call", vec![note]))
}

#[test]
fn a_score_is_heard_at_its_time_and_as_a_wav_file_too() {
    let [left, right] = piano::render(&score(), 44_100).unwrap();
    assert_eq!((left.len(), right.len()), (4 * 44_100, 4 * 44_100), "two seconds more than it lasts");
    assert_eq!(peak(&left[..44_100]), 0.0);
    assert!(peak(&left[44_100..44_200]) > 0.0);
    assert!(loudness(&left[44_100..88_200]) > 20.0 * loudness(&left[110_250..132_300]), "it ends");
    let file = piano::wav(&score(), 44_100).unwrap();
    let mut reader = hound::WavReader::new(Cursor::new(file)).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 44_100, 16));
    let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(read.len(), 2 * left.len());
    for (read, sample) in read.chunks(2).zip(left) {
        assert!((f32::from(read[0]) / 32_767.0 - sample).abs() < 1e-4);
    }
}

#[test]
fn the_pedal_is_heard_and_drums_are_not() {
    let after = |score: &Score| loudness(&piano::render(score, 16_000).unwrap()[0][40_000..48_000]);
    let mut pedalled = score();
    pedalled.parts[0].pedal = vec![PedalChange { ticks: 0, is_down: true }, PedalChange { ticks: 480, is_down: false }];
    assert!(after(&pedalled) > 10.0 * after(&score()));
    let mut drums = score();
    drums.parts[0].channel = music::score::DRUM_CHANNEL;
    assert_eq!(peak(&piano::render(&drums, 16_000).unwrap()[0]), 0.0);
}

#[test]
fn what_is_too_long_is_refused() {
    let mut endless = score();
    endless.parts[0].notes[0].onset_ticks = i64::MAX / 2;
    assert_eq!(piano::render(&endless, 48_000).unwrap_err(), PianoError::TooLong);
    assert_eq!(piano::wav(&score(), 8000).unwrap_err(), PianoError::SampleRate(8000.0));
}
