//! A chord or a rest. The order of the elements is that of the schema.

use super::Divisions;
use super::part::instrument_id;
use super::xml::Xml;
use crate::notation::{BEAT, Beam, Event, Head, Value};

/// What the events of a voice have in common.
pub(super) struct Voice {
    /// The part, counted from 0.
    pub(super) part: usize,
    pub(super) is_drums: bool,
    /// The staff, counted from 1, if there are two.
    pub(super) staff: Option<usize>,
    pub(super) number: usize,
    /// Where stems point to, if there are two voices.
    pub(super) stem: Option<&'static str>,
    pub(super) divisions: Divisions,
}

impl Voice {
    pub(super) fn event(&self, xml: &mut Xml, event: &Event) {
        let duration = self.divisions.of_length(event.end - event.start);
        if event.is_hidden {
            xml.open("forward", &[]);
            xml.value("duration", duration);
            xml.value("voice", self.number);
            if let Some(staff) = self.staff {
                xml.value("staff", staff);
            }
            xml.close("forward");
            return;
        }
        if event.heads.is_empty() {
            xml.open("note", &[]);
            xml.empty("rest", if event.value.is_none() { &[("measure", "yes")] } else { &[] });
            self.rest_of_note(xml, event, None, duration, true);
        }
        for (place, head) in event.heads.iter().enumerate() {
            // Per cent of forte, which is a velocity of 90.
            let percent = format!("{:.2}", f64::from(head.velocity.get()) * 100.0 / 90.0);
            xml.open("note", &[("dynamics", &percent)]);
            if place > 0 {
                xml.empty("chord", &[]);
            }
            self.pitch(xml, head);
            self.rest_of_note(xml, event, Some(head), duration, place == 0);
        }
    }

    fn pitch(&self, xml: &mut Xml, head: &Head) {
        let step = head.name.letter().to_string();
        if self.is_drums {
            xml.open("unpitched", &[]);
            xml.value("display-step", step);
            // On the staff, wherever the key is.
            xml.value("display-octave", 4 + head.name.octave.rem_euclid(2));
            xml.close("unpitched");
            return;
        }
        xml.open("pitch", &[]);
        xml.value("step", step);
        if head.name.alter != 0 {
            xml.value("alter", head.name.alter);
        }
        xml.value("octave", head.name.octave);
        xml.close("pitch");
    }

    fn rest_of_note(&self, xml: &mut Xml, event: &Event, head: Option<&Head>, duration: i64, is_first: bool) {
        xml.value("duration", duration);
        let is_tied = |stop: bool| head.is_some_and(|head| if stop { head.is_tied_from } else { head.is_tied_to });
        let ties = [(is_tied(true), "stop"), (is_tied(false), "start")];
        for (_, kind) in ties.iter().filter(|(is_there, _)| *is_there) {
            xml.empty("tie", &[("type", kind)]);
        }
        if let Some(head) = head.filter(|_| self.is_drums) {
            xml.empty("instrument", &[("id", &instrument_id(self.part, Some(head.pitch.get())))]);
        }
        xml.value("voice", self.number);
        if let Some(value) = event.value {
            xml.value("type", name(value));
            for _ in 0..value.n_dots {
                xml.empty("dot", &[]);
            }
        }
        if let Some(head) = head.filter(|head| head.shows_accidental && !self.is_drums) {
            xml.value(
                "accidental",
                ["flat-flat", "flat", "natural", "sharp", "double-sharp"]
                    [usize::try_from(head.name.alter + 2).unwrap_or(2).min(4)],
            );
        }
        if let Some(ratio) = event.ratio {
            xml.open("time-modification", &[]);
            xml.value("actual-notes", ratio.actual);
            xml.value("normal-notes", ratio.normal);
            xml.close("time-modification");
        }
        if let (Some(stem), Some(_)) = (self.stem, head) {
            xml.value("stem", stem);
        }
        if let Some(staff) = self.staff {
            xml.value("staff", staff);
        }
        if is_first {
            for (level, beam) in event.beams.iter().enumerate() {
                let text = match beam {
                    Beam::Begin => "begin",
                    Beam::Continue => "continue",
                    Beam::End => "end",
                    Beam::Forward => "forward hook",
                    Beam::Backward => "backward hook",
                };
                xml.text_in("beam", &[("number", &(level + 1).to_string())], text);
            }
        }
        let tuplets = [(event.begins_tuplet, "start"), (event.ends_tuplet, "stop")];
        let has_tuplet = is_first && tuplets.iter().any(|(is_there, _)| *is_there);
        if has_tuplet || ties.iter().any(|(is_there, _)| *is_there) {
            xml.open("notations", &[]);
            for (_, kind) in ties.iter().filter(|(is_there, _)| *is_there) {
                xml.empty("tied", &[("type", kind)]);
            }
            for (_, kind) in tuplets.iter().filter(|(is_there, _)| *is_there && is_first) {
                xml.empty("tuplet", &[("type", kind)]);
            }
            xml.close("notations");
        }
        xml.close("note");
    }
}

/// How the standard calls a note value.
pub(super) fn name(value: Value) -> &'static str {
    const NAMES: [&str; 10] = ["breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th"];
    let mut base = 8 * BEAT;
    let place = NAMES.iter().position(|_| {
        let is_it = base <= value.base;
        base /= 2;
        is_it
    });
    NAMES[place.unwrap_or(NAMES.len() - 1)]
}
