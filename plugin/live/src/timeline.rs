//! What was played and what is to come, as it is shown and as a take keeps it.
//!
//! The performer records events as they happen; whoever shows them drains these into a [`History`]. Ticks are of played time, which
//! goes on when songs jump and loop. A new performer's, and one's that is reset, begin anew; the timeline's do not. Notes are kept as
//! they were played, in parts of a tick ([`PARTS_PER_TICK`]).
//!
//! Reading order: `bars` is where its bar lines are, `insight` what the ear makes of the notes, `passage` a take as plain values, `history`
//! keeps the notes.

mod bars;
mod history;
mod insight;
mod passage;

pub use bars::Bars;
pub use engine::rhythm::PARTS_PER_TICK;
pub use history::{History, Part, Roll};
pub use insight::{CandidateNote, Candidates, FoundBeats, Insight, Written};
pub use passage::{Passage, PassageNote};

/// A note from one moment to another, as it was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its onset, in parts of a tick.
    pub on_parts: i64,
    /// Its end, in parts of a tick.
    pub off_parts: i64,
    /// 0 to 127.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

/// What the performer records. Ticks, and their parts, are of played time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineEvent {
    /// The player strikes a key.
    CallOn {
        /// When, in parts of a tick.
        parts: i64,
        /// 0 to 127.
        key: u8,
        /// 1 to 127.
        velocity: u8,
    },
    /// The player lets a key go.
    CallOff {
        /// When, in parts of a tick.
        parts: i64,
        /// 0 to 127.
        key: u8,
    },
    /// A note of a plan is to come.
    Planned {
        /// The plan.
        turn: u32,
        /// Its onset, as it is written.
        written_ticks: i64,
        /// The note, as it will be played.
        span: Span,
    },
    /// Planned notes will not come.
    Forget {
        /// From this onset on, as it is written.
        from_ticks: i64,
    },
    /// A planned note sounds.
    Answer(Span),
    /// What sounds of the answer ends.
    Cut {
        /// When, in parts of a tick.
        parts: i64,
    },
    /// The keys that are down are none of a call any more.
    CallEnds {
        /// When, in parts of a tick.
        parts: i64,
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
    /// In the timeline's own time; `i64::MAX` as the end of a key that is down.
    pub span: Span,
    /// How it is written, if it is the player's and understood.
    pub written: Option<Written>,
    /// Number of the take that it belongs to: a call and its answer.
    take: u32,
}

/// A line behind the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where, in parts of a tick.
    pub at_parts: i64,
    /// What it is.
    pub kind: LineKind,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A bar of the song, with its number.
    Bar(i64),
    /// A beat of the song.
    Beat,
    /// A beat of the player's own, as it was found.
    FoundBeat,
    /// A part of a beat, as the ear has understood that to be divided.
    Division,
}

#[cfg(test)]
mod tests;
