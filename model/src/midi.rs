//! MIDI files in and out: notes on the grid of 1/48 beat.

mod read;
mod write;

use engine::dump::close_overlaps;
use engine::{Metre, Note, Position, TICKS_PER_BEAT};

pub use read::{Reading, read};
pub use write::{Part, write};

/// Ticks in a second of music without a beat, which is read at a nominal 120 BPM.
pub const FREE_TICKS_PER_SECOND: u32 = 2 * TICKS_PER_BEAT;

/// What a MIDI file says, with drums, controllers and tempi taken out or worked in.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// In [`Note::order`]; no two have both onset and pitch in common, and none overlaps the next of its pitch.
    pub notes: Vec<Note>,
    /// Time signatures in force, by rising start; empty when `is_free`.
    pub bars: Vec<Bars>,
    /// True when the onsets follow no beat: times are then real seconds, [`FREE_TICKS_PER_SECOND`] ticks each.
    pub is_free: bool,
    /// When the last sounding note ends.
    pub end_ticks: i64,
    /// The file's first tempo; 120 when `is_free`.
    pub tempo_bpm: f64,
    /// How long it lasts at the file's own tempi.
    pub seconds: f64,
}

/// A run of equally long bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars {
    /// The first bar line.
    pub start_ticks: i64,
    /// Length of each bar.
    pub bar_ticks: u32,
}

impl Score {
    /// The metre in force at a time.
    #[must_use]
    pub fn metre(&self, ticks: i64) -> Metre {
        let after = self.bars.partition_point(|bars| bars.start_ticks <= ticks);
        match self.bars.get(after.saturating_sub(1)) {
            Some(bars) => Metre::Bars { bar_line_ticks: bars.start_ticks, bar_ticks: bars.bar_ticks },
            None => Metre::Free,
        }
    }

    /// Where in its bar a time falls.
    #[must_use]
    pub fn position(&self, ticks: i64) -> Position {
        self.metre(ticks).position(ticks)
    }
}

/// Why a file gives no notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MidiError {
    /// Not a MIDI file, or damaged beyond reading.
    Unreadable(String),
    /// Timed in film frames, which have no beats.
    FrameTiming,
    /// The header says that a beat has no ticks.
    NoTicksPerBeat,
    /// No notes but drums.
    NoNotes,
    /// Lasts more than a day, which only a damaged file does.
    TooLong,
}

impl std::fmt::Display for MidiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "not a readable MIDI file ({why}); export it again as a .mid file"),
            Self::FrameTiming => f.write_str("timed in film frames (SMPTE); export it again with ticks per beat"),
            Self::NoTicksPerBeat => f.write_str("its header gives a beat no ticks; export it again"),
            Self::NoNotes => f.write_str("no notes (drums on channel 10 do not count)"),
            Self::TooLong => f.write_str("lasts more than a day: probably damaged"),
        }
    }
}

impl std::error::Error for MidiError {}

/// Sorts notes, merges those of one onset and pitch (the longer, the louder), and ends each where the next of its pitch
/// begins.
#[must_use]
pub fn tidy(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by_key(Note::order);
    notes.dedup_by(|later, kept| {
        let same = later.order() == kept.order();
        if same {
            kept.duration_ticks = kept.duration_ticks.max(later.duration_ticks);
            kept.velocity = kept.velocity.max(later.velocity);
        }
        same
    });
    close_overlaps(&notes)
}
