//! Whose turn it is. A state machine over ticks, without threads, samples or notes: keys go down and up, the player asks,
//! time passes, and out come the orders to plan an answer, to begin it and to end it.
//!
//! After each thing that happens, [`Turn::plan`] says whether the hand-over can be known by now. Silence is planned for
//! as soon as it begins. A hand-over that comes whether or not the player is silent is planned for at the last moment,
//! and again with each key until then, so that the answer knows all of the call.
//!
//! Reading order: `rules` is what is asked of the turns, `changes` what the player asks of an answer that is planned, `jumps` what a song
//! does to them that starts or is elsewhere.

mod changes;
mod jumps;
mod rules;

use engine::Metre;
use engine::answer::request::{NO_CALL_TICKS, length_like_the_call};

use crate::events::{N_CHANNELS, N_KEYS};
use rules::{BEAT, line, next_line, start_ticks, up_to};
pub use rules::{Length, Start};
pub(crate) use rules::{Rules, bar_ticks};

/// An answer is planned this far ahead.
pub(crate) const LOOK_AHEAD_TICKS: i64 = 4 * BEAT;
/// While an answer plays, it is planned further, and changed, this often.
pub(crate) const STEP_TICKS: i64 = BEAT / 4;
/// Notes that begin within this time from now are played as planned, whatever changes.
pub(crate) const COMMIT_TICKS: i64 = BEAT / 2;
/// What steers the answer is followed after this time: the notes before that would come too late.
pub(crate) const STEER_TICKS: i64 = BEAT / 8;
/// A hand-over that does not wait for silence is planned for this long before.
const LEAD_TICKS: i64 = BEAT / 2;
/// After a change the plan grows back to its length by so much with each step, so that a control in motion costs little.
const GROWTH_TICKS: i64 = 2 * STEP_TICKS;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Plan an answer, in the place of any other plan; notes before `until_ticks` are wanted now.
    Begin { start_ticks: i64, until_ticks: i64, end_ticks: i64 },
    /// Plan the answer further.
    Extend { until_ticks: i64 },
    /// Plan the answer anew from `from_ticks` on.
    Replace { from_ticks: i64, until_ticks: i64 },
    /// Play another candidate from `from_ticks` on.
    Another { from_ticks: i64, until_ticks: i64 },
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
    /// An answer is ready or being made. Until it is committed, what the controls say holds from its first note on.
    Planning { start_ticks: i64, end_ticks: i64, is_committed: bool },
    /// We play. All before `until_ticks` is planned.
    Answering { start_ticks: i64, end_ticks: i64, step_ticks: i64, until_ticks: i64 },
}

/// The machine.
///
/// # Realtime safety
/// Never allocates.
#[derive(Debug)]
pub(crate) struct Turn {
    phase: Phase,
    /// How many times each key is down, by channel: some are struck again before they are let go.
    held: [[u8; N_KEYS]; N_CHANNELS],
    /// How many keys are down, each as often as it was struck.
    n_held: u32,
    /// First note-on and last note-off since the last answer began.
    call: Option<(i64, i64)>,
    n_heard: u32,
    /// When the player asked for the answer, if no other has begun since.
    asked: Option<i64>,
    /// When to plan, if that is still to come.
    plan_at_ticks: Option<i64>,
    /// When the last answer ended: the player's bars count from there at the earliest.
    earliest_call_ticks: i64,
    /// The player has stopped the generator: it waits for a call.
    is_generator_paused: bool,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Idle,
            held: [[0; N_KEYS]; N_CHANNELS],
            n_held: 0,
            call: None,
            n_heard: 0,
            asked: None,
            plan_at_ticks: None,
            earliest_call_ticks: i64::MIN,
            is_generator_paused: false,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Notes of the call so far.
    pub(crate) fn n_heard(&self) -> u32 {
        self.n_heard
    }

    /// Whether a key is down that belongs to a call.
    pub(crate) fn is_any_held(&self) -> bool {
        self.n_held > 0
    }

    /// When the player last struck a key or let one go, if there is a call.
    pub(crate) fn last_played(&self) -> Option<i64> {
        self.call.map(|(_, last)| last)
    }

    /// A key goes down: what that ends. [`Turn::plan`] must follow.
    #[inline]
    pub(crate) fn key_down(&mut self, tick: i64, channel: u8, key: u8, rules: &Rules) -> Option<Action> {
        let n_strikes = &mut self.held[usize::from(channel & 15)][usize::from(key & 127)];
        if *n_strikes < u8::MAX {
            *n_strikes += 1;
            self.n_held += 1;
        }
        self.is_generator_paused = false;
        self.n_heard += 1;
        self.call = Some(self.call.map_or((tick, tick), |(first, last)| (first, last.max(tick))));
        match self.phase {
            Phase::Idle | Phase::Listening => {
                self.phase = Phase::Listening;
                None
            }
            Phase::Planning { .. } => {
                self.phase = Phase::Listening;
                Some(Action::Cancel)
            }
            Phase::Answering { .. } if rules.is_interruptible => Some(self.finish(tick)),
            Phase::Answering { .. } => None,
        }
    }

