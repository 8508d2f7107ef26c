//! What is measured is what is played: an offline render of the plugin is, note for note, what `engine::answer` gives for the
//! same call, controls and seed. The trainer's `generate` gives that too (`model/tests/verbs.rs`), and `evaluate` measures it.

use std::sync::{Arc, LazyLock};

use engine::answer::{AnswerRequest, Call, Controls, KeyChoice, KeyLock, answer};
use engine::rhythm::{PlayedNote, transcribe};
use engine::{Metre, Note, Pitch, Session, Velocity, Weights};
use host::{Clap, Message, Pace, Played, Rig, Transport, pair};

use crate::common::{OFFLINE, TEMPO, open};
use crate::turns::set_text;

static WEIGHTS: LazyLock<Arc<Weights>> = LazyLock::new(|| {
    Arc::new(Weights::parse(include_bytes!("../model/weights/nano.antiphon")).expect("the shipped weights are sound"))
});
/// A tick of 1/48 beat at 48 kHz and 240 BPM.
const TICK_SAMPLES: u64 = 250;
/// 700 ms at 240 BPM are 134.4 ticks.
const SILENCE_TICKS: i64 = 134;
const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
/// More than any of these answers has.
const ALL: usize = 400;

fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
    Note { onset_ticks, duration_ticks, pitch: Pitch::nearest(key), velocity: Velocity::nearest(velocity) }
}

fn sample(ticks: i64) -> u64 {
    u64::try_from(ticks).unwrap() * TICK_SAMPLES
}

fn ticks(samples: u64) -> i64 {
    assert!(samples.is_multiple_of(TICK_SAMPLES), "sample {samples} is not on a tick");
    i64::try_from(samples / TICK_SAMPLES).unwrap()
}

/// Half a bar of melody with a chord: too short to say its key for itself.
fn short_call() -> Vec<Note> {
    vec![
        note(0, 24, 62, 90),
        note(24, 20, 65, 70),
        note(48, 48, 57, 60),
        note(48, 48, 69, 101),
        note(103, 17, 67, 85),
        note(144, 31, 64, 77),
    ]
}

/// Three bars of 3/4 over a bass, on and off the grid.
fn waltz() -> Vec<Note> {
    let tune = [67, 71, 74, 79, 78, 76, 74, 72, 71, 69, 66, 67];
    let tune = (0..12).zip(tune).map(|(i, key)| note(36 * i + i % 3, 30, key, 60 + 3 * u8::try_from(i).unwrap()));
    let bass = (0..3).zip([43, 50, 43]).map(|(bar, key)| note(144 * bar, 100, key, 55));
    let mut notes: Vec<Note> = tune.chain(bass).collect();
    notes.sort_by_key(Note::order);
    notes
}

/// What the plugin plays from a song's start until all is said, with these texts of parameters.
fn render(call: &[Note], signature: (u16, u16), settings: &[(&str, &str)], beats: u32) -> Vec<Note> {
    let mut rig: Rig<Clap> = open(OFFLINE, Pace::Unpaced);
    rig.set_transport(Transport { signature, ..Transport::rolling(TEMPO) });
    for (name, text) in settings {
        set_text(&mut rig, name, text);
    }
    for note in call {
        let (key, velocity) = (note.pitch.get(), note.velocity.get());
        rig.send(sample(note.onset_ticks), Message::NoteOn { channel: 0, key, velocity });
        rig.send(sample(note.end_ticks()), Message::NoteOff { channel: 0, key });
    }
    rig.run(sample(48 * i64::from(beats))).unwrap();
    let end_samples = rig.now();
    let mut notes: Vec<Note> = pair(&rig.heard).iter().map(|played: &Played| played.note(end_samples, ticks)).collect();
    notes.sort_by_key(Note::order);
    notes
}

/// What the plugin hears in a call: the notes as they are written.
fn as_heard(notes: &[Note], metre: Metre) -> Call {
    let played: Vec<PlayedNote> = notes.iter().map(|note| PlayedNote::in_ticks(note, 250_000)).collect();
    Call::new(transcribe(&played, 0), metre)
}

/// The keys hand over, not what is written.
fn like_the_call(notes: &[Note], metre: Metre, song_seed: u32) -> AnswerRequest {
    AnswerRequest::like_the_call(&Call::new(notes.iter().copied(), metre), SILENCE_TICKS, song_seed)
}

fn made(call: &Call, request: AnswerRequest, controls: &Controls) -> Vec<Note> {
    answer(&mut Session::new(Arc::clone(&WEIGHTS)), call, request, controls, ALL)
}

#[test]
fn an_untouched_plugin_plays_what_the_engine_answers() {
    let waltz_bars = Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 };
    for (notes, signature, metre) in [(short_call(), (4, 4), BARS), (waltz(), (3, 4), waltz_bars)] {
        let request = like_the_call(&notes, metre, 1);
        let expected = made(&as_heard(&notes, metre), request, &Controls::default());
        assert!(expected.len() >= 3, "{expected:?}");
        assert_eq!(render(&notes, signature, &[], 24), expected);
    }
}

