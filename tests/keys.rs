//! Keys, one by one: which strike a note-off ends, what is a call, and on which channel its answer is in tune. In CLAP and VST3.

use host::{Clap, Event, Instance, Message, NoteEvent, Pace, Rig, pair};

use crate::common::{OFFLINE, assert_released, open, play_call, sample_of};
use crate::panic::answering;
use crate::vst3::{in_both, with_vst3};

/// Samples of a beat.
pub(crate) const BEAT: u64 = 12_000;
/// How fast a key goes up if nobody says so.
const NEUTRAL: f32 = 64.0 / 127.0;

/// Sets a choice by its place among so many.
pub(crate) fn choose<I: Instance>(rig: &mut Rig<I>, name: &str, place: u32, n_choices: u32) {
    let range = rig.parameter(name).unwrap().range;
    let share = f64::from(place) / f64::from(n_choices - 1);
    rig.set(name, range.start() + share * (range.end() - range.start())).unwrap();
}

pub(crate) fn thru<I: Instance>(rig: &mut Rig<I>, is_on: bool) {
    choose(rig, "Thru", is_on.into(), 2);
    rig.run(512).unwrap();
}

fn note(is_on: bool, channel: Option<u8>, key: Option<u8>, id: Option<i32>) -> Message {
    Message::Note(NoteEvent { is_on, channel, key, id, velocity: 0.5 })
}

fn on(key: u8, id: i32) -> Message {
    note(true, Some(0), Some(key), Some(id))
}

fn off(channel: Option<u8>, key: Option<u8>, id: Option<i32>) -> Message {
    note(false, channel, key, id)
}

/// Sends these now, runs a block, and returns the keys and ids of what has ended.
fn ended<I: Instance>(rig: &mut Rig<I>, messages: &[Message]) -> Vec<(u8, i32)> {
    rig.plugin.take_notes();
    let now = rig.now();
    messages.iter().for_each(|&message| rig.send(now, message));
    rig.run(512).unwrap();
    let notes = rig.plugin.take_notes();
    notes.iter().filter(|note| !note.is_on).map(|note| (note.key.unwrap(), note.id.unwrap_or(-1))).collect()
}

#[test]
fn a_note_off_that_names_its_note_by_id_ends_no_other() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        thru(&mut rig, true);
        let key = |key, id| off(Some(0), Some(key), id);
        assert!(ended(&mut rig, &[on(60, 1), on(64, 2), on(67, 3), on(64, 4), on(60, 0)]).is_empty());
        assert_eq!(ended(&mut rig, &[key(64, Some(2))]), [(64, 2)], "of two on one key");
        assert_eq!(ended(&mut rig, &[key(60, Some(1)), key(60, Some(1))]), [(60, 1)], "it is over");
        assert!(ended(&mut rig, &[off(Some(1), Some(60), Some(0))]).is_empty(), "not on that channel");
        assert_eq!(ended(&mut rig, &[on(72, 1), key(72, Some(1))]), [(72, 1)], "the id is used again");
        assert_eq!(ended(&mut rig, &[key(60, None), key(64, None)]), [(60, 0), (64, 4)], "by their keys");
        assert_eq!(ended(&mut rig, &[key(67, None)]), [(67, 3)]);
    }
    in_both!(test);
}

/// VST3 has no wildcards.
#[test]
fn wildcards_end_what_they_name_and_nothing_more() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    thru(&mut rig, true);
    assert!(ended(&mut rig, &[on(60, 1), on(64, 2), on(67, 3), on(64, 4), on(72, 5)]).is_empty());
    assert_eq!(ended(&mut rig, &[off(Some(0), None, Some(3))]), [(67, 3)], "one note of any key");
    assert_eq!(ended(&mut rig, &[off(None, None, Some(2))]), [(64, 2)], "one note anywhere");
    assert_eq!(ended(&mut rig, &[off(None, Some(60), Some(1))]), [(60, 1)], "one note of any channel");
    assert!(ended(&mut rig, &[off(None, None, Some(2)), off(None, Some(72), Some(4))]).is_empty());
    assert_eq!(ended(&mut rig, &[off(None, Some(64), None)]), [(64, 4)], "a key");
    let others = [(1, 60), (1, 64), (2, 72)].map(|(channel, key)| note(true, Some(channel), Some(key), None));
    assert!(ended(&mut rig, &others).is_empty());
    assert_eq!(ended(&mut rig, &[off(Some(1), None, None)]), [(64, -1), (60, -1)], "a channel");
    assert_eq!(ended(&mut rig, &[off(None, None, None)]), [(72, -1), (72, 5)], "all");
}