    /// A key goes up, once if it was struck several times; false if it was not down. [`Turn::plan`] must follow.
    #[inline]
    pub(crate) fn key_up(&mut self, tick: i64, channel: u8, key: u8) -> bool {
        let n_strikes = &mut self.held[usize::from(channel & 15)][usize::from(key & 127)];
        let is_down = *n_strikes > 0;
        if is_down {
            *n_strikes -= 1;
            self.n_held -= 1;
            self.call = self.call.map(|(first, last)| (first, last.max(tick)));
        }
        is_down
    }

    /// All is to be silent: what that ends. What was played before is no call. [`Turn::plan`] must follow.
    pub(crate) fn silence(&mut self, tick: i64) -> Option<Action> {
        (self.call, self.n_heard, self.asked) = (None, 0, None);
        match self.phase {
            Phase::Idle => None,
            Phase::Listening => {
                self.phase = Phase::Idle;
                None
            }
            Phase::Planning { .. } => {
                self.phase = Phase::Idle;
                Some(Action::Cancel)
            }
            Phase::Answering { .. } => {
                self.is_generator_paused = true;
                Some(self.finish(tick))
            }
        }
    }

    /// The player hands the turn over, or takes it back: what that ends. [`Turn::plan`] must follow.
    pub(crate) fn hand_over(&mut self, tick: i64) -> Option<Action> {
        if matches!(self.phase, Phase::Answering { .. }) {
            self.is_generator_paused = true;
            // What was played over the answer is no call: who takes the turn is about to play.
            (self.call, self.n_heard) = (None, 0);
            return Some(self.finish(tick));
        }
        self.asked = self.asked.or(Some(tick));
        self.is_generator_paused = false;
        if matches!(self.phase, Phase::Planning { .. }) {
            self.phase = Phase::Listening;
            return Some(Action::Cancel);
        }
        None
    }

    /// The rules have changed: what was planned by the old ones is dropped. [`Turn::plan`] must follow.
    pub(crate) fn invalidate_plan(&mut self) -> Option<Action> {
        let is_planned = matches!(self.phase, Phase::Planning { .. });
        is_planned.then(|| {
            self.phase = self.at_rest();
            Action::Cancel
        })
    }

    /// The tick at which [`Turn::on_deadline`] must be called next, and whether it ends an answer (which comes before what the
    /// player does on the same sample; the other deadlines come after).
    #[inline]
    pub(crate) fn deadline(&self) -> Option<(i64, bool)> {
        match self.phase {
            Phase::Idle | Phase::Listening => self.plan_at_ticks.map(|tick| (tick, false)),
            Phase::Planning { start_ticks, is_committed: false, .. } => Some((start_ticks - COMMIT_TICKS, false)),
            Phase::Planning { start_ticks, .. } => Some((start_ticks, false)),
            Phase::Answering { end_ticks, step_ticks, .. } if step_ticks < end_ticks => Some((step_ticks, false)),
            Phase::Answering { end_ticks, .. } => Some((end_ticks, true)),
        }
    }

    /// The deadline has come, and the controls have changed since the last action or not. [`Turn::plan`] must follow.
    #[inline]
    pub(crate) fn on_deadline(&mut self, is_changed: bool) -> Option<Action> {
        match self.phase {
            Phase::Idle | Phase::Listening => {
                self.plan_at_ticks = None;
                None
            }
            Phase::Planning { start_ticks, end_ticks, is_committed: false } => {
                self.phase = Phase::Planning { start_ticks, end_ticks, is_committed: true };
                let until_ticks = until(start_ticks, end_ticks);
                is_changed.then_some(Action::Replace { from_ticks: start_ticks, until_ticks })
            }
            Phase::Planning { start_ticks, end_ticks, .. } => {
                let until_ticks = until(start_ticks, end_ticks);
                self.phase = Phase::Answering { start_ticks, end_ticks, step_ticks: start_ticks, until_ticks };
                self.call = None;
                self.n_heard = 0;
                self.asked = None;
                Some(Action::Play)
            }
            Phase::Answering { end_ticks, step_ticks, .. } if step_ticks >= end_ticks => Some(self.finish(end_ticks)),
            Phase::Answering { start_ticks, end_ticks, step_ticks, until_ticks } => {
                let from_ticks = step_ticks + COMMIT_TICKS;
                let is_replaced = is_changed && from_ticks < end_ticks;
                let begun = if is_replaced { from_ticks } else { until_ticks };
                let until_ticks = (begun + GROWTH_TICKS).min(until(step_ticks, end_ticks)).max(begun);
                let step_ticks = step_ticks + STEP_TICKS;
                self.phase = Phase::Answering { start_ticks, end_ticks, step_ticks, until_ticks };
                match is_replaced {
                    true => Some(Action::Replace { from_ticks, until_ticks }),
                    false => (until_ticks > begun).then_some(Action::Extend { until_ticks }),
                }
            }
        }
    }

