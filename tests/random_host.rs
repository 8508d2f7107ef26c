//! A host that does all it may, at random: no note may be left sounding, and none may depend on the size of the blocks.
//!
//! `ANTIPHON_PHRASES` sets how many phrases are played, and `ANTIPHON_SEED` with which song to begin: a failure names
//! its song, so that it can be played again by itself. `cargo xtask validate` plays 10,000 phrases.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use host::{Clap, Event, Instance, Message, NoteEvent, Pace, Rig, Settings, Transport, pair};

use crate::common::{OFFLINE, TEMPO, open};
use crate::state::Random;

const PHRASES_PER_SONG: u64 = 25;
const N_AT_ONCE: usize = 4;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn no_note_is_left_sounding_after_hundreds_of_phrases() {
    let (n_phrases, first) = (number("ANTIPHON_PHRASES", 300), number("ANTIPHON_SEED", 1));
    let last = first + n_phrases.div_ceil(PHRASES_PER_SONG);
    // Songs side by side: most of their time they wait for their plugins' workers.
    let next = AtomicU64::new(first);
    let play = || {
        let songs = std::iter::from_fn(|| Some(next.fetch_add(1, Relaxed)).filter(|&song| song < last));
        songs.map(|song| play_song(song, None).iter().filter(|phrase| phrase.is_answered).count()).sum::<usize>()
    };
    let n_answered: usize = std::thread::scope(|scope| {
        let players: Vec<_> = (0..N_AT_ONCE).map(|_| scope.spawn(play)).collect();
        players.into_iter().map(|player| player.join().unwrap()).sum()
    });
    println!("{n_answered} of {n_phrases} phrases were answered");
    assert!(n_answered as u64 * 10 > n_phrases, "only {n_answered} of {n_phrases} phrases were answered");
}

#[test]
fn whatever_the_host_does_the_notes_are_the_same_at_any_block_size() {
    let first = number("ANTIPHON_SEED", 1);
    std::thread::scope(|scope| {
        for song in first..first + N_AT_ONCE as u64 {
            scope.spawn(move || {
                let as_they_come = play_song(song, None);
                for (i, (one, other)) in as_they_come.iter().zip(play_song(song, Some(64))).enumerate() {
                    let n_same = one.heard.iter().zip(&other.heard).take_while(|(one, other)| one == other).count();
                    let (one, other) = (one.heard.get(n_same), other.heard.get(n_same));
                    assert_eq!(one, other, "song {song}, phrase {i}, after {n_same} events");
                }
            });
        }
    });
}

struct Phrase {
    /// As far as that can be told.
    is_answered: bool,
    /// What was heard while it was played, disturbed and released.
    heard: Vec<Event>,
}

/// Plays in blocks of this size, or of random ones.
fn play_song(seed: u64, block: Option<u32>) -> Vec<Phrase> {
    let mut random = Random(seed);
    let settings = Settings { max_block: 1024, ..OFFLINE };
    let mut rig = open(settings, Pace::Unpaced);
    // One that tells of a wrap with the next block must tell beforehand where it is, or what is cut depends on the blocks.
    rig.splits_at_loop_end = random.below(2) == 0;
    rig.tells_loop = !rig.splits_at_loop_end || random.below(2) == 0;
    let mut phrases = Vec::new();
    for phrase in 0..PHRASES_PER_SONG {
        rig.heard.clear();
        let random_block = u32::try_from(1 + random.below(1024)).unwrap();
        rig.block = block.unwrap_or(random_block);
        let is_thru = random.below(2) == 0;
        rig.set("Thru", if is_thru { 1.0 } else { 0.0 }).unwrap();
        for _ in 0..random.below(4) {
            turn_a_knob(&mut rig, &mut random);
        }
        play_phrase(&mut rig, &mut random);
        disturb(&mut rig, &mut random, settings);
        let beats = 4 + random.below(6);
        rig.run(beats * 12_000).unwrap_or_else(|error| panic!("song {seed}, phrase {phrase}: {error:#}"));
        let is_answered = !is_thru && !rig.heard.is_empty();
        release(&mut rig);
        let held: Vec<_> = pair(&rig.heard).into_iter().filter(|note| note.off_samples.is_none()).collect();
        assert!(held.is_empty(), "song {seed}, phrase {phrase} left {held:?}");
        let pedals =
            [64, 66, 69].map(|pedal| rig.heard.iter().rev().find_map(|event| moved(event, pedal)).unwrap_or(0));
        assert_eq!(pedals, [0; 3], "song {seed}, phrase {phrase} left a pedal down");
        phrases.push(Phrase { is_answered, heard: rig.heard.clone() });
    }
    phrases
}

/// Where an event puts a controller.
fn moved(event: &Event, controller: u8) -> Option<u8> {
    match event.message {
        Message::Midi([status, number, value]) if status >> 4 == 0xB && number == controller => Some(value),
        _ => None,
    }
}

