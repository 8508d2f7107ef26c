mod following;
mod insights;
mod learning;
mod listening;
mod repeats;

use engine::answer::{AnswerRequest, Controls, KeyChoice, KeyLock};
use engine::rhythm::PARTS_PER_TICK;
use engine::{ModelConfig, Precision};

use super::*;
use crate::messages::PlannedNote;
use crate::turn::Start;

/// All that can be neutral is.
pub(crate) const CONTROLS: Controls = Controls {
    style: 1,
    temperature: 1.0,
    rhythm_temperature: 1.0,
    top_p: 1.0,
    learn_from_me: 0.0,
    velocity_follow: 0.0,
    lowest: Pitch::nearest(48),
    highest: Pitch::nearest(72),
    key_lock: KeyLock::Off,
    quantise_strength: 0.0,
    feel: 0.0,
    candidates: 1,
    ..Controls::DEFAULT
};

#[derive(Default)]
struct Ears {
    notes: Vec<PlannedNote>,
    next: Option<ToWorker>,
    asked: std::cell::Cell<u64>,
}

impl Listener for Ears {
    fn offer(&mut self, message: FromWorker) -> bool {
        match message {
            FromWorker::Note(note) => self.notes.push(note),
            FromWorker::Replace { from_ticks, .. } => self.notes.retain(|note| note.on_ticks < from_ticks),
        }
        true
    }

    fn peek(&self) -> Option<ToWorker> {
        self.next
    }

    fn wall_clock(&self) -> Duration {
        // A millisecond later whenever it is asked for.
        self.asked.set(self.asked.get() + 1);
        Duration::from_millis(self.asked.get())
    }
}

pub(crate) fn planner() -> Planner {
    planner_of(7)
}

/// With one of many networks that were never trained.
fn planner_of(network: u64) -> Planner {
    let file = engine::random_file(ModelConfig::TINY, Precision::Q8, network).unwrap();
    Planner::new(Arc::new(Weights::parse(&file).unwrap()))
}

/// A key is struck by hand and let go, at parts of a tick.
fn press((on_parts, off_parts): (i64, i64), key: u8, velocity: u8, strike: u32) -> [ToWorker; 2] {
    let split =
        |parts: i64| (parts.div_euclid(PARTS_PER_TICK), i8::try_from(parts.rem_euclid(PARTS_PER_TICK)).unwrap());
    let ((ticks, parts), (off_ticks, off)) = (split(on_parts), split(off_parts));
    [
        ToWorker::On { ticks, parts, us_per_beat: 500_000, channel: 0, key, velocity, style: 1, strike },
        ToWorker::Off { ticks: off_ticks, parts: off, strike },
    ]
}

/// A key goes down.
fn on(ticks: i64, key: u8, strike: u32) -> ToWorker {
    ToWorker::On { ticks, parts: 0, us_per_beat: 500_000, channel: 0, key, velocity: 80, style: 1, strike }
}

/// Bars of 4/4.
pub(crate) fn bars(bar_line_ticks: i64) -> ToWorker {
    ToWorker::Metre(Metre::Bars { bar_line_ticks, bar_ticks: 192 })
}

/// Eight notes from a tick on, with the last key up after 192 ticks.
pub(crate) fn call(from: i64) -> Vec<ToWorker> {
    let keys = [60u8, 62, 64, 65, 67, 65, 64, 62];
    let note = |(key, i): (u8, i64)| {
        let ticks = from + 24 * i;
        [on(ticks, key, key.into()), ToWorker::Off { ticks: ticks + 24, parts: 0, strike: key.into() }]
    };
    keys.into_iter().zip(0..).flat_map(note).collect()
}

fn request(number: u32, start_ticks: i64, end_ticks: i64) -> AnswerRequest {
    AnswerRequest { song_seed: 0, number, start_ticks, end_ticks, most_candidates: 1 }
}