/// When the answer begins, in beats, if a key is struck at the first times and let go at the others.
fn answer_to<I: Instance>(rig: &mut Rig<I>, is_on_first: bool, ons: &[u64], offs: &[u64]) -> Option<u64> {
    let ons = ons.iter().map(|beat| (beat * BEAT, Message::NoteOn { channel: 0, key: 60, velocity: 90 }));
    let offs = offs.iter().map(|beat| (beat * BEAT, Message::NoteOff { channel: 0, key: 60 }));
    let all: Vec<_> = if is_on_first { ons.chain(offs).collect() } else { offs.chain(ons).collect() };
    all.into_iter().for_each(|(at, message)| rig.send(at, message));
    rig.run(24 * BEAT).unwrap();
    pair(&rig.heard).first().map(|note| note.on_samples / BEAT)
}

#[test]
fn a_key_that_is_struck_again_as_it_is_let_go_is_held() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        assert_eq!(answer_to(&mut rig, true, &[0, 1, 2, 3], &[1, 2, 3, 12]), Some(14));
    }
    fn other_order<I: Instance>(mut rig: Rig<I>) {
        assert_eq!(answer_to(&mut rig, false, &[0, 1, 2, 3], &[1, 2, 3, 12]), Some(14));
    }
    fn within<I: Instance>(mut rig: Rig<I>) {
        assert_eq!(answer_to(&mut rig, true, &[0, 2], &[4, 12]), Some(14), "a short note within a long one");
    }
    in_both!(test);
    in_both!(other_order);
    in_both!(within);
}

/// What the wheel of each channel says at each note-on from a sample on.
fn wheels_at_notes(heard: &[Event], from: u64) -> Vec<(u8, [u8; 2])> {
    let (mut wheels, mut notes) = ([[0, 64]; 16], Vec::new());
    for Event { at_samples, message } in heard {
        match *message {
            Message::Midi([status, low, high]) if status >> 4 == 0xE => wheels[usize::from(status & 15)] = [low, high],
            Message::NoteOn { channel, .. } if *at_samples > from => {
                notes.push((channel, wheels[usize::from(channel)]));
            }
            _ => {}
        }
    }
    notes
}

/// Three notes that overlap, each on a channel of its own, whose wheel is left bent.
fn play_mpe_call<I: Instance>(rig: &mut Rig<I>) {
    for (channel, key) in [(1, 62), (2, 65), (3, 69)] {
        let on = u64::from(channel - 1) * BEAT;
        rig.send(on, Message::Midi([0xE0 | channel, 0, 64]));
        rig.send(on, Message::NoteOn { channel, key, velocity: 90 });
        rig.send(on + 6_000, Message::Midi([0xE0 | channel, 0, 80]));
        rig.send(on + 15_000, Message::NoteOff { channel, key });
    }
}

#[test]
fn no_answer_is_bent_by_a_wheel_that_mpe_left_behind() {
    fn test<I: Instance>(mut rig: Rig<I>, output: u32, expected: u8) {
        choose(&mut rig, "Thru", 1, 2);
        choose(&mut rig, "Output channel", output, 17);
        play_mpe_call(&mut rig);
        rig.run(12 * BEAT).unwrap();
        let notes = wheels_at_notes(&rig.heard, 3 * BEAT + 3_000);
        assert!(!notes.is_empty(), "an answer");
        assert!(notes.iter().all(|&note| note == (expected, [0, 64])), "{notes:?}");
        let first = pair(&rig.heard)[3].on_samples;
        assert_eq!(first, 3 * BEAT + 3_000 + 33_500, "one phrase, that ends with its last key");
        assert_released(&pair(&rig.heard));
    }
    for (output, expected) in [(0, 3), (3, 2), (9, 8)] {
        test(open(OFFLINE, Pace::Unpaced), output, expected);
        with_vst3(OFFLINE, |rig| test(rig, output, expected));
    }
}

#[test]
fn the_wheel_is_the_players_once_the_answer_has_begun() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    choose(&mut rig, "When I play over", 1, 2);
    answering(&mut rig, true);
    let moves = [(100, 80), (6_000, 96), (12_000, 64)];
    let start = rig.now();
    moves.iter().for_each(|&(at, high)| rig.send(start + at, Message::Midi([0xE0, 0, high])));
    rig.run(8 * BEAT).unwrap();
    let bends = rig.heard.iter().filter_map(|event| match event.message {
        Message::Midi([0xE0, _, high]) => Some((event.at_samples - start, high)),
        _ => None,
    });
    assert_eq!(bends.collect::<Vec<_>>(), moves);
}

fn play_drums<I: Instance>(rig: &mut Rig<I>, beats: std::ops::Range<u64>) {
    for half in 2 * beats.start..2 * beats.end {
        let at = half * BEAT / 2;
        rig.send(at, Message::NoteOn { channel: 9, key: 36, velocity: 100 });
        rig.send(at + 1_000, Message::NoteOff { channel: 9, key: 36 });
    }
}

