//! Hosts as they are: without room for events, with a position that trembles, of either format.

use host::{Clap, Event, Instance, Message, Pace, Played, Rig, Settings, Transport, Vst3, bundle, pair};

use crate::common::{OFFLINE, TEMPO, assert_released, open, play_call, sample_of, start};
use crate::state::Random;
use crate::turns::set_text;

fn rig_with(settings: Settings, texts: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = open(settings, Pace::Unpaced);
    for (name, text) in texts {
        set_text(&mut rig, name, text);
    }
    rig
}

#[test]
fn a_host_that_refuses_events_gets_each_note_off_in_the_end() {
    for seed in 1..=12 {
        let mut random = Random(seed);
        let mut rig = rig_with(
            OFFLINE,
            &[
                ("Thru", "On"),
                ("When I play over", "Play on"),
                ("Answer length", "Until stopped"),
                ("Density", "4"),
                ("Complexity", "100"),
            ],
        );
        play_call(&mut rig, 0);
        rig.run(sample_of(&rig, 6.0)).unwrap();
        for _ in 0..200 {
            rig.plugin.room = usize::try_from(random.below(3)).unwrap();
            rig.block = u32::try_from(1 + random.below(512)).unwrap();
            let key = u8::try_from(40 + random.below(40)).unwrap();
            rig.send_note(rig.now(), random.below(5000), key, 80);
            if random.below(4) == 0 {
                let value = [0, 127][usize::try_from(random.below(2)).unwrap()];
                rig.send(rig.now(), Message::Midi([0xB0, 64, value]));
            }
            rig.run(random.below(2000)).unwrap();
            match random.below(40) {
                0 => rig.set_transport(Transport { beats: 40.0, ..rig.transport() }),
                1 => rig.set_transport(Transport { is_playing: !rig.transport().is_playing, ..rig.transport() }),
                2 => rig.plugin.reset(),
                3 => rig.set("Panic", f64::from(u8::from(random.below(2) == 0))).unwrap(),
                4 => {
                    rig.send(rig.now(), Message::Midi([0xB0, 123, 0]));
                }
                _ => {}
            }
        }
        rig.plugin.room = usize::MAX;
        rig.run(20_000).unwrap();
        rig.send(rig.now(), Message::Midi([0xB0, 64, 0]));
        rig.set_transport(Transport { is_playing: false, ..rig.transport() });
        rig.run(48_000).unwrap();
        rig.plugin.reset();
        rig.run(600).unwrap();
        let notes = pair(&rig.heard);
        assert!(notes.len() > 40, "{}", notes.len());
        assert_released(&notes);
        let n_off = rig.heard.iter().filter(|event| matches!(event.message, Message::NoteOff { .. })).count();
        assert_eq!(n_off, notes.len(), "seed {seed}: one note-off for each note-on");
        let up = rig.heard.iter().rev().find_map(|e| match e.message {
            Message::Midi([0xB0, 64, v]) => Some(v),
            _ => None,
        });
        assert!(up.is_none_or(|v| v == 0), "seed {seed}: the pedal");
    }
}

/// The take of a song whose position the host tells with an error of so many samples, which differs from block to block.
fn trembling(by: u64, block: u32, texts: &[(&str, &str)]) -> Vec<Played> {
    let mut rig = rig_with(Settings { max_block: block, ..OFFLINE }, texts);
    let mut random = Random(5);
    // Between lines and ticks: what falls on one sample may fall on two.
    for i in 0..14u64 {
        let call = if i < 7 { 0 } else { 96_000 };
        rig.send_note(call + 700 + 5_900 * (i % 7), 4_400, 60 + u8::try_from(i * 5 % 13).unwrap(), 90);
    }
    let end = sample_of(&rig, 24.0);
    while rig.now() < end {
        let off = if by == 0 { 0.0 } else { random.below(2 * by + 1) as f64 - by as f64 };
        let beats = (rig.now() as f64 + off) / 48_000.0 * TEMPO / 60.0;
        rig.set_transport(Transport { beats, ..rig.transport() });
        rig.run(u64::from(block)).unwrap();
    }
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(1000).unwrap();
    pair(&rig.heard)
}