/// An answer that is asked for at 120 BPM.
fn asked(turn: u32, request: AnswerRequest, until_ticks: i64, controls: Controls) -> Begin {
    Begin { turn, request, until_ticks, controls, us_per_beat: 500_000, start: Start::AtOnce }
}

pub(crate) fn begin(turn: u32, start_ticks: i64, length: i64) -> ToWorker {
    let (until_ticks, end_ticks) = (start_ticks + length.min(192), start_ticks + length);
    ToWorker::Begin(asked(turn, request(3, start_ticks, end_ticks), until_ticks, CONTROLS))
}

pub(crate) fn tell(planner: &mut Planner, messages: impl IntoIterator<Item = ToWorker>) -> Vec<PlannedNote> {
    let mut ears = Ears::default();
    for message in messages {
        planner.handle(message, &mut ears);
    }
    ears.notes
}

#[test]
fn an_answer_begins_exactly_and_stays_within_its_bounds() {
    let mut planner = planner();
    tell(&mut planner, call(0));
    assert_eq!(planner.notes_per_second(), 0);
    let mut notes = tell(&mut planner, [begin(1, 240, 384)]);
    assert!(planner.notes_per_second() > 0);
    assert!(notes.iter().all(|note| note.on_ticks < 240 + 192), "only what was asked for");
    for until_ticks in [480, 528, 576, 624] {
        notes.extend(tell(&mut planner, [ToWorker::Extend { turn: 1, until_ticks, controls: CONTROLS }]));
    }
    assert_eq!(notes[0].on_ticks, 240);
    assert!(notes.windows(2).all(|w| w[0].on_ticks <= w[1].on_ticks));
    assert!(
        notes.iter().all(|n| (48..=72).contains(&n.key) && n.held_parts > 0 && n.off_parts() <= 624 * PARTS_PER_TICK)
    );
    assert!(tell(&mut planner, [ToWorker::Extend { turn: 0, until_ticks: 9999, controls: CONTROLS }]).is_empty());
}

#[test]
fn chunks_and_eagerness_change_nothing() {
    let mut planner_a = planner();
    tell(&mut planner_a, call(0));
    let a =
        tell(&mut planner_a, [begin(1, 240, 9999), ToWorker::Extend { turn: 1, until_ticks: 900, controls: CONTROLS }]);
    let mut planner_b = planner();
    tell(&mut planner_b, call(0));
    let extends =
        (432..=900).step_by(36).map(|until_ticks| ToWorker::Extend { turn: 1, until_ticks, controls: CONTROLS });
    let b = tell(&mut planner_b, std::iter::once(begin(1, 240, 9999)).chain(extends));
    assert_eq!(a, b);
}

#[test]
fn a_cancelled_plan_leaves_no_trace() {
    let expected = tell(&mut planner(), call(0).into_iter().chain(call(192)).chain([begin(2, 500, 384)]));
    for is_seen_coming in [false, true] {
        let mut planner = planner();
        tell(&mut planner, call(0));
        let cancel = ToWorker::Cancel { turn: 1 };
        let mut ears = Ears { next: is_seen_coming.then_some(cancel), ..Ears::default() };
        planner.handle(begin(1, 260, 384), &mut ears);
        assert!(!is_seen_coming || ears.notes.is_empty(), "work for nothing");
        tell(&mut planner, [cancel]);
        let again = tell(&mut planner, call(192).into_iter().chain([begin(2, 500, 384)]));
        assert_eq!(again, expected);
    }
}

#[test]
fn what_was_heard_of_an_interrupted_answer_is_remembered() {
    let mut planner = planner();
    tell(&mut planner, call(0));
    let answer = tell(&mut planner, [begin(1, 240, 1920), extend(1, 1000, CONTROLS)]);
    let at_ticks = answer[1].on_ticks.max(answer[0].on_ticks + 1);
    let n_heard = answer.iter().filter(|note| note.on_ticks < at_ticks).count();
    tell(&mut planner, [ToWorker::Finish { turn: 1, at_ticks }]);
    tell(&mut planner, call(at_ticks));
    tell(&mut planner, [begin(2, at_ticks + 300, 1)]);
    assert_eq!(planner.session.n_notes(), 8 + n_heard + 8 + 1);
}

