//! A part, bar by bar.

use super::Divisions;
use super::direction::{self, Direction};
use super::note;
use super::xml::Xml;
use crate::notation::{Bar, Clef, Event, Sheet, SheetPart};

pub(super) fn part_id(number: usize) -> String {
    format!("P{}", number + 1)
}

pub(super) fn instrument_id(number: usize, key: Option<u8>) -> String {
    key.map_or_else(|| format!("P{}-I1", number + 1), |key| format!("P{}-K{key}", number + 1))
}

pub(super) fn write(xml: &mut Xml, sheet: &Sheet, part: &SheetPart, number: usize, divisions: Divisions) {
    xml.open("part", &[("id", &part_id(number))]);
    let mut directions = direction::of(sheet, part, number == 0).into_iter().peekable();
    let first_number = usize::from(sheet.bars.first().is_none_or(|bar| !bar.is_pickup));
    for (place, bar) in sheet.bars.iter().enumerate() {
        let text = (first_number + place).to_string();
        let implicit = [("number", text.as_str()), ("implicit", "yes")];
        xml.open("measure", if bar.is_pickup { &implicit } else { &implicit[..1] });
        if place == 0 || bar.is_signed {
            attributes(xml, sheet, part, bar, (place == 0).then_some(divisions));
        }
        let is_last = place + 1 == sheet.bars.len();
        let mut here = Vec::new();
        while let Some(direction) = directions.next_if(|direction| direction.at < bar.end() || is_last) {
            here.push(direction);
        }
        let mut is_first = true;
        for (staff_number, staff) in part.staves.iter().enumerate() {
            let voices = &staff.bars[place];
            let is_shared = !voices[1].is_empty();
            for (voice_number, events) in voices.iter().enumerate().filter(|(_, events)| !events.is_empty()) {
                if !std::mem::take(&mut is_first) {
                    xml.open("backup", &[]);
                    xml.value("duration", divisions.of_length(bar.length));
                    xml.close("backup");
                }
                let voice = note::Voice {
                    part: number,
                    is_drums: part.part.is_drums(),
                    staff: (part.staves.len() > 1).then_some(staff_number + 1),
                    // Four for each staff, as notation programs count.
                    number: 4 * staff_number + voice_number + 1,
                    stem: is_shared.then_some(if voice_number == 0 { "up" } else { "down" }),
                    divisions,
                };
                for event in events {
                    directions_within(xml, &mut here, event, part.staves.len(), divisions);
                    voice.event(xml, event);
                }
                // What is left comes at the end of the last bar.
                if let Some(last) = events.last() {
                    for direction in here.drain(..) {
                        direction.write(xml, direction.at - last.end, part.staves.len(), divisions);
                    }
                }
            }
        }
        if is_last {
            xml.open("barline", &[("location", "right")]);
            xml.value("bar-style", "light-heavy");
            xml.close("barline");
        }
        xml.close("measure");
    }
    xml.close("part");
}

/// Signs at the time of an event stand before it, and those within it too, with an offset.
fn directions_within(xml: &mut Xml, here: &mut Vec<Direction>, event: &Event, n_staves: usize, divisions: Divisions) {
    let n = here.iter().take_while(|direction| direction.at < event.end).count();
    for direction in here.drain(..n) {
        direction.write(xml, direction.at - event.start, n_staves, divisions);
    }
}

fn attributes(xml: &mut Xml, sheet: &Sheet, part: &SheetPart, bar: &Bar, first: Option<Divisions>) {
    xml.open("attributes", &[]);
    if let Some(divisions) = first {
        xml.value("divisions", divisions.per_beat());
        xml.open("key", &[]);
        xml.value("fifths", if part.part.is_drums() { 0 } else { sheet.fifths });
        if let Some(key) = sheet.key.filter(|_| !part.part.is_drums()) {
            xml.value("mode", if key.is_minor { "minor" } else { "major" });
        }
        xml.close("key");
    }
    if bar.is_signed {
        xml.open("time", &[]);
        xml.value("beats", bar.signature.numerator());
        xml.value("beat-type", bar.signature.denominator());
        xml.close("time");
    }
    if first.is_some() {
        let is_grand = part.staves.len() > 1;
        if is_grand {
            xml.value("staves", part.staves.len());
        }
        for (number, staff) in part.staves.iter().enumerate() {
            let text = (number + 1).to_string();
            let attributes = [("number", text.as_str())];
            xml.open("clef", if is_grand { &attributes } else { &[] });
            let (sign, line) = match staff.clef {
                Clef::Treble => ("G", 2),
                Clef::Bass => ("F", 4),
                Clef::Percussion => ("percussion", 2),
            };
            xml.value("sign", sign);
            xml.value("line", line);
            xml.close("clef");
        }
    }
    xml.close("attributes");
}
