mod chords;
mod keys;
mod stage;
mod timing;

use std::rc::Rc;

use engine::answer::AnswerRequest;

use super::*;
use crate::events::{Gesture, HOLDING, Input, NoteId, Output, Which};
use crate::messages::{Begin, FromWorker, PlannedNote, ToWorker};
use crate::monitor::Count;
use stage::{Board, Dice, Moody, Queues, random_settings};

type Subject = Performer<Settings, Queues, Rc<Board>>;

/// Answers every plan with random notes, some on the keys that the player uses, some too late.
fn work(worker: &Queues, dice: &mut Dice) {
    while let Some(message) = worker.next() {
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
            worker.offer(FromWorker::Note(PlannedNote::written(turn, (on_ticks, off_ticks), key, 80)));
            on_ticks += i64::from(dice.roll(20));
        }
    }
}

fn performer(settings: Settings) -> (Subject, Queues, Rc<Board>) {
    let (worker, board) = (Queues::default(), Board::new());
    let mut performer = Performer::new(settings, worker.clone(), Rc::clone(&board));
    performer.activate(48_000.0, RenderMode::Live);
    (performer, worker, board)
}

/// A song of 16 phrases in a host that does all it may. Returns the notes of answers.
fn random_song(seed: u32) -> u32 {
    let mut dice = Dice(u64::from(seed));
    let refuses_one_in = [0, 2, 9][seed as usize % 3];
    let (mut performer, worker, board) = performer(random_settings(&mut dice));
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
            // A host that names some of its notes, uses names again, and forgets some note-offs.
            let id = NoteId::new(i32::try_from(dice.roll(8)).unwrap() - 4);
            let channel = [0, 0, 0, 9][dice.roll(4) as usize];
            let which = Which { id, ..Which::key(channel, key) };
            let event = match dice.roll(24) {
                0..=7 => Input::On { channel, key, id, velocity: 0.5 },
                8 => Input::Choke(Which { channel: None, ..which }),
                9..=14 => Input::Off { which, velocity: 0.5 },
                15 => Input::Off { which: Which { key: None, ..which }, velocity: 0.5 },
                16 => Input::Off { which: Which { id: None, ..which }, velocity: 0.5 },
                17 | 18 => control(64, 1.0),
                19 => control([66, 69][dice.roll(2) as usize], f32::from(key % 2)),
                20 => control([1, 120, 121, 123][dice.roll(4) as usize], 0.0),
                21 => Input::Other(Gesture::Bend { channel, value: 0 }),
                _ => control(66, f32::from(key % 2)),
            };
            input.push((offset, event));
        }
        if block % 100 == 30 {
            input.push((0, Input::Off { which: Which::ALL, velocity: 0.5 }));
        }
        match dice.roll(400) {
            0 => transport.beats = Some(f64::from(dice.roll(100)) - 8.0),
            1 => transport.tempo = Some(f64::from(40 + dice.roll(200))),
            2 => performer.reset(),
            3 => transport.is_playing = !transport.is_playing,
            4 => transport.signature = Some([(4, 4), (3, 4), (7, 8)][dice.roll(3) as usize]),
            6 => {
                let start = transport.beats.unwrap() - f64::from(dice.roll(8));
                transport.loop_beats = (dice.roll(2) == 0).then_some((start, start + f64::from(dice.roll(100)) / 10.0));
            }
            5 => performer.activate([44_100.0, 96_000.0][dice.roll(2) as usize], RenderMode::Live),
            _ => {}
        }
        let at = heard.len();
        let refuses_one_in = if is_last { 0 } else { refuses_one_in };
        let dice_of_host = Dice(u64::from(dice.roll(1 << 30)));
        let now = Transport { is_playing: transport.is_playing && !is_last, ..transport };
        if is_last {
            performer.reset();
        }
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: dice_of_host, refuses_one_in };
        performer.process(&now, n_samples, &mut host);
        assert!(heard[at..].windows(2).all(|w| w[0].0 <= w[1].0), "out of order in song {seed}");
        assert!(heard[at..].iter().all(|(offset, _)| *offset < n_samples.max(1)), "beyond the block in song {seed}");
        let step = f64::from(n_samples) / 48_000.0 / 60.0 * transport.tempo.unwrap();
        transport.beats = transport.beats.map(|beats| match transport.loop_beats {
            Some((start, end)) if beats < end && beats + step >= end && dice.roll(4) > 0 => start,
            _ => beats + step,
        });
        if dice.roll(4) > 0 {
            work(&worker, &mut dice);
        }
    }
    let mut sounding = [[0i32; 128]; 16];
    let mut ids = Vec::new();
    let mut pedals = [0.0; 128];
    for (_, event) in &heard {
        match *event {
            Output::On { channel, key, id, .. } => {
                sounding[usize::from(channel)][usize::from(key)] += 1;
                ids.push((channel, key, id));
            }
            Output::Off { channel, key, id, .. } => {
                sounding[usize::from(channel)][usize::from(key)] -= 1;
                let place = ids.iter().position(|&note| note == (channel, key, id));
                ids.remove(place.unwrap_or_else(|| panic!("a note-off without its note-on in song {seed}")));
            }
            Output::Control { controller: 121, .. } => pedals = [0.0; 128],
            Output::Control { controller, value, .. } => pedals[usize::from(controller)] = value,
            Output::Other(_) => {}
        }
    }
    let held = HOLDING.map(|controller| pedals[usize::from(controller)]);
    assert_eq!((sounding, held), ([[0; 128]; 16], [0.0; 3]), "left sounding in song {seed}");
    board.n(Count::Played)
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
    let (mut performer, _worker, board) = performer(Settings::default());
    let transport = Transport::default();
    let mut heard = Vec::new();
    for _ in 0..3000 {
        let which = Which::key(0, 60);
        let on = Input::On { channel: 0, key: 60, id: None, velocity: 1.0 };
        let notes = [on, Input::Off { which, velocity: 0.5 }];
        let input: Vec<_> = notes.into_iter().map(|event| (0, event)).collect();
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        performer.process(&transport, 64, &mut host);
    }
    assert_eq!(heard.len(), 6000, "all is passed through");
    assert!(board.n(Count::QueueFull) > 0);
    assert_eq!(board.doing.get(), Doing::Stuck);
}

#[test]
fn a_position_that_stands_still_gets_a_word() {
    let (mut performer, _worker, board) = performer(Settings::default());
    let mut seen = Vec::new();
    let mut heard = Vec::new();
    for (beats, is_playing) in [(4.0, true), (4.0, false), (5.0, true), (5.1, true), (4.0, true)] {
        for _ in 0..101 {
            let transport = Transport { is_playing, beats: Some(beats), ..Transport::default() };
            let mut host = Moody { input: vec![].into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
            performer.process(&transport, 480, &mut host);
        }
        seen.push(board.doing.get());
    }
    use Doing::{Frozen, Idle};
    assert_eq!(seen, [Frozen, Idle, Frozen, Frozen, Frozen]);
}
