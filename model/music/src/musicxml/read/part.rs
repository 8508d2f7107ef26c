//! One part, bar by bar: a cursor goes through its notes.

use super::super::left_out::{Tally, What};
use super::loudness::Loudness;
use super::part_list::Player;
use super::ties::Ties;
use super::xml::Element;
use crate::note::{Pitch, Velocity};
use crate::score::DRUM_CHANNEL;
use crate::time_signature::TimeSignature;

/// More is no music, and would fill the memory.
const MAX_SIGNS: usize = 100_000;
/// No length of a file is longer, in beats.
const MAX_BEATS: f64 = 1e6;
/// No bar is longer.
const MAX_BAR_TICKS: i64 = 1 << 44;
/// The velocity of *forte*, of which a file gives per cent.
const FORTE: f64 = 90.0;

/// A time: a bar, counted from 0, and ticks from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) bar: usize,
    pub(super) ticks: i64,
}

/// A note of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Struck {
    pub(super) onset: At,
    pub(super) end: At,
    pub(super) pitch: Pitch,
    /// Its own, if the file says so.
    pub(super) velocity: Option<Velocity>,
    pub(super) staff: u8,
    pub(super) is_drum: bool,
}

/// What all parts say of a bar.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bar {
    /// How far its notes reach in the longest part.
    pub(super) ticks: i64,
    pub(super) signature: Option<TimeSignature>,
}

/// What the parts have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Ticks in a beat.
    pub(super) resolution: u32,
    pub(super) bars: Vec<Bar>,
    /// With microseconds in a beat.
    pub(super) tempi: Vec<(At, u32)>,
    pub(super) tally: Tally,
}

/// A part, and what has been read of it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) player: Player,
    pub(super) notes: Vec<Struck>,
    pub(super) pedal: Vec<(At, bool)>,
    pub(super) loudness: Loudness,
    /// Bars that were read.
    pub(super) n_bars: usize,
    divisions: f64,
    /// Semitones by which it sounds higher than written: for each staff that has its own, after that of all.
    transposes: Vec<(u8, i32)>,
    ties: Ties,
    /// Ticks from the beginning of the bar.
    cursor: i64,
    /// Where the latest note began, for what is in a chord with it.
    last_onset: i64,
}

impl Part {
    pub(super) fn of(player: Player) -> Self {
        Self {
            player,
            notes: Vec::new(),
            pedal: Vec::new(),
            loudness: Loudness::default(),
            n_bars: 0,
            divisions: 1.0,
            transposes: Vec::new(),
            ties: Ties::default(),
            cursor: 0,
            last_onset: 0,
        }
    }

    pub(super) fn bar(&mut self, measure: &Element, bar: usize, shared: &mut Shared) {
        (self.cursor, self.last_onset) = (0, 0);
        self.ties.forget_before(bar);
        for element in measure.children() {
            match element.name() {
                "note" => self.note(element, bar, shared),
                "backup" => self.cursor = (self.cursor - self.length(element, bar, shared)).max(0),
                "forward" => {
                    self.cursor = (self.cursor + self.length(element, bar, shared)).min(MAX_BAR_TICKS);
                    self.reaches(self.cursor, bar, shared);
                }
                "attributes" => self.attributes(element, bar, shared),
                "direction" => self.direction(element, bar, shared),
                "sound" => {
                    let by = element.number("offset").map_or(0, |by| self.ticks(by, shared));
                    let at = At { bar, ticks: (self.cursor + by).clamp(0, MAX_BAR_TICKS) };
                    self.sound(element, at, 1, shared);
                }
                "barline" if element.child("repeat").or(element.child("ending")).is_some() => {
                    shared.tally.add(0, bar, What::Repeats);
                }
                _ => {}
            }
        }
        self.n_bars = self.n_bars.max(bar + 1);
    }

    fn reaches(&self, ticks: i64, bar: usize, shared: &mut Shared) {
        if let Some(bar) = shared.bars.get_mut(bar) {
            bar.ticks = bar.ticks.max(ticks);
        }
    }

    /// Ticks of a length or an offset in the file's own divisions.
    fn ticks(&self, divisions: f64, shared: &Shared) -> i64 {
        let per_beat = if self.divisions > 0.0 { self.divisions } else { 1.0 };
        let beats = (divisions / per_beat).clamp(-MAX_BEATS, MAX_BEATS);
        nearest(beats * f64::from(shared.resolution))
    }

    /// The duration of a note, or of a step forward or back; 0 if it has none.
    fn length(&self, element: &Element, bar: usize, shared: &mut Shared) -> i64 {
        match element.number::<f64>("duration").filter(|length| length.is_finite() && *length >= 0.0) {
            Some(length) => self.ticks(length, shared),
            None => {
                shared.tally.add(self.player.number, bar, What::BadTimes);
                0
            }
        }
    }

