use std::sync::atomic::Ordering::Relaxed;

use engine::answer::AnswerRequest;
use nice_plug::prelude::{FloatParam, FloatRange, IntParam, IntRange};

use super::*;
use crate::link::{Begin, FromWorker, PlannedNote, ToWorker, WorkerSide, link};
use crate::midi::{Gesture, HOLDING, Input, Output};
use crate::params::{AnyParam, ParamId};

/// Small random numbers (a linear congruential generator; Knuth's constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
}

/// A host that sometimes has no room for what it is sent.
struct Moody<'a> {
    input: std::vec::IntoIter<(u32, Input)>,
    heard: &'a mut Vec<(u32, Output)>,
    dice: Dice,
    refuses_one_in: u32,
}

impl Host for Moody<'_> {
    fn next_event(&mut self) -> Option<(u32, Input)> {
        self.input.next()
    }

    fn send(&mut self, offset: u32, event: Output) -> bool {
        let is_taken = self.refuses_one_in == 0 || self.dice.roll(self.refuses_one_in) > 0;
        if is_taken {
            self.heard.push((offset, event));
        }
        is_taken
    }
}

/// Answers every plan with random notes, some on the keys that the player uses, some too late.
fn work(worker: &mut WorkerSide, dice: &mut Dice) {
    while let Some(message) = worker.receive() {
        let (turn, from, until) = match message {
            ToWorker::Begin(begin) => (begin.turn, begin.request.start_ticks, begin.until_ticks),
            ToWorker::Extend { turn, until_ticks, .. } => (turn, until_ticks - 12, until_ticks),
            ToWorker::Replace { turn, from_ticks, until_ticks, .. } => {
                worker.offer(FromWorker::Replace { turn, from_ticks });
                (turn, from_ticks, until_ticks)
            }
            _ => (0, 0, 0),
        };
        let mut on_ticks = from;
        while on_ticks < until {
            let key = 60 + u8::try_from(dice.roll(6)).unwrap();
            let off_ticks = on_ticks + 1 + i64::from(dice.roll(60));
            worker.offer(FromWorker::Note(PlannedNote { turn, on_ticks, off_ticks, key, velocity: 80 }));
            on_ticks += i64::from(dice.roll(20));
        }
        worker.handled();
    }
}

fn audio() -> (AudioThread, WorkerSide) {
    audio_with(AntiphonParams::default())
}

fn audio_with(params: AntiphonParams) -> (AudioThread, WorkerSide) {
    let (audio_side, worker_side) = link();
    let mut audio = AudioThread::new(Arc::new(params), Arc::new(Status::new()), audio_side);
    audio.activate(48_000.0, Mode::Told(ProcessMode::Realtime));
    (audio, worker_side)
}

/// Other settings than the usual ones, at random.
fn random_params(dice: &mut Dice) -> AntiphonParams {
    let mut params = AntiphonParams::default();
    let mut roll = |param: &mut AnyParam, one_in: u32| {
        let AnyParam::Int(param) = param else { return };
        if dice.roll(one_in) == 0 {
            let IntRange::Linear { min, max } = param.range() else { return };
            let value = min + i32::try_from(dice.roll(u32::try_from(max - min + 1).unwrap())).unwrap();
            *param = IntParam::new("random", value, param.range());
        }
    };
    roll(params.get_mut(ParamId::Mode), 3);
    roll(params.get_mut(ParamId::HandSilence), 3);
    roll(params.get_mut(ParamId::Trade), 3);
    roll(params.get_mut(ParamId::Length), 2);
    roll(params.get_mut(ParamId::PlayOver), 1);
    roll(params.get_mut(ParamId::Start), 2);
    roll(params.get_mut(ParamId::Voices), 2);
    roll(params.get_mut(ParamId::Channel), 2);
    let number = |value| AnyParam::Int(IntParam::new("random", value, IntRange::Linear { min: -1, max: 127 }));
    *params.get_mut(ParamId::HandCc) = number(66);
    *params.get_mut(ParamId::HandKey) = number(65);
    if dice.roll(2) == 0 {
        let ahead = FloatParam::new("random", 30.0, FloatRange::Linear { min: 0.0, max: 100.0 });
        *params.get_mut(ParamId::AheadMs) = AnyParam::Float(ahead);
    }
    params
}