    /// Plans the answer, if it can be known by now when it begins. `now` is when it could be heard at the earliest.
    #[inline]
    pub(crate) fn plan(&mut self, now: i64, rules: &Rules) -> Option<Action> {
        self.plan_at_ticks = None;
        self.is_generator_paused &= rules.is_generator;
        // Nothing comes after an answer that has its end, until then.
        let has_end = match self.phase {
            Phase::Idle | Phase::Listening => false,
            Phase::Planning { .. } => true,
            Phase::Answering { .. } => rules.length != Length::Endless,
        };
        let next = if has_end { None } else { self.next_start(now, rules) };
        match self.phase {
            Phase::Planning { .. } => None,
            Phase::Answering { ref mut end_ticks, .. } if rules.length != Length::Endless => {
                // It was endless when it began.
                if *end_ticks == i64::MAX {
                    *end_ticks = up_to(now + 1, line(rules.metre), bar_ticks(rules.metre));
                }
                None
            }
            Phase::Answering { ref mut end_ticks, .. } => {
                // Who plays along with an endless answer is heard all the same: the next answer takes over from it.
                if !rules.is_interruptible && self.n_heard > 0 {
                    *end_ticks = next.map_or(i64::MAX, |(start, _)| start.max(now));
                }
                None
            }
            Phase::Idle | Phase::Listening => {
                let (start, is_sure) = next?;
                if !is_sure && now < start - LEAD_TICKS {
                    self.plan_at_ticks = Some(start - LEAD_TICKS);
                    return None;
                }
                let start_ticks = start.max(now);
                let end_ticks = self.end_ticks(start_ticks, rules);
                let is_committed = now >= start_ticks - COMMIT_TICKS;
                self.phase = Phase::Planning { start_ticks, end_ticks, is_committed };
                Some(Action::Begin { start_ticks, until_ticks: until(start_ticks, end_ticks), end_ticks })
            }
        }
    }

    /// When the next answer begins, as far as that is known, and whether it does unless the player plays.
    #[inline]
    fn next_start(&self, now: i64, rules: &Rules) -> Option<(i64, bool)> {
        // Of two at the same time, the surer one: `false` is less than `true`.
        let mut next: Option<(i64, bool)> = None;
        let mut offer =
            |tick, is_unsure| next = Some(next.map_or((tick, is_unsure), |next| next.min((tick, is_unsure))));
        if let (Some((_, last)), Some(silence), 0) = (self.call, rules.silence_ticks, self.n_held) {
            offer(start_ticks((last + silence).max(now), rules), false);
        }
        if let Some(tick) = self.trade_ticks(now, rules) {
            offer(tick, true);
        }
        if let Some(tick) = self.asked {
            offer(start_ticks(tick.max(now), rules), true);
        }
        if rules.is_generator && self.phase == Phase::Idle && !self.is_generator_paused {
            offer(next_line(now, rules), true);
        }
        next.map(|(tick, is_unsure)| (tick, !is_unsure))
    }

    /// The bar line after the bars that are the player's.
    #[inline]
    fn trade_ticks(&self, now: i64, rules: &Rules) -> Option<i64> {
        let bar = bar_ticks(rules.metre);
        let (first, _) = self.call?;
        let bars = rules.trade_bars?;
        let first = first.max(self.earliest_call_ticks);
        // A note just before the bar line belongs to the bar after it.
        let begun = match rules.metre {
            Metre::Free => first,
            Metre::Bars { .. } => up_to(first + BEAT / 2 - bar + 1, line(rules.metre), bar),
        };
        Some(up_to(now.max(begun + bars * bar), begun, bar))
    }

    #[inline]
    fn end_ticks(&self, start_ticks: i64, rules: &Rules) -> i64 {
        match (rules.length, rules.trade_bars, self.call) {
            (Length::Endless, ..) => i64::MAX,
            (Length::Bars(n), ..) => start_ticks + n * bar_ticks(rules.metre),
            (Length::LikeTheCall, Some(n), Some(_)) => start_ticks + n * bar_ticks(rules.metre),
            (Length::LikeTheCall, _, None) => start_ticks + NO_CALL_TICKS,
            (Length::LikeTheCall, None, Some((first, last))) => {
                let last = if self.n_held == 0 { last } else { start_ticks };
                start_ticks + length_like_the_call(last - first, rules.metre)
            }
        }
    }

    fn finish(&mut self, at_ticks: i64) -> Action {
        self.phase = self.at_rest();
        self.earliest_call_ticks = at_ticks;
        Action::Finish { at_ticks }
    }

    fn at_rest(&self) -> Phase {
        if self.call.is_some() { Phase::Listening } else { Phase::Idle }
    }
}

#[inline]
fn until(from_ticks: i64, end_ticks: i64) -> i64 {
    (from_ticks + LOOK_AHEAD_TICKS).min(end_ticks)
}

#[cfg(test)]
mod tests;
