//! From the bytes of a MIDI file to a [`Score`].

use std::collections::BTreeMap;
use std::panic::catch_unwind;

use engine::{Note, Pitch, TICKS_PER_BEAT, Velocity};
use midly::{Format, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

use super::{Bars, FREE_TICKS_PER_SECOND, MidiError, Score, tidy};

/// How to take a file's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// In beats if the onsets follow the file's beats, else in seconds.
    Auto,
    /// In seconds: the file's beats mean nothing (a transcribed recording).
    Free,
}

/// A file follows its beats when this share of the onsets falls on a thirty-second or a sixteenth triplet (to the
/// nearest 1/48 beat). Onsets at random would reach 0.25.
const METRICAL_SHARE: f64 = 0.6;
const DRUMS: u8 = 9;
const SUSTAIN: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;
const ALL_NOTES_OFF: u8 = 123;
const DAY_SECONDS: f64 = 86_400.0;
const DEFAULT_US_PER_BEAT: u32 = 500_000;

/// Reads a MIDI file of format 0, 1 or 2 (whose sequences follow each other). Channels are merged, but for drums; the
/// sustain pedal becomes longer notes. What Antiphon answered is left out.
///
/// # Errors
/// [`MidiError`] says why; no input panics.
pub fn read(bytes: &[u8], reading: Reading) -> Result<Score, MidiError> {
    let smf = catch_unwind(|| Smf::parse(bytes))
        .map_err(|_| MidiError::Unreadable("the parser gave up".into()))?
        .map_err(|e| MidiError::Unreadable(e.to_string()))?;
    let ticks_per_beat = match smf.header.timing {
        Timing::Timecode(..) => return Err(MidiError::FrameTiming),
        Timing::Metrical(ticks) if ticks.as_int() == 0 => return Err(MidiError::NoTicksPerBeat),
        Timing::Metrical(ticks) => u32::from(ticks.as_int()),
    };
    let events = merged_events(&smf);
    let sounds = collect_sounds(&events);
    if sounds.is_empty() {
        return Err(MidiError::NoNotes);
    }
    let to_beat_ticks = |tick: u64| nearest(beats(tick, ticks_per_beat) * f64::from(TICKS_PER_BEAT));
    let is_free = reading == Reading::Free || !is_metrical(&sounds, to_beat_ticks);
    let tempi = TempoMap::new(&events, ticks_per_beat);
    let last = sounds.iter().map(|s| s.end).max().unwrap_or(0);
    let seconds = tempi.seconds(last);
    if seconds > DAY_SECONDS || beats(last, ticks_per_beat) > 10.0 * DAY_SECONDS {
        return Err(MidiError::TooLong);
    }
    let to_ticks = |tick: u64| match is_free {
        true => nearest(tempi.seconds(tick) * f64::from(FREE_TICKS_PER_SECOND)),
        false => to_beat_ticks(tick),
    };
    let notes = tidy(sounds.iter().map(|s| s.note(to_ticks)).collect());
    let bars = if is_free { Vec::new() } else { bars(&events, to_ticks) };
    let end_ticks = notes.iter().map(Note::end_ticks).max().unwrap_or(0);
    let tempo_bpm = if is_free { 120.0 } else { tempi.first_bpm(ticks_per_beat) };
    Ok(Score { notes, bars, is_free, end_ticks, tempo_bpm, seconds })
}

#[derive(Clone, Copy)]
enum Kind {
    On { channel: u8, key: u8, velocity: Velocity },
    Off { channel: u8, key: u8 },
    Pedal { channel: u8, is_down: bool },
    Silence { channel: u8 },
    Tempo { us_per_beat: u32 },
    Signature { bar_ticks: u32 },
}

struct Event {
    /// File ticks from the start.
    tick: u64,
    track: usize,
    kind: Kind,
}