/// A song of 16 phrases in a host that does all it may. Returns the notes of answers.
fn random_song(seed: u32) -> u32 {
    let mut dice = Dice(u64::from(seed));
    let refuses_one_in = [0, 2, 9][seed as usize % 3];
    let (mut audio, mut worker) = audio_with(random_params(&mut dice));
    let mut transport = Transport { is_playing: true, beats: Some(0.0), tempo: Some(140.0), ..Transport::default() };
    let mut heard = Vec::new();
    for block in 0..1600 {
        let is_last = block == 1599;
        let n_samples = dice.roll(2000);
        let mut input = Vec::new();
        // The player pauses for long enough to be answered, now and then.
        if block % 100 < 30 && dice.roll(3) == 0 {
            let key = 60 + u8::try_from(dice.roll(6)).unwrap();
            let offset = dice.roll(n_samples.max(1));
            let control = |controller, value| Input::Control { channel: 0, controller, value };
            let event = match dice.roll(24) {
                0..=8 => Input::On { channel: 0, key, velocity: 0.5 },
                9..=16 => Input::Off { channel: Some(0), key: Some(key) },
                17 | 18 => control(64, 1.0),
                19 => control([66, 69][dice.roll(2) as usize], f32::from(key % 2)),
                20 => control([1, 120, 121, 123][dice.roll(4) as usize], 0.0),
                21 => Input::Other(Gesture::Bend { channel: 0, value: 0 }),
                _ => control(66, f32::from(key % 2)),
            };
            input.push((offset, event));
        }
        if block % 100 == 30 {
            input.push((0, Input::Off { channel: None, key: None }));
        }
        match dice.roll(400) {
            0 => transport.beats = Some(f64::from(dice.roll(100)) - 8.0),
            1 => transport.tempo = Some(f64::from(40 + dice.roll(200))),
            2 => audio.reset(),
            3 => transport.is_playing = !transport.is_playing,
            4 => transport.signature = Some([(4, 4), (3, 4), (7, 8)][dice.roll(3) as usize]),
            5 => audio.activate([44_100.0, 96_000.0][dice.roll(2) as usize], Mode::Told(ProcessMode::Realtime)),
            _ => {}
        }
        let at = heard.len();
        let refuses_one_in = if is_last { 0 } else { refuses_one_in };
        let dice_of_host = Dice(u64::from(dice.roll(1 << 30)));
        let now = Transport { is_playing: transport.is_playing && !is_last, ..transport };
        if is_last {
            audio.reset();
        }
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: dice_of_host, refuses_one_in };
        audio.process(&now, n_samples, &mut host);
        assert!(heard[at..].windows(2).all(|w| w[0].0 <= w[1].0), "out of order in song {seed}");
        assert!(heard[at..].iter().all(|(offset, _)| *offset < n_samples.max(1)), "beyond the block in song {seed}");
        let step = f64::from(n_samples) / 48_000.0 / 60.0 * transport.tempo.unwrap();
        transport.beats = transport.beats.map(|beats| beats + step);
        if dice.roll(4) > 0 {
            work(&mut worker, &mut dice);
        }
    }
    let mut sounding = [[0i32; 128]; 16];
    let mut pedals = [0.0; 128];
    for (_, event) in &heard {
        match *event {
            Output::On { channel, key, .. } => sounding[usize::from(channel)][usize::from(key)] += 1,
            Output::Off { channel, key } => {
                let n = &mut sounding[usize::from(channel)][usize::from(key)];
                *n = 0.max(*n - 1);
            }
            Output::Control { controller: 121, .. } => pedals = [0.0; 128],
            Output::Control { controller, value, .. } => pedals[usize::from(controller)] = value,
            Output::Other(_) => {}
        }
    }
    let held = HOLDING.map(|controller| pedals[usize::from(controller)]);
    assert_eq!((sounding, held), ([[0; 128]; 16], [0.0; 3]), "left sounding in song {seed}");
    audio.status.n_played.get()
}

