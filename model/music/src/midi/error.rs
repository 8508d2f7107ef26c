//! Why a file gives no notes, or notes no file.

use super::left_out::LeftOut;

/// Why a file gives no notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MidiError {
    /// Not a MIDI file, or damaged beyond reading.
    Unreadable(String),
    /// Timed in film frames, which have no beats.
    FrameTiming,
    /// The header says that a beat has no ticks.
    NoTicksPerBeat,
    /// No notes, or none but drums and Antiphon's answers.
    NoNotes,
    /// Damaged, and no notes are left.
    Damaged(Box<LeftOut>),
    /// Lasts more than a day, which only a damaged file does.
    TooLong,
}

impl std::fmt::Display for MidiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "not a readable MIDI file ({why}); export it again as a .mid file"),
            Self::FrameTiming => f.write_str("timed in film frames (SMPTE); export it again with ticks per beat"),
            Self::NoTicksPerBeat => f.write_str("its header gives a beat no ticks; export it again"),
            Self::NoNotes => f.write_str("no notes (drums on channel 10 do not count, nor what Antiphon answered)"),
            Self::Damaged(first) => write!(f, "damaged, and no notes are left ({first}); export it again"),
            Self::TooLong => f.write_str("lasts more than a day: probably damaged"),
        }
    }
}

impl std::error::Error for MidiError {}

/// A score that is longer than a MIDI file should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The part that does not fit.
    pub part: String,
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "track \"{}\" is too long for a MIDI file; move its notes nearer to the beginning", self.part)
    }
}

impl std::error::Error for TooLong {}
