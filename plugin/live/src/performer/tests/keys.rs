//! Keys, panics and wheels, with a host that takes all it is sent or nothing.

use super::*;
use crate::events::{ALL_NOTES_OFF, ALL_SOUND_OFF, CENTRED_BEND, NEUTRAL_RELEASE};

/// A performer in a host whose room can be changed.
pub(super) struct Hall {
    pub(super) performer: Subject,
    pub(super) worker: Queues,
    pub(super) board: Rc<Board>,
    refuses_all: bool,
}

impl Hall {
    pub(super) fn new(settings: Settings) -> Self {
        let (performer, worker, board) = performer(settings);
        Self { performer, worker, board, refuses_all: false }
    }

    /// Runs a block of so many samples with these events at its start, and returns what the host took.
    pub(super) fn run(&mut self, input: &[Input], n_samples: u32) -> Vec<Output> {
        let (mut heard, input) = (Vec::new(), input.iter().map(|&event| (0, event)).collect::<Vec<_>>());
        let refuses_one_in = u32::from(self.refuses_all);
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in };
        self.performer.process(&Transport::default(), n_samples, &mut host);
        heard.into_iter().map(|(_, event)| event).collect()
    }

    /// What the worker is told of strikes and plans.
    fn told(&self) -> Vec<&'static str> {
        let word = |message| match message {
            ToWorker::On { .. } => Some("on"),
            ToWorker::Off { .. } => Some("off"),
            ToWorker::Begin(_) => Some("begin"),
            ToWorker::Cancel { .. } => Some("cancel"),
            ToWorker::Finish { .. } => Some("finish"),
            _ => None,
        };
        std::iter::from_fn(|| self.worker.next()).filter_map(word).collect()
    }
}

pub(super) fn on(channel: u8, key: u8, id: i32) -> Input {
    Input::On { channel, key, id: NoteId::new(id), velocity: 0.5 }
}

pub(super) fn off(which: Which) -> Input {
    Input::Off { which, velocity: 0.25 }
}

fn ended(channel: u8, key: u8, id: i32, velocity: f32) -> Output {
    Output::Off { channel, key, id: NoteId::new(id), velocity }
}

fn all_off(channel: u8, controller: u8) -> Input {
    Input::Control { channel, controller, value: 0.0 }
}

#[test]
fn a_note_that_the_host_would_not_end_ends_later_by_its_id() {
    let mut hall = Hall::new(Settings::default());
    hall.run(&[on(0, 60, 1), on(0, 60, 2)], 64);
    hall.refuses_all = true;
    assert!(hall.run(&[off(Which { id: NoteId::new(1), ..Which::ALL }), on(0, 60, 3)], 64).is_empty());
    assert!(hall.run(&[off(Which { id: NoteId::new(3), ..Which::ALL })], 64).is_empty());
    hall.refuses_all = false;
    assert_eq!(hall.run(&[], 64), [ended(0, 60, 1, 0.25)], "note 3 was never heard");
    assert_eq!(hall.run(&[off(Which::key(0, 60))], 64), [ended(0, 60, 2, 0.25)]);
    assert!(hall.run(&[off(Which::ALL)], 64).is_empty());
}

#[test]
fn a_choke_ends_all_that_it_names() {
    let mut hall = Hall::new(Settings::default());
    hall.run(&[on(0, 60, 1), on(0, 60, 2), on(0, 64, 3), on(1, 60, 4)], 64);
    let heard = hall.run(&[Input::Choke(Which::key(0, 60))], 64);
    assert_eq!(heard, [ended(0, 60, 2, NEUTRAL_RELEASE), ended(0, 60, 1, NEUTRAL_RELEASE)]);
    let heard = hall.run(&[Input::Choke(Which { id: NoteId::new(4), ..Which::ALL })], 64);
    assert_eq!(heard, [ended(1, 60, 4, NEUTRAL_RELEASE)]);
    hall.run(&[on(0, 60, -1), on(0, 60, 5)], 64);
    let heard = hall.run(&[Input::Choke(Which { id: NoteId::new(5), ..Which::key(0, 60) })], 64);
    assert_eq!(heard, [ended(0, 60, 5, NEUTRAL_RELEASE)], "and no note without a name");
}

