//! The page's duet plays what the engine answers, and says what is wrong with what it is asked.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::sync::{Arc, LazyLock};

use engine::answer::{AnswerRequest, Call, Controls, answer};
use engine::rhythm::{PlayedNote, transcribe};
use engine::{Metre, Note, Pitch, Session, Velocity, Weights};
use live::params::ParamId;
use music::{Score, TICKS_PER_BEAT};
use serde_json::{Value, json};
use web::page::{Page, SAMPLE_RATE_HZ, Timed};
use web::request::{Reply, Request, handle};

static NANO: &[u8] = include_bytes!("../../../model/weights/nano.antiphon");
static CALL: &[u8] = include_bytes!("../../../tests/fixtures/call.mid");
static WEIGHTS: LazyLock<Arc<Weights>> = LazyLock::new(|| Arc::new(Weights::parse(NANO).unwrap()));

fn page() -> Page {
    let mut page = Page::default();
    page.load(NANO).unwrap();
    page
}

fn ask(page: &mut Page, request: Value, file: &[u8]) -> Result<Value, String> {
    let request: Request = serde_json::from_value(request).unwrap();
    match handle(page, request, file)? {
        Reply::Json(value) => Ok(value),
        Reply::File(bytes) => Ok(json!(bytes)),
    }
}

/// Notes with a key's ups and downs at samples, in ticks at a tempo.
fn notes(messages: &[Timed], bpm: f64) -> Vec<Note> {
    let ticks = |samples: u64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some bars")]
        let ticks = (samples as f64 * bpm / 60.0 / f64::from(SAMPLE_RATE_HZ) * 48.0).round() as i64;
        ticks
    };
    let mut notes = Vec::new();
    for (i, &Timed { at_samples, message: [status, key, velocity] }) in messages.iter().enumerate() {
        if status & 0xf0 != 0x90 {
            continue;
        }
        let is_end = |timed: &&Timed| timed.message[0] & 0xf0 == 0x80 && timed.message[1] == key;
        let off = messages[i..].iter().find(is_end).unwrap().at_samples;
        let (onset_ticks, end_ticks) = (ticks(at_samples), ticks(off));
        let duration_ticks = u32::try_from(end_ticks - onset_ticks).unwrap();
        notes.push(Note {
            onset_ticks,
            duration_ticks,
            pitch: Pitch::nearest(key),
            velocity: Velocity::nearest(velocity),
        });
    }
    notes.sort_by_key(Note::order);
    notes
}

/// What is played to a call in blocks of some samples, with the page's early sending taken back.
fn play(page: &mut Page, call: &[(u64, [u8; 3])], bpm: f64, block_samples: u64, seconds: u64) -> Vec<Timed> {
    page.restart();
    page.change_song(bpm, (4, 4));
    page.roll_song(true);
    let begun = page.now_samples();
    for &(at, message) in call {
        page.hear(Timed { at_samples: begun + at, message });
    }
    let mut output = Vec::new();
    let end = begun + seconds * u64::from(SAMPLE_RATE_HZ);
    while page.now_samples() < end {
        page.advance((page.now_samples() + block_samples).min(end), &mut output);
        while page.think() {}
    }
    let ahead_samples = 60 * u64::from(SAMPLE_RATE_HZ) / 1000;
    output.iter().map(|timed| Timed { at_samples: timed.at_samples + ahead_samples - begun, ..*timed }).collect()
}

fn call() -> Score {
    music::file::read(CALL).unwrap().score.as_call()
}

fn sample(seconds: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some bars")]
    let samples = (seconds * f64::from(SAMPLE_RATE_HZ)).round() as u64;
    samples
}

/// How much later than it is written each key of the call goes down, in parts of a tick.
const HANDS_PARTS: [i64; 7] = [4, 10, -8, 0, 14, -6, 2];

/// At the tempo of the fixture.
const BAR_SAMPLES: u64 = 192 * 600;

fn by_hand((note, late_parts): (&Note, i64)) -> PlayedNote {
    let written = PlayedNote::in_ticks(note, 600_000);
    PlayedNote { onset_parts: (written.onset_parts + late_parts).max(0), ..written }
}