    fn note(&mut self, note: &Element, bar: usize, shared: &mut Shared) {
        if note.child("grace").is_some() {
            shared.tally.add(self.player.number, bar, What::GraceNotes);
            return;
        }
        let length = self.length(note, bar, shared);
        let onset = if note.child("chord").is_some() { self.last_onset } else { self.cursor };
        let end = (onset + length).min(MAX_BAR_TICKS);
        self.last_onset = onset;
        self.cursor = self.cursor.max(end);
        self.reaches(end, bar, shared);
        if note.child("rest").is_some() {
            return;
        }
        if note.child("cue").is_some() {
            shared.tally.add(self.player.number, bar, What::CueNotes);
            return;
        }
        let staff = note.number("staff").unwrap_or(1);
        let (Some((pitch, is_drum)), true) = (self.pitch(note, staff), end > onset) else {
            shared.tally.add(self.player.number, bar, What::BadNotes);
            return;
        };
        let notations = || note.all("notations").flat_map(Element::children);
        if notations().any(|notation| notation.name() == "ornaments") {
            shared.tally.add(self.player.number, bar, What::Ornaments);
        }
        let percent = note.attribute("dynamics").and_then(|percent| percent.parse().ok());
        let struck = Struck {
            onset: At { bar, ticks: onset },
            end: At { bar, ticks: end },
            pitch,
            velocity: percent.and_then(velocity),
            staff,
            is_drum,
        };
        let signs: Vec<&Element> = note.all("tie").collect();
        let signs = if signs.is_empty() { notations().filter(|sign| sign.name() == "tied").collect() } else { signs };
        let has = |kind| signs.iter().any(|sign| sign.attribute("type") == Some(kind));
        let (from, to) = (has("stop"), has("start"));
        if !self.ties.add(&mut self.notes, struck, note.text_of("voice"), from, to) {
            shared.tally.add(self.player.number, bar, What::StrayTies);
        }
    }

    /// Its key as it sounds, and whether it is that of a drum.
    fn pitch(&self, note: &Element, staff: u8) -> Option<(Pitch, bool)> {
        if let Some(pitch) = note.child("pitch") {
            let alter = pitch.number::<f64>("alter").unwrap_or(0.0);
            let transpose =
                self.transposes.iter().rev().find(|(of, _)| [0, staff].contains(of)).map_or(0, |(_, by)| *by);
            let key = key(pitch.text_of("step"), pitch.number("octave")?)? + semitones(alter) + transpose;
            return Some((Pitch::new(u8::try_from(key).ok()?)?, self.player.channel == DRUM_CHANNEL));
        }
        let unpitched = note.child("unpitched")?;
        let instrument = note.child("instrument").and_then(|instrument| instrument.attribute("id"));
        let known = self.player.drum_keys.iter().find(|(id, _)| Some(id.as_str()) == instrument).map(|(_, key)| *key);
        let shown = || key(unpitched.text_of("display-step"), unpitched.number("display-octave")?);
        let pitch = known.or_else(|| u8::try_from(shown().unwrap_or(38)).ok()).and_then(Pitch::new)?;
        Some((pitch, true))
    }

    fn attributes(&mut self, attributes: &Element, bar: usize, shared: &mut Shared) {
        if let Some(divisions) = attributes.number("divisions") {
            self.divisions = divisions;
        }
        for transpose in attributes.all("transpose") {
            let by = transpose.number::<f64>("chromatic").map_or(0, semitones)
                + 12 * transpose.number::<i32>("octave-change").unwrap_or(0).clamp(-10, 10);
            let staff = transpose.attribute("number").and_then(|number| number.parse().ok()).unwrap_or(0);
            self.transposes.retain(|(of, _)| *of != staff && staff != 0);
            self.transposes.push((staff, by));
        }
        if let Some(time) = attributes.child("time").filter(|time| time.child("beats").is_some()) {
            match signature(time) {
                None => shared.tally.add(self.player.number, bar, What::TimeSignatures),
                // The bars of all parts are those of the first that says so.
                Some(signature) => {
                    if let Some(bar) = shared.bars.get_mut(bar) {
                        bar.signature = bar.signature.or(Some(signature));
                    }
                }
            }
        }
    }

    fn direction(&mut self, direction: &Element, bar: usize, shared: &mut Shared) {
        let offset = direction.child("offset").filter(|offset| offset.attribute("sound") == Some("yes"));
        let offset = offset.and_then(|offset| offset.text().parse().ok()).map_or(0, |by| self.ticks(by, shared));
        let at = At { bar, ticks: (self.cursor + offset).clamp(0, MAX_BAR_TICKS) };
        let staff = direction.number("staff").unwrap_or(1);
        let sound = direction.child("sound");
        let sounds = |name| sound.and_then(|sound| sound.attribute(name)).is_some();
        for sign in direction.all("direction-type").flat_map(Element::children) {
            let is_full = self.loudness.n_signs() + self.pedal.len() >= MAX_SIGNS;
            match sign.name() {
                "dynamics" | "wedge" | "pedal" if is_full => shared.tally.add(self.player.number, bar, What::Signs),
                "dynamics" if !sounds("dynamics") => self.loudness.sign(at, staff, sign),
                "wedge" => self.loudness.wedge(at, staff, sign),
                "pedal" => self.pedal(at, sign.attribute("type").unwrap_or_default()),
                "metronome" if !sounds("tempo") => {
                    if let Some(bpm) = bpm(sign) {
                        tempo(at, bpm, self.player.number, shared);
                    }
                }
                _ => {}
            }
        }
        let has_pedal = direction.all("direction-type").any(|kind| kind.child("pedal").is_some());
        if let Some(sound) = sound {
            self.sound(sound, at, staff, shared);
            match sound.attribute("damper-pedal") {
                Some(_) if has_pedal || self.pedal.len() >= MAX_SIGNS => {}
                Some("no" | "0") => self.pedal(at, "stop"),
                Some(_) => self.pedal(at, "start"),
                None => {}
            }
        }
    }