#[test]
fn a_reset_makes_it_as_new() {
    let song = || call(0).into_iter().chain([begin(1, 240, 384)]);
    let mut planner = planner();
    let first = tell(&mut planner, song());
    tell(&mut planner, [ToWorker::Pedal { ticks: 300, channel: 0, is_down: true }, ToWorker::Reset]);
    assert_eq!(tell(&mut planner, song()), first);
}

#[test]
fn a_start_keeps_the_call_and_forgets_the_rest() {
    let pedal = |ticks, is_down| ToWorker::Pedal { ticks, channel: 0, is_down };
    let phrase = || {
        call(400).into_iter().map(|message| match message {
            ToWorker::On { ticks, parts, us_per_beat, channel, key, velocity, strike, .. } => {
                ToWorker::On { ticks, parts, us_per_beat, channel, key, velocity, style: 2, strike }
            }
            other => other,
        })
    };
    let metre = ToWorker::Metre(Metre::Bars { bar_line_ticks: 100, bar_ticks: 192 });
    let expected = tell(&mut planner(), [metre].into_iter().chain(phrase()).chain([begin(2, 640, 384)]));
    // Half of the phrase, or all of it, is over when the song starts; and what is told to the model depends on how much waits.
    for n_before in [0, 8, 9, 16] {
        for next in [None, Some(ToWorker::Cancel { turn: 9 })] {
            let mut planner = planner();
            tell(
                &mut planner,
                call(0).into_iter().chain([begin(1, 240, 96), ToWorker::Finish { turn: 1, at_ticks: 336 }]),
            );
            let mut ears = Ears { next, ..Ears::default() };
            for message in phrase().take(n_before).chain([metre, ToWorker::Start]).chain(phrase().skip(n_before)) {
                planner.handle(message, &mut ears);
            }
            assert_eq!(tell(&mut planner, [begin(2, 640, 384)]), expected, "{n_before} messages before the start");
            assert_eq!(planner.n_learnt(), 8);
        }
    }
    // The pedal is where it was.
    let mut planner = planner();
    tell(&mut planner, [pedal(0, true), ToWorker::Start].into_iter().chain(call(10)));
    assert_eq!(planner.heard.iter().filter(|heard| heard.is_open()).count(), 5);
}

pub(crate) fn extend(turn: u32, until_ticks: i64, controls: Controls) -> ToWorker {
    ToWorker::Extend { turn, until_ticks, controls }
}

/// An answer of eight bars to a call, under these controls from the start.
fn answer_with(controls: Controls) -> Vec<PlannedNote> {
    answer_of(planner(), controls)
}

fn answer_of(mut planner: Planner, controls: Controls) -> Vec<PlannedNote> {
    let begin = asked(1, request(3, 240, 1776), 1776, controls);
    tell(&mut planner, call(0).into_iter().chain([ToWorker::Begin(begin)]))
}