/// All tracks on one timeline, in time order; events of one time keep their order in the file.
fn merged_events(smf: &Smf) -> Vec<Event> {
    let mut events = Vec::new();
    let mut start = 0u64;
    let is_answer = |event: &TrackEvent| matches!(event.kind, TrackEventKind::Meta(MetaMessage::TrackName(name)) if name == takes::ANSWER_TRACK.as_bytes());
    for (track, messages) in smf.tracks.iter().enumerate() {
        if messages.iter().any(is_answer) {
            continue;
        }
        let mut tick = start;
        for message in messages {
            tick = tick.saturating_add(u64::from(message.delta.as_int()));
            if let Some(kind) = kind_of(message.kind) {
                events.push(Event { tick, track, kind });
            }
        }
        if smf.header.format == Format::Sequential {
            start = tick;
        }
    }
    events.sort_by_key(|event| event.tick);
    events
}

fn kind_of(message: TrackEventKind) -> Option<Kind> {
    match message {
        TrackEventKind::Midi { channel, message } if channel.as_int() != DRUMS => {
            let channel = channel.as_int();
            match message {
                MidiMessage::NoteOn { key, vel } => Some(match Velocity::new(vel.as_int()) {
                    Some(velocity) => Kind::On { channel, key: key.as_int(), velocity },
                    None => Kind::Off { channel, key: key.as_int() },
                }),
                MidiMessage::NoteOff { key, .. } => Some(Kind::Off { channel, key: key.as_int() }),
                MidiMessage::Controller { controller, value } => match controller.as_int() {
                    SUSTAIN => Some(Kind::Pedal { channel, is_down: value.as_int() >= 64 }),
                    ALL_SOUND_OFF | ALL_NOTES_OFF => Some(Kind::Silence { channel }),
                    _ => None,
                },
                _ => None,
            }
        }
        // A tempo of no time at all would make all that follows simultaneous; the one before it stays.
        TrackEventKind::Meta(MetaMessage::Tempo(us)) if us.as_int() > 0 => {
            Some(Kind::Tempo { us_per_beat: us.as_int() })
        }
        TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, unit_power, ..)) => {
            let bar_ticks = (4 * TICKS_PER_BEAT * u32::from(numerator)).checked_shr(unit_power.into())?;
            (bar_ticks > 0).then_some(Kind::Signature { bar_ticks })
        }
        _ => None,
    }
}

/// A note in file ticks.
struct Sound {
    start: u64,
    end: u64,
    key: u8,
    velocity: Velocity,
}

impl Sound {
    fn note(&self, to_ticks: impl Fn(u64) -> i64) -> Note {
        let onset_ticks = to_ticks(self.start);
        Note {
            onset_ticks,
            duration_ticks: u32::try_from(to_ticks(self.end) - onset_ticks).unwrap_or(0).max(1),
            pitch: Pitch::new(self.key).unwrap_or(Pitch::MIDDLE_C),
            velocity: self.velocity,
        }
    }
}

struct Open {
    start: u64,
    velocity: Velocity,
    /// Released, but held by the pedal.
    is_sustained: bool,
}

