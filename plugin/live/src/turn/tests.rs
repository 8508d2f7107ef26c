use super::*;

const RULES: Rules = Rules {
    silence_ticks: Some(50),
    trade_bars: None,
    is_generator: false,
    start: Start::AtOnce,
    length: Length::LikeTheCall,
    is_interruptible: true,
    metre: Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 },
};

/// What happens to the machine, each at its tick.
#[derive(Clone, Copy, Debug)]
enum Do {
    Down(i64, u8),
    Up(i64, u8),
    /// The player hands over.
    Hand(i64),
    /// Time passes.
    Run(i64),
    /// Time passes, and the controls never rest.
    Turn(i64),
}
use Do::{Down, Hand, Run, Up};

fn begin(start_ticks: i64, end_ticks: i64) -> Action {
    Action::Begin { start_ticks, until_ticks: end_ticks.min(start_ticks + 192), end_ticks }
}

/// All actions with their ticks, and where it ends.
fn run(rules: Rules, steps: &[Do]) -> (Vec<(i64, Action)>, Phase) {
    let mut turn = Turn::new();
    let mut actions = Vec::new();
    let mut act = |tick, action: Option<Action>| actions.extend(action.map(|action| (tick, action)));
    for step in steps {
        let (to, is_changed) = match *step {
            Down(tick, _) | Up(tick, _) | Hand(tick) | Run(tick) => (tick, false),
            Do::Turn(tick) => (tick, true),
        };
        // What ends an answer comes before what the player does on the same tick, the rest after it.
        let is_due =
            |tick: i64, is_end: bool| tick < to || tick == to && (is_end || matches!(step, Run(_) | Do::Turn(_)));
        while let Some((tick, _)) = turn.deadline().filter(|&(tick, is_end)| is_due(tick, is_end)) {
            act(tick, turn.on_deadline(is_changed));
            act(tick, turn.plan(tick, &rules));
        }
        match *step {
            Down(tick, key) => act(tick, turn.key_down(tick, 0, key, &rules)),
            Up(tick, key) => {
                turn.key_up(tick, 0, key);
            }
            Hand(tick) => act(tick, turn.hand_over(tick)),
            Run(_) | Do::Turn(_) => {}
        }
        act(to, turn.plan(to, &rules));
    }
    (actions, turn.phase())
}

/// As [`run`], without the plan's growth.
fn outline(rules: Rules, steps: &[Do]) -> Vec<(i64, Action)> {
    run(rules, steps).0.into_iter().filter(|(_, action)| !matches!(action, Action::Extend { .. })).collect()
}

