//! Chords that the answer is to keep to.

use engine::answer::Controls;
use engine::conditions::harmony::{Chord, ChordKind, value};

use super::keys::{Hall, off, on};
use super::*;
use crate::settings::Chords;
use crate::turn::STEER_TICKS;

const CHANNEL: u8 = 15;
/// At 120 BPM and 48 kHz a tick has 500 samples.
const TICK: u32 = 500;

fn chord(root: u8, kind: ChordKind) -> u8 {
    value(Some(Chord { root, kind }))
}

/// What the worker is told of chords: at which plan, from where on, and which.
fn told(hall: &Hall) -> Vec<(&'static str, Option<i64>, u8)> {
    let heard = |message| match message {
        ToWorker::Begin(begin) => Some(("begin", None, begin.controls)),
        ToWorker::Replace { from_ticks, controls, .. } => Some(("replace", Some(from_ticks), controls)),
        ToWorker::Extend { controls, .. } => Some(("extend", None, controls)),
        ToWorker::Finish { .. } => Some(("finish", None, Controls::default())),
        _ => None,
    };
    let messages = std::iter::from_fn(|| hall.worker.next()).filter_map(heard);
    messages.map(|(what, from_ticks, controls)| (what, from_ticks, controls.harmony)).collect()
}

/// A call of one key, and what the player holds when it is handed over and the answer sounds.
fn answering(chords: Chords, held: &[Input]) -> Hall {
    let settings = Settings { chords, silence: crate::settings::Silence::Ms(10.0), ..Settings::default() };
    let mut hall = Hall::new(settings);
    hall.run(held, 64);
    hall.run(&[on(0, 72, 100)], 64);
    hall.run(&[off(Which::key(0, 72))], 64);
    for _ in 0..40 {
        hall.run(&[], 64);
    }
    assert!(matches!(hall.performer.turn.phase(), Phase::Answering { .. }), "{:?}", hall.performer.turn.phase());
    hall
}

#[test]
fn a_channel_of_chords_is_no_call_and_steers_the_answer() {
    let c_major = [on(CHANNEL, 48, 1), on(CHANNEL, 52, 2), on(CHANNEL, 55, 3)];
    let mut hall = answering(Chords::OfChannel(CHANNEL), &c_major);
    assert_eq!(hall.board.n(Count::Heard), 1, "the chord is not heard as music");
    let begun = told(&hall);
    assert!(begun.iter().all(|told| told.2 == chord(0, ChordKind::Major)) && begun[0].0 == "begin", "{begun:?}");

    // The hands move: nothing changes until there is another chord.
    let up = [48, 52, 55].map(|key| off(Which::key(CHANNEL, key)));
    let heard = hall.run(&up, 64);
    assert_eq!(heard.len(), 3, "what was passed on ends");
    hall.run(&[on(CHANNEL, 45, 4), on(CHANNEL, 52, 5)], 64);
    assert_eq!(told(&hall), []);
    let tick = hall.performer.clock.tick_at(0);
    hall.run(&[on(CHANNEL, 60, 6)], 64);
    assert_eq!(told(&hall), [("replace", Some(tick + STEER_TICKS), chord(9, ChordKind::Minor))]);
    assert!(matches!(hall.performer.turn.phase(), Phase::Answering { .. }));
}

#[test]
fn keys_held_while_the_answer_sounds_steer_it_and_do_not_end_it() {
    let mut hall = answering(Chords::OfHeldKeys, &[]);
    assert!(told(&hall).iter().all(|told| told.2 == 0), "a key that is up again is no chord");
    let tick = hall.performer.clock.tick_at(0);
    hall.run(&[on(0, 50, 1), on(0, 53, 2), on(0, 57, 3)], TICK);
    assert_eq!(told(&hall), [("replace", Some(tick + STEER_TICKS), chord(2, ChordKind::Minor))]);
    assert!(matches!(hall.performer.turn.phase(), Phase::Answering { .. }));
    hall.run(&[50, 53, 57].map(|key| off(Which::key(0, key))), TICK);
    assert!(!hall.performer.turn.is_any_held() && hall.board.n(Count::Heard) == 1);
    assert_eq!(hall.performer.controls().harmony, chord(2, ChordKind::Minor), "it stays while the answer sounds");
}

#[test]
fn a_chord_of_the_call_is_over_when_its_keys_are_up() {
    let mut hall = Hall::new(Settings { chords: Chords::OfHeldKeys, ..Settings::default() });
    hall.run(&[on(0, 50, 1), on(0, 53, 2), on(0, 57, 3)], 64);
    assert_eq!(hall.performer.controls().harmony, chord(2, ChordKind::Minor));
    hall.run(&[50, 53, 57].map(|key| off(Which::key(0, key))), 64);
    assert_eq!(hall.performer.controls().harmony, 0);
}

#[test]
fn without_chords_keys_are_only_a_call() {
    let mut hall = Hall::new(Settings::default());
    hall.run(&[on(0, 50, 1), on(0, 53, 2), on(0, 57, 3)], 64);
    assert_eq!((hall.performer.controls().harmony, hall.board.n(Count::Heard)), (0, 3));
}
