//! The song starts and stops while the player plays.

use host::{Clap, Message, Rig, Transport, pair};

use crate::common::{OFFLINE, TEMPO, assert_released, play_call};
use crate::jumps::{BEAT, PASS, chord, onsets, rig_with};

#[test]
fn a_chord_a_little_before_the_song_starts_is_a_call() {
    let take = |early: u64| {
        let mut rig = rig_with(OFFLINE, &[("Start", "Next bar")]);
        rig.set_transport(Transport { is_playing: false, ..rig.transport() });
        rig.run(48_000 - early).unwrap();
        let now = rig.now();
        chord(&mut rig, now, 7 * BEAT / 2 + early);
        rig.run(early).unwrap();
        rig.set_transport(Transport::rolling(TEMPO));
        rig.run(PASS).unwrap();
        assert_released(&pair(&rig.heard));
        onsets(&rig)
    };
    // From the fourth beat of the song on, which starts at 4.
    for early in [0, 960, 2880] {
        let onsets = take(early);
        assert_eq!(onsets.first(), Some(&12.0), "{early} samples early");
    }
}

#[test]
fn a_start_forgets_what_was_played_long_before_and_repeats_the_song() {
    let song = |before: bool| {
        let mut rig = rig_with(OFFLINE, &[("Hand over by silence", "Off"), ("Hand-over controller", "66")]);
        rig.set_transport(Transport { is_playing: false, ..rig.transport() });
        if before {
            play_call(&mut rig, 0);
        }
        rig.run(20 * BEAT + 77).unwrap();
        rig.set_transport(Transport { beats: 4.0, ..Transport::rolling(TEMPO) });
        play_call(&mut rig, 21);
        rig.send(25 * BEAT, Message::Midi([0xB0, 66, 127]));
        rig.run(PASS).unwrap();
        pair(&rig.heard)
    };
    let expected = song(false);
    assert!(expected.len() > 2);
    assert_eq!(song(true), expected);
}

#[test]
fn a_hand_over_and_a_key_outlast_the_start() {
    let mut rig = rig_with(OFFLINE, &[("Start", "Next bar")]);
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.send_note(0, 10 * BEAT, 48, 80);
    rig.run(2 * BEAT).unwrap();
    rig.set_transport(Transport::rolling(TEMPO));
    rig.run(16 * BEAT).unwrap();
    // The key went up at 10, which is 8 in the song; the silence lasts 2.8 beats.
    assert_eq!(onsets(&rig).first(), Some(&14.0));
}

#[test]
fn a_pedal_that_is_down_across_a_stop_works_on() {
    let texts = [("Hand over by silence", "Off"), ("Hand-over controller", "66"), ("Thru", "On")];
    let take = |is_stopped: bool| {
        let mut rig = rig_with(OFFLINE, &texts);
        let pedal = |rig: &mut Rig<Clap>, at: u64, value: u8| rig.send(at, Message::Midi([0xB0, 64, value]));
        pedal(&mut rig, BEAT, 127);
        rig.run(2 * BEAT).unwrap();
        if is_stopped {
            rig.set_transport(Transport { is_playing: false, ..rig.transport() });
            rig.run(2 * BEAT).unwrap();
            rig.set_transport(Transport::rolling(TEMPO));
        }
        let from = rig.now();
        rig.heard.clear();
        // The keys are short, and the pedal holds them.
        for (i, key) in [60, 64, 67].into_iter().enumerate() {
            rig.send_note(from + 1000 + 2000 * i as u64, 500, key, 90);
        }
        pedal(&mut rig, from + 4 * BEAT, 0);
        rig.send(from + 5 * BEAT, Message::Midi([0xB0, 66, 127]));
        rig.run(16 * BEAT).unwrap();
        let notes = pair(&rig.heard).into_iter().skip(3);
        notes.map(|note| (note.on_samples - from, note.key, note.velocity)).collect::<Vec<_>>()
    };
    // What the pedal held is the same phrase for the network, whether the song was stopped before it or not.
    let expected = take(false);
    assert!(!expected.is_empty());
    assert_eq!(take(true), expected);
}
