//! The plugin framework's faults that `vendor/patches` mends. Each patch names one test here, which fails without it.

mod shared_locks;
mod song;
#[cfg(target_os = "linux")]
mod window;

use host::clack_host::events::event_types::ParamValueEvent;
use host::clack_host::prelude::{ClapId, Pckn};
use host::{Clap, Instance, Message, NoteEvent, Pace, Rig, Settings, pair};

use crate::common::{OFFLINE, linked, open, open_entry, sample_of};
use crate::vst3::with_vst3;
use shared_locks::locks_needed;
use song::Song;

const LIVE: Settings = Settings { is_offline: false, ..OFFLINE };

// Patch 01 is in `window`, which needs a program of its own.

/// Patch 02. Told that it plays live, the plugin cannot know of a bounce until it has run ahead of the clock for half a second:
/// what it plays before that is lost.
#[test]
fn a_vst3_is_told_of_the_bounce_that_begins() {
    let mut clap = open(OFFLINE, Pace::Unpaced);
    clap.set("Mode", 1.0).unwrap();
    clap.run(sample_of(&clap, 16.0)).unwrap();
    let expected = pair(&clap.heard);
    assert_eq!(expected.first().map(|note| note.on_samples), Some(0));
    with_vst3(OFFLINE, |mut rig| {
        rig.set("Mode", 0.5).unwrap();
        rig.run(sample_of(&rig, 16.0)).unwrap();
        assert_eq!(pair(&rig.heard), expected);
    });
}

/// Patch 03. A store of the process status took one of the locks, and so did reading it. A plugin that may always answer sounds on
/// for ever.
#[test]
fn asking_for_the_tail_takes_no_lock_that_instances_share() {
    let mut rig = open_entry(&linked(), LIVE, Pace::Unpaced);
    rig.run(64).unwrap();
    assert_eq!(locks_needed(|| assert_eq!(rig.plugin.tail_samples().unwrap(), None)), 0);
}

/// Patch 04. The one lock that is left is that of the sample rate.
#[test]
fn a_clap_block_does_not_copy_the_audio_layout() {
    let mut rig = open_entry(&linked(), LIVE, Pace::Unpaced);
    rig.run(64).unwrap();
    let n_locks = locks_needed(|| rig.run(64).unwrap());
    assert!(n_locks <= 1, "a block takes {n_locks} locks that all instances share");
}

fn change_seed(rig: &Rig<Clap>, offset: u32) -> ParamValueEvent {
    let seed = ClapId::from_raw(rig.parameter("Seed").unwrap().id).unwrap();
    ParamValueEvent::new(offset, seed, Pckn::match_all(), 1.0)
}

const STEADY: Song = Song { slows_at: u32::MAX };

/// Patch 05. The song had a bar of another length.
#[test]
fn automation_leaves_the_bar_line_where_it_is() {
    let automated = STEADY.take(500, |rig, _, events| events.push(&change_seed(rig, 250)));
    assert_eq!(automated, STEADY.take(500, |_, _, _| {}));
}

/// Patch 06. What the event says is true where it is.
#[test]
fn a_transport_event_within_a_block_says_nothing_new() {
    let told = STEADY.take(500, |_, at, events| events.push(&STEADY.told(at, 250)));
    assert_eq!(told, STEADY.take(500, |_, _, _| {}));
}

/// What patches 05 and 06 changed, together.
#[test]
fn a_tempo_change_within_a_block_is_heard_as_one_between_two() {
    let song = Song { slows_at: 20_250 };
    let within = song.take(500, |rig, at, events| {
        if at == 20_000 {
            events.push(&song.told(at, 250));
            // A later part of the same block, of which nothing is told.
            events.push(&change_seed(rig, 400));
        }
    });
    assert_eq!(within, song.take(250, |_, _, _| {}));
}

/// Patch 07. A note expression would not be heard as MIDI.
#[test]
fn key_pressure_leaves_a_clap_as_midi() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.set("Thru", 1.0).unwrap();
    rig.run(64).unwrap();
    let pressure = Message::Midi([0xA0, 60, 77]);
    rig.send(100, pressure);
    rig.run(512).unwrap();
    let heard: Vec<_> = rig.heard.iter().map(|event| (event.at_samples, event.message)).collect();
    assert_eq!(heard, [(100, pressure)]);
}

/// Patch 08. Two notes of one key would have one name.
#[test]
fn a_vst3_sends_notes_with_their_ids() {
    with_vst3(OFFLINE, |mut rig| {
        rig.set("Thru", 1.0).unwrap();
        rig.run(512).unwrap();
        for (id, is_on) in [(7, true), (0, true), (7, false), (0, false)] {
            let note = NoteEvent { is_on, channel: Some(0), key: Some(60), id: Some(id), velocity: 0.5 };
            rig.send(600, Message::Note(note));
        }
        rig.run(512).unwrap();
        let ids: Vec<_> = rig.plugin.take_notes().iter().map(|note| (note.id, note.is_on)).collect();
        assert_eq!(ids, [(Some(7), true), (Some(0), true), (Some(7), false), (Some(0), false)]);
    });
}
