//! The panic buttons of keyboards and hosts: controllers 120 and 123. In CLAP and VST3.

use host::{Instance, Message, Pace, Rig, Settings, Transport, pair};

use crate::common::{OFFLINE, open, play_call};
use crate::keys::{BEAT, choose, thru};
use crate::vst3::{in_both, with_vst3};

fn n_sounding<I: Instance>(rig: &Rig<I>) -> usize {
    pair(&rig.heard).iter().filter(|note| note.off_samples.is_none()).count()
}

/// An answer of eight bars to the call of beat 0, a little after it has begun.
pub(crate) fn answering<I: Instance>(rig: &mut Rig<I>, is_thru: bool) {
    choose(rig, "Thru", is_thru.into(), 2);
    choose(rig, "Answer length", 4, 6);
    play_call(rig, 0);
    rig.run(5 * BEAT).unwrap();
    assert!(rig.run_until(200_000, |rig| n_sounding(rig) > 0).unwrap());
}

fn panic<I: Instance>(rig: &mut Rig<I>, controller: u8) {
    let at = rig.now();
    (0..16).for_each(|channel| rig.send(at, Message::Midi([0xB0 | channel, controller, 0])));
}

/// Notes that begin from now on, with nobody playing for 16 beats and then a call.
fn n_after<I: Instance>(rig: &mut Rig<I>) -> (usize, usize) {
    let from = rig.now();
    rig.run(16 * BEAT).unwrap();
    choose(rig, "Thru", 0, 2);
    let call = rig.now();
    let n_since = |rig: &Rig<I>, from| pair(&rig.heard).iter().filter(|note| note.on_samples >= from).count();
    let n_silent = n_since(rig, from);
    play_call(rig, u32::try_from(call / BEAT + 1).unwrap());
    rig.run(12 * BEAT).unwrap();
    (n_silent, n_since(rig, call))
}

#[test]
fn a_panic_from_keyboard_or_host_ends_the_answer() {
    fn test<I: Instance>(mut rig: Rig<I>, is_thru: bool, controller: u8) {
        answering(&mut rig, is_thru);
        panic(&mut rig, controller);
        rig.run(512).unwrap();
        assert_eq!(n_sounding(&rig), 0, "controller {controller}, thru {is_thru}");
        let n_passed = rig.heard.iter().filter(|event| matches!(event.message, Message::Midi(_))).count();
        assert_eq!(n_passed, if is_thru { 16 } else { 0 });
        let (n_silent, n_next) = n_after(&mut rig);
        assert_eq!(n_silent, 0, "controller {controller}, thru {is_thru}: played on");
        assert!(n_next > 0, "the next call is answered");
    }
    for (is_thru, controller) in [(true, 123), (false, 123), (true, 120), (false, 120)] {
        test(open(OFFLINE, Pace::Unpaced), is_thru, controller);
        with_vst3(OFFLINE, |rig| test(rig, is_thru, controller));
    }
}

#[test]
fn a_panic_of_one_channel_ends_the_answer_on_another() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    choose(&mut rig, "Output channel", 5, 17);
    answering(&mut rig, false);
    rig.send(rig.now(), Message::Midi([0xB9, 123, 0]));
    rig.run(512).unwrap();
    assert_eq!(n_sounding(&rig), 0);
}

