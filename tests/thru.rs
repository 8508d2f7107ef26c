//! What passes through: all that a player does, until the player lets it go.

use host::{Clap, Event, Instance, Message, Pace, Rig, Settings, Transport, pair};

use crate::common::{OFFLINE, TEMPO, assert_released, open, play_call, sample_of};
use crate::controls::with_a_learnt_controller;
use crate::state::Random;
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

/// A pedal that the player holds is let go when all ends, and by a reset of all controllers, which not all instruments know.
#[test]
fn pedals_are_held_over_a_jump_and_let_go_with_all_else() {
    type Disturb = fn(&mut Rig<Clap>);
    let jump: Disturb = |rig| rig.set_transport(Transport { beats: 40.0, ..rig.transport() });
    let stop: Disturb = |rig| rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    let reset: Disturb = |rig| rig.send(600, Message::Midi([0xB0, 121, 0]));
    for controller in [64, 66, 69] {
        for (disturb, is_up) in [(jump, false), (stop, true), (reset, true)] {
            let mut rig = rig_with(&[("Thru", "On")]);
            rig.send(100, Message::Midi([0xB0, controller, 127]));
            rig.run(512).unwrap();
            disturb(&mut rig);
            rig.run(512).unwrap();
            assert_eq!(gestures(&rig).iter().any(|(_, data)| *data == [0xB0, controller, 0]), is_up, "{controller}");
        }
    }
}

#[test]
fn what_passes_on_leaves_the_answer_on_another_channel_alone() {
    let answer = |is_disturbed: bool| {
        let mut rig = rig_with(&[("Thru", "On"), ("Output channel", "5"), ("When I play over", "Play on")]);
        play_call(&mut rig, 0);
        for (at, data) in (sample_of(&rig, 6.3)..).step_by(777).zip(GESTURES).filter(|_| is_disturbed) {
            // The sustain pedal is heard: what it holds is another call. A panic of any channel ends the answer.
            if ![64, 120, 123].contains(&data[1]) {
                rig.send(at, Message::Midi(data));
            }
        }
        rig.run(sample_of(&rig, 12.0)).unwrap();
        let is_answer = |event: &Event| {
            let channel = match event.message {
                Message::NoteOn { channel, .. } | Message::NoteOff { channel, .. } => channel,
                Message::Midi([status, ..]) => status & 15,
                Message::Note(_) | Message::Parameter { .. } => 0,
            };
            channel == 4
        };
        rig.heard.into_iter().filter(is_answer).collect::<Vec<_>>()
    };
    let expected = answer(false);
    assert!(expected.len() > 4);
    assert_eq!(answer(true), expected);
}

/// A chord is held and the song disturbed; the chord is let go later. When each of its notes ends.
fn ends_of_a_chord(is_rolling: bool, disturb: impl Fn(&mut Rig<Clap>)) -> Vec<Option<u64>> {
    let mut rig = rig_with(&[("Thru", "On"), ("Hand over by silence", "Off")]);
    rig.set_transport(Transport { is_playing: is_rolling, ..rig.transport() });
    for key in [60, 64, 67] {
        rig.send(100, Message::NoteOn { channel: 0, key, velocity: 90 });
        rig.send(5000, Message::NoteOff { channel: 0, key });
    }
    rig.run(2048).unwrap();
    disturb(&mut rig);
    rig.run(4096).unwrap();
    let n_off = rig.heard.iter().filter(|event| matches!(event.message, Message::NoteOff { .. })).count();
    assert_eq!(n_off, 3, "one note-off for each note-on");
    pair(&rig.heard).iter().map(|note| note.off_samples).collect()
}

#[test]
fn a_held_chord_sounds_on_when_the_song_jumps_and_ends_with_its_keys() {
    let let_go = [Some(5000); 3];
    let seek = |beats: f64| move |rig: &mut Rig<Clap>| rig.set_transport(Transport { beats, ..rig.transport() });
    assert_eq!(ends_of_a_chord(false, |rig| rig.set_transport(Transport::rolling(TEMPO))), let_go, "a start");
    assert_eq!(ends_of_a_chord(true, seek(0.0)), let_go, "a seek back");
    assert_eq!(ends_of_a_chord(true, seek(64.0)), let_go, "a seek on");
    let looped = ends_of_a_chord(true, |rig| {
        rig.set_transport(Transport { loop_beats: Some((0.0, rig.transport().beats + 0.05)), ..rig.transport() });
    });
    assert_eq!(looped, let_go, "a loop");
}

