//! When notes come, and what is said of it.

use engine::rhythm::PARTS_PER_TICK;

use super::*;
use crate::timeline::Span;

/// What was asked for last.
fn asked(worker: &Queues) -> Begin {
    let messages = std::iter::from_fn(|| worker.next());
    let begins = messages.filter_map(|message| match message {
        ToWorker::Begin(begin) => Some(begin),
        _ => None,
    });
    begins.last().unwrap()
}

#[test]
fn notes_that_come_too_late_are_left_out_and_counted() {
    let (mut performer, worker, board) = performer(Settings::default());
    let mut heard = Vec::new();
    let mut run = |performer: &mut Subject, input: Vec<(u32, Input)>, n_samples| {
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        performer.process(&Transport::default(), n_samples, &mut host);
    };
    run(&mut performer, vec![(0, Input::On { channel: 3, key: 60, id: None, velocity: 1.0 })], 24_000);
    run(&mut performer, vec![(0, Input::Off { which: Which::key(3, 60), velocity: 0.5 })], 64);
    let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } = asked(&worker);
    // 67 ticks of 500 samples later (700 ms, nearly), and 15 ms more.
    run(&mut performer, vec![], 33_500 - 64 + 720);
    for (on_ticks, key) in [(start_ticks - 2, 50), (start_ticks, 51), (start_ticks + 1, 52), (start_ticks + 2, 53)] {
        worker.offer(FromWorker::Note(PlannedNote::written(turn, (on_ticks, on_ticks + 20), key, 127)));
    }
    run(&mut performer, vec![], 24_000);
    let numbers = [Count::Played, Count::Late, Count::Dropped].map(|what| board.n(what));
    assert_eq!(numbers, [3, 2, 1]);
    let on = |key| Output::On { channel: 3, key, id: None, velocity: 1.0 };
    let place = |event| heard.iter().find(|(_, e)| *e == event).map(|(offset, _)| *offset);
    assert_eq!([50, 51, 52, 53].map(|key| place(on(key))), [None, Some(0), Some(0), Some(280)]);
    let hand_over_ms = board.hand_over_ms.get();
    // Two ticks more than the others.
    assert!(
        (35.7..=35.9).contains(&hand_over_ms),
        "the first of them was left out, and said to be so late: {hand_over_ms}"
    );
}

#[test]
fn an_answer_that_is_asked_for_between_two_ticks_is_not_late_for_that() {
    let (mut performer, worker, board) = performer(Settings { hand_controller: Some(66), ..Settings::default() });
    let mut heard = Vec::new();
    let mut run = |performer: &mut Subject, input: Vec<(u32, Input)>, n_samples| {
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        performer.process(&Transport::default(), n_samples, &mut host);
    };
    run(&mut performer, vec![(0, Input::On { channel: 0, key: 60, id: None, velocity: 1.0 })], 5000);
    // 220 samples after the tick to which that is rounded, of 500 samples.
    run(&mut performer, vec![(220, Input::Control { channel: 0, controller: 66, value: 1.0 })], 230);
    let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } = asked(&worker);
    worker.offer(FromWorker::Note(PlannedNote::written(turn, (start_ticks, 99), 50, 99)));
    run(&mut performer, vec![], 500);
    let hand_over_ms = board.hand_over_ms.get();
    assert!((0.2..=0.22).contains(&hand_over_ms), "10 samples are not {hand_over_ms} ms");
}

#[test]
fn an_answer_that_waits_for_the_players_beat_is_not_late_for_that() {
    for (told_late_samples, late_ms) in [(0, 0.0..0.1), (720, 14.9..15.1)] {
        let (mut performer, worker, board) = performer(Settings::default());
        let mut heard = Vec::new();
        let mut run = |performer: &mut Subject, input: Vec<(u32, Input)>, n_samples| {
            let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
            performer.process(&Transport::default(), n_samples, &mut host);
        };
        run(&mut performer, vec![(0, Input::On { channel: 0, key: 60, id: None, velocity: 1.0 })], 5000);
        run(&mut performer, vec![(0, Input::Off { which: Which::key(0, 60), velocity: 0.5 })], 64);
        let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } = asked(&worker);
        board.hand_over_ms.set(99.0);
        // The player's next beat is 20 ticks, of 500 samples, and 7 parts after the hand-over.
        let waits =
            PlannedNote { late_parts: 7, ..PlannedNote::written(turn, (start_ticks + 20, start_ticks + 40), 50, 99) };
        let after = PlannedNote::written(turn, (start_ticks + 44, start_ticks + 50), 52, 99);
        let due_samples = u32::try_from(waits.on_parts() * 500 / PARTS_PER_TICK).unwrap();
        run(&mut performer, vec![], due_samples - 5064 + told_late_samples);
        assert_eq!(board.hand_over_ms.get(), 99.0, "it has not come yet");
        worker.offer(FromWorker::Note(waits));
        worker.offer(FromWorker::Note(after));
        run(&mut performer, vec![], 24_000);
        let first_ms = board.hand_over_ms.get();
        assert!(late_ms.contains(&first_ms), "{first_ms}");
        assert_eq!((board.n(Count::Played), board.n(Count::Late)), (2, u32::from(told_late_samples > 0)));
    }
}

#[test]
fn what_is_played_and_answered_is_recorded_between_the_ticks() {
    let (mut performer, worker, board) = performer(Settings::default());
    let mut heard = Vec::new();
    let mut run = |performer: &mut Subject, input: Vec<(u32, Input)>, n_samples| {
        let mut host = Moody { input: input.into_iter(), heard: &mut heard, dice: Dice(0), refuses_one_in: 0 };
        performer.process(&Transport::default(), n_samples, &mut host);
    };
    // A tick has 500 samples: these are 1.2 and 3.4 of them.
    let on = Input::On { channel: 0, key: 60, id: None, velocity: 1.0 };
    run(&mut performer, vec![(600, on), (1700, Input::Off { which: Which::key(0, 60), velocity: 0.5 })], 2000);
    let Begin { turn, request: AnswerRequest { start_ticks, .. }, .. } = asked(&worker);
    let note = PlannedNote {
        late_parts: 5,
        held_parts: 77,
        ..PlannedNote::written(turn, (start_ticks, start_ticks + 1), 50, 99)
    };
    worker.offer(FromWorker::Note(note));
    run(&mut performer, vec![], 40_000);
    let events = board.events.borrow();
    let on_parts = start_ticks * PARTS_PER_TICK + 5;
    let answer = Span { on_parts, off_parts: on_parts + 77, key: 50, velocity: 99 };
    for event in [
        TimelineEvent::CallOn { parts: 19, key: 60, velocity: 127 },
        TimelineEvent::CallOff { parts: 54, key: 60 },
        TimelineEvent::Answer(answer),
    ] {
        assert!(events.contains(&event), "{event:?} in {events:?}");
    }
}
