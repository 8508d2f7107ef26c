//! From a score to the bytes of a MusicXML file.
//!
//! Reading order: `xml` prints elements; `head` is what stands before the music; `part` prints a part bar by bar, `note` a chord or a
//! rest, `direction` tempo, loudness and pedal.

mod direction;
mod head;
mod note;
mod part;
mod xml;

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::notation::{self, FINE, Sheet, TooLong};
use crate::note::TICKS_PER_BEAT;
use crate::score::Score;
use xml::Xml;

const NAME: &str = "score.musicxml";
const CONTAINER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<container><rootfiles><rootfile full-path=\"score.musicxml\" \
    media-type=\"application/vnd.recordare.musicxml+xml\"/></rootfiles></container>\n";

/// A page of MusicXML 4.0: each part on one staff or two, in at most two voices a staff; with key, metre, names of notes, ties, tuplets,
/// beams, loudness, tempo and pedal. Notes on the grid of 1/48 beat sound exactly as they do in the score; what hands played is
/// written as the ear hears it. In each part a key sounds once at a time. Where Antiphon answered, the file says so.
///
/// ```
/// use music::{Note, Part, Pitch, Score, TimeSignature, Velocity, musicxml};
///
/// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
/// let note = Note { onset_ticks: 12, duration_ticks: 204, pitch, velocity };
/// let score = Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("Tune", vec![note]));
/// let text = musicxml::write(&score)?;
/// assert_eq!(musicxml::read(text.as_bytes())?.score, score);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When it has more bars than any page holds.
pub fn write(score: &Score) -> Result<String, TooLong> {
    let sheet = notation::set(score)?;
    let divisions = Divisions::of(&sheet);
    let mut xml = Xml::new();
    head::write(&mut xml, &sheet);
    for (number, part) in sheet.parts.iter().enumerate() {
        part::write(&mut xml, &sheet, part, number, divisions);
    }
    if sheet.parts.is_empty() {
        head::empty_part(&mut xml, &sheet);
    }
    xml.close("score-partwise");
    Ok(xml.text())
}

/// The bytes of a compressed file (.mxl) of what [`write()`] gives. The same text gives the same bytes.
#[must_use]
pub fn pack(text: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in [("META-INF/container.xml", CONTAINER), (NAME, text)] {
        let written = archive.start_file(name, options).map(|()| archive.write_all(content.as_bytes()));
        debug_assert!(matches!(written, Ok(Ok(()))), "writing to memory does not fail");
    }
    archive.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// Divisions of a beat in the file.
#[derive(Clone, Copy, Debug)]
struct Divisions {
    per_tick: i64,
}

impl Divisions {
    /// Ticks, unless there are fifths or sevenths of beats.
    fn of(sheet: &Sheet) -> Self {
        let events = sheet.parts.iter().flat_map(|part| &part.staves).flat_map(|staff| &staff.bars).flatten().flatten();
        let times: Vec<i64> = events.map(|event| event.start).filter(|start| start % FINE != 0).collect();
        let holds = |per_tick: &i64| times.iter().all(|start| start * per_tick % FINE == 0);
        Self { per_tick: [1, 5, 7].into_iter().find(holds).unwrap_or(FINE / 2) }
    }

    fn per_beat(self) -> i64 {
        self.per_tick * i64::from(TICKS_PER_BEAT)
    }

    /// Of a length in parts of a tick.
    const fn of_length(self, length: i64) -> i64 {
        length * self.per_tick / FINE
    }
}