#[test]
fn the_best_of_several_is_chosen_whatever_the_worker_sees_coming() {
    let controls = Controls { candidates: 4, ..CONTROLS };
    let of_four = |number| AnswerRequest { most_candidates: 4, ..request(number, 240, 1776) };
    let begin = |number| ToWorker::Begin(asked(1, of_four(number), 400, controls));
    let replace = ToWorker::Replace {
        turn: 1,
        from_ticks: 300,
        until_ticks: 700,
        controls: Controls { density: 2.0, ..controls },
    };
    let answers = (0..6).map(|number| {
        let (mut blind, mut seeing) = (planner(), planner());
        let mut ears = Ears::default();
        tell(&mut blind, call(0));
        tell(&mut seeing, call(0));
        let expected = tell(&mut blind, [begin(number), replace]);
        ears.next = Some(replace);
        seeing.handle(begin(number), &mut ears);
        ears.next = None;
        seeing.handle(replace, &mut ears);
        assert_eq!(ears.notes, expected);
        // A plan that is taken back while its candidates are made leaves nothing.
        let (mut fresh, mut interrupted) = (planner(), planner());
        tell(&mut fresh, call(0));
        tell(&mut interrupted, call(0));
        ears = Ears { next: Some(ToWorker::Cancel { turn: 1 }), ..Ears::default() };
        let hasty = ToWorker::Extend { turn: 1, until_ticks: 400, controls };
        interrupted.begin(asked(1, of_four(number), 400, controls));
        interrupted.handle(hasty, &mut ears);
        assert!(ears.notes.is_empty());
        tell(&mut interrupted, [ToWorker::Cancel { turn: 1 }]);
        let again = tell(&mut interrupted, [begin(number)]);
        assert_eq!(again, tell(&mut fresh, [begin(number)]));
        let alone = ToWorker::Begin(asked(1, request(number, 240, 1776), 400, controls));
        let mut plain = planner();
        tell(&mut plain, call(0));
        (again, tell(&mut plain, [alone]))
    });
    let n_other = answers.filter(|(chosen, first)| chosen != first).count();
    assert!(n_other > 1, "{n_other}");
}

#[test]
fn a_change_replaces_what_comes_after_it_and_nothing_before() {
    let wild = Controls { temperature: 1.5, lowest: Pitch::MIDDLE_C, ..CONTROLS };
    let messages = |from_ticks| {
        let replace = ToWorker::Replace { turn: 1, from_ticks, until_ticks: from_ticks + 24, controls: wild };
        [begin(1, 240, 9999), replace, extend(1, 700, wild)]
    };
    let plain = tell(&mut planner(), call(0).into_iter().chain([begin(1, 240, 9999), extend(1, 700, CONTROLS)]));
    let changed = tell(&mut planner(), call(0).into_iter().chain(messages(300)));
    let before = |notes: &[PlannedNote]| notes.iter().filter(|note| note.on_ticks < 300).copied().collect::<Vec<_>>();
    assert_eq!(before(&changed), before(&plain));
    assert_ne!(changed, plain);
    assert!(changed.iter().all(|note| note.on_ticks < 300 || note.key >= 60));
    assert!(changed.windows(2).all(|w| w[0].on_ticks <= w[1].on_ticks));
    // What the worker sees coming does not change what it says.
    let mut ears = Ears::default();
    let mut planner = planner();
    let all: Vec<_> = call(0).into_iter().chain(messages(300)).collect();
    for (i, message) in all.iter().enumerate() {
        ears.next = all.get(i + 1).copied();
        planner.handle(*message, &mut ears);
    }
    assert_eq!(ears.notes, changed);
}

#[test]
fn the_answer_keeps_the_key_of_the_call_as_strictly_as_asked() {
    // The scale of the call has a C sharp: its key is D minor.
    let inside = |(key_lock, tonic)| {
        let key = KeyChoice { tonic, scale: 0 };
        let controls = Controls { key_lock, key, rhythm_temperature: 0.5, ..CONTROLS };
        let notes: Vec<_> = (0..8).flat_map(|network| answer_of(planner_of(network), controls)).collect();
        let is_inside = |note: &&PlannedNote| [0, 1, 2, 4, 5, 7, 9, 10].contains(&(note.key % 12));
        (notes.iter().filter(is_inside).count(), notes.len())
    };
    let locks = [(KeyLock::Off, None), (KeyLock::Lean, None), (KeyLock::Lean, Some(2)), (KeyLock::Strict, None)];
    let [off, lean, chosen, strict] = locks.map(inside);
    assert_eq!(strict.0, strict.1);
    assert!(off.0 * 10 < off.1 * 9, "most random weights know no key: {off:?}");
    assert!(lean.0 * off.1 > off.0 * lean.1, "{off:?}, then {lean:?}");
    assert!(chosen.0 * 10 > chosen.1 * 9, "who chooses a key wants it: {chosen:?}");
}