#[test]
fn more_strikes_than_can_be_held_end_one_by_one() {
    let mut hall = Hall::new(Settings::default());
    for id in 0..600 {
        let heard = hall.run(&[on(0, 60, id)], 8);
        let n_ended = heard.iter().filter(|event| matches!(event, Output::Off { .. })).count();
        assert_eq!(n_ended, usize::from(id >= 512), "strike {id}");
    }
    let heard = hall.run(&[all_off(0, ALL_SOUND_OFF)], 64);
    assert_eq!(heard.len(), 512 + 1, "each has its note-off, and the controller passes on");
    assert!(!hall.performer.turn.is_any_held());
}

#[test]
fn drums_are_passed_on_and_nothing_more() {
    for are_drums_heard in [false, true] {
        let mut hall = Hall::new(Settings { are_drums_heard, ..Settings::default() });
        assert_eq!(hall.run(&[on(9, 36, -1), off(Which::key(9, 36))], 64).len(), 2);
        let told: &[_] = if are_drums_heard { &["on", "off", "begin"] } else { &[] };
        assert_eq!((hall.told(), hall.board.n(Count::Heard)), (told.to_vec(), are_drums_heard.into()));
    }
}

#[test]
fn a_panic_takes_back_what_is_planned() {
    for is_thru in [false, true] {
        let mut hall = Hall::new(Settings { is_thru, ..Settings::default() });
        hall.run(&[on(0, 60, 1), on(0, 64, 2)], 5_000);
        hall.run(&[off(Which::key(0, 60)), off(Which::key(0, 64))], 5_000);
        assert_eq!(hall.told(), ["on", "on", "off", "off", "begin"]);
        let heard = hall.run(&[all_off(0, ALL_NOTES_OFF)], 48_000);
        assert_eq!((heard.len(), hall.told()), (usize::from(is_thru), vec!["cancel"]));
        assert_eq!(hall.performer.turn.phase(), Phase::Idle);
    }
}

/// A keyboard says so on one channel, with its last key; a host on all.
#[test]
fn all_notes_off_with_the_last_key_takes_nothing_back() {
    let mut hall = Hall::new(Settings::default());
    hall.run(&[on(3, 60, -1)], 5_000);
    hall.run(&[off(Which::key(3, 60)), all_off(3, ALL_NOTES_OFF)], 64);
    assert_eq!(hall.told(), ["on", "off", "begin"]);
    hall.run(&[all_off(4, ALL_NOTES_OFF)], 64);
    assert_eq!(hall.told(), ["cancel"]);
    for panic in [all_off(3, ALL_SOUND_OFF), all_off(2, ALL_NOTES_OFF)] {
        hall.run(&[on(3, 60, -1)], 5_000);
        hall.run(&[off(Which::key(3, 60)), panic], 64);
        assert_eq!(hall.told(), ["on", "off", "begin", "cancel"]);
    }
}

#[test]
fn an_answer_begins_with_its_wheel_at_rest_when_the_host_takes_that() {
    let bend = |value| Input::Other(Gesture::Bend { channel: 0, value });
    let mut hall = Hall::new(Settings::default());
    hall.run(&[bend(9_000), on(0, 60, -1)], 5_000);
    hall.run(&[off(Which::key(0, 60))], 64);
    let begin = |message| if let ToWorker::Begin(begin) = message { Some(begin) } else { None };
    let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } =
        std::iter::from_fn(|| hall.worker.next()).find_map(begin).unwrap();
    for i in 0..3 {
        let (on_ticks, key) = (start_ticks + 4 * i, 50);
        let note = PlannedNote::written(turn, (on_ticks, on_ticks + 2), key, 127);
        hall.worker.offer(FromWorker::Note(note));
    }
    // The first note and its wheel are refused.
    hall.refuses_all = true;
    hall.run(&[], 33_500 + 500);
    hall.refuses_all = false;
    let heard = hall.run(&[], 5_000);
    let centred = Output::Other(Gesture::Bend { channel: 0, value: CENTRED_BEND });
    let is_on = |event: &Output| matches!(event, Output::On { .. });
    assert_eq!(heard.iter().filter(|event| is_on(event)).count(), 2);
    let first = heard.iter().position(is_on).unwrap();
    assert_eq!(heard.iter().position(|event| *event == centred), Some(first - 1));
    assert_eq!(heard.iter().filter(|event| **event == centred).count(), 1);
}