#[test]
fn a_panic_before_the_answer_takes_the_call_back() {
    fn planning<I: Instance>(mut rig: Rig<I>) {
        play_call(&mut rig, 0);
        rig.run(4 * BEAT).unwrap();
        panic(&mut rig, 123);
        let (n_silent, n_next) = n_after(&mut rig);
        assert!(n_silent == 0 && n_next > 0, "while it was planned: {n_silent} and {n_next} notes");
    }
    fn listening<I: Instance>(mut rig: Rig<I>) {
        play_call(&mut rig, 0);
        rig.run(5 * BEAT / 4).unwrap();
        panic(&mut rig, 120);
        rig.run(512).unwrap();
        // What is left of the call is one of its own.
        rig.run(3 * BEAT).unwrap();
        assert!(rig.heard.is_empty());
        rig.run(8 * BEAT).unwrap();
        assert!(!rig.heard.is_empty());
    }
    fn held<I: Instance>(mut rig: Rig<I>) {
        for key in [60, 64] {
            rig.send(0, Message::NoteOn { channel: 0, key, velocity: 90 });
        }
        rig.run(BEAT).unwrap();
        panic(&mut rig, 123);
        let (n_silent, n_next) = n_after(&mut rig);
        assert!(n_silent == 0 && n_next > 0, "while keys were held: {n_silent} and {n_next} notes");
    }
    in_both!(planning);
    in_both!(listening);
    in_both!(held);
}

/// Some keyboards send it whenever no key is down any more.
#[test]
fn all_notes_off_with_the_last_key_is_no_panic() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        let end = play_call(&mut rig, 0);
        rig.send(end + 40, Message::Midi([0xB0, 123, 0]));
        rig.run(12 * BEAT).unwrap();
        assert!(!pair(&rig.heard).is_empty());
    }
    in_both!(test);
}

#[test]
fn a_panic_in_a_bounce_is_the_same_at_any_block_size() {
    let take = |max_block| {
        let mut rig = open(Settings { max_block, ..OFFLINE }, Pace::Unpaced);
        choose(&mut rig, "Thru", 1, 2);
        choose(&mut rig, "Answer length", 4, 6);
        play_call(&mut rig, 0);
        play_call(&mut rig, 16);
        rig.send(8 * BEAT + 77, Message::Midi([0xB0, 123, 0]));
        rig.run(32 * BEAT).unwrap();
        rig.heard
    };
    let expected = take(512);
    assert!(expected.iter().any(|event| event.at_samples > 21 * BEAT), "the second call is answered");
    assert!([1, 64, 1000].into_iter().all(|max_block| take(max_block) == expected));
}

#[test]
fn two_hundred_strikes_without_an_end_are_all_ended_by_a_panic() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        thru(&mut rig, true);
        let start = rig.now();
        for i in 0..200 {
            rig.send(start + 10 * i, Message::NoteOn { channel: 0, key: 60, velocity: 90 });
        }
        rig.run(4096).unwrap();
        let at = rig.now();
        (0..16).for_each(|channel| rig.send(at, Message::Midi([0xB0 | channel, 123, 0])));
        rig.run(512).unwrap();
        let notes = pair(&rig.heard);
        assert_eq!(notes.len(), 200);
        assert!(notes.iter().all(|note| note.off_samples == Some(at)), "{:?}", notes.last());
        thru(&mut rig, false);
        rig.heard.clear();
        let beat = u32::try_from(rig.now() / BEAT + 1).unwrap();
        play_call(&mut rig, beat);
        rig.run(12 * BEAT).unwrap();
        assert!(!pair(&rig.heard).is_empty(), "no key is thought to be down");
    }
    in_both!(test);
}

/// Hosts end with it what a track has played before the jump.
#[test]
fn a_host_that_says_all_notes_off_at_the_end_of_its_loop_drops_no_phrase() {
    fn test<I: Instance>(mut rig: Rig<I>, controller: u8) {
        rig.set_transport(Transport { loop_beats: Some((0.0, 16.0)), ..rig.transport() });
        play_call(&mut rig, 12);
        rig.run(16 * BEAT).unwrap();
        panic(&mut rig, controller);
        rig.run(16 * BEAT).unwrap();
        assert!(!pair(&rig.heard).is_empty(), "controller {controller}");
    }
    for controller in [120, 123] {
        test(open(OFFLINE, Pace::Unpaced), controller);
        with_vst3(OFFLINE, |rig| test(rig, controller));
    }
}
