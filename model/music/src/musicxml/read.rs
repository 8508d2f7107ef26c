//! From the bytes of a MusicXML file to a score.
//!
//! Reading order: `container` finds the text, `xml` takes it apart; `part_list` says who plays, `part` goes through the bars of one
//! part, with `ties` and `loudness`; `timeline` brings the parts together.

mod container;
mod loudness;
mod part;
mod part_list;
mod ties;
mod timeline;
mod xml;

use super::error::MusicXmlError;
use super::left_out::{LeftOut, What};
use crate::score::Score;
use part::{Bar, Part, Shared};
use xml::{Damage, Element, Reader, Step};

/// More bars than that have no piece.
const MAX_BARS: usize = 100_000;
/// More parts have no score.
const MAX_PARTS: usize = 1024;
/// All usual tuplets of all usual note values are a whole number of such parts of a beat.
const USUAL_PARTS: u64 = 20_160;
/// Finer divisions of a beat are rounded.
const MAX_PARTS_PER_BEAT: u64 = 1_000_000;
/// Divisions of a beat in which every unit of a time signature is a whole number.
const UNIT_PARTS: u64 = 16;

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct MusicXmlFile {
    /// All its notes, in ticks that are as fine as the file's divisions.
    pub score: Score,
    /// What was left out, or read otherwise than it stands there. Empty for a sound file without repeats and ornaments.
    pub left_out: Vec<LeftOut>,
    /// Where the drums are, which a score keeps and a reduction leaves out.
    pub drums: Vec<LeftOut>,
}

/// Whether bytes look like MusicXML, plain or compressed, rather than anything else.
#[must_use]
pub fn is_musicxml(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let utf16 = [b"\xFF\xFE".as_slice(), b"\xFE\xFF", b"<\0", b"\0<"];
    bytes.starts_with(container::PACKED) || text.starts_with(b"<") || utf16.iter().any(|mark| bytes.starts_with(mark))
}

/// Reads a MusicXML file, plain (.musicxml, .xml) or compressed (.mxl), by part or by bar. Repeats are read once; grace notes and
/// ornaments are left out; ties are joined; notes sound where transposing instruments sound. What is damaged is left out, and
/// named; nothing is ever fetched.
///
/// # Errors
/// [`MusicXmlError`] says why; no input panics, or takes more than 64 MiB of text.
///
/// ```
/// let text = "<score-partwise><part-list><score-part id='P1'><part-name>Tune</part-name></score-part></part-list>\
///     <part id='P1'><measure number='1'><attributes><divisions>2</divisions></attributes><note><pitch><step>E</step>\
///     <alter>-1</alter><octave>4</octave></pitch><duration>3</duration></note></measure></part></score-partwise>";
/// let file = music::musicxml::read(text.as_bytes())?;
/// let note = file.score.resampled(48).parts[0].notes[0];
/// assert_eq!((note.pitch.get(), note.duration_ticks), (63, 72));
/// # Ok::<(), music::musicxml::MusicXmlError>(())
/// ```
pub fn read(bytes: &[u8]) -> Result<MusicXmlFile, MusicXmlError> {
    let text = container::text(bytes)?;
    let mut file = Pages { shared: Shared { resolution: resolution(&text), ..Shared::default() }, parts: Vec::new() };
    let end = file.read(&mut Reader::new(&text))?;
    drop(text);
    let Pages { mut shared, parts } = file;
    let n_notes: usize = parts.iter().map(|part| part.notes.len()).sum();
    match end {
        Some(Damage { byte, why }) if n_notes == 0 => return Err(MusicXmlError::Damaged { byte, why }),
        Some(Damage { byte, why }) => {
            let last_bar = parts.iter().map(|part| part.n_bars).max().unwrap_or(0);
            shared.tally.add(0, last_bar, What::Rest(format!("{why} (byte {byte})")));
        }
        None if n_notes == 0 => return Err(MusicXmlError::NoNotes),
        None => {}
    }
    timeline::score(parts, shared)
}

