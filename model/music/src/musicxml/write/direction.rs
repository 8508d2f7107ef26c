//! Tempo, loudness and pedal.

use super::Divisions;
use super::xml::Xml;
use crate::notation::{FINE, LEVELS, Sheet, SheetPart};

/// A tempo is shown if it differs from the one shown before by so much: 1/12.
const SHOWN_PART: f64 = 1.0 / 12.0;

/// What is said at a time, in parts of a tick.
pub(super) struct Direction {
    pub(super) at: i64,
    what: What,
}

enum What {
    /// In microseconds a beat; what is shown, if it is: the beats a minute, and whether they are dotted.
    Tempo {
        us_per_beat: u32,
        shown: Option<(i64, bool)>,
    },
    /// A place among the levels.
    Loudness(usize),
    Pedal {
        is_down: bool,
    },
}

/// All directions of a part, in order of time. Tempi stand above the first.
pub(super) fn of(sheet: &Sheet, part: &SheetPart, is_first: bool) -> Vec<Direction> {
    let mut directions = if is_first { tempi(sheet) } else { Vec::new() };
    directions.extend(part.signs.iter().map(|sign| Direction { at: sign.at, what: What::Loudness(sign.level) }));
    directions.extend(part.part.pedal.iter().map(|change| Direction {
        at: change.ticks.max(0).saturating_mul(FINE),
        what: What::Pedal { is_down: change.is_down },
    }));
    directions.sort_by_key(|direction| direction.at);
    directions
}

fn tempi(sheet: &Sheet) -> Vec<Direction> {
    let mut shown_bpm = 0.0f64;
    let tempo = |&(at, us_per_beat): &(i64, u32)| {
        let bpm = 60e6 / f64::from(us_per_beat.max(1));
        let is_shown = (bpm - shown_bpm).abs() > SHOWN_PART * shown_bpm;
        if is_shown {
            shown_bpm = bpm;
        }
        let bar = sheet.bars.iter().rev().find(|bar| bar.start <= at);
        let is_dotted = bar.is_some_and(|bar| bar.is_compound() && bar.unit() * 2 == crate::notation::BEAT);
        let beats = if is_dotted { bpm / 1.5 } else { bpm };
        let shown = is_shown.then(|| (rounded(beats), is_dotted));
        Direction { at, what: What::Tempo { us_per_beat, shown } }
    };
    sheet.tempi.iter().map(tempo).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a tempo of 24 bits")]
fn rounded(bpm: f64) -> i64 {
    (bpm.round() as i64).max(1)
}

impl Direction {
    /// `offset` is from where the file is to when it is meant.
    pub(super) fn write(&self, xml: &mut Xml, offset: i64, n_staves: usize, divisions: Divisions) {
        let offset = divisions.of_length(offset);
        match self.what {
            What::Tempo { us_per_beat, shown: None } => {
                xml.open("sound", &[("tempo", &bpm(us_per_beat))]);
                if offset != 0 {
                    xml.value("offset", offset);
                }
                xml.close("sound");
            }
            What::Tempo { us_per_beat, shown: Some((beats, is_dotted)) } => {
                xml.open("direction", &[("placement", "above")]);
                xml.open("direction-type", &[]);
                xml.open("metronome", &[]);
                xml.value("beat-unit", "quarter");
                if is_dotted {
                    xml.empty("beat-unit-dot", &[]);
                }
                xml.value("per-minute", beats);
                xml.close("metronome");
                xml.close("direction-type");
                end(xml, offset, n_staves, 1);
                xml.empty("sound", &[("tempo", &bpm(us_per_beat))]);
                xml.close("direction");
            }
            What::Loudness(level) => {
                xml.open("direction", &[("placement", "below")]);
                xml.open("direction-type", &[]);
                xml.open("dynamics", &[]);
                xml.empty(LEVELS[level].0, &[]);
                xml.close("dynamics");
                xml.close("direction-type");
                end(xml, offset, n_staves, 1);
                xml.close("direction");
            }
            What::Pedal { is_down } => {
                xml.open("direction", &[("placement", "below")]);
                xml.open("direction-type", &[]);
                xml.empty("pedal", &[("type", if is_down { "start" } else { "stop" }), ("line", "yes")]);
                xml.close("direction-type");
                end(xml, offset, n_staves, n_staves);
                xml.close("direction");
            }
        }
    }
}

fn end(xml: &mut Xml, offset: i64, n_staves: usize, staff: usize) {
    if offset != 0 {
        xml.text_in("offset", &[("sound", "yes")], &offset.to_string());
    }
    if n_staves > 1 {
        xml.value("staff", staff);
    }
}

/// As exactly as a tempo is kept.
fn bpm(us_per_beat: u32) -> String {
    format!("{}", 60e6 / f64::from(us_per_beat.max(1)))
}
