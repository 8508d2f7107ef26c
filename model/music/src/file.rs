//! Files of music, whatever their format: the one way in for all that reads what a user gives, and the way out. The bytes say what they are, not
//! the name of the file.

use crate::midi::{self, MidiError};
use crate::musicxml::{self, MusicXmlError};
use crate::reduction::{Reading, Reduction};
use crate::score::Score;

/// Words for the formats, in messages.
pub const FORMATS: &str = "MIDI (.mid, .midi, .kar, .rmi) or MusicXML (.musicxml, .xml, .mxl)";

/// Text takes more room than MIDI does.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// More is no music, and would fill the memory.
const MAX_BYTES: u64 = 8 << 20;

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct MusicFile {
    /// All its notes, in the file's own ticks.
    pub score: Score,
    /// What was left out, or read otherwise than it stands there.
    pub left_out: Vec<LeftOut>,
    /// Where the drums are, which a score keeps and a reduction leaves out.
    pub drums: Vec<LeftOut>,
}

/// Something that was left out of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Of a MIDI file.
    Midi(midi::LeftOut),
    /// Of a MusicXML file.
    MusicXml(musicxml::LeftOut),
}

impl LeftOut {
    /// Whether notes may be missing. The others are oddities, in which all was understood.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Midi(left) => left.what.is_damage(),
            Self::MusicXml(left) => left.what.is_damage(),
        }
    }

    /// Whether it is how any page is read: repeats once, without ornaments.
    #[must_use]
    pub const fn is_convention(&self) -> bool {
        matches!(self, Self::MusicXml(left) if left.what.is_convention())
    }

    /// Whether it is drums.
    #[must_use]
    pub const fn is_drums(&self) -> bool {
        match self {
            Self::Midi(left) => matches!(left.what, midi::What::Drums(_)),
            Self::MusicXml(left) => matches!(left.what, musicxml::What::Drums),
        }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Midi(left) => left.fmt(f),
            Self::MusicXml(left) => left.fmt(f),
        }
    }
}

/// Why a file gives no notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// A MIDI file, or of no known format.
    Midi(MidiError),
    /// A MusicXML file, or other XML, or a packed file.
    MusicXml(MusicXmlError),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Midi(why) => why.fmt(f),
            Self::MusicXml(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}

/// Whether a file of that name ending (without the dot) should be music.
///
/// ```
/// assert!(music::file::is_extension("MID") && music::file::is_extension("mxl") && !music::file::is_extension("wav"));
/// ```
#[must_use]
pub fn is_extension(ending: &str) -> bool {
    midi::is_extension(ending) || is_musicxml(ending)
}

fn is_musicxml(ending: &str) -> bool {
    musicxml::EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// How many bytes a file of that name ending (without the dot) may have. More is no music.
#[must_use]
pub fn max_bytes(ending: &str) -> u64 {
    if is_musicxml(ending) { MAX_TEXT_BYTES } else { MAX_BYTES }
}

/// Reads a file of any known format. What is damaged is left out, and named.
///
/// # Errors
/// [`FileError`] says why; no input panics.
pub fn read(bytes: &[u8]) -> Result<MusicFile, FileError> {
    if musicxml::is_musicxml(bytes) {
        let file = musicxml::read(bytes).map_err(FileError::MusicXml)?;
        let all = |left: Vec<musicxml::LeftOut>| left.into_iter().map(LeftOut::MusicXml).collect();
        return Ok(MusicFile { score: file.score, left_out: all(file.left_out), drums: all(file.drums) });
    }
    let file = midi::read(bytes).map_err(FileError::Midi)?;
    let all = |left: Vec<midi::LeftOut>| left.into_iter().map(LeftOut::Midi).collect();
    Ok(MusicFile { score: file.score, left_out: all(file.left_out), drums: all(file.drums) })
}

/// Reads a file as the network does: all parts on one keyboard, but for drums and what Antiphon answered. With it comes all that was
/// left out, drums included.
///
/// # Errors
/// As [`read`]; also when there are no notes but those.
pub fn read_reduction(bytes: &[u8], reading: Reading) -> Result<(Reduction, Vec<LeftOut>), FileError> {
    let MusicFile { score, mut left_out, drums } = read(bytes)?;
    let nothing = || match left_out.iter().find(|left| left.is_damage()) {
        Some(LeftOut::Midi(first)) => FileError::Midi(MidiError::Damaged(Box::new(first.clone()))),
        _ if musicxml::is_musicxml(bytes) => FileError::MusicXml(MusicXmlError::NoNotes),
        _ => FileError::Midi(MidiError::NoNotes),
    };
    let reduction = Reduction::of(&score, reading).ok_or_else(nothing)?;
    left_out.extend(drums);
    Ok((reduction, left_out))
}

/// Why a score gives no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// It does not fit into a MIDI file.
    Midi(midi::TooLong),
    /// It does not fit on a page.
    MusicXml(musicxml::TooLong),
    /// No format is called so.
    Ending(String),
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Midi(why) => why.fmt(f),
            Self::MusicXml(why) => why.fmt(f),
            Self::Ending(ending) => {
                write!(f, "no format is known by the ending \"{ending}\"; use .mid, .musicxml or .mxl")
            }
        }
    }
}

impl std::error::Error for WriteError {}

/// The bytes of a file of that name ending (without the dot): MIDI, or MusicXML, plain or compressed.
///
/// # Errors
/// When no format is called so, or the score does not fit into it.
pub fn write(score: &Score, ending: &str) -> Result<Vec<u8>, WriteError> {
    let page = || musicxml::write(score).map_err(WriteError::MusicXml);
    match ending.to_ascii_lowercase().as_str() {
        "mid" | "midi" => midi::write(score).map_err(WriteError::Midi),
        "musicxml" | "xml" => page().map(String::into_bytes),
        "mxl" => page().map(|text| musicxml::pack(&text)),
        _ => Err(WriteError::Ending(ending.to_owned())),
    }
}

/// The first few in one line, and how many more there are.
///
/// ```
/// use music::file::{LeftOut, summary};
/// use music::midi::{self, What};
///
/// let long = LeftOut::Midi(midi::LeftOut { track: Some(1), byte: 40, what: What::LongTime });
/// let text = summary(&[long.clone(), long.clone(), long.clone(), long]);
/// assert!(text.starts_with("track 1, byte 40: ") && text.ends_with("; and 1 more"));
/// ```
#[must_use]
pub fn summary(left_out: &[LeftOut]) -> String {
    const SHOWN: usize = 3;
    let mut text = left_out.iter().take(SHOWN).map(LeftOut::to_string).collect::<Vec<_>>().join("; ");
    if left_out.len() > SHOWN {
        text += &format!("; and {} more", left_out.len() - SHOWN);
    }
    text
}
