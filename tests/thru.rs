//! What passes through: all that a player does, until the player lets it go.

use host::{Clap, Event, Instance, Message, Pace, Rig, Settings};

use crate::common::{OFFLINE, open, play_call, sample_of};
use crate::controls::with_a_learnt_controller;
use crate::turns::set_text;

/// Everything but notes: wheels, controllers, pressures, a program, and the modes of a channel.
pub(crate) const GESTURES: [[u8; 3]; 14] = [
    [0xB0, 1, 77],
    [0xB3, 11, 99],
    [0xB0, 64, 127],
    [0xB0, 64, 3],
    [0xB0, 64, 0],
    [0xE0, 1, 77],
    [0xEF, 127, 127],
    [0xD0, 50, 0],
    [0xA0, 60, 9],
    [0xC1, 42, 0],
    [0xB2, 121, 0],
    [0xB2, 122, 127],
    [0xB2, 120, 0],
    [0xB2, 123, 0],
];

fn rig_with(settings: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for (name, text) in settings {
        set_text(&mut rig, name, text);
    }
    rig
}

/// What is heard, notes left out.
pub(crate) fn gestures<I: Instance>(rig: &Rig<I>) -> Vec<(u64, [u8; 3])> {
    let gesture = |event: &Event| match event.message {
        Message::Midi(data) => Some((event.at_samples, data)),
        _ => None,
    };
    rig.heard.iter().filter_map(gesture).collect()
}

#[test]
fn everything_passes_on_unchanged_at_its_sample() {
    for settings in [[("Bypass", "Bypassed")], [("Thru", "On")]] {
        for max_block in [1, 64, 512] {
            let mut rig = open(Settings { max_block, ..OFFLINE }, Pace::Unpaced);
            let [(name, text)] = settings;
            set_text(&mut rig, name, text);
            rig.run(64).unwrap();
            let sent: Vec<(u64, [u8; 3])> = (100..).step_by(77).zip(GESTURES).collect();
            for &(at, data) in &sent {
                rig.send(at, Message::Midi(data));
            }
            rig.run(2048).unwrap();
            assert_eq!(gestures(&rig), sent, "{name}, blocks of {max_block}");
        }
    }
    let mut rig = rig_with(&[("Thru", "Off")]);
    for data in GESTURES {
        rig.send(100, Message::Midi(data));
    }
    rig.run(512).unwrap();
    assert!(rig.heard.is_empty());
}

#[test]
fn what_hands_over_passes_on_only_where_it_does_not() {
    let pressed = |controller: u8, settings: &[(&str, &str)]| {
        let mut rig = rig_with(&[("Thru", "On"), ("Hand-over controller", &format!("CC {controller}"))]);
        for (name, text) in settings {
            set_text(&mut rig, name, text);
        }
        for (at, value) in [(100, 127), (200, 0)] {
            rig.send(at, Message::Midi([0xB0, controller, value]));
        }
        rig.run(512).unwrap();
        gestures(&rig).iter().map(|(_, data)| data[2]).collect::<Vec<_>>()
    };
    for controller in [1, 64, 66] {
        assert!(pressed(controller, &[]).is_empty());
        assert_eq!(pressed(controller, &[("Mode", "Off")]), [127, 0]);
        assert_eq!(pressed(controller, &[("Bypass", "Bypassed")]), [127, 0]);
    }
}

#[test]
fn a_controller_that_was_learnt_passes_on_only_past_a_bypassed_plugin() {
    for (setting, passed) in
        [(("Mode", "Answer"), &[21][..]), (("Mode", "Off"), &[21]), (("Bypass", "Bypassed"), &[20, 21])]
    {
        let mut rig = rig_with(&[]);
        let learnt = with_a_learnt_controller(&mut rig, 20, "lowest");
        rig.plugin.load(&learnt).unwrap();
        for (name, text) in [("Thru", "On"), setting] {
            set_text(&mut rig, name, text);
        }
        for controller in [20, 21] {
            rig.send(100, Message::Midi([0xB0, controller, 85]));
        }
        rig.run(512).unwrap();
        let heard: Vec<_> = gestures(&rig).iter().map(|(_, data)| data[1]).collect();
        assert_eq!(heard, passed, "{setting:?}");
    }
}

#[test]
fn a_pedal_that_comes_to_hand_over_while_it_is_down_can_go_up() {
    for controller in [64, 66, 69] {
        let mut rig = rig_with(&[("Thru", "On")]);
        rig.send(100, Message::Midi([0xB0, controller, 127]));
        rig.run(512).unwrap();
        set_text(&mut rig, "Hand-over controller", &format!("CC {controller}"));
        for (at, value) in [(600, 0), (700, 127), (800, 0)] {
            rig.send(at, Message::Midi([0xB0, controller, value]));
        }
        rig.run(512).unwrap();
        assert_eq!(gestures(&rig), [(100, [0xB0, controller, 127]), (600, [0xB0, controller, 0])]);
    }
}

#[test]
fn what_passes_on_leaves_the_answer_on_another_channel_alone() {
    let answer = |is_disturbed: bool| {
        let mut rig = rig_with(&[("Thru", "On"), ("Output channel", "5"), ("When I play over", "Play on")]);
        play_call(&mut rig, 0);
        for (at, data) in (sample_of(&rig, 6.3)..).step_by(777).zip(GESTURES).filter(|_| is_disturbed) {
            // The sustain pedal is heard: what it holds is another call.
            if data[1] != 64 {
                rig.send(at, Message::Midi(data));
            }
        }
        rig.run(sample_of(&rig, 12.0)).unwrap();
        let is_answer = |event: &Event| {
            let channel = match event.message {
                Message::NoteOn { channel, .. } | Message::NoteOff { channel, .. } => channel,
                Message::Midi([status, ..]) => status & 15,
                Message::Parameter { .. } => 0,
            };
            channel == 4
        };
        rig.heard.into_iter().filter(is_answer).collect::<Vec<_>>()
    };
    let expected = answer(false);
    assert!(expected.len() > 4);
    assert_eq!(answer(true), expected);
}
