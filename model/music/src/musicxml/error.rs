//! Why a MusicXML file gives no notes.

/// Why a MusicXML file gives no notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MusicXmlError {
    /// The compressed file cannot be opened, or holds no score.
    Container(String),
    /// It holds more than any piece of music does.
    TooLarge {
        /// What there is too much of, with the limit.
        what: &'static str,
    },
    /// The text is in no encoding that is known.
    Encoding,
    /// XML of another kind, or none: the name of its first element, if it has one.
    NotMusicXml(Option<String>),
    /// Damaged before its first note.
    Damaged {
        /// Bytes from the start of the unpacked text.
        byte: u64,
        /// What is wrong.
        why: String,
    },
    /// No notes, or none but drums and Antiphon's answers.
    NoNotes,
    /// Lasts more than a day, which only a damaged file does.
    TooLong,
}

impl std::fmt::Display for MusicXmlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container(why) => write!(f, "not a readable .mxl file ({why}); export it again"),
            Self::TooLarge { what } => write!(f, "too large to be a piece of music: it has more than {what}"),
            Self::Encoding => f.write_str("its letters are in no encoding that is known; export it again in UTF-8"),
            Self::NotMusicXml(Some(root)) => {
                write!(f, "XML, but not MusicXML (it begins with <{root}>); export it as MusicXML")
            }
            Self::NotMusicXml(None) => f.write_str("not MusicXML; export it as MusicXML"),
            Self::Damaged { byte, why } => {
                write!(f, "damaged at byte {byte} ({why}), and no notes are left; export it again")
            }
            Self::NoNotes => f.write_str("no notes (drums do not count, nor what Antiphon answered)"),
            Self::TooLong => f.write_str("lasts more than a day: probably damaged"),
        }
    }
}

impl std::error::Error for MusicXmlError {}