#[test]
fn a_host_whose_position_trembles_hears_the_same_notes() {
    let endless = [("Answer length", "Until stopped"), ("When I play over", "Play on")];
    for texts in [&[("Answer length", "4 bars")][..], &[("Trade", "Every bar"), ("Start", "Next bar")], &endless] {
        for block in [64, 512] {
            let expected = trembling(0, block, texts);
            assert!(expected.len() > 8, "{texts:?}: {expected:?}");
            let keys = |notes: &[Played]| notes.iter().take(expected.len() - 4).map(|n| n.key).collect::<Vec<_>>();
            for by in [1, 20] {
                let notes = trembling(by, block, texts);
                assert_released(&notes);
                // The last bars may end a little sooner or later.
                assert_eq!(keys(&notes), keys(&expected), "by {by}, blocks of {block}, {texts:?}");
                let off = notes.iter().zip(&expected).map(|(one, other)| one.on_samples.abs_diff(other.on_samples));
                assert!(off.max() <= Some(by), "by {by}, blocks of {block}, {texts:?}");
            }
        }
    }
}

/// A song at random. Knobs are set in parts of their ranges, which are those of the format.
fn random_song<I: Instance>(rig: &mut Rig<I>, seed: u64) -> Vec<Event> {
    let mut random = Random(seed);
    rig.set("Feel", 1.0).unwrap();
    for _ in 0..12 {
        let at = |rig: &Rig<I>, random: &mut Random| rig.now() + rig.samples(random.fraction());
        for _ in 0..random.below(5) {
            // The VST3 has others after those, for MIDI's controllers.
            let parameter = rig.plugin.parameters()[usize::try_from(random.below(39)).unwrap()].clone();
            if ["Panic", "Bypass", "Mode"].contains(&parameter.name.as_str()) && random.below(3) > 0 {
                continue;
            }
            let (low, high) = (*parameter.range.start(), *parameter.range.end());
            let value = low + random.below(9) as f64 / 8.0 * (high - low);
            let when = at(rig, &mut random);
            rig.send(when, Message::Parameter { id: parameter.id, value });
        }
        for _ in 0..random.below(10) {
            let key = u8::try_from(40 + random.below(50)).unwrap();
            let (when, length) = (at(rig, &mut random), 1 + rig.samples(random.fraction() / 2.0));
            let channel = u8::try_from(random.below(3)).unwrap();
            rig.send(when, Message::NoteOn { channel, key, velocity: 90 });
            rig.send(when + length, Message::NoteOff { channel, key });
            if random.below(5) == 0 {
                let controller = [1, 64, 66, 20][usize::try_from(random.below(4)).unwrap()];
                // Of what falls on one sample, a VST3 is told the controllers first.
                rig.send(when + 1, Message::Midi([0xB0, controller, u8::try_from(random.below(128)).unwrap()]));
            }
        }
        rig.run(rig.samples(1.5)).unwrap();
        let transport = rig.transport();
        match random.below(8) {
            0 => rig.set_transport(Transport { tempo: 60.0 + 10.0 * random.below(24) as f64, ..transport }),
            1 => rig.set_transport(Transport { beats: random.below(64) as f64, ..transport }),
            2 => rig.set_transport(Transport { is_playing: !transport.is_playing, ..transport }),
            3 => rig.set_transport(Transport {
                signature: [(3, 4), (6, 8), (7, 8)][usize::try_from(random.below(3)).unwrap()],
                ..transport
            }),
            _ => {}
        }
    }
    rig.heard.clone()
}

#[test]
fn a_random_song_is_the_same_in_both_formats_at_any_rate_and_block() {
    let (_folder, bundle) = bundle("antiphon").unwrap();
    for (seed, sample_rate, blocks) in
        [(1, 44_100.0, [1, 64]), (10, 48_000.0, [100, 1000]), (21, 96_000.0, [4096, 4096])]
    {
        let settings = |max_block| Settings { sample_rate, max_block, ..OFFLINE };
        // The first of these songs in which there is something to compare.
        let song = |seed| (seed, random_song(&mut open(settings(512), Pace::Unpaced), seed));
        let (seed, expected) = (seed..seed + 10).map(song).find(|(_, heard)| pair(heard).len() > 20).unwrap();
        let same = |heard: &[Event]| {
            let n_same = heard.iter().zip(&expected).take_while(|(one, other)| one == other).count();
            assert_eq!(heard.get(n_same), expected.get(n_same), "song {seed}, after {n_same} events");
        };
        same(&random_song(&mut open(settings(blocks[0]), Pace::Unpaced), seed));
        let plugin = Vst3::new(&bundle, settings(blocks[1])).unwrap();
        same(&random_song(&mut start(Rig::new(plugin, settings(blocks[1]), Pace::Unpaced)), seed));
    }
}