#[test]
fn who_hands_over_when() {
    use Action::{Cancel, Finish, Play};
    let silent = Rules { silence_ticks: None, ..RULES };
    let trade = Rules { trade_bars: Some(1), ..silent };
    let finish = |at_ticks| (at_ticks, Finish { at_ticks });
    type Case<'a> = (&'a str, Rules, &'a [Do], &'a [(i64, Action)]);
    let cases: &[Case] = &[
        (
            "silence, and a call of 100 ticks gets three beats",
            RULES,
            &[Down(10, 60), Up(40, 60), Down(40, 62), Up(110, 62), Run(1000)],
            &[(40, begin(90, 138)), (40, Cancel), (110, begin(160, 304)), (160, Play), finish(304)],
        ),
        ("a held key is no silence", RULES, &[Down(0, 60), Down(5, 64), Up(9, 60), Up(9, 61), Run(1000)], &[]),
        (
            "a key that was struck twice is held until it is let go twice",
            RULES,
            &[Down(0, 60), Down(20, 60), Up(20, 60), Up(48, 60), Up(60, 60), Run(98)],
            &[(48, begin(98, 146)), (98, Play)],
        ),
        (
            "playing before the hand-over takes it back",
            RULES,
            &[Down(0, 60), Up(48, 60), Down(97, 60), Up(98, 60), Run(150)],
            &[(48, begin(98, 146)), (97, Cancel), (98, begin(148, 292)), (148, Play)],
        ),
        (
            "playing on the tick of the hand-over takes it back too",
            RULES,
            &[Down(0, 60), Up(48, 60), Down(98, 60)],
            &[(48, begin(98, 146)), (98, Cancel)],
        ),
        (
            "playing after it interrupts",
            RULES,
            &[Down(0, 60), Up(48, 60), Down(99, 60)],
            &[(48, begin(98, 146)), (98, Play), finish(99)],
        ),
        ("without any hand-over, none comes", silent, &[Down(0, 60), Up(48, 60), Run(5000)], &[]),
        (
            "trading: a bar for a bar, planned half a beat before",
            trade,
            &[Down(10, 60), Up(150, 60), Run(1000)],
            &[(168, begin(192, 384)), (192, Play), finish(384)],
        ),
        (
            "trading: keys that are held are handed over too",
            trade,
            &[Down(10, 60), Run(300), Up(300, 60), Run(1000)],
            &[(168, begin(192, 384)), (192, Play), finish(384)],
        ),
        (
            "trading: who plays in the last moment is heard",
            trade,
            &[Down(10, 60), Up(20, 60), Down(180, 60), Run(200)],
            &[(168, begin(192, 384)), (180, Cancel), (180, begin(192, 384)), (192, Play)],
        ),
        (
            "trading: a note just before the line begins the next bar",
            trade,
            &[Down(180, 60), Up(200, 60), Run(400)],
            &[(360, begin(384, 576)), (384, Play)],
        ),
        (
            "trading: silence may come first",
            Rules { trade_bars: Some(2), ..RULES },
            &[Down(0, 60), Up(20, 60), Run(100)],
            &[(20, begin(70, 454)), (70, Play)],
        ),
        (
            "a pedal hands over at once, held keys or not",
            silent,
            &[Down(0, 60), Hand(77), Run(100)],
            &[(77, begin(77, 173)), (77, Play)],
        ),
        (
            "a pedal waits for the bar, and all until then is heard",
            Rules { start: Start::NextBar, ..silent },
            &[Down(0, 60), Up(10, 60), Hand(77), Down(170, 62), Up(175, 62), Run(192)],
            &[(168, begin(192, 240)), (170, Cancel), (170, begin(192, 384)), (192, Play)],
        ),
        (
            "a pedal shortens the silence",
            RULES,
            &[Down(0, 60), Up(10, 60), Hand(30), Run(30)],
            &[(10, begin(60, 108)), (30, Cancel), (30, begin(30, 78)), (30, Play)],
        ),
        (
            "a second press ends the answer",
            silent,
            &[Down(0, 60), Up(10, 60), Hand(30), Hand(50), Run(1000)],
            &[(30, begin(30, 78)), (30, Play), finish(50)],
        ),
        ("a pedal without a call", silent, &[Hand(30), Run(30)], &[(30, begin(30, 414)), (30, Play)]),
    ];
    for (name, rules, steps, expected) in cases {
        assert_eq!(outline(*rules, steps), *expected, "{name}");
    }
}

#[test]
fn a_generator_plays_until_it_is_told_to_rest() {
    let rules = Rules { is_generator: true, length: Length::Endless, ..RULES };
    let starts = |rules, steps: &[Do]| -> Vec<i64> {
        let is_begin = |&(_, action): &(i64, Action)| match action {
            Action::Begin { start_ticks, .. } => Some(start_ticks),
            _ => None,
        };
        outline(rules, steps).iter().filter_map(is_begin).collect()
    };
    assert_eq!(starts(rules, &[Run(0), Run(100)]), [0]);
    assert_eq!(starts(rules, &[Run(20), Run(100)]), [48], "on the beat");
    assert_eq!(starts(Rules { start: Start::NextBar, ..rules }, &[Run(20), Run(400)]), [192], "or the bar");
    assert_eq!(starts(rules, &[Run(0), Run(100), Down(100, 60), Up(120, 60), Run(500)]), [0, 170], "after a call");
    assert_eq!(starts(rules, &[Run(0), Run(100), Hand(100), Run(5000)]), [0], "told to rest");
    assert_eq!(starts(rules, &[Run(0), Run(100), Hand(100), Run(200), Hand(300), Run(400)]), [0, 300]);
}

#[test]
fn a_long_answer_is_planned_step_by_step_at_fixed_ticks() {
    let rules = Rules { length: Length::Bars(2), ..RULES };
    let (actions, phase) = run(rules, &[Down(0, 60), Up(50, 60), Run(2000)]);
    assert_eq!(actions[0].1, Action::Begin { start_ticks: 100, until_ticks: 292, end_ticks: 484 });
    let extends: Vec<_> = actions
        .iter()
        .filter_map(|(tick, action)| match action {
            Action::Extend { until_ticks } => Some((*tick, *until_ticks)),
            _ => None,
        })
        .collect();
    let expected: Vec<_> = (0..16).map(|i| (112 + 12 * i, 304 + 12 * i)).collect();
    assert_eq!(extends, expected);
    assert_eq!((actions.last().unwrap().0, phase), (484, Phase::Idle));
}