fn collect_sounds(events: &[Event]) -> Vec<Sound> {
    let mut sounds = Vec::new();
    // Two hands on one channel may share a key, so the track is part of what a note-off ends.
    let mut open: BTreeMap<(u8, usize, u8), Open> = BTreeMap::new();
    // When a key was last struck again while down: a note-off at that very time is the earlier strike's.
    let mut struck_again: BTreeMap<(u8, usize, u8), u64> = BTreeMap::new();
    let mut pedals = [false; 16];
    let mut close = |key: u8, note: &Open, end| {
        sounds.push(Sound { start: note.start, end, key, velocity: note.velocity });
    };
    for event in events {
        match event.kind {
            Kind::On { channel, key, velocity } => {
                let id = (channel, event.track, key);
                let note = Open { start: event.tick, velocity, is_sustained: false };
                if let Some(before) = open.insert(id, note) {
                    close(key, &before, event.tick);
                    if !before.is_sustained {
                        struck_again.insert(id, event.tick);
                    }
                }
            }
            Kind::Off { channel, key } => {
                let id = (channel, event.track, key);
                if struck_again.remove(&id) == Some(event.tick) {
                    continue;
                }
                if let Some(note) = open.get_mut(&id) {
                    if pedals[usize::from(channel)] {
                        note.is_sustained = true;
                    } else {
                        close(key, note, event.tick);
                        open.remove(&id);
                    }
                }
            }
            Kind::Pedal { channel, is_down: true } => pedals[usize::from(channel)] = true,
            Kind::Pedal { channel, is_down: false } | Kind::Silence { channel } => {
                let is_silence = matches!(event.kind, Kind::Silence { .. });
                pedals[usize::from(channel)] &= is_silence;
                open.retain(|&(its_channel, _, key), note| {
                    let ends = its_channel == channel && (note.is_sustained || is_silence);
                    if ends {
                        close(key, note, event.tick);
                    }
                    !ends
                });
            }
            Kind::Tempo { .. } | Kind::Signature { .. } => {}
        }
    }
    let end = events.last().map_or(0, |event| event.tick);
    for ((_, _, key), note) in &open {
        close(*key, note, end);
    }
    sounds
}

fn is_metrical(sounds: &[Sound], to_ticks: impl Fn(u64) -> i64) -> bool {
    let on_grid = |sound: &&Sound| {
        let ticks = to_ticks(sound.start);
        ticks % 6 == 0 || ticks % 8 == 0
    };
    let n_on_grid = sounds.iter().filter(on_grid).count();
    share(n_on_grid, sounds.len()) >= METRICAL_SHARE
}

fn bars(events: &[Event], to_ticks: impl Fn(u64) -> i64) -> Vec<Bars> {
    let mut all = vec![Bars { start_ticks: 0, bar_ticks: 4 * TICKS_PER_BEAT }];
    for event in events {
        if let Kind::Signature { bar_ticks } = event.kind {
            let start_ticks = to_ticks(event.tick);
            all.retain(|bars| bars.start_ticks < start_ticks);
            all.push(Bars { start_ticks, bar_ticks });
        }
    }
    all
}

/// Tempo changes as (file tick, seconds until then, seconds per file tick from then on).
struct TempoMap(Vec<(u64, f64, f64)>);

impl TempoMap {
    fn new(events: &[Event], ticks_per_beat: u32) -> Self {
        let per_tick = |us: u32| f64::from(us) * 1e-6 / f64::from(ticks_per_beat);
        let mut map = Self(vec![(0, 0.0, per_tick(DEFAULT_US_PER_BEAT))]);
        for event in events {
            if let Kind::Tempo { us_per_beat } = event.kind {
                let seconds = map.seconds(event.tick);
                map.0.push((event.tick, seconds, per_tick(us_per_beat)));
            }
        }
        map
    }

    /// The tempo in force after all that the file says at its beginning.
    fn first_bpm(&self, ticks_per_beat: u32) -> f64 {
        let first = self.0.iter().take_while(|&&(from, ..)| from == 0).last();
        first.map_or(120.0, |&(_, _, per_tick)| 60.0 / (per_tick * f64::from(ticks_per_beat)))
    }

    fn seconds(&self, tick: u64) -> f64 {
        let after = self.0.partition_point(|&(from, ..)| from <= tick);
        let (from, seconds, per_tick) = self.0[after.saturating_sub(1)];
        seconds + per_tick * as_f64(tick - from)
    }
}

fn beats(tick: u64, ticks_per_beat: u32) -> f64 {
    as_f64(tick) / f64::from(ticks_per_beat)
}

fn share(part: usize, whole: usize) -> f64 {
    as_f64(part as u64) / as_f64(whole as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a day of music is far below 2^52 file ticks")]
fn as_f64(tick: u64) -> f64 {
    tick as f64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and absurd lengths are refused before use")]
fn nearest(ticks: f64) -> i64 {
    ticks.round() as i64
}
