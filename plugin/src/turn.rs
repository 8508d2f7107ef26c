//! Whose turn it is. A state machine over ticks, without threads, samples or notes: keys go down and up, time passes,
//! and out come the orders to plan an answer, to begin it and to end it.

use engine::{Metre, TICKS_PER_BEAT};

use crate::midi::N_CHANNELS;

/// An answer is planned this far ahead.
pub(crate) const LOOK_AHEAD_TICKS: i64 = 4 * BEAT;
/// It is planned further this often.
const BEAT: i64 = TICKS_PER_BEAT as i64;

/// When an answer may begin, once the player has been silent for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    AtOnce,
    NextBeat,
    NextBar,
}

/// How long an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    LikeTheCall,
    Bars(i64),
    Endless,
}

/// What is asked of the turns now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) silence_ticks: i64,
    pub(crate) start: Start,
    pub(crate) length: Length,
    /// Whether playing ends the answer.
    pub(crate) is_interruptible: bool,
    pub(crate) metre: Metre,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Plan an answer; notes before `until_ticks` are wanted now.
    Begin { start_ticks: i64, until_ticks: i64, end_ticks: i64 },
    /// Plan the answer further.
    Extend { until_ticks: i64 },
    /// Drop the plan: nothing of it was heard.
    Cancel,
    /// The answer is heard from now on.
    Play,
    /// The answer is over.
    Finish { at_ticks: i64 },
}

/// Where it stands. Ticks of an endless answer's end are `i64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody has played.
    Idle,
    /// The player plays.
    Listening,
    /// The player is silent, and an answer is ready or being made.
    Planning { start_ticks: i64, end_ticks: i64 },
    /// We play.
    Answering { start_ticks: i64, end_ticks: i64, next_beat_ticks: i64 },
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Turn {
    phase: Phase,
    /// Keys that are down, by channel.
    held: [u128; N_CHANNELS],
    /// First note-on and last note-off since the last answer began.
    call: Option<(i64, i64)>,
    n_heard: u32,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self { phase: Phase::Idle, held: [0; N_CHANNELS], call: None, n_heard: 0 }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Notes of the call so far.
    pub(crate) fn n_heard(&self) -> u32 {
        self.n_heard
    }

    /// Keys of a channel that are down.
    pub(crate) fn held(&self, channel: u8) -> u128 {
        self.held[usize::from(channel & 15)]
    }

    /// A key goes down.
    pub(crate) fn key_down(&mut self, tick: i64, channel: u8, key: u8, rules: &Rules) -> Option<Action> {
        self.held[usize::from(channel & 15)] |= 1 << (key & 127);
        let (action, phase) = match self.phase {
            Phase::Idle | Phase::Listening => (None, Phase::Listening),
            Phase::Planning { .. } => (Some(Action::Cancel), Phase::Listening),
            Phase::Answering { .. } if rules.is_interruptible => {
                (Some(Action::Finish { at_ticks: tick }), Phase::Listening)
            }
            answering @ Phase::Answering { .. } => (None, answering),
        };
        self.phase = phase;
        self.n_heard += 1;
        self.call = Some(self.call.map_or((tick, tick), |(first, last)| (first, last.max(tick))));
        action
    }

    /// A key goes up.
    pub(crate) fn key_up(&mut self, tick: i64, channel: u8, key: u8, rules: &Rules) -> Option<Action> {
        let bit = 1 << (key & 127);
        let held = &mut self.held[usize::from(channel & 15)];
        if *held & bit == 0 {
            return None;
        }
        *held &= !bit;
        self.call = self.call.map(|(first, last)| (first, last.max(tick)));
        if self.phase == Phase::Listening { self.plan(tick, rules) } else { None }
    }

    /// The tick at which [`Turn::reach`] must be called next, and whether it ends an answer (which comes before what the
    /// player does on the same sample; the other deadlines come after).
    pub(crate) fn deadline(&self) -> Option<(i64, bool)> {
        match self.phase {
            Phase::Idle | Phase::Listening => None,
            Phase::Planning { start_ticks, .. } => Some((start_ticks, false)),
            Phase::Answering { end_ticks, next_beat_ticks, .. } => {
                let is_planned = next_beat_ticks.saturating_add(LOOK_AHEAD_TICKS - BEAT) >= end_ticks;
                if is_planned { Some((end_ticks, true)) } else { Some((next_beat_ticks, false)) }
            }
        }
    }

    /// The deadline has come.
    pub(crate) fn reach(&mut self) -> Option<Action> {
        match self.phase {
            Phase::Idle | Phase::Listening => None,
            Phase::Planning { start_ticks, end_ticks } => {
                self.phase = Phase::Answering { start_ticks, end_ticks, next_beat_ticks: start_ticks + BEAT };
                self.call = None;
                self.n_heard = 0;
                Some(Action::Play)
            }
            Phase::Answering { end_ticks, .. } if self.deadline() == Some((end_ticks, true)) => {
                self.phase = if self.call.is_some() { Phase::Listening } else { Phase::Idle };
                Some(Action::Finish { at_ticks: end_ticks })
            }
            Phase::Answering { start_ticks, end_ticks, next_beat_ticks } => {
                self.phase = Phase::Answering { start_ticks, end_ticks, next_beat_ticks: next_beat_ticks + BEAT };
                Some(Action::Extend { until_ticks: (next_beat_ticks + LOOK_AHEAD_TICKS).min(end_ticks) })
            }
        }
    }

    /// After an answer, plans the next one if the player played over it and is silent by now.
    pub(crate) fn after_finish(&mut self, now: i64, rules: &Rules) -> Option<Action> {
        if self.phase == Phase::Listening { self.plan(now, rules) } else { None }
    }

    fn plan(&mut self, now: i64, rules: &Rules) -> Option<Action> {
        let (first, last) = self.call?;
        if self.held.iter().any(|&keys| keys != 0) {
            return None;
        }
        let start_ticks = start_ticks((last + rules.silence_ticks).max(now), rules);
        let end_ticks = match rules.length {
            Length::Endless => i64::MAX,
            Length::Bars(n) => start_ticks + n * bar_ticks(rules.metre),
            Length::LikeTheCall => {
                let call_ticks = (last - first).max(BEAT);
                // In time with the song, a phrase lasts whole beats.
                let beats = if rules.metre == Metre::Free { call_ticks } else { up_to(call_ticks, 0, BEAT) };
                start_ticks + beats
            }
        };
        self.phase = Phase::Planning { start_ticks, end_ticks };
        let until_ticks = (start_ticks + LOOK_AHEAD_TICKS).min(end_ticks);
        Some(Action::Begin { start_ticks, until_ticks, end_ticks })
    }
}