#[test]
fn a_change_replaces_what_is_beyond_the_commit_window_and_the_plan_grows_back() {
    let rules = Rules { length: Length::Bars(2), ..RULES };
    let (actions, _) = run(rules, &[Down(0, 60), Up(50, 60), Run(110), Do::Turn(125), Run(400), Do::Turn(484)]);
    let replaced: Vec<_> = actions
        .iter()
        .filter_map(|(tick, action)| match action {
            Action::Replace { from_ticks, until_ticks } => Some((*tick, *from_ticks, *until_ticks)),
            _ => None,
        })
        .collect();
    assert_eq!(replaced[..2], [(112, 136, 160), (124, 148, 172)]);
    assert_eq!(replaced.last(), Some(&(448, 472, 484)), "what is committed to the end is left alone");
    let until = |at: i64| {
        actions.iter().filter(move |(tick, _)| *tick <= at).filter_map(|(_, action)| match action {
            Action::Replace { until_ticks, .. } | Action::Extend { until_ticks } => Some(*until_ticks),
            _ => None,
        })
    };
    assert_eq!(until(136).next_back(), Some(196));
    assert_eq!(until(400).next_back(), Some(484), "grown back");
}

#[test]
fn a_change_before_the_answer_holds_from_its_first_note_on() {
    let (actions, _) = run(RULES, &[Down(0, 60), Up(50, 60), Run(75), Do::Turn(76), Run(100)]);
    let replace = Action::Replace { from_ticks: 100, until_ticks: 196 };
    assert_eq!(actions, [(50, begin(100, 196)), (76, replace), (100, Action::Play)]);
}

#[test]
fn answers_begin_at_the_next_beat_or_bar_of_a_rolling_song() {
    let begins = |start, metre, silence_ticks| {
        let rules = Rules { start, metre, silence_ticks: Some(silence_ticks), ..RULES };
        match run(rules, &[Down(0, 60), Up(50, 60)]).0[0].1 {
            Action::Begin { start_ticks, .. } => start_ticks,
            other => panic!("{other:?}"),
        }
    };
    let waltz = Metre::Bars { bar_line_ticks: 48, bar_ticks: 144 };
    let cases = [
        (Start::AtOnce, waltz, 50, 100),
        (Start::NextBeat, waltz, 50, 144),
        (Start::NextBeat, waltz, 46, 96),
        (Start::NextBar, waltz, 50, 192),
        (Start::NextBar, waltz, 142, 192),
        (Start::NextBar, Metre::Free, 50, 100),
    ];
    for (start, metre, silence, expected) in cases {
        assert_eq!(begins(start, metre, silence), expected, "{start:?} after {silence}");
    }
}

#[test]
fn who_plays_along_is_answered_when_the_answer_is_over() {
    let rules = Rules { is_interruptible: false, length: Length::Bars(1), ..RULES };
    let actions = outline(rules, &[Down(0, 60), Up(50, 60), Down(150, 64), Up(200, 64), Run(292)]);
    assert!(!actions.iter().any(|(tick, a)| *tick < 292 && matches!(a, Action::Finish { .. })));
    let next = |(tick, action): &(i64, Action)| matches!((tick, action), (292, Action::Begin { start_ticks: 292, .. }));
    assert!(actions.iter().any(next), "{actions:?}");
}

#[test]
fn an_endless_answer_ends_by_playing_or_gives_way_to_the_next() {
    let rules = Rules { length: Length::Endless, ..RULES };
    let call = [Down(0, 60), Up(50, 60), Run(48_000), Down(48_001, 60)];
    assert_eq!(outline(rules, &call).last(), Some(&(48_001, Action::Finish { at_ticks: 48_001 })));
    let n_extends = run(rules, &call).0.iter().filter(|(_, a)| matches!(a, Action::Extend { .. })).count();
    assert_eq!(n_extends, (48_000 - 100) / 12);

    let overlap = Rules { is_interruptible: false, ..rules };
    let play = [Down(0, 60), Up(50, 60), Down(300, 60), Up(340, 60), Down(360, 62), Up(370, 62), Run(430)];
    let expected = [
        (50, begin(100, i64::MAX)),
        (100, Action::Play),
        (420, Action::Finish { at_ticks: 420 }),
        (420, begin(420, i64::MAX)),
        (420, Action::Play),
    ];
    assert_eq!(outline(overlap, &play), expected);
}