#[test]
fn controls_mean_the_same_to_both() {
    let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 };
    let call = as_heard(&waltz(), metre);
    let request = like_the_call(&waltz(), metre, 77);
    let request = AnswerRequest { end_ticks: request.start_ticks + 8 * 144, ..request };
    let settings = [
        ("Seed", "77"),
        ("Answer length", "8 bars"),
        ("Style", "Schubert"),
        ("Second style", "Debussy"),
        ("Style mix", "40"),
        ("Temperature", "1.2"),
        ("Rhythm freedom", "50"),
        ("Top p", "0.9"),
        ("Learn from me", "50"),
        ("Density", "2"),
        ("Complexity", "50"),
        ("Voices", "2"),
        ("Velocity follow", "25"),
        ("Key", "D"),
        ("Scale", "Dorian"),
        ("Key lock", "Strict"),
        ("Lowest key", "40"),
        ("Highest key", "84"),
        ("Quantise", "1/16"),
        ("Quantise strength", "75"),
    ];
    let style = |name| WEIGHTS.style_index(name).unwrap();
    let controls = Controls {
        style: style("Schubert"),
        style2: style("Debussy"),
        style_mix: 0.4,
        temperature: 1.2,
        rhythm_temperature: 1.2 * 0.5,
        top_p: 0.9,
        learn_from_me: 0.5,
        density: 2.0,
        complexity: 0.5,
        voices: 2,
        velocity_follow: 0.25,
        lowest: Pitch::nearest(40),
        highest: Pitch::nearest(84),
        key: KeyChoice { tonic: Some(2), scale: 4 },
        key_lock: KeyLock::Strict,
        quantise_ticks: 12,
        quantise_strength: 0.75,
        ..Controls::default()
    };
    let expected = made(&call, request, &controls);
    assert!(expected.len() > 30, "{expected:?}");
    assert_eq!(render(&waltz(), (3, 4), &settings, 48), expected);
    // Each of them is heard; for Learn from me this call is too short.
    let others = [
        Controls { style: 0, ..controls },
        Controls { style2: 0, ..controls },
        Controls { style_mix: 0.0, ..controls },
        Controls { temperature: 0.9, ..controls },
        Controls { rhythm_temperature: 1.2, ..controls },
        Controls { top_p: 0.95, ..controls },
        Controls { density: 1.0, ..controls },
        Controls { complexity: 0.0, ..controls },
        Controls { voices: 0, ..controls },
        Controls { velocity_follow: 0.75, ..controls },
        Controls { lowest: Pitch::nearest(60), ..controls },
        Controls { highest: Pitch::nearest(72), ..controls },
        Controls { key: KeyChoice { tonic: Some(3), scale: 4 }, ..controls },
        Controls { key: KeyChoice { tonic: Some(2), scale: 1 }, ..controls },
        Controls { key_lock: KeyLock::Off, ..controls },
        Controls { quantise_ticks: 0, ..controls },
        Controls { quantise_strength: 1.0, ..controls },
    ];
    let unheard: Vec<_> = others.iter().filter(|other| made(&call, request, other) == expected).collect();
    assert!(unheard.is_empty(), "{unheard:?}");
}

#[test]
fn both_learn_the_same_from_the_call() {
    let keys = [60, 62, 64, 65, 67, 65, 64, 62];
    let scales: Vec<Note> = (0..32).zip(keys.into_iter().cycle()).map(|(i, key)| note(24 * i, 20, key, 80)).collect();
    let call = as_heard(&scales, BARS);
    let request = like_the_call(&scales, BARS, 3);
    let learning = |learn_from_me| made(&call, request, &Controls { learn_from_me, ..Controls::default() });
    let expected = learning(1.0);
    assert_ne!(expected, learning(0.0));
    assert_eq!(render(&scales, (4, 4), &[("Seed", "3"), ("Learn from me", "100")], 40), expected);
}

#[test]
fn a_key_that_is_held_over_the_hand_over_ends_there_for_both() {
    // The fourth note sounds on when the controller hands over.
    let notes = [note(0, 40, 60, 80), note(48, 40, 64, 80), note(96, 40, 67, 80), note(144, 300, 72, 80)];
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Hand-over controller", "66");
    set_text(&mut rig, "When I play over", "Play on");
    set_text(&mut rig, "Answer length", "2 bars");
    for note in notes {
        rig.send_note(sample(note.onset_ticks), sample(note.duration_ticks.into()), note.pitch.get(), 80);
    }
    rig.send(sample(200), Message::Midi([0xB0, 66, 127]));
    // Not longer: with a key going up, the next turn begins.
    rig.run(sample(430)).unwrap();
    let heard: Vec<_> = pair(&rig.heard).iter().map(|n| (ticks(n.on_samples), n.key, n.velocity)).collect();
    let request = AnswerRequest { song_seed: 1, number: 0, start_ticks: 200, end_ticks: 200 + 384, most_candidates: 1 };
    let expected = made(&as_heard(&notes, BARS), request, &Controls::default());
    let expected: Vec<_> = expected
        .iter()
        .map(|note| (note.onset_ticks, note.pitch.get(), note.velocity.get()))
        .filter(|(onset_ticks, ..)| *onset_ticks < 430)
        .collect();
    assert!(expected.len() > 3, "{expected:?}");
    assert_eq!(heard, expected);
}

#[test]
fn a_generator_without_a_call_plays_what_the_engine_makes_of_none() {
    let request = AnswerRequest { song_seed: 5, number: 0, start_ticks: 0, end_ticks: i64::MAX, most_candidates: 1 };
    let is_heard = |note: &Note| note.onset_ticks < 32 * 48;
    let expected: Vec<Note> =
        made(&Call::none(BARS), request, &Controls::default()).into_iter().filter(is_heard).collect();
    let mut rendered = render(&[], (4, 4), &[("Mode", "Continue"), ("Seed", "5")], 32);
    assert!(expected.len() > 30, "{expected:?}");
    // What sounds when the render stops has no end there yet.
    for (rendered, expected) in rendered.iter_mut().zip(&expected).filter(|(_, note)| note.end_ticks() > 32 * 48) {
        rendered.duration_ticks = expected.duration_ticks;
    }
    assert_eq!(rendered, expected);
}
