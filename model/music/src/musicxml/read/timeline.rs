//! All parts on one timeline.

use std::collections::BTreeMap;

use super::super::error::MusicXmlError;
use super::super::left_out::{LeftOut, What};
use super::MusicXmlFile;
use super::loudness::Curve;
use super::part::{At, Bar, Part, Shared, Struck};
use crate::note::Note;
use crate::score::{self, DRUM_CHANNEL, PedalChange, Role, Score};
use crate::tempo::TempoMap;
use crate::time_signature::{MetreChange, TimeSignature};

pub(super) fn score(parts: Vec<Part>, shared: Shared) -> Result<MusicXmlFile, MusicXmlError> {
    let Shared { resolution, bars, mut tempi, tally } = shared;
    let (starts, metres) = bar_lines(&bars, resolution);
    let ticks = |at: At| starts.get(at.bar).copied().unwrap_or(0).saturating_add(at.ticks);
    tempi.sort_by_key(|(at, _)| *at);
    // Of parts that disagree, the first is right.
    tempi.dedup_by_key(|(at, _)| *at);
    let tempi = TempoMap::new(resolution, tempi.into_iter().map(|(at, us)| (ticks(at), us)));

    let names: Vec<String> = parts.iter().map(|part| part.player.name.clone()).collect();
    let (mut played, mut drums) = (Vec::new(), Vec::new());
    for part in parts {
        let (struck, drummed): (Vec<Struck>, Vec<Struck>) = part.notes.iter().partition(|note| !note.is_drum);
        let of = |channel, struck: &[Struck], pedal| score::Part {
            name: part.player.name.clone(),
            role: Role::of_track(&part.player.name),
            port: part.player.port,
            channel,
            notes: notes(&part, struck, ticks),
            pedal,
        };
        if let Some(first) = drummed.first() {
            let measure = u32::try_from(first.onset.bar + 1).unwrap_or(u32::MAX);
            drums.push(LeftOut { part: part.player.name.clone(), measure, n: drummed.len(), what: What::Drums });
        }
        let pedal = pedal(&part, ticks);
        if !struck.is_empty() || !pedal.is_empty() {
            played.push(of(part.player.channel, &struck, pedal));
        }
        if !drummed.is_empty() {
            played.push(of(DRUM_CHANNEL, &drummed, Vec::new()));
        }
    }
    let score = Score { ticks_per_beat: resolution, parts: played, metres, tempi };
    if score.is_too_long() {
        return Err(MusicXmlError::TooLong);
    }
    let left_out = tally.left_out(|number| number.checked_sub(1).map_or(String::new(), |place| names[place].clone()));
    Ok(MusicXmlFile { score, left_out, drums })
}

/// When each bar begins, and the metres. A bar that is shorter or longer than its signature has one of its own, as in MIDI files.
fn bar_lines(bars: &[Bar], resolution: u32) -> (Vec<i64>, Vec<MetreChange>) {
    let mut starts = Vec::with_capacity(bars.len());
    let mut metres: Vec<MetreChange> = Vec::new();
    let (mut signature, mut start_ticks) = (TimeSignature::COMMON, 0i64);
    for (number, bar) in bars.iter().enumerate() {
        starts.push(start_ticks);
        signature = bar.signature.unwrap_or(signature);
        let usual = i64::from(signature.bar_ticks(resolution));
        let length = if bar.ticks > 0 { bar.ticks } else { usual };
        // The last bar may end with its last note.
        let is_usual = length == usual || number + 1 == bars.len() && number > 0 && length < usual;
        let own = u32::try_from(length).ok().and_then(|length| TimeSignature::of_bar(length, resolution));
        let in_force = if is_usual { signature } else { own.unwrap_or(signature) };
        let is_on_grid = metres.last().is_some_and(|last| {
            let bar_ticks = i64::from(last.signature.bar_ticks(resolution));
            last.signature == in_force && (start_ticks - last.start_ticks) % bar_ticks == 0
        });
        if bar.signature.is_some() || !is_on_grid {
            metres.push(MetreChange { start_ticks, signature: in_force });
        }
        start_ticks = start_ticks.saturating_add(length);
    }
    if metres.is_empty() {
        metres.push(MetreChange { start_ticks: 0, signature });
    }
    (starts, metres)
}

fn notes(part: &Part, struck: &[Struck], ticks: impl Fn(At) -> i64) -> Vec<Note> {
    let mut curves: BTreeMap<u8, Curve> = BTreeMap::new();
    let mut note = |struck: &Struck| {
        let onset_ticks = ticks(struck.onset);
        let length = ticks(struck.end).saturating_sub(onset_ticks).clamp(1, u32::MAX.into());
        let mut marked =
            || curves.entry(struck.staff).or_insert_with(|| part.loudness.curve(struck.staff, &ticks)).at(onset_ticks);
        Note {
            onset_ticks,
            duration_ticks: u32::try_from(length).unwrap_or(1),
            pitch: struck.pitch,
            velocity: struck.velocity.unwrap_or_else(&mut marked),
        }
    };
    let mut notes: Vec<Note> = struck.iter().map(&mut note).collect();
    notes.sort_by_key(Note::order);
    notes
}

fn pedal(part: &Part, ticks: impl Fn(At) -> i64) -> Vec<PedalChange> {
    let mut changes: Vec<PedalChange> = Vec::new();
    let mut moves: Vec<(At, bool)> = part.pedal.clone();
    moves.sort_by_key(|(at, _)| *at);
    for (at, is_down) in moves {
        if changes.last().map_or(is_down, |last| last.is_down != is_down) {
            changes.push(PedalChange { ticks: ticks(at), is_down });
        }
    }
    changes
}
