//! What of a file was not read, or not as it stands, and where.

use std::fmt;

/// Something of a MIDI file that was left out, or read otherwise than it stands there.
///
/// ```
/// use music::midi::{LeftOut, What};
///
/// let left_out = LeftOut { track: Some(2), byte: 61, what: What::SystemMessage(0xF8) };
/// assert_eq!(left_out.to_string(), "track 2, byte 61: a system message (F8), which belongs in no file");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The track, counted from 1 in the order of the file; `None` between tracks.
    pub track: Option<usize>,
    /// Bytes from the start of the file to where it is.
    pub byte: usize,
    /// What it is.
    pub what: What,
}

/// See [`LeftOut`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// So many bytes before the header.
    BytesBeforeHeader(usize),
    /// A chunk's name has a wrong letter; it was read all the same.
    ChunkName([u8; 4]),
    /// The header's length is not 6; its first 6 bytes were read.
    HeaderLength(u32),
    /// A format other than 0, 1 and 2; read as 1.
    Format(u16),
    /// The header promises another number of tracks than there are.
    TrackCount {
        /// In the header.
        promised: u16,
        /// In the file.
        found: usize,
    },
    /// A chunk that is no track.
    UnknownChunk {
        /// Its name.
        name: [u8; 4],
        /// Its length.
        n_bytes: usize,
    },
    /// Another file begins here.
    SecondFile,
    /// A track's length is wrong; it was read to its true end.
    TrackLength {
        /// As it stands there.
        promised: u32,
        /// As it is.
        found: usize,
    },
    /// The file ends before the track does.
    Truncated {
        /// Bytes that are missing.
        n_missing: usize,
    },
    /// The track has no end mark.
    NoEndOfTrack,
    /// Events after the track's end mark; they were read.
    EventsAfterEnd,
    /// Bytes that are no music.
    Bytes {
        /// How many.
        n_bytes: usize,
        /// What is wrong with the first event among them.
        why: &'static str,
    },
    /// So many more events in doubt, which were read as they stand.
    MoreDoubts(usize),
    /// The rest of a track that has too many faults.
    RestOfTrack {
        /// Its length.
        n_bytes: usize,
    },
    /// A time of more bytes than a file may use; read all the same.
    LongTime,
    /// A system message, which only goes over wires.
    SystemMessage(u8),
    /// An event says nothing of its kind; read as a note.
    NoStatus,
    /// A meta event of a kind that no one knows.
    UnknownMeta {
        /// Its kind.
        kind: u8,
        /// The length that it claims.
        n_bytes: usize,
    },
    /// A meta event whose length is wrong for its kind.
    MetaLength {
        /// Its kind.
        kind: u8,
        /// The length that it claims.
        n_bytes: usize,
    },
    /// A text that holds what is no text: its length may be wrong.
    OddText {
        /// The length that it claims.
        n_bytes: usize,
    },
    /// A system-exclusive message without its end, or with a wrong length.
    OddSysex {
        /// The length that it claims.
        n_bytes: usize,
    },
    /// Bytes to be sent as they are.
    Escape {
        /// How many.
        n_bytes: usize,
    },
    /// Data that could be notes: a length before them may be wrong.
    DataLikeNotes {
        /// The length that it claims.
        n_bytes: usize,
    },
    /// A tempo of no time.
    Tempo,
    /// A time signature that no one would write: so many of 1/2^power.
    TimeSignature {
        /// The number above the line.
        numerator: u8,
        /// Of the number below the line, the power of two.
        power: u8,
    },
    /// Note-offs for keys that were not down, the first of them here.
    StrayNoteOffs(usize),
    /// Notes that no note-off ends, the first of them here; they last until their key is struck again, or to the end.
    NeverReleased(usize),
    /// Key pressures on keys that were not down, the first of them here: perhaps notes.
    StrayPressures(usize),
    /// Controllers that look like notes: each goes up and at once back to nothing.
    ControllersLikeNotes(usize),
    /// Pitch bends that look like notes: none comes back to the middle.
    BendsLikeNotes(usize),
    /// Pressures on a channel that are too few to be anyone's playing: perhaps notes.
    FewPressures(usize),
    /// Programs that give way to others before a note is played with them: perhaps notes.
    UnusedPrograms(usize),
    /// Notes on channel 10. A score keeps them; a reduction does not.
    Drums(usize),
}