/// What has been read of a file.
struct Pages {
    shared: Shared,
    parts: Vec<Part>,
}

impl Pages {
    /// Goes through the text, and says where it had to end, if it did.
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<Option<Damage>, MusicXmlError> {
        let root = match reader.step() {
            Ok(Step::Open(root)) => root,
            Ok(_) => return Err(MusicXmlError::NotMusicXml(None)),
            Err(Damage { byte, why }) => return Err(MusicXmlError::Damaged { byte, why }),
        };
        if !["score-partwise", "score-timewise"].contains(&root.name()) {
            return Err(MusicXmlError::NotMusicXml(Some(root.name().chars().take(40).collect())));
        }
        // The part that is open, and the number of the bar to come.
        let (mut part, mut bar) = (0, 0);
        loop {
            let step = match reader.step() {
                Ok(step) => step,
                Err(damage) => return Ok(Some(damage)),
            };
            let element = match step {
                Step::Open(element) => element,
                Step::Close => continue,
                Step::End => return Ok(None),
            };
            let whole = match element.name() {
                "part" => {
                    (part, bar) = (self.part(element.attribute("id").unwrap_or_default())?, 0);
                    continue;
                }
                "part-list" | "measure" => reader.whole(element),
                _ => reader.skip().map(|()| element),
            };
            let element = match whole {
                Ok(element) => element,
                Err(damage) => return Ok(Some(damage)),
            };
            match element.name() {
                "part-list" => {
                    let players = part_list::read(&element).into_iter().take(MAX_PARTS);
                    self.parts = players.map(Part::of).collect();
                }
                "measure" => {
                    self.measure(&element, part, bar)?;
                    bar += 1;
                }
                _ => {}
            }
        }
    }

    /// A bar of one part, or, in a file that goes by bars, of all.
    fn measure(&mut self, measure: &Element, part: usize, bar: usize) -> Result<(), MusicXmlError> {
        if bar >= MAX_BARS {
            return Err(MusicXmlError::TooLarge { what: "100,000 bars" });
        }
        if bar >= self.shared.bars.len() {
            self.shared.bars.resize(bar + 1, Bar::default());
        }
        let mut is_by_bars = false;
        for inner in measure.all("part") {
            is_by_bars = true;
            let part = self.part(inner.attribute("id").unwrap_or_default())?;
            self.parts[part].bar(inner, bar, &mut self.shared);
        }
        if !is_by_bars {
            let part = if self.parts.is_empty() { self.part("")? } else { part };
            self.parts[part].bar(measure, bar, &mut self.shared);
        }
        Ok(())
    }

    /// The place of a part among all, which the list of parts should name.
    fn part(&mut self, id: &str) -> Result<usize, MusicXmlError> {
        if let Some(place) = self.parts.iter().position(|part| part.player.id == id) {
            return Ok(place);
        }
        if self.parts.len() >= MAX_PARTS {
            return Err(MusicXmlError::TooLarge { what: "1,024 parts" });
        }
        let place = self.parts.len();
        self.parts.push(Part::of(part_list::unnamed(id, place)));
        Ok(place)
    }
}

/// Ticks in a beat that hold all lengths of the file without rounding, if it is no odd file.
fn resolution(text: &str) -> u32 {
    let mut all = UNIT_PARTS;
    for (place, tag) in text.match_indices("<divisions>") {
        let number = text[place + tag.len()..].split('<').next().unwrap_or_default();
        let divisions = number.trim().parse::<u64>().unwrap_or(1).clamp(1, MAX_PARTS_PER_BEAT);
        let (mut a, mut b) = (all, divisions);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        all = all / a * divisions;
        if all > MAX_PARTS_PER_BEAT {
            all = USUAL_PARTS;
            break;
        }
    }
    u32::try_from(all).unwrap_or(crate::note::TICKS_PER_BEAT)
}