    fn pedal(&mut self, at: At, kind: &str) {
        match kind {
            "start" | "resume" => self.pedal.push((at, true)),
            "stop" | "discontinue" => self.pedal.push((at, false)),
            "change" => self.pedal.extend([(at, false), (at, true)]),
            _ => {}
        }
    }

    fn sound(&mut self, sound: &Element, at: At, staff: u8, shared: &mut Shared) {
        let number = |name| sound.attribute(name).and_then(|text| text.parse::<f64>().ok());
        if let Some(bpm) = number("tempo") {
            tempo(at, bpm, self.player.number, shared);
        }
        if let Some(velocity) = number("dynamics").and_then(velocity) {
            if self.loudness.n_signs() < MAX_SIGNS {
                self.loudness.set(at, staff, velocity);
            } else {
                shared.tally.add(self.player.number, at.bar, What::Signs);
            }
        }
        if ["dacapo", "dalsegno", "tocoda"].iter().any(|jump| sound.attribute(jump).is_some()) {
            shared.tally.add(0, at.bar, What::Jumps);
        }
    }
}

fn tempo(at: At, bpm: f64, part: usize, shared: &mut Shared) {
    match shared.tempi.len() < MAX_SIGNS && bpm.is_finite() && bpm > 0.0 {
        true => shared.tempi.push((at, crate::tempo::us_per_beat(bpm))),
        false => shared.tally.add(part, at.bar, What::Tempi),
    }
}

/// What a metronome mark says, in beats a minute; `None` if it compares note values.
fn bpm(metronome: &Element) -> Option<f64> {
    let text = metronome.text_of("per-minute");
    // "c. 66" and "60-72" have numbers too.
    let number = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find(|word| word.len() > 1)?;
    let beats = match metronome.text_of("beat-unit") {
        "whole" => 4.0,
        "half" => 2.0,
        "quarter" => 1.0,
        "eighth" => 0.5,
        "16th" => 0.25,
        _ => return None,
    };
    let n_dots = i32::try_from(metronome.all("beat-unit-dot").count().min(3)).unwrap_or(0);
    Some(number.parse::<f64>().ok()? * beats * (2.0 - 0.5f64.powi(n_dots)))
}

fn velocity(percent: f64) -> Option<Velocity> {
    let nearest = nearest((percent * FORTE / 100.0).clamp(0.0, 127.0));
    percent.is_finite().then(|| Velocity::nearest(u8::try_from(nearest).unwrap_or(127)))
}

fn signature(time: &Element) -> Option<TimeSignature> {
    // 3+2/8, and 2/4+3/8, are bars of so many of the shortest.
    let beats = time
        .all("beats")
        .map(|beats| beats.text().split('+').map(|n| n.trim().parse::<u32>().ok()).sum::<Option<u32>>());
    let units = time.all("beat-type").map(|unit| unit.text().parse::<u32>().ok());
    let pairs: Vec<(u32, u32)> = beats.zip(units).map(|(n, of)| Some((n?, of?))).collect::<Option<_>>()?;
    let unit = pairs.iter().map(|(_, of)| *of).max()?;
    let numerator =
        pairs.iter().map(|(n, of)| unit.checked_div(*of).map(|times| n.saturating_mul(times))).sum::<Option<u32>>()?;
    let is_known = unit.is_power_of_two() && pairs.iter().all(|(_, of)| unit.is_multiple_of(*of));
    let power = u8::try_from(unit.trailing_zeros()).ok().filter(|_| is_known)?;
    TimeSignature::new(u8::try_from(numerator).ok()?, power)
}

/// The key of a written note without accidentals.
fn key(step: &str, octave: i32) -> Option<i32> {
    let class = match step {
        "C" => 0,
        "D" => 2,
        "E" => 4,
        "F" => 5,
        "G" => 7,
        "A" => 9,
        "B" => 11,
        _ => return None,
    };
    (-1..=10).contains(&octave).then_some(12 * (octave + 1) + class)
}

/// Quarter tones go to the nearest key.
#[expect(clippy::cast_possible_truncation, reason = "held within an octave or ten")]
fn semitones(alter: f64) -> i32 {
    alter.clamp(-120.0, 120.0).round() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "held within bounds before")]
fn nearest(number: f64) -> i64 {
    number.round() as i64
}
