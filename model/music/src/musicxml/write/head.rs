//! What stands before the music: who wrote the file, what it is, and the list of parts.

use std::collections::BTreeSet;

use super::part::{instrument_id, part_id};
use super::xml::Xml;
use crate::notation::{Sheet, SheetPart};
use crate::score::Role;

/// How the IPTC calls media of their kind (*Digital Source Type* vocabulary): made by a trained model, or with the help of one.
const TRAINED: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
const COMPOSITE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

pub(super) fn write(xml: &mut Xml, sheet: &Sheet) {
    xml.open("score-partwise", &[("version", "4.0")]);
    xml.open("identification", &[]);
    xml.open("encoding", &[]);
    xml.value("software", concat!("Antiphon ", env!("CARGO_PKG_VERSION")));
    for element in ["accidental", "beam", "stem"] {
        let is_there = if element == "stem" { "no" } else { "yes" };
        xml.empty("supports", &[("element", element), ("type", is_there)]);
    }
    xml.close("encoding");
    let is_answer = |part: &SheetPart| part.part.role == Role::Answer;
    if sheet.parts.iter().any(is_answer) {
        let source = if sheet.parts.iter().all(is_answer) { TRAINED } else { COMPOSITE };
        xml.open("miscellaneous", &[]);
        xml.text_in("miscellaneous-field", &[("name", "digitalSourceType")], source);
        xml.close("miscellaneous");
    }
    xml.close("identification");
    xml.open("part-list", &[]);
    for (number, part) in sheet.parts.iter().enumerate() {
        score_part(xml, part, number);
    }
    if sheet.parts.is_empty() {
        xml.open("score-part", &[("id", &part_id(0))]);
        xml.value("part-name", "");
        xml.close("score-part");
    }
    xml.close("part-list");
}

/// MusicXML wants one part at least.
pub(super) fn empty_part(xml: &mut Xml, sheet: &Sheet) {
    let duration = sheet.bars.first().map_or(4, |bar| bar.signature.numerator().into());
    xml.open("part", &[("id", &part_id(0))]);
    xml.open("measure", &[("number", "1")]);
    xml.open("note", &[]);
    xml.empty("rest", &[("measure", "yes")]);
    xml.value("duration", duration);
    xml.close("note");
    xml.close("measure");
    xml.close("part");
}

fn score_part(xml: &mut Xml, part: &SheetPart, number: usize) {
    let id = part_id(number);
    xml.open("score-part", &[("id", &id)]);
    xml.value("part-name", &part.part.name);
    // Drums have an instrument for each key.
    let heads = part.staves.iter().flat_map(|staff| &staff.bars).flatten().flatten().flat_map(|event| &event.heads);
    let keys: BTreeSet<u8> =
        if part.part.is_drums() { heads.map(|head| head.pitch.get()).collect() } else { BTreeSet::new() };
    let ids: Vec<(String, Option<u8>)> = match keys.is_empty() {
        true => vec![(instrument_id(number, None), None)],
        false => keys.into_iter().map(|key| (instrument_id(number, Some(key)), Some(key))).collect(),
    };
    for (instrument, key) in &ids {
        xml.open("score-instrument", &[("id", instrument)]);
        xml.value("instrument-name", key.map_or("Piano".to_owned(), |key| format!("Drum {key}")));
        xml.close("score-instrument");
    }
    if part.part.port > 0 {
        // The standard has sixteen ports.
        xml.empty("midi-device", &[("port", &(part.part.port.min(15) + 1).to_string())]);
    }
    for (instrument, key) in &ids {
        xml.open("midi-instrument", &[("id", instrument)]);
        xml.value("midi-channel", part.part.channel.min(15) + 1);
        xml.value("midi-program", 1);
        if let Some(key) = key {
            xml.value("midi-unpitched", key + 1);
        }
        xml.close("midi-instrument");
    }
    xml.close("score-part");
}