/// When the answer begins if it may from `tick` on.
fn start_ticks(tick: i64, rules: &Rules) -> i64 {
    match (rules.metre, rules.start) {
        (Metre::Free, _) | (_, Start::AtOnce) => tick,
        (Metre::Bars { bar_line_ticks, .. }, Start::NextBeat) => up_to(tick, bar_line_ticks, BEAT),
        (Metre::Bars { bar_line_ticks, .. }, Start::NextBar) => up_to(tick, bar_line_ticks, bar_ticks(rules.metre)),
    }
}

/// Length of a bar; of 4/4 where there are none.
pub(crate) fn bar_ticks(metre: Metre) -> i64 {
    match metre {
        Metre::Bars { bar_ticks, .. } if bar_ticks > 0 => i64::from(bar_ticks),
        _ => 4 * BEAT,
    }
}

/// The next line of a grid, or `tick` if it is on one.
fn up_to(tick: i64, line: i64, spacing: i64) -> i64 {
    tick + (line - tick).rem_euclid(spacing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        silence_ticks: 50,
        start: Start::AtOnce,
        length: Length::LikeTheCall,
        is_interruptible: true,
        metre: Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 },
    };

    /// What happens to the machine: a key goes down or up, or it is let run up to a tick.
    enum Do {
        Down(i64, u8),
        Up(i64, u8),
        Run(i64),
    }
    use Do::{Down, Run, Up};

    fn run(rules: Rules, steps: &[Do]) -> (Vec<(i64, Action)>, Phase) {
        let mut turn = Turn::new();
        let mut actions = Vec::new();
        for step in steps {
            match *step {
                Down(tick, key) => actions.extend(turn.key_down(tick, 0, key, &rules).map(|a| (tick, a))),
                Up(tick, key) => actions.extend(turn.key_up(tick, 0, key, &rules).map(|a| (tick, a))),
                Run(to) => {
                    while let Some((tick, _)) = turn.deadline().filter(|&(tick, _)| tick <= to) {
                        let action = turn.reach();
                        actions.extend(action.map(|a| (tick, a)));
                        if matches!(action, Some(Action::Finish { .. })) {
                            actions.extend(turn.after_finish(tick, &rules).map(|a| (tick, a)));
                        }
                    }
                }
            }
        }
        (actions, turn.phase())
    }

    #[test]
    fn a_call_gets_an_answer_of_its_length() {
        let (actions, phase) = run(RULES, &[Down(10, 60), Up(40, 60), Down(40, 62), Up(110, 62), Run(1000)]);
        // 100 ticks are rounded up to three beats.
        let begin = |start_ticks, end_ticks| Action::Begin { start_ticks, until_ticks: end_ticks, end_ticks };
        let expected = [
            (40, begin(90, 138)),
            (40, Action::Cancel),
            (110, begin(160, 304)),
            (160, Action::Play),
            (304, Action::Finish { at_ticks: 304 }),
        ];
        assert_eq!((actions, phase), (expected.to_vec(), Phase::Idle));
    }

    #[test]
    fn no_answer_is_planned_while_a_key_is_held() {
        let (actions, phase) = run(RULES, &[Down(0, 60), Down(5, 64), Up(9, 60), Up(9, 61), Run(1000)]);
        assert_eq!((actions, phase), (vec![], Phase::Listening));
    }

    #[test]
    fn playing_before_the_hand_over_cancels_and_after_it_interrupts() {
        let (actions, phase) = run(RULES, &[Down(0, 60), Up(48, 60), Run(97), Down(97, 60), Up(98, 60), Run(150)]);
        let kinds: Vec<_> = actions.iter().map(|(tick, action)| (*tick, std::mem::discriminant(action))).collect();
        let begin = std::mem::discriminant(&Action::Begin { start_ticks: 0, until_ticks: 0, end_ticks: 0 });
        let (cancel, play) = (std::mem::discriminant(&Action::Cancel), std::mem::discriminant(&Action::Play));
        assert_eq!(kinds, [(48, begin), (97, cancel), (98, begin), (148, play)]);
        assert!(matches!(phase, Phase::Answering { start_ticks: 148, .. }));

        let (actions, phase) = run(RULES, &[Down(0, 60), Up(48, 60), Run(99), Down(99, 60)]);
        assert_eq!(actions.last(), Some(&(99, Action::Finish { at_ticks: 99 })));
        assert_eq!(phase, Phase::Listening);
    }

    #[test]
    fn a_long_answer_is_planned_beat_by_beat_at_fixed_ticks() {
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
        assert_eq!(extends, [(148, 340), (196, 388), (244, 436), (292, 484)]);
        assert_eq!((actions.last().unwrap().0, phase), (484, Phase::Idle));
    }

    #[test]
    fn answers_begin_at_the_next_beat_or_bar_of_a_rolling_song() {
        let begins = |start, metre, silence_ticks| {
            let rules = Rules { start, metre, silence_ticks, ..RULES };
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
        let (actions, _) = run(rules, &[Down(0, 60), Up(50, 60), Run(150), Down(150, 64), Up(200, 64), Run(292)]);
        assert!(!actions.iter().any(|(tick, a)| *tick < 292 && matches!(a, Action::Finish { .. })));
        let next =
            |(tick, action): &(i64, Action)| matches!((tick, action), (292, Action::Begin { start_ticks: 292, .. }));
        assert!(actions.iter().any(next), "{actions:?}");
    }

    #[test]
    fn an_endless_answer_ends_only_by_playing() {
        let rules = Rules { length: Length::Endless, ..RULES };
        let (actions, _) = run(rules, &[Down(0, 60), Up(50, 60), Run(48_000), Down(48_001, 60)]);
        assert_eq!(actions.last(), Some(&(48_001, Action::Finish { at_ticks: 48_001 })));
        assert_eq!(actions.iter().filter(|(_, a)| matches!(a, Action::Extend { .. })).count(), (48_000 - 100) / 48);
    }
}
