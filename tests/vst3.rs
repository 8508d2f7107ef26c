//! The same music through the VST3.

use host::{Instance, Message, Pace, Played, Rig, Settings, Vst3, bundle, pair};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of, start};
use crate::thru::{GESTURES, gestures};

pub(crate) fn with_vst3(settings: Settings, test: impl FnOnce(Rig<Vst3>)) {
    let (_folder, bundle) = bundle("antiphon").unwrap();
    test(start(Rig::new(Vst3::new(&bundle, settings).unwrap(), settings, Pace::Unpaced)));
}

/// Runs a test, generic over the plugin, in both formats.
macro_rules! in_both {
    ($test:ident) => {
        $test(crate::common::open(OFFLINE, host::Pace::Unpaced));
        crate::vst3::with_vst3(OFFLINE, $test);
    };
}
pub(crate) use in_both;

#[test]
fn the_answer_is_that_of_the_clap() {
    let expected = answer(&mut open(OFFLINE, Pace::Unpaced), 12);
    for max_block in [64, 512] {
        with_vst3(Settings { max_block, ..OFFLINE }, |mut rig| {
            let notes = answer(&mut rig, 12);
            assert_released(&notes);
            assert_eq!(notes, expected, "blocks of {max_block}");
        });
    }
}

#[test]
fn notes_pass_through_at_their_samples() {
    with_vst3(OFFLINE, |mut rig| {
        rig.set("Thru", 1.0).unwrap();
        rig.run(512).unwrap();
        let played = [(601, 62, 90), (1023, 65, 1), (1024, 69, 127), (2047, 67, 64)];
        for (at, key, velocity) in played {
            rig.send(at, Message::NoteOn { channel: 0, key, velocity });
            rig.send(at + 777, Message::NoteOff { channel: 0, key });
        }
        rig.run(4000).unwrap();
        let notes = pair(&rig.heard);
        assert_eq!(notes.iter().map(|n| (n.on_samples, n.key, n.velocity)).collect::<Vec<_>>(), played);
        assert!(notes.iter().all(|n| n.off_samples == Some(n.on_samples + 777)));
    });
}

#[test]
fn wheels_pedals_and_pressure_pass_through_at_their_samples() {
    with_vst3(OFFLINE, |mut rig| {
        rig.set("Thru", 1.0).unwrap();
        rig.run(512).unwrap();
        // A VST3 host has no program change to send.
        let sent: Vec<_> = (601..).step_by(333).zip(GESTURES).filter(|(_, [status, ..])| status >> 4 != 0xC).collect();
        for &(at, data) in &sent {
            rig.send(at, Message::Midi(data));
        }
        rig.run(6000).unwrap();
        assert_eq!(gestures(&rig), sent);
    });
}

#[test]
fn the_project_is_kept() {
    with_vst3(OFFLINE, |mut rig| {
        for name in ["Seed", "Temperature"] {
            rig.set(name, 0.25).unwrap();
        }
        rig.run(512).unwrap();
        let ids = ["Seed", "Temperature"].map(|name| rig.parameter(name).unwrap().id);
        let before = ids.map(|id| rig.plugin.value(id).unwrap());
        let saved = rig.plugin.save().unwrap();
        for name in ["Seed", "Temperature"] {
            rig.set(name, 0.75).unwrap();
        }
        rig.run(512).unwrap();
        assert_ne!(ids.map(|id| rig.plugin.value(id).unwrap()), before);
        rig.plugin.load(&saved).unwrap();
        assert_eq!(ids.map(|id| rig.plugin.value(id).unwrap()), before);
    });
}

#[test]
fn automation_and_hand_over_give_the_take_of_the_clap_at_any_rate_and_block() {
    // A bar each; then the answers move up, in the middle of one.
    for (sample_rate, max_block) in [(44_100.0, 32), (48_000.0, 4096), (96_000.0, 1000)] {
        let settings = Settings { sample_rate, max_block, ..OFFLINE };
        let expected = take(&mut open(Settings { max_block: 512, ..settings }, Pace::Unpaced), 1.0, 84.0);
        assert!(expected.iter().any(|note| note.key >= 84) && expected.iter().any(|note| note.key < 84));
        with_vst3(settings, |mut rig| {
            let notes = take(&mut rig, 1.0 / 4.0, 84.0 / 127.0);
            assert_released(&notes);
            assert_eq!(notes, expected, "{sample_rate} Hz, blocks of {max_block}");
        });
    }
}

/// The answers to four bars of trading. The values are in the host's units.
fn take<I: Instance>(rig: &mut Rig<I>, trade: f64, lowest: f64) -> Vec<Played> {
    rig.set("Trade", trade).unwrap();
    let id = rig.parameter("Lowest key").unwrap().id;
    rig.send(sample_of(rig, 5.0), Message::Parameter { id, value: lowest });
    play_call(rig, 0);
    play_call(rig, 8);
    rig.run(sample_of(rig, 17.0)).unwrap();
    pair(&rig.heard)
}

#[test]
fn pedals_and_keys_hand_over() {
    with_vst3(OFFLINE, |mut rig| {
        let steps = [("Hand over by silence", 0.0), ("Hand-over controller", 67.0 / 128.0)];
        for (name, value) in steps.into_iter().chain([("Hand-over key", 22.0 / 128.0), ("Answer length", 0.8)]) {
            rig.set(name, value).unwrap();
        }
        play_call(&mut rig, 0);
        rig.send(sample_of(&rig, 4.0), Message::Midi([0xB0, 66, 127]));
        rig.send_note(sample_of(&rig, 8.0), 500, 21, 99);
        rig.run(sample_of(&rig, 16.0)).unwrap();
        let notes = pair(&rig.heard);
        assert_released(&notes);
        assert_eq!(notes.first().map(|note| note.on_samples), Some(sample_of(&rig, 4.0)));
        assert!(
            notes.len() > 2 && notes.iter().all(|note| note.off_samples <= Some(sample_of(&rig, 8.0))),
            "{notes:?}"
        );
    });
}
