//! The duet as a page would play it: no host, no threads. The worker is the planner itself, which makes notes when it is asked.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use engine::answer::{AnswerRequest, Call, Controls, answer};
use engine::rhythm::{PlayedNote, transcribe};
use engine::{Metre, ModelConfig, Note, Pitch, Precision, Session, Velocity, Weights, random_file};
use live::timeline::{History, Passage, TimelineEvent};
use live::{
    Count, Doing, FromWorker, Host, Input, Listener, MayWait, Monitor, Output, Performer, Planner, RenderMode,
    Settings, SettingsSource, ToWorker, Transport, Which, Worker,
};

/// A tick of 1/48 beat at 48 kHz and 240 BPM.
const TICK_SAMPLES: i64 = 250;
const TEMPO: f64 = 240.0;
/// 700 ms are 134.4 ticks.
const SILENCE_TICKS: i64 = 134;
const BLOCK_SAMPLES: u32 = 480;
const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

/// The planner, and what it has said so far.
struct Direct {
    planner: Planner,
    said: Said,
}

#[derive(Default)]
struct Said(VecDeque<FromWorker>);

impl Listener for Said {
    fn offer(&mut self, message: FromWorker) -> bool {
        self.0.push_back(message);
        true
    }

    fn peek(&self) -> Option<ToWorker> {
        None
    }

    fn wall_clock(&self) -> Duration {
        Duration::ZERO
    }
}

impl Worker for Direct {
    type Wait = ();

    fn send(&mut self, message: ToWorker) -> bool {
        self.planner.handle(message, &mut self.said);
        true
    }

    fn receive(&mut self) -> Option<FromWorker> {
        self.said.0.pop_front()
    }

    fn has_room(&self) -> bool {
        true
    }

    fn begin_wait(&self, _: MayWait) {}

    fn goes_on(&self, (): ()) -> bool {
        false
    }
}

struct Fixed(Settings);

impl SettingsSource for Fixed {
    fn n_changes(&self) -> u32 {
        0
    }

    fn settings(&self) -> Settings {
        self.0
    }

    fn hear_controller(&self, _: u8, _: f32) -> bool {
        false
    }
}

/// Keeps what is recorded.
#[derive(Clone, Default)]
struct Record(Rc<RefCell<Vec<TimelineEvent>>>);

impl Monitor for Record {
    fn count(&self, _: Count) {}

    fn record(&mut self, event: TimelineEvent) {
        self.0.borrow_mut().push(event);
    }

    fn set_last_key(&self, _: u8) {}

    fn set_last_controller(&self, _: u8) {}

    fn set_hand_over_ms(&self, _: f32) {}

    fn set_call(&self, _: u32) {}

    fn set_chord(&self, _: u8) {}

    fn set_answer_bar(&self, _: u32, _: u32) {}

    fn set_position(&self, _: i64, _: Metre, _: f32) {}

    fn set_doing(&self, _: Doing) {}
}

/// A block's events, and what is heard, with its sample in the song.
struct Page<'a> {
    begun_samples: i64,
    input: VecDeque<(u32, Input)>,
    heard: &'a mut Vec<(i64, Output)>,
}

impl Host for Page<'_> {
    fn next_event(&mut self) -> Option<(u32, Input)> {
        self.input.pop_front()
    }

    fn send(&mut self, offset_samples: u32, event: Output) -> bool {
        self.heard.push((self.begun_samples + i64::from(offset_samples), event));
        true
    }

    fn wall_clock(&mut self) -> Duration {
        Duration::ZERO
    }
}

fn weights() -> Arc<Weights> {
    Arc::new(Weights::parse(&random_file(ModelConfig::TINY, Precision::Q8, 20).unwrap()).unwrap())
}

fn call() -> Vec<Note> {
    let note = |(i, key): (i64, u8)| Note {
        onset_ticks: 36 * i,
        duration_ticks: 30,
        pitch: Pitch::nearest(key),
        velocity: Velocity::nearest(80),
    };
    (0..8).zip([60, 62, 64, 65, 67, 65, 64, 62]).map(note).collect()
}