/// `ANTIPHON_PHRASES=10000` is the whole proof; it takes 20 seconds on a quiet machine. A failure names its song.
#[test]
fn every_note_on_has_its_note_off_in_thousands_of_phrases() {
    let n_phrases = std::env::var("ANTIPHON_PHRASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1600);
    let n_songs = n_phrases / 16;
    let n_played: u32 = (0..n_songs).map(random_song).sum();
    assert!(n_played > 5 * n_phrases, "only {n_played} notes of answers: the test says little");
}

#[test]
fn a_worker_that_never_answers_stops_nothing_and_is_counted() {
    let (mut audio, _worker) = audio();
    let transport = Transport::default();
    let mut heard = Vec::new();
    for _ in 0..3000 {
        let notes = [Input::On { channel: 0, key: 60, velocity: 1.0 }, Input::Off { channel: Some(0), key: Some(60) }];
        let input: Vec<_> = notes.into_iter().map(|event| (0, event)).collect();
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        audio.process(&transport, 64, &mut host);
    }
    assert_eq!(heard.len(), 6000, "all is passed through");
    assert!(audio.status.n_queue_full.get() > 0);
    assert_eq!(audio.status.doing(), Doing::Stuck);
}

#[test]
fn notes_that_come_too_late_are_left_out_and_counted() {
    let (mut audio, mut worker) = audio();
    let mut heard = Vec::new();
    let mut run = |audio: &mut AudioThread, input: Vec<(u32, Input)>, n_samples| {
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        audio.process(&Transport::default(), n_samples, &mut host);
    };
    let key = Some(60);
    run(&mut audio, vec![(0, Input::On { channel: 3, key: 60, velocity: 1.0 })], 24_000);
    run(&mut audio, vec![(0, Input::Off { channel: Some(3), key })], 64);
    let mut start = None;
    while let Some(message) = worker.receive() {
        if let ToWorker::Begin(begin) = message {
            start = Some(begin);
        }
    }
    let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } = start.unwrap();
    // 67 ticks of 500 samples later (700 ms, nearly), and 15 ms more.
    run(&mut audio, vec![], 33_500 - 64 + 720);
    for (on_ticks, key) in [(start_ticks - 2, 50), (start_ticks, 51), (start_ticks + 1, 52), (start_ticks + 2, 53)] {
        worker.offer(FromWorker::Note(PlannedNote { turn, on_ticks, off_ticks: on_ticks + 20, key, velocity: 127 }));
    }
    run(&mut audio, vec![], 24_000);
    let status = &audio.status;
    let numbers = [&status.n_played, &status.n_late, &status.n_dropped].map(crate::status::Counter::get);
    assert_eq!(numbers, [3, 2, 1]);
    let on = |key| Output::On { channel: 3, key, velocity: 1.0 };
    let place = |event| heard.iter().find(|(_, e)| *e == event).map(|(offset, _)| *offset);
    assert_eq!([50, 51, 52, 53].map(|key| place(on(key))), [None, Some(0), Some(0), Some(280)]);
    let hand_over_ms = status.hand_over_ms.load(Relaxed);
    assert!((14.9..=15.1).contains(&hand_over_ms), "{hand_over_ms}");
}

#[test]
fn an_answer_that_is_asked_for_between_two_ticks_is_not_late_for_that() {
    let mut params = AntiphonParams::default();
    let pedal = IntParam::new("hand", 66, IntRange::Linear { min: -1, max: 127 });
    *params.get_mut(ParamId::HandCc) = AnyParam::Int(pedal);
    let (mut audio, mut worker) = audio_with(params);
    let mut heard = Vec::new();
    let mut run = |audio: &mut AudioThread, input: Vec<(u32, Input)>, n_samples| {
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        audio.process(&Transport::default(), n_samples, &mut host);
    };
    run(&mut audio, vec![(0, Input::On { channel: 0, key: 60, velocity: 1.0 })], 5000);
    // 220 samples after the tick to which that is rounded, of 500 samples.
    run(&mut audio, vec![(220, Input::Control { channel: 0, controller: 66, value: 1.0 })], 230);
    let mut plan = None;
    while let Some(message) = worker.receive() {
        if let ToWorker::Begin(begin) = message {
            plan = Some(begin);
        }
    }
    let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } = plan.unwrap();
    worker.offer(FromWorker::Note(PlannedNote { turn, on_ticks: start_ticks, off_ticks: 99, key: 50, velocity: 99 }));
    run(&mut audio, vec![], 500);
    let hand_over_ms = audio.status.hand_over_ms.load(Relaxed);
    assert!((0.2..=0.22).contains(&hand_over_ms), "10 samples are not {hand_over_ms} ms");
}
