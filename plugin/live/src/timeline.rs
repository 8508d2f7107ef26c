//! What was played and what is to come, as it is shown and as a take keeps it.
//!
//! The performer records events as they happen; whoever shows them drains these into a [`History`]. Ticks are of played time, which
//! goes on when songs jump and loop. A new performer's, and one's that is reset, begin anew; the timeline's do not.
//!
//! Reading order: `bars` is where its bar lines are, `passage` a take as plain values, `history` keeps the notes.

mod bars;
mod history;
mod passage;

pub use bars::Bars;
pub use history::{History, Part, Roll};
pub use passage::{Passage, PassageNote};

/// A note from one tick to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its onset.
    pub on_ticks: i64,
    /// Its end.
    pub off_ticks: i64,
    /// 0 to 127.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

/// What the performer records. Ticks are of played time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineEvent {
    /// The player strikes a key.
    CallOn {
        /// When.
        ticks: i64,
        /// 0 to 127.
        key: u8,
        /// 1 to 127.
        velocity: u8,
    },
    /// The player lets a key go.
    CallOff {
        /// When.
        ticks: i64,
        /// 0 to 127.
        key: u8,
    },
    /// A note of a plan is to come.
    Planned {
        /// The plan.
        turn: u32,
        /// The note.
        span: Span,
    },
    /// Planned notes will not come.
    Forget {
        /// From this onset on.
        from_ticks: i64,
    },
    /// A planned note sounds.
    Answer(Span),
    /// What sounds of the answer ends.
    Cut {
        /// When.
        ticks: i64,
    },
    /// The keys that are down are none of a call any more.
    CallEnds {
        /// When.
        ticks: i64,
    },
    /// The song goes on from elsewhere.
    Jump {
        /// When.
        ticks: i64,
        /// Where, in ticks of the song.
        song_ticks: i64,
        /// The bars from there on.
        bars: Bars,
    },
    /// Ticks begin anew, as the song's.
    Anew {
        /// Where.
        ticks: i64,
        /// The bars from there on.
        bars: Bars,
    },
}

/// Who played a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The player: a call.
    Player,
    /// Antiphon: an answer.
    Antiphon,
}

/// A note on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineNote {
    /// Who played it.
    pub who: Who,
    /// Ticks of the timeline; `i64::MAX` as the end of a key that is down.
    pub span: Span,
    /// Number of the take that it belongs to: a call and its answer.
    take: u32,
}

#[cfg(test)]
mod tests;