/// What is played after the call, and the take that a history makes of all.
fn play(call: &[Note]) -> (Vec<Note>, Passage) {
    let worker = Direct { planner: Planner::new(weights()), said: Said::default() };
    // What the player does is heard from elsewhere.
    let controls = Controls { feel: 0.0, ..Controls::default() };
    let settings = Settings { is_thru: false, controls, ..Settings::default() };
    let record = Record::default();
    let mut performer = Performer::new(Fixed(settings), worker, record.clone());
    performer.activate(48_000.0, RenderMode::Live);
    let mut input: Vec<(i64, Input)> = Vec::new();
    for note in call {
        let (key, velocity) = (note.pitch.get(), f32::from(note.velocity.get()) / 127.0);
        input.push((note.onset_ticks * TICK_SAMPLES, Input::On { channel: 0, key, id: None, velocity }));
        input.push((note.end_ticks() * TICK_SAMPLES, Input::Off { which: Which::key(0, key), velocity: 0.5 }));
    }
    let mut heard = Vec::new();
    for begun_samples in (0..192 * 8 * TICK_SAMPLES).step_by(BLOCK_SAMPLES as usize) {
        let block = begun_samples..begun_samples + i64::from(BLOCK_SAMPLES);
        let events = input.iter().filter(|(sample, _)| block.contains(sample));
        let events = events.map(|&(sample, event)| (u32::try_from(sample - begun_samples).unwrap(), event)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a few bars")]
        let beats = begun_samples as f64 / (48.0 * TICK_SAMPLES as f64);
        let transport = Transport {
            is_playing: true,
            beats: Some(beats),
            tempo: Some(TEMPO),
            bar_start_beats: Some(0.0),
            signature: Some((4, 4)),
            loop_beats: None,
        };
        let mut page = Page { begun_samples, input: events, heard: &mut heard };
        performer.process(&transport, BLOCK_SAMPLES, &mut page);
    }
    let mut history = History::default();
    history.drain(record.0.take().into_iter(), 192 * 8, BARS.into(), 240.0, 0);
    (notes(&heard), history.last_take().unwrap())
}

/// Note-ons with their note-offs.
fn notes(heard: &[(i64, Output)]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (i, &(on, event)) in heard.iter().enumerate() {
        let Output::On { channel, key, velocity, .. } = event else { continue };
        let off = heard[i..]
            .iter()
            .find(|(_, event)| matches!(*event, Output::Off { channel: c, key: k, .. } if (c, k) == (channel, key)))
            .unwrap()
            .0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 127")]
        let velocity = Velocity::nearest((velocity * 127.0).round() as u8);
        let duration_ticks = u32::try_from((off - on) / TICK_SAMPLES).unwrap();
        notes.push(Note { onset_ticks: on / TICK_SAMPLES, duration_ticks, pitch: Pitch::nearest(key), velocity });
    }
    notes.sort_by_key(Note::order);
    notes
}

#[test]
fn the_answer_is_the_engines_note_for_note() {
    let (played, take) = play(&call());
    // What is heard is written, and what is written is played.
    let us_per_beat = 250_000;
    let as_played: Vec<_> = call().iter().map(|note| PlayedNote::in_ticks(note, us_per_beat)).collect();
    let call = Call::new(transcribe(&as_played, 0), BARS);
    let request = AnswerRequest::like_the_call(&call, SILENCE_TICKS, 1);
    let expected = answer(&mut Session::new(weights()), &call, request, &Controls::default(), usize::MAX);
    assert!(expected.len() >= 3, "{expected:?}");
    assert_eq!(played, expected);
    let n_answer = take.notes.iter().filter(|note| note.is_answer).count();
    assert_eq!((take.notes.len() - n_answer, n_answer), (8, expected.len()), "the history knows all of it");
}
