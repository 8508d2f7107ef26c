//! From a score to the bytes of a MIDI file.

use std::cmp::Ordering;

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

use super::error::TooLong;
use crate::score::{Part, Score};

/// File ticks in a beat, which every program reads; for scores whose ticks fit into them.
const USUAL_PER_BEAT: u32 = 480;
/// Ticks in a beat that a file can say.
const MAX_PER_BEAT: u32 = (1 << 15) - 1;
/// Time between two events that a file can hold; more needs an event in between.
const MAX_DELTA: i64 = (1 << 28) - 1;
/// No file should need more than a few events in between.
const MAX_TICKS: i64 = 1 << 36;
const SUSTAIN: u8 = 64;

/// The bytes of a format 1 file: a track of tempi and time signatures, then one for each part. Onsets before zero are moved
/// to zero.
///
/// ```
/// use music::{Note, Part, Pitch, Score, TimeSignature, Velocity, midi};
///
/// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
/// let note = Note { onset_ticks: 0, duration_ticks: 24, pitch, velocity };
/// let score = Score::new(66.0, TimeSignature::new(6, 3).unwrap()).with_part(Part::new("Tune", vec![note]));
/// let again = midi::read(&midi::write(&score)?)?.score;
/// assert_eq!((again.signature(0).to_string(), again.resampled(48).parts), ("6/8".to_owned(), score.parts));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Names the part whose notes do not fit into a MIDI file.
pub fn write(score: &Score) -> Result<Vec<u8>, TooLong> {
    let per_beat = score.ticks_per_beat.max(1);
    let is_usual = per_beat < USUAL_PER_BEAT && USUAL_PER_BEAT.is_multiple_of(per_beat);
    // More than a file can count are made fewer.
    let rescaled = (per_beat > MAX_PER_BEAT).then(|| score.resampled(USUAL_PER_BEAT));
    let score = rescaled.as_ref().unwrap_or(score);
    let scale = if is_usual { i64::from(USUAL_PER_BEAT / per_beat) } else { 1 };
    let file_per_beat = if is_usual { USUAL_PER_BEAT } else { score.ticks_per_beat.max(1) };
    let file_per_beat = u15::new(u16::try_from(file_per_beat).unwrap_or(480));
    let mut file = Smf::new(Header::new(Format::Parallel, Timing::Metrical(file_per_beat)));
    file.tracks.push(conductor(score, scale)?);
    let has_ports = score.parts.iter().any(|part| part.port > 0);
    for part in &score.parts {
        file.tracks.push(track(part, scale, has_ports)?);
    }
    let mut bytes = Vec::new();
    // Writing to memory fails in one way only.
    file.write_std(&mut bytes).map_err(|_| TooLong { part: "all".to_owned() })?;
    Ok(bytes)
}

fn conductor(score: &Score, scale: i64) -> Result<Track<'static>, TooLong> {
    let tempo = |(ticks, us): (i64, u32)| (ticks, 0, MetaMessage::Tempo(u24::from_int_lossy(us)));
    let mut events: Vec<_> = score.tempi.changes().map(tempo).collect();
    events.extend(score.metres.iter().map(|metre| {
        let signature = metre.signature;
        let message = MetaMessage::TimeSignature(signature.numerator(), signature.unit_power(), 24, 8);
        (metre.start_ticks, 1, message)
    }));
    events.sort_by_key(|&(ticks, order, _)| (ticks, order));
    let mut writer = Writer::new("tempi");
    for (ticks, _, message) in events {
        writer.push(ticks.max(0).saturating_mul(scale), TrackEventKind::Meta(message))?;
    }
    Ok(writer.end())
}

fn track(part: &Part, scale: i64, has_ports: bool) -> Result<Track<'_>, TooLong> {
    let channel = u4::new(part.channel.min(15));
    let midi = |message| TrackEventKind::Midi { channel, message };
    // Ends of notes, then the pedal, then beginnings, so that a key is let go before it is struck again.
    let mut events: Vec<(i64, u8, Option<u8>, TrackEventKind)> = Vec::with_capacity(2 * part.notes.len());
    for note in &part.notes {
        let (key, vel) = (u7::new(note.pitch.get()), u7::new(note.velocity.get()));
        let onset_ticks = note.onset_ticks.max(0);
        let end_ticks = note.onset_ticks.saturating_add(note.duration_ticks.into()).max(onset_ticks.saturating_add(1));
        events.push((onset_ticks, 2, Some(note.pitch.get()), midi(MidiMessage::NoteOn { key, vel })));
        events.push((end_ticks, 0, Some(note.pitch.get()), midi(MidiMessage::NoteOff { key, vel: u7::new(64) })));
    }
    for change in &part.pedal {
        let value = u7::new(if change.is_down { 127 } else { 0 });
        let message = MidiMessage::Controller { controller: u7::new(SUSTAIN), value };
        events.push((change.ticks.max(0), 1, None, midi(message)));
    }
    // A stable sort: pedal changes of one time keep their order.
    events.sort_by(|a, b| match a.0.cmp(&b.0).then(a.1.cmp(&b.1)) {
        Ordering::Equal => a.2.cmp(&b.2),
        order => order,
    });
    let mut writer = Writer::new(&part.name);
    if !part.name.is_empty() {
        writer.push(0, TrackEventKind::Meta(MetaMessage::TrackName(part.name.as_bytes())))?;
    }
    if has_ports {
        writer.push(0, TrackEventKind::Meta(MetaMessage::MidiPort(u7::new(part.port.min(127)))))?;
    }
    for (ticks, _, _, kind) in events {
        writer.push(ticks.saturating_mul(scale), kind)?;
    }
    Ok(writer.end())
}

/// Turns times into times between events.
struct Writer<'a> {
    name: &'a str,
    track: Track<'a>,
    now: i64,
}

impl<'a> Writer<'a> {
    const fn new(name: &'a str) -> Self {
        Self { name, track: Vec::new(), now: 0 }
    }

    fn push(&mut self, ticks: i64, kind: TrackEventKind<'a>) -> Result<(), TooLong> {
        if ticks > MAX_TICKS {
            return Err(TooLong { part: self.name.to_owned() });
        }
        while ticks - self.now > MAX_DELTA {
            self.event(MAX_DELTA, TrackEventKind::Meta(MetaMessage::Text(b"")));
        }
        self.event(ticks - self.now, kind);
        Ok(())
    }

    fn event(&mut self, delta: i64, kind: TrackEventKind<'a>) {
        let delta_ticks = u32::try_from(delta).unwrap_or(0);
        self.track.push(TrackEvent { delta: u28::from_int_lossy(delta_ticks), kind });
        self.now += i64::from(delta_ticks);
    }

    fn end(mut self) -> Track<'a> {
        self.event(0, TrackEventKind::Meta(MetaMessage::EndOfTrack));
        self.track
    }
}
