//! Every note at its sample: at any block size and any sample rate.

use host::clack_host::events::event_types::{MidiEvent, NoteOffEvent, NoteOnEvent};
use host::clack_host::events::{Event as _, Match};
use host::clack_host::prelude::{EventBuffer, Pckn};
use host::{Event, Message, Pace, Played, Settings};

use crate::common::{OFFLINE, TEMPO, answer, assert_released, open, sample_of};

/// Beats that hold the call, the silence after it and an answer of one bar.
const BEATS: u32 = 12;

fn answer_at(sample_rate: f64, block: u32) -> Vec<Played> {
    let mut rig = open(Settings { sample_rate, max_block: block, ..OFFLINE }, Pace::Unpaced);
    let notes = answer(&mut rig, BEATS);
    assert!(!notes.is_empty(), "no answer at {sample_rate} Hz in blocks of {block}");
    notes
}

#[test]
fn the_answer_is_the_same_at_any_block_size() {
    let expected = answer_at(48_000.0, 512);
    assert_released(&expected);
    for block in [1, 7, 32, 64, 480, 1024, 4096] {
        assert_eq!(answer_at(48_000.0, block), expected, "blocks of {block}");
    }
}

#[test]
fn the_answer_is_the_same_when_block_sizes_change_on_the_way() {
    let expected = answer_at(48_000.0, 512);
    let mut rig = open(OFFLINE, Pace::Unpaced);
    crate::common::play_call(&mut rig, 0);
    let end = sample_of(&rig, f64::from(BEATS));
    for block in [1, 512, 64, 333, 2, 511].into_iter().cycle() {
        if rig.now() >= end {
            break;
        }
        rig.block = block;
        rig.run(u64::from(block).min(end - rig.now())).unwrap();
    }
    assert_eq!(host::pair(&rig.heard), expected);
}

#[test]
fn the_answer_is_the_same_music_at_any_sample_rate() {
    let ticks = |samples: u64, rate: f64| -> i64 {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a few seconds")]
        let ticks = (samples as f64 / rate * TEMPO / 60.0 * 48.0).round() as i64;
        ticks
    };
    let music = |rate: f64| -> Vec<(i64, i64, u8, u8)> {
        let notes = answer_at(rate, 512);
        let ends = |note: &Played| note.off_samples.unwrap_or(u64::MAX);
        notes.iter().map(|n| (ticks(n.on_samples, rate), ticks(ends(n), rate), n.key, n.velocity)).collect()
    };
    let expected = music(48_000.0);
    for rate in [44_100.0, 88_200.0, 96_000.0, 192_000.0] {
        assert_eq!(music(rate), expected, "{rate} Hz");
    }
}

#[test]
fn thru_repeats_what_is_played_at_its_sample() {
    for block in [1, 7, 64, 512] {
        let mut rig = open(Settings { max_block: block, ..OFFLINE }, Pace::Unpaced);
        let on = rig.parameter("Thru").unwrap().range.end().to_owned();
        rig.set("Thru", on).unwrap();
        rig.run(u64::from(block)).unwrap();
        let played = [(601, 62, 90), (1023, 65, 1), (1024, 69, 127), (2047, 67, 64)];
        for (at, key, velocity) in played {
            rig.send(at, Message::NoteOn { channel: 0, key, velocity });
            rig.send(at + 777, Message::NoteOff { channel: 0, key });
        }
        rig.run(4000).unwrap();
        let heard: Vec<_> = host::pair(&rig.heard).iter().map(|n| (n.on_samples, n.key, n.velocity)).collect();
        assert_eq!(heard, played, "blocks of {block}");
        assert!(host::pair(&rig.heard).iter().all(|n| n.off_samples == Some(n.on_samples + 777)));
    }
}

#[test]
fn the_generator_gives_the_same_take_at_any_block_size_and_rate() {
    let take = |sample_rate: f64, max_block: u32| {
        let mut rig = open(Settings { sample_rate, max_block, ..OFFLINE }, Pace::Unpaced);
        crate::turns::set_text(&mut rig, "Mode", "Continue");
        rig.run(sample_of(&rig, 24.0)).unwrap();
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a few seconds")]
        let tick = |samples: u64| (samples as f64 / sample_rate * TEMPO / 60.0 * 48.0).round() as i64;
        host::pair(&rig.heard).iter().map(|n| (tick(n.on_samples), n.key, n.velocity)).collect::<Vec<_>>()
    };
    let expected = take(48_000.0, 512);
    assert!(expected.len() > 8, "{expected:?}");
    for (rate, block) in [(48_000.0, 1), (48_000.0, 4096), (44_100.0, 64), (96_000.0, 1000)] {
        assert_eq!(take(rate, block), expected, "{rate} Hz, blocks of {block}");
    }
}

#[test]
fn what_ends_all_notes_ends_each_of_them() {
    let any = NoteOffEvent::new(900, Pckn::match_all(), 0.0);
    let [sound, notes] = [120, 123].map(|controller| MidiEvent::new(900, 0, [0xB0, controller, 0]));
    for end in [any.as_unknown(), sound.as_unknown(), notes.as_unknown()] {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        rig.set("Thru", 1.0).unwrap();
        rig.run(64).unwrap();
        let mut events = EventBuffer::new();
        for (time, key) in [(0, 60u16), (3, 60), (5, 64)] {
            events.push(&NoteOnEvent::new(time, Pckn::new(0u16, 0u16, key, Match::All), 0.5));
        }
        events.push(end);
        let sent = rig.plugin.process_raw(1000, None, &events).unwrap();
        let heard: Vec<Event> =
            sent.into_iter().map(|(at, message)| Event { at_samples: at.into(), message }).collect();
        let ends: Vec<_> = host::pair(&heard).iter().map(|note| note.off_samples).collect();
        assert_eq!(ends, [Some(900); 3]);
    }
}
