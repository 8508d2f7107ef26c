//! Notes and files for the tests.

use std::io::{Cursor, Write};

use music::musicxml::{MusicXmlFile, read};
use music::{Note, Part, Pitch, Score, Velocity};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
    Note { onset_ticks, duration_ticks, pitch: Pitch::new(key).unwrap(), velocity: Velocity::new(velocity).unwrap() }
}

/// A file of one part, whose bars hold these elements. Four divisions make a beat.
pub(crate) fn file(bars: &[&str]) -> String {
    let bar = |(number, bar): (usize, &&str)| {
        let divisions = if number == 0 { "<attributes><divisions>4</divisions></attributes>" } else { "" };
        format!("<measure number=\"{}\">{divisions}{bar}</measure>", number + 1)
    };
    let bars: String = bars.iter().enumerate().map(bar).collect();
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 3.1 Partwise//EN\" \
         \"http://www.musicxml.org/dtds/partwise.dtd\"><score-partwise version=\"3.1\"><part-list><score-part id=\"P1\">\
         <part-name>Piano</part-name></score-part></part-list><part id=\"P1\">{bars}</part></score-partwise>"
    )
}

/// A note by its name, as in `C4`, `F4#` or `B3b`, and its duration; with more elements within.
pub(crate) fn named(name: &str, duration: u32, more: &str) -> String {
    let mut letters = name.chars();
    let (step, octave) = (letters.next().unwrap(), letters.next().unwrap());
    let alter = match letters.next() {
        Some('#') => "<alter>1</alter>",
        Some('b') => "<alter>-1</alter>",
        _ => "",
    };
    let (chord, more) = more.strip_prefix("chord").map_or(("", more), |more| ("<chord/>", more));
    format!(
        "<note>{chord}<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch><duration>{duration}</duration>{more}</note>"
    )
}

pub(crate) fn open(text: &str) -> MusicXmlFile {
    read(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// Onset, length and key of all notes, in sixteenths.
pub(crate) fn sixteenths(score: &Score) -> Vec<(i64, u32, u8)> {
    let score = score.resampled(4);
    let notes = score.parts.iter().flat_map(|part| &part.notes);
    notes.map(|note| (note.onset_ticks, note.duration_ticks, note.pitch.get())).collect()
}

/// Packed files, by name.
pub(crate) fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub(crate) fn all_notes(score: &Score) -> Vec<Note> {
    let mut notes: Vec<Note> = score.parts.iter().flat_map(|part: &Part| part.notes.iter().copied()).collect();
    notes.sort_by_key(Note::order);
    notes
}
