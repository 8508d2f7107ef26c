//! What performer and planner tell each other. Messages are plain values: nothing that crosses has a destructor, so the
//! performer never frees memory.

use engine::Metre;
use engine::answer::{AnswerRequest, Controls};
use engine::rhythm::PARTS_PER_TICK;

use crate::timeline::Span;
use crate::turn::Start;

/// What the planner is told. Times are ticks that never go back, but where the clock begins anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToWorker {
    /// The player strikes a key.
    On {
        /// When.
        ticks: i64,
        /// How much later than that, in parts of a tick.
        parts: i8,
        /// The tempo then, in microseconds a beat.
        us_per_beat: u32,
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// 1 to 127.
        velocity: u8,
        /// The style that is chosen now.
        style: u8,
        /// Tells this strike from others of the same key.
        strike: u32,
    },
    /// The player lets a key go.
    Off {
        /// When.
        ticks: i64,
        /// How much later than that, in parts of a tick.
        parts: i8,
        /// Which strike ends.
        strike: u32,
    },
    /// The sustain pedal of a channel goes down or up.
    Pedal {
        /// When.
        ticks: i64,
        /// 0 to 15.
        channel: u8,
        /// Down, or up.
        is_down: bool,
    },
    /// The bars have changed.
    Metre(Metre),
    /// Plan an answer.
    Begin(Begin),
    /// Plan it further.
    Extend {
        /// The plan.
        turn: u32,
        /// Notes that begin before this are wanted now.
        until_ticks: i64,
        /// As they are now.
        controls: Controls,
    },
    /// Plan it anew from here on.
    Replace {
        /// The plan.
        turn: u32,
        /// Notes that begin here or later are planned anew.
        from_ticks: i64,
        /// Notes that begin before this are wanted now.
        until_ticks: i64,
        /// As they are now.
        controls: Controls,
    },
    /// Play another candidate of it from here on.
    Another {
        /// The plan.
        turn: u32,
        /// 0 for the best.
        rank: u8,
        /// Notes that begin here or later are the other's.
        from_ticks: i64,
        /// Notes that begin before this are wanted now.
        until_ticks: i64,
        /// As they are now.
        controls: Controls,
    },
    /// The player goes on: it was never played.
    Cancel {
        /// The plan.
        turn: u32,
    },
    /// It was played up to here.
    Finish {
        /// The plan.
        turn: u32,
        /// Where it ended.
        at_ticks: i64,
    },
    /// The song starts while the player plays: forget all but the call so far. No plan is left.
    Start,
    /// Forget all.
    Reset,
}

/// An answer that is to be planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Begin {
    /// Tells this plan from all others.
    pub turn: u32,
    /// Which answer, from where to where.
    pub request: AnswerRequest,
    /// Notes that begin before this are wanted now.
    pub until_ticks: i64,
    /// As they are now.
    pub controls: Controls,
    /// The song's tempo, in microseconds a beat.
    pub us_per_beat: u32,
    /// Where in the player's beat it may begin, if the song has none.
    pub start: Start,
}

/// What the planner says. What it says later holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromWorker {
    /// A note of a plan. Notes come in the order of their onsets.
    Note(PlannedNote),
    /// The notes of this plan from here on are to be forgotten; others come in their place.
    Replace {
        /// The plan.
        turn: u32,
        /// From this onset on.
        from_ticks: i64,
    },
}

impl FromWorker {
    /// The plan that it is about.
    pub(crate) fn turn(self) -> u32 {
        match self {
            Self::Note(note) => note.turn,
            Self::Replace { turn, .. } => turn,
        }
    }
}

/// A note that is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedNote {
    /// The plan.
    pub turn: u32,
    /// Its onset, as it is written.
    pub on_ticks: i64,
    /// How much later than that it is played, in parts of a tick.
    pub late_parts: i16,
    /// How long it is held, in parts of a tick.
    pub held_parts: u32,
    /// 0 to 127.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

impl PlannedNote {
    /// When it is played.
    pub(crate) fn on_parts(self) -> i64 {
        self.on_ticks.saturating_mul(PARTS_PER_TICK).saturating_add(self.late_parts.into())
    }

    /// When it ends.
    pub(crate) fn off_parts(self) -> i64 {
        self.on_parts().saturating_add(self.held_parts.into())
    }

    /// As it is played.
    pub(crate) fn span(self) -> Span {
        let on_parts = self.on_parts();
        Span { on_parts, off_parts: self.off_parts().max(on_parts + 1), key: self.key, velocity: self.velocity }
    }

    /// A note that is played as it is written.
    #[cfg(test)]
    pub(crate) fn written(turn: u32, (on_ticks, off_ticks): (i64, i64), key: u8, velocity: u8) -> Self {
        let held_parts = u32::try_from((off_ticks - on_ticks) * PARTS_PER_TICK).unwrap();
        Self { turn, on_ticks, late_parts: 0, held_parts, key, velocity }
    }
}

const _: () = assert!(size_of::<ToWorker>() <= 112 && size_of::<FromWorker>() <= 32, "messages are copied often");
