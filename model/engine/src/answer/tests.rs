//! Whole answers, by a network that was never trained.

use std::sync::Arc;

use super::*;
use crate::{Metre, ModelConfig, Note, Pitch, Precision, Session, Velocity, Weights, random_file};

/// All that can be neutral is.
pub(super) const NEUTRAL: Controls = Controls {
    style: 1,
    temperature: 1.0,
    rhythm_temperature: 1.0,
    top_p: 1.0,
    learn_from_me: 0.0,
    velocity_follow: 0.0,
    lowest: Pitch::nearest(48),
    highest: Pitch::nearest(72),
    key_lock: KeyLock::Off,
    quantise_strength: 0.0,
    ..Controls::DEFAULT
};
const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

pub(super) fn note(onset_ticks: i64, key: u8) -> Note {
    Note { onset_ticks, duration_ticks: 24, pitch: Pitch::nearest(key), velocity: Velocity::nearest(80) }
}

pub(super) fn session() -> Session {
    let file = random_file(ModelConfig::TINY, Precision::Q8, 7).unwrap();
    Session::new(Arc::new(Weights::parse(&file).unwrap()))
}

fn call() -> Call {
    let keys = [60, 62, 64, 65, 67, 65, 64, 62];
    Call::new((0..8).zip(keys).map(|(i, key)| note(24 * i, key)), BARS)
}

fn request(start_ticks: i64, end_ticks: i64) -> AnswerRequest {
    AnswerRequest { song_seed: 1, number: 0, start_ticks, end_ticks }
}

#[test]
fn an_answer_has_all_its_notes_between_hand_over_and_end() {
    let request = request(240, 3120);
    let all = answer(&mut session(), &call(), request, &NEUTRAL, usize::MAX);
    assert_eq!(all[0].onset_ticks, 240);
    assert!(all.len() > 8 && all.iter().all(|note| note.end_ticks() <= 3120), "{all:?}");
    assert_eq!(answer(&mut session(), &call(), request, &NEUTRAL, usize::MAX), all);
    let endless = AnswerRequest { end_ticks: i64::MAX, ..request };
    let first = answer(&mut session(), &call(), endless, &NEUTRAL, 50);
    assert!(first.len() <= 50 && first.last().is_some_and(|note| note.onset_ticks > 300), "{first:?}");
    let other = AnswerRequest { number: 1, ..request };
    assert_ne!(answer(&mut session(), &call(), other, &NEUTRAL, usize::MAX), all, "the second answer is another one");
}

#[test]
fn a_key_that_is_down_at_the_hand_over_ends_there_for_the_network() {
    let notes = |duration_ticks| [note(0, 60), note(24, 62), Note { duration_ticks, ..note(48, 67) }];
    let answer_to = |duration_ticks, start_ticks| {
        let call = Call::new(notes(duration_ticks), BARS);
        answer(&mut session(), &call, request(start_ticks, 800), &NEUTRAL, usize::MAX)
    };
    assert_eq!(answer_to(200, 96), answer_to(48, 96));
    assert_ne!(answer_to(200, 192), answer_to(48, 192));
}

#[test]
fn what_begins_by_itself_is_in_the_key_of_the_song() {
    let controls = Controls { key_lock: KeyLock::Strict, ..NEUTRAL };
    let endless = AnswerRequest { song_seed: 2, ..request(0, i64::MAX) };
    let notes = answer(&mut session(), &Call::none(BARS), endless, &controls, 60);
    // D minor, with its leading note.
    assert!(notes.iter().all(|note| [0, 1, 2, 4, 5, 7, 9, 10].contains(&(note.pitch.get() % 12))), "{notes:?}");
    assert_eq!(notes[0].onset_ticks, 0);
}

#[test]
fn the_network_alone_goes_on_from_where_it_is_asked_at_its_own_pace() {
    // Nothing but the network chooses when the first note comes and how long it rests.
    let starts = (0..40).map(|song_seed| {
        let request = AnswerRequest { song_seed, ..request(168, i64::MAX) };
        let notes = answer(&mut session(), &call(), request, &Controls::raw(), 1);
        notes[0].onset_ticks
    });
    let starts: Vec<i64> = starts.collect();
    assert!(starts.iter().all(|&ticks| ticks >= 168) && starts.iter().any(|&ticks| ticks > 168), "{starts:?}");
}