#[test]
fn the_answer_to_the_fixture_is_the_engines_note_for_note_in_blocks_of_any_length() {
    let call = call();
    let bpm = call.tempi.bpm(0);
    // At this tempo a tick is 600 samples, and two of its parts are 75.
    assert_eq!(sample(60.0 / bpm / 48.0), 600);
    let written = call.resampled(TICKS_PER_BEAT);
    let played: Vec<PlayedNote> =
        written.parts[0].notes.iter().zip(HANDS_PARTS.into_iter().cycle()).map(by_hand).collect();
    let at = |parts: i64| u64::try_from(parts / 2 * 75).unwrap();
    let mut messages: Vec<(u64, [u8; 3])> = Vec::new();
    for note in &played {
        let key = note.pitch.get();
        messages.push((at(note.onset_parts), [0x90, key, note.velocity.get()]));
        messages.push((at(note.off_parts), [0x80, key, 0]));
    }
    messages.sort_by_key(|&(at, [status, ..])| (at, status));
    let bars = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
    // Longer than any rest of the call.
    let silence_ticks = sample(1.5).div_ceil(600).cast_signed();
    let keys = written.parts[0].notes.iter().copied();
    let request = AnswerRequest::like_the_call(&Call::new(keys, bars), silence_ticks, 7);
    let heard = Call::new(transcribe(&played, 0), bars);
    let controls = Controls { feel: 0.0, ..Controls::default() };
    let expected = answer(&mut Session::new(Arc::clone(&WEIGHTS)), &heard, request, &controls, usize::MAX);
    assert!(expected.len() > 5, "{expected:?}");

    for block_samples in [240, 77] {
        let mut page = page();
        for (id, value) in [(ParamId::Feel, 0.0), (ParamId::Seed, 7.0), (ParamId::SilenceMs, 1500.0)] {
            page.set(id, value);
        }
        let output = play(&mut page, &messages, bpm, block_samples, 30);
        assert_eq!(notes(&output, bpm), expected, "in blocks of {block_samples}");
        assert_eq!(page.state().counts[2..], [0, 0], "nothing is late or dropped");
        // From a fresh start it is the same again, and a bar later it is that a bar later.
        let later = |timed: (u64, [u8; 3])| (timed.0 + BAR_SAMPLES, timed.1);
        let a_bar_later: Vec<_> = messages.iter().copied().map(later).collect();
        let late = output.iter().map(|timed| Timed { at_samples: timed.at_samples + BAR_SAMPLES, ..*timed });
        assert_eq!(play(&mut page, &a_bar_later, bpm, block_samples, 32), late.collect::<Vec<_>>());
        let take = page.last_take().unwrap();
        assert_eq!(take.notes.iter().filter(|note| note.is_answer).count(), expected.len());
    }
}

#[test]
fn a_take_is_a_midi_file_a_score_and_a_sound() {
    let mut page = page();
    let take = |page: &mut Page, format| ask(page, json!({ "ask": "take", "format": format }), &[]);
    assert!(take(&mut page, "midi").unwrap_err().contains("play something"));
    let call = call();
    play(&mut page, &call.messages(sample), call.tempi.bpm(0), 240, 20);
    let begins = |value: Value, start: &[u8]| {
        let bytes: Vec<u8> = serde_json::from_value(value).unwrap();
        assert!(bytes.starts_with(start), "{:?}", &bytes[..16]);
        bytes
    };
    let midi = begins(take(&mut page, "midi").unwrap(), b"MThd");
    let score = music::midi::read(&midi).unwrap().score;
    assert_eq!(score.notes_of(music::Role::Call).count(), call.n_notes());
    begins(take(&mut page, "musicxml").unwrap(), b"<?xml");
    begins(take(&mut page, "wav").unwrap(), b"RIFF");
}

#[test]
fn what_is_dropped_is_played_or_refused_with_a_reason() {
    let mut page = page();
    let open = |page: &mut Page, file: &[u8]| ask(page, json!({ "ask": "open" }), file);
    let music = open(&mut page, CALL).unwrap();
    assert_eq!(music["music"]["messages"].as_array().unwrap().len(), 2 * call().n_notes());
    assert_eq!(music["music"]["song"][0][0], 0);
    assert!(open(&mut page, NANO).unwrap_err().contains("whole network"));
    for damaged in [&b"ANTIPACK"[..], b"MThd", b"", b"<score-partwise>", &[0; 64]] {
        let why = open(&mut page, damaged).unwrap_err();
        assert!(why.len() > 10, "{why}");
    }
}

#[test]
fn values_are_kept_within_what_a_parameter_has() {
    let mut page = page();
    let mut set = |id: &str, value: f32| ask(&mut page, json!({ "ask": "set", "id": id, "value": value }), &[]);
    assert_eq!(set("seed", 12.4).unwrap()["value"], 12.0);
    assert_eq!(set("seed", 1e9).unwrap()["value"], 9999.0);
    assert_eq!(set("temperature", -3.0).unwrap()["value"], 0.1f32);
    assert!(set("no_such", 1.0).unwrap_err().contains("no_such"));
}

#[test]
fn a_page_without_weights_says_so_and_plays_nothing() {
    let mut page = Page::default();
    assert!(page.load(b"ANTIPHON").is_err());
    assert!(ask(&mut page, json!({ "ask": "open" }), CALL).is_err());
    assert_eq!(play(&mut page, &call().messages(sample), 120.0, 240, 10), []);
}