/// One to eight notes and now and then a pedal, some of them still held when the host does something else. Some hosts name notes by
/// ids, some keyboards give each note a channel with a wheel of its own, some play drums, and some press their panic button.
fn play_phrase(rig: &mut Rig<Clap>, random: &mut Random) {
    let mut at = rig.now();
    let (has_ids, has_channels) = (random.below(2) == 0, random.below(4) == 0);
    for i in 0..=random.below(8) {
        let byte = |number: u64| u8::try_from(number).unwrap();
        let key = if random.below(4) == 0 { 60 } else { byte(36 + random.below(60)) };
        let channel = match random.below(12) {
            0 => 9,
            _ if has_channels => 1 + byte(i),
            _ => 0,
        };
        let id = has_ids.then(|| i32::try_from(random.below(1_000)).unwrap());
        let strength = byte(1 + random.below(127));
        let note = NoteEvent {
            is_on: true,
            channel: Some(channel),
            key: Some(key),
            id,
            velocity: f32::from(strength) / 127.0,
        };
        let off_key = Some(key).filter(|_| !has_ids || random.below(2) == 0);
        let end = at + random.below(12_000) + u64::from(random.below(8) > 0);
        rig.send(at, Message::Note(note));
        rig.send(end, Message::Note(NoteEvent { is_on: false, key: off_key, ..note }));
        if has_channels {
            rig.send(at + random.below(3_000), Message::Midi([0xE0 | channel, 0, byte(random.below(128))]));
        }
        if random.below(8) == 0 {
            let controller = [1, 64, 66, 69][usize::try_from(random.below(4)).unwrap()];
            rig.send(at, Message::Midi([0xB0, controller, byte(random.below(128))]));
        }
        if random.below(64) == 0 {
            let panic = [120, 123][usize::try_from(random.below(2)).unwrap()];
            (0..16).for_each(|channel| rig.send(at, Message::Midi([0xB0 | channel, panic, 0])));
        }
        at += random.below(9_000);
    }
}

/// Sets a parameter at random, somewhere in the next second.
fn turn_a_knob(rig: &mut Rig<Clap>, random: &mut Random) {
    let parameters = rig.plugin.parameters().to_vec();
    let parameter = &parameters[usize::try_from(random.below(parameters.len() as u64)).unwrap()];
    let (low, high) = (*parameter.range.start(), *parameter.range.end());
    let value = low + random.fraction() * (high - low);
    rig.send(rig.now() + random.below(48_000), Message::Parameter { id: parameter.id, value });
}

/// One of the things that hosts do to plugins in the middle of the music.
fn disturb(rig: &mut Rig<Clap>, random: &mut Random, settings: Settings) {
    rig.run(random.below(60_000)).unwrap();
    let transport = rig.transport();
    match random.below(10) {
        0 => rig.set_transport(Transport { tempo: 40.0 + 260.0 * random.fraction(), ..transport }),
        1 => rig.set_transport(Transport { beats: (72.0 * random.fraction()).floor() - 8.0, ..transport }),
        2 => {
            let start = [transport.beats, (transport.beats / 4.0).floor() * 4.0][usize::from(random.below(2) == 0)];
            let length = [0.05, 1.0, 8.0][usize::try_from(random.below(3)).unwrap()] * random.fraction();
            // A whole bar now and then; never one that is over already. A loop of one block, of which nothing is told, is no other
            // than a position that stands still.
            let length = if random.below(4) == 0 { 4.0 } else { length };
            let shortest = if rig.tells_loop { 0.05 } else { 1.0 };
            let loop_beats = Some((start, (start + length).max(transport.beats + shortest)));
            rig.set_transport(Transport { loop_beats, ..transport });
        }
        3 => rig.set_transport(Transport { is_playing: !transport.is_playing, ..transport }),
        4 => rig.set_transport(Transport { signature: [(3, 4), (6, 8), (7, 8)][rig.heard.len() % 3], ..transport }),
        5 => rig.plugin.reset(),
        6 => {
            let block = rig.block;
            rig.restart(settings).unwrap();
            rig.block = block;
        }
        // Automation in motion.
        7 => (0..20).for_each(|_| turn_a_knob(rig, random)),
        8 => rig.set("Bypass", 1.0).unwrap(),
        _ => {}
    }
}

/// Stops the song, lets the player's last notes end, and resets the plugin, which must release everything.
fn release(rig: &mut Rig<Clap>) {
    for parameter in rig.plugin.parameters().to_vec() {
        rig.send(rig.now() + 48_000, Message::Parameter { id: parameter.id, value: parameter.default });
    }
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(100_000).unwrap();
    rig.plugin.reset();
    rig.run(64).unwrap();
    rig.set_transport(Transport::rolling(TEMPO));
}