#[test]
fn an_answer_that_is_no_longer_endless_ends_with_the_bar() {
    let endless = Rules { length: Length::Endless, ..RULES };
    let mut turn = Turn::new();
    turn.key_down(0, 0, 60, &endless);
    turn.key_up(10, 0, 60);
    turn.plan(10, &endless);
    turn.on_deadline(false);
    turn.plan(36, &endless);
    turn.on_deadline(false);
    turn.plan(60, &endless);
    turn.plan(70, &RULES);
    assert!(matches!(turn.phase(), Phase::Answering { end_ticks: 192, .. }), "{:?}", turn.phase());
}

#[test]
fn a_panic_ends_the_answer_and_what_was_played_is_no_call() {
    let endless = Rules { is_generator: true, length: Length::Endless, ..RULES };
    for (rules, at, expected) in [
        (RULES, 20, None),
        (RULES, 60, Some(Action::Cancel)),
        (RULES, 110, Some(Action::Finish { at_ticks: 110 })),
        (endless, 110, Some(Action::Finish { at_ticks: 110 })),
    ] {
        let mut turn = Turn::new();
        turn.key_down(0, 0, 60, &rules);
        turn.plan(0, &rules);
        if at > 50 {
            turn.key_up(50, 0, 60);
            turn.plan(50, &rules);
        }
        while turn.deadline().is_some_and(|(tick, _)| tick <= at) {
            turn.on_deadline(false);
            turn.plan(at, &rules);
        }
        assert_eq!(turn.silence(at), expected, "at {at}");
        assert_eq!((turn.plan(at, &rules), turn.phase()), (None, Phase::Idle), "at {at}");
        turn.key_up(at + 1, 0, 60);
        assert_eq!((turn.plan(at + 1, &rules), turn.is_any_held()), (None, false), "at {at}");
        turn.key_down(300, 0, 62, &rules);
        turn.key_up(310, 0, 62);
        let begins = |action| matches!(action, Some(Action::Begin { start_ticks: 360, .. }));
        assert!(begins(turn.plan(310, &rules)), "the next call is answered");
    }
}

#[test]
fn no_number_of_strikes_is_too_large() {
    let mut turn = Turn::new();
    for i in 0..1000 {
        turn.key_down(i, 3, 60, &RULES);
    }
    let n_up = (0..1000).filter(|&i| turn.key_up(1000 + i, 3, 60)).count();
    assert_eq!((n_up, turn.is_any_held()), (255, false));
}

fn pick<T: Copy>(from: &[T], place: i64) -> T {
    from[usize::try_from(place).unwrap()]
}

#[test]
fn nothing_that_happens_makes_it_hang_or_go_back_in_time() {
    // A small random number generator (a linear congruential one; Knuth's constants).
    let mut state = 1u64;
    let mut roll = |n: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % n
    };
    for _ in 0..2000 {
        let bars = Metre::Bars { bar_line_ticks: roll(200), bar_ticks: u32::try_from(roll(400)).unwrap() };
        let rules = Rules {
            silence_ticks: (roll(2) == 0).then(|| 1 + roll(200)),
            trade_bars: (roll(2) == 0).then(|| 1 << roll(3)),
            is_generator: roll(3) == 0,
            start: pick(&[Start::AtOnce, Start::NextBeat, Start::NextBar], roll(3)),
            length: pick(&[Length::LikeTheCall, Length::Bars(1), Length::Endless], roll(3)),
            is_interruptible: roll(2) == 0,
            metre: if roll(4) == 0 { Metre::Free } else { bars },
        };
        let mut tick = -200;
        let steps: Vec<Do> = (0..40)
            .map(|_| {
                tick += roll(80);
                match roll(12) {
                    0..4 => Down(tick, pick(&[0, 1, 2], roll(3))),
                    4..8 => Up(tick, pick(&[0, 1, 2], roll(3))),
                    8 => Hand(tick),
                    9 => Do::Turn(tick),
                    _ => Run(tick),
                }
            })
            .collect();
        let (actions, _) = run(rules, &steps);
        assert!(actions.windows(2).all(|w| w[0].0 <= w[1].0), "{rules:?} {steps:?}");
        for (tick, action) in actions {
            if let Action::Begin { start_ticks, until_ticks, end_ticks } = action {
                assert!(tick <= start_ticks && start_ticks < until_ticks && until_ticks <= end_ticks);
            }
        }
    }
}
