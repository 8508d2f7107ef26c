//! What is asked of the turns, and where in the song's bars an answer may begin.

use engine::{Metre, TICKS_PER_BEAT};

pub(super) const BEAT: i64 = TICKS_PER_BEAT as i64;

/// When an answer may begin, once the turn is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// As soon as that.
    AtOnce,
    /// On the next beat.
    NextBeat,
    /// On the next bar line.
    NextBar,
}

/// How long an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As long as the call.
    LikeTheCall,
    /// So many bars.
    Bars(i64),
    /// Until it is stopped.
    Endless,
}

/// What is asked of the turns now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// So long a silence hands over; `None` if none does.
    pub(crate) silence_ticks: Option<i64>,
    /// The turn is handed over after this many bars from the one in which the call began; `None` if it is not.
    pub(crate) trade_bars: Option<i64>,
    /// Plays without a call too, while the song rolls.
    pub(crate) is_generator: bool,
    pub(crate) start: Start,
    pub(crate) length: Length,
    /// Whether playing ends the answer.
    pub(crate) is_interruptible: bool,
    pub(crate) metre: Metre,
}

/// When the answer begins if it may from `tick` on.
#[inline]
pub(super) fn start_ticks(tick: i64, rules: &Rules) -> i64 {
    match (rules.metre, rules.start) {
        (Metre::Free, _) | (_, Start::AtOnce) => tick,
        (Metre::Bars { .. }, Start::NextBeat | Start::NextBar) => next_line(tick, rules),
    }
}

/// The next bar line, or the next beat. Each bar counts its own beats: one of 7/8 ends with half of one.
#[inline]
pub(super) fn next_line(tick: i64, rules: &Rules) -> i64 {
    let bar = bar_ticks(rules.metre);
    let next_bar = up_to(tick, line(rules.metre), bar);
    match rules.start {
        Start::NextBar => next_bar,
        Start::AtOnce | Start::NextBeat => up_to(tick, next_bar - bar, BEAT).min(next_bar),
    }
}

/// A bar line.
pub(super) fn line(metre: Metre) -> i64 {
    match metre {
        Metre::Bars { bar_line_ticks, .. } => bar_line_ticks,
        Metre::Free => 0,
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
#[inline]
pub(super) fn up_to(tick: i64, line: i64, spacing: i64) -> i64 {
    tick + (line - tick).rem_euclid(spacing)
}