impl What {
    /// Whether bytes could not be read as they stand, so that notes may be missing. The others are oddities, in which
    /// every byte was understood.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        !matches!(
            self,
            Self::UnknownChunk { .. }
                | Self::NoEndOfTrack
                | Self::Escape { .. }
                | Self::Tempo
                | Self::TimeSignature { .. }
                | Self::StrayNoteOffs(_)
                | Self::NeverReleased(_)
                | Self::StrayPressures(_)
                | Self::ControllersLikeNotes(_)
                | Self::BendsLikeNotes(_)
                | Self::FewPressures(_)
                | Self::UnusedPrograms(_)
                | Self::Drums(_)
        )
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &[u8; 4]| name.escape_ascii().to_string();
        match self {
            Self::BytesBeforeHeader(n) => write!(f, "{n} bytes before the header"),
            Self::ChunkName(letters) => write!(f, "a chunk is named \"{}\"; read all the same", name(letters)),
            Self::HeaderLength(length) => write!(f, "the header says that it has {length} bytes; read as 6"),
            Self::Format(format) => write!(f, "format {format}, which does not exist; read as 1"),
            Self::TrackCount { promised, found } => {
                write!(f, "the header promises {promised} tracks, there are {found}")
            }
            Self::UnknownChunk { name: letters, n_bytes } => {
                write!(f, "an unknown chunk \"{}\" of {n_bytes} bytes", name(letters))
            }
            Self::SecondFile => f.write_str("a second MIDI file begins; give it a file of its own"),
            Self::TrackLength { promised, found } => {
                write!(f, "the track says that it has {promised} bytes; read to its end after {found}")
            }
            Self::Truncated { n_missing } => write!(f, "the file ends here, {n_missing} bytes too early"),
            Self::NoEndOfTrack => f.write_str("the track has no end mark"),
            Self::EventsAfterEnd => f.write_str("an end mark within the track; read on"),
            Self::Bytes { n_bytes, why } => write!(f, "{n_bytes} bytes left out: {why}"),
            Self::MoreDoubts(n) => write!(f, "{n} more events that are odd, read as they stand"),
            Self::RestOfTrack { n_bytes } => {
                write!(f, "too many faults; the other {n_bytes} bytes of the track left out")
            }
            Self::LongTime => f.write_str("a time of five bytes; read all the same"),
            Self::SystemMessage(status) => write!(f, "a system message ({status:02X}), which belongs in no file"),
            Self::NoStatus => f.write_str("an event without its first byte; read as a note"),
            Self::UnknownMeta { kind, n_bytes } => write!(f, "an unknown meta event ({kind:02X}) of {n_bytes} bytes"),
            Self::MetaLength { kind, n_bytes } => {
                write!(f, "a meta event ({kind:02X}) of {n_bytes} bytes, which is not its length")
            }
            Self::OddText { n_bytes } => write!(f, "a text of {n_bytes} bytes that are not all text"),
            Self::OddSysex { n_bytes } => {
                write!(f, "a system-exclusive message of {n_bytes} bytes that does not end there")
            }
            Self::Escape { n_bytes } => write!(f, "{n_bytes} bytes for an instrument"),
            Self::DataLikeNotes { n_bytes } => write!(f, "{n_bytes} bytes of data in which there may be notes"),
            Self::Tempo => f.write_str("a tempo of no time"),
            Self::TimeSignature { numerator, power } => write!(f, "a time signature of {numerator}/2^{power}"),
            Self::StrayNoteOffs(n) => write!(f, "{n} note-offs for keys that were not down"),
            Self::NeverReleased(n) => write!(f, "{n} notes without a note-off"),
            Self::StrayPressures(n) => write!(f, "{n} key pressures on keys that were not down"),
            Self::ControllersLikeNotes(n) => write!(f, "{n} controllers that look like notes"),
            Self::BendsLikeNotes(n) => write!(f, "{n} pitch bends that look like notes"),
            Self::FewPressures(n) => write!(f, "{n} channel pressures, too few to be played"),
            Self::UnusedPrograms(n) => write!(f, "{n} programs that nothing is played with"),
            Self::Drums(n) => write!(f, "{n} notes of drums (channel 10)"),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(track) = self.track {
            write!(f, "track {track}, ")?;
        }
        write!(f, "byte {}: {}", self.byte, self.what)
    }
}
