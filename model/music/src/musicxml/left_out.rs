//! What of a file was not read, or not as it stands.

use std::collections::BTreeMap;
use std::fmt;

/// Something of a MusicXML file that was left out, or read otherwise than it stands there.
///
/// ```
/// use music::musicxml::{LeftOut, What};
///
/// let left_out = LeftOut { part: "Piano".into(), measure: 12, n: 3, what: What::GraceNotes };
/// assert_eq!(left_out.to_string(), "Piano, bar 12: 3 grace notes left out");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The part; empty for the whole file.
    pub part: String,
    /// The first bar in which there is one, counted from 1; 0 for the whole part.
    pub measure: u32,
    /// How many there are.
    pub n: usize,
    /// What it is.
    pub what: What,
}

/// See [`LeftOut`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Repeat signs and endings: all is read once, in the order of the page.
    Repeats,
    /// Jumps as *da capo*: all is read once.
    Jumps,
    /// Notes without a length of their own.
    GraceNotes,
    /// Small notes for orientation, which another part plays.
    CueNotes,
    /// Trills and other ornaments; their main notes were read.
    Ornaments,
    /// Notes of drums. A score keeps them; a reduction does not.
    Drums,
    /// Notes without a pitch or a length that could be understood.
    BadNotes,
    /// Times that could not be understood.
    BadTimes,
    /// Time signatures that no one would write, or that could not be understood.
    TimeSignatures,
    /// Ties that end on notes that no tie leads to.
    StrayTies,
    /// More tempi than a piece has.
    Tempi,
    /// More signs of loudness, or of the pedal, than a part has.
    Signs,
    /// The text ends here, or cannot be read on: what is wrong.
    Rest(String),
}

impl What {
    /// Whether notes may be missing. The others are conventions of how a page is read, and oddities.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::BadNotes | Self::BadTimes | Self::Rest(_))
    }

    /// Whether it is how a page is read here, as any sound file is.
    #[must_use]
    pub const fn is_convention(&self) -> bool {
        matches!(self, Self::Repeats | Self::Jumps | Self::GraceNotes | Self::CueNotes | Self::Ornaments)
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.part.is_empty(), self.measure) {
            (true, 0) => {}
            (true, bar) => write!(f, "bar {bar}: ")?,
            (false, 0) => write!(f, "{}: ", self.part)?,
            (false, bar) => write!(f, "{}, bar {bar}: ", self.part)?,
        }
        let n = self.n;
        let of = |one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        match &self.what {
            What::Repeats => f.write_str("repeats and endings, each read once"),
            What::Jumps => f.write_str("jumps (da capo, dal segno, coda), not followed"),
            What::GraceNotes => write!(f, "{} left out", of("grace note", "grace notes")),
            What::CueNotes => write!(f, "{} left out", of("cue note", "cue notes")),
            What::Ornaments => write!(f, "{} left out", of("ornament", "ornaments")),
            What::Drums => f.write_str(&of("note of drums", "notes of drums")),
            What::BadNotes => write!(f, "{} without pitch or length left out", of("note", "notes")),
            What::BadTimes => write!(f, "{} not understood", of("time", "times")),
            What::TimeSignatures => write!(f, "{} not understood", of("time signature", "time signatures")),
            What::StrayTies => write!(f, "{} from nowhere, read as notes", of("tie", "ties")),
            What::Tempi => write!(f, "{} too many", of("tempo", "tempi")),
            What::Signs => write!(f, "{} too many", of("sign of loudness or pedal", "signs of loudness or pedal")),
            What::Rest(why) => write!(f, "the rest of the file left out: {why}"),
        }
    }
}

/// Counts what is left out, by part and kind.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<(usize, What), (u32, usize)>,
}

impl Tally {
    /// `part` is counted from 1 in the order of the file, `measure` from 0.
    pub(super) fn add(&mut self, part: usize, measure: usize, what: What) {
        let measure = u32::try_from(measure).unwrap_or(u32::MAX).saturating_add(1);
        self.counts.entry((part, what)).or_insert((measure, 0)).1 += 1;
    }

    pub(super) fn left_out(&self, name: impl Fn(usize) -> String) -> Vec<LeftOut> {
        let left_out = |(&(part, ref what), &(measure, n)): (&(usize, What), &(u32, usize))| LeftOut {
            part: name(part),
            measure,
            n,
            what: what.clone(),
        };
        self.counts.iter().map(left_out).collect()
    }
}