#[test]
fn voices_quantise_and_style_mix_do_what_they_say() {
    let notes = answer_with(Controls { voices: 2, density: 4.0, ..CONTROLS });
    assert!(notes.windows(3).all(|w| w[0].on_ticks < w[2].on_ticks), "three at once: {notes:?}");
    let notes = answer_with(Controls { quantise_ticks: 12, quantise_strength: 1.0, ..CONTROLS });
    assert!(notes.iter().all(|note| (note.on_ticks - 240) % 12 == 0), "off the grid: {notes:?}");
    let second = answer_with(Controls { style: 2, ..CONTROLS });
    assert_eq!(answer_with(Controls { style2: 2, style_mix: 1.0, ..CONTROLS }), second);
    let mixed = answer_with(Controls { style2: 2, style_mix: 0.5, ..CONTROLS });
    assert!(mixed != second && mixed != answer_with(CONTROLS));
}

#[test]
fn a_key_held_over_the_hand_over_is_read_again_when_its_length_is_known() {
    let mut planner = planner();
    let held = on(24, 50, 50);
    tell(&mut planner, call(0).into_iter().take(4).chain([held, begin(1, 192, 192)]));
    let messages = [
        ToWorker::Off { ticks: 300, parts: 0, strike: 50 },
        ToWorker::Finish { turn: 1, at_ticks: 384 },
        on(390, 60, 60),
    ];
    tell(&mut planner, messages);
    let told = planner.player.recent().iter().find(|note| note.pitch.get() == 50).map(|note| note.duration_ticks);
    assert_eq!(told, Some(276));
    assert!(planner.player.call().is_empty(), "it belonged to the call before");
}

#[test]
fn a_key_that_is_never_let_go_does_not_stop_the_listening() {
    let mut planner = planner();
    let held = ToWorker::On {
        ticks: 0,
        parts: 0,
        us_per_beat: 500_000,
        channel: 1,
        key: 30,
        velocity: 80,
        style: 1,
        strike: 30,
    };
    tell(&mut planner, std::iter::once(held).chain((0..16).flat_map(|i| call(192 * i))));
    assert!(planner.heard.len() < 80, "{} notes wait to be told", planner.heard.len());
}

#[test]
fn a_generator_goes_on_for_an_hour_without_a_trap() {
    let mut planner = planner();
    let tame = Controls { temperature: 0.05, rhythm_temperature: 0.05, ..CONTROLS };
    let start = asked(1, request(3, 0, i64::MAX), 192, tame);
    // Half an hour at 120 BPM, almost without chance.
    let steps = (1..900i64).map(|i| extend(1, 192 * i, tame));
    let notes = tell(&mut planner, std::iter::once(ToWorker::Begin(start)).chain(steps));
    let longest_rest = notes.windows(2).map(|w| w[1].on_ticks - w[0].on_ticks).max();
    assert!(longest_rest.is_some_and(|rest| rest <= 384), "{longest_rest:?}");
    assert!(notes.last().is_some_and(|note| note.on_ticks > 192 * 897));
    let bars: Vec<Vec<(i64, u8)>> = (0..900)
        .map(|bar| notes.iter().filter(|n| n.on_ticks / 192 == bar).map(|n| (n.on_ticks % 192, n.key)).collect())
        .collect();
    let n_traps = bars.windows(4).filter(|w| !w[0].is_empty() && w.iter().all(|bar| *bar == w[0])).count();
    assert_eq!(n_traps, 0, "four equal bars on end");
}