#[test]
fn drums_on_channel_10_are_no_call_and_hold_no_answer_back() {
    fn over_a_call<I: Instance>(mut rig: Rig<I>) {
        play_call(&mut rig, 0);
        play_drums(&mut rig, 0..32);
        rig.run(16 * BEAT).unwrap();
        let notes = pair(&rig.heard);
        assert!(!notes.is_empty() && notes.iter().all(|note| note.channel == 0), "{notes:?}");
    }
    fn alone<I: Instance>(mut rig: Rig<I>) {
        play_drums(&mut rig, 0..4);
        rig.run(16 * BEAT).unwrap();
        assert!(rig.heard.is_empty());
    }
    fn passed<I: Instance>(mut rig: Rig<I>) {
        thru(&mut rig, true);
        play_drums(&mut rig, 1..5);
        rig.run(16 * BEAT).unwrap();
        let notes = pair(&rig.heard);
        assert_eq!(notes.len(), 8);
        assert!(notes.iter().all(|note| note.off_samples == Some(note.on_samples + 1_000)), "{notes:?}");
    }
    fn asked_for<I: Instance>(mut rig: Rig<I>) {
        choose(&mut rig, "Drums on channel 10", 1, 2);
        play_drums(&mut rig, 0..4);
        rig.run(16 * BEAT).unwrap();
        assert!(pair(&rig.heard).iter().any(|note| note.channel == 9), "they are a call");
    }
    in_both!(over_a_call);
    in_both!(alone);
    in_both!(passed);
    in_both!(asked_for);
}

#[test]
fn the_velocity_of_a_release_passes_through() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        thru(&mut rig, true);
        let now = rig.now();
        for (key, velocity) in [(60, 0.0), (62, 0.25), (64, 1.0)] {
            let note = NoteEvent { is_on: true, channel: Some(0), key: Some(key), id: None, velocity: 0.5 };
            rig.send(now, Message::Note(note));
            rig.send(now + 100, Message::Note(NoteEvent { is_on: false, velocity, ..note }));
        }
        rig.run(512).unwrap();
        let notes = rig.plugin.take_notes();
        let velocities: Vec<f32> = notes.iter().filter(|note| !note.is_on).map(|note| note.velocity).collect();
        assert_eq!(velocities, [0.0, 0.25, 1.0]);
    }
    fn answers<I: Instance>(mut rig: Rig<I>) {
        play_call(&mut rig, 0);
        rig.run(16 * BEAT).unwrap();
        let notes = rig.plugin.take_notes();
        assert!(notes.len() > 2 && notes.iter().all(|note| note.is_on || note.velocity == NEUTRAL), "{notes:?}");
    }
    in_both!(test);
    in_both!(answers);
}

#[test]
fn a_note_on_of_velocity_0_is_a_note_off_in_vst3() {
    fn n_ended<I: Instance>(rig: &mut Rig<I>) -> usize {
        thru(rig, true);
        let silent = NoteEvent { is_on: true, channel: Some(0), key: Some(60), id: None, velocity: 0.0 };
        ended(rig, &[Message::NoteOn { channel: 0, key: 60, velocity: 90 }, Message::Note(silent)]).len()
    }
    with_vst3(OFFLINE, |mut rig| {
        assert_eq!(n_ended(&mut rig), 1);
        assert_eq!(pair(&rig.heard).len(), 1);
    });
    let mut rig = open(OFFLINE, Pace::Unpaced);
    assert_eq!(n_ended::<Clap>(&mut rig), 0);
    assert_eq!(pair(&rig.heard).len(), 2, "in CLAP it is a note");
}

/// The pedal is the player's, as on one piano: it holds no answer back, and what it holds rings until it goes up.
#[test]
fn a_pedal_that_stays_down_holds_no_answer_back() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        rig.send(0, Message::Midi([0xB0, 64, 127]));
        let end = play_call(&mut rig, 0);
        rig.run(12 * BEAT).unwrap();
        let first = pair(&rig.heard).first().map(|note| note.on_samples);
        assert_eq!(first, Some(end + 33_500));
        assert!(rig.heard.iter().all(|event| !matches!(event.message, Message::Midi(_))));
    }
    in_both!(test);
}

#[test]
fn a_key_that_is_held_by_its_id_holds_the_answer_back() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        for (at, message) in [
            (0, on(60, 1)),
            (BEAT, on(60, 2)),
            (2 * BEAT, off(Some(0), Some(60), Some(2))),
            (8 * BEAT, off(Some(0), Some(60), Some(1))),
        ] {
            rig.send(at, message);
        }
        rig.run(16 * BEAT).unwrap();
        let first = pair(&rig.heard).first().map(|note| note.on_samples);
        assert_eq!(first, Some(sample_of(&rig, 8.0) + 33_500));
    }
    in_both!(test);
}