#[test]
fn a_held_chord_ends_with_the_song_a_reset_or_a_panic() {
    let now = [Some(2048); 3];
    let stop = |rig: &mut Rig<Clap>| rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    assert_eq!(ends_of_a_chord(true, stop), now, "a stop");
    assert_eq!(ends_of_a_chord(true, |rig| rig.plugin.reset()), now, "a reset");
    assert_eq!(ends_of_a_chord(true, |rig| rig.set("Panic", 1.0).unwrap()), now, "panic");
    assert_eq!(ends_of_a_chord(true, |rig| rig.restart(OFFLINE).unwrap()), now, "another start of the device");
}

#[test]
fn a_held_chord_ends_when_it_no_longer_passes_through() {
    let (now, let_go) = ([Some(2048); 3], [Some(5000); 3]);
    assert_eq!(ends_of_a_chord(true, |rig| rig.set("Thru", 0.0).unwrap()), now);
    assert_eq!(ends_of_a_chord(true, |rig| rig.set("Bypass", 1.0).unwrap()), let_go);
    let twice = |rig: &mut Rig<Clap>| {
        rig.set("Bypass", 1.0).unwrap();
        rig.run(512).unwrap();
        rig.set("Bypass", 0.0).unwrap();
    };
    assert_eq!(ends_of_a_chord(true, twice), let_go);
    let without_thru = |rig: &mut Rig<Clap>| {
        rig.set("Bypass", 1.0).unwrap();
        rig.set("Thru", 0.0).unwrap();
        rig.run(512).unwrap();
        rig.set("Bypass", 0.0).unwrap();
    };
    assert_eq!(ends_of_a_chord(true, without_thru), [Some(2560); 3]);
}

#[test]
fn a_key_that_an_answer_strikes_while_it_is_held_ends_once() {
    let settings = [("Thru", "On"), ("When I play over", "Play on"), ("Lowest key", "60"), ("Highest key", "60")];
    for is_sought in [false, true] {
        let mut rig = rig_with(&settings);
        set_text(&mut rig, "Trade", "Every bar");
        rig.send(100, Message::NoteOn { channel: 0, key: 60, velocity: 90 });
        rig.send(sample_of(&rig, 7.3), Message::NoteOff { channel: 0, key: 60 });
        rig.run(sample_of(&rig, 6.0)).unwrap();
        if is_sought {
            rig.set_transport(Transport { beats: 64.0, ..rig.transport() });
        }
        rig.run(sample_of(&rig, 10.0)).unwrap();
        let notes = pair(&rig.heard);
        assert!(notes.len() > 1, "no answer");
        assert_released(&notes);
        let n_off = rig.heard.iter().filter(|event| matches!(event.message, Message::NoteOff { .. })).count();
        assert_eq!(n_off, notes.len(), "one note-off for each note-on");
        assert!(notes.windows(2).all(|pair| pair[0].off_samples <= Some(pair[1].on_samples)), "{notes:?}");
    }
}

/// Nothing answers, so that all that sounds is the player's.
#[test]
fn what_passes_through_ends_with_its_key_wherever_the_song_goes() {
    for seed in 1..=8 {
        let mut random = Random(seed);
        let mut rig = rig_with(&[("Bypass", "Bypassed")]);
        let mut expected = Vec::new();
        for _ in 0..60 {
            let (at, length) = (rig.now() + random.below(4000), 1 + random.below(30_000));
            let key = u8::try_from(20 + expected.len()).unwrap();
            rig.send_note(at, length, key, 90);
            expected.push((key, at, Some(at + length)));
            rig.run(random.below(4000)).unwrap();
            let transport = rig.transport();
            match random.below(4) {
                0 => rig.set_transport(Transport { beats: (72.0 * random.fraction()).floor(), ..transport }),
                1 => rig.set_transport(Transport { tempo: 60.0 + 200.0 * random.fraction(), ..transport }),
                2 => {
                    let loop_beats = Some((transport.beats, transport.beats + 0.1 + random.fraction()));
                    rig.set_transport(Transport { loop_beats, ..transport });
                }
                _ => rig.set_transport(Transport { loop_beats: None, ..transport }),
            }
        }
        rig.run(40_000).unwrap();
        let mut heard: Vec<_> =
            pair(&rig.heard).iter().map(|note| (note.key, note.on_samples, note.off_samples)).collect();
        heard.sort_unstable();
        assert_eq!(heard, expected, "seed {seed}");
    }
}
