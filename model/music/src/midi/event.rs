//! What an event means. Its bytes are in order when they come here; midly decodes them.

use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};

use super::status::Frame;
use crate::note::{Pitch, Velocity};

const SUSTAIN: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;
const ALL_NOTES_OFF: u8 = 123;
/// Above it a bend goes up, below it down.
const BEND_MIDDLE: u16 = 0x2000;

/// An event that Antiphon reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    On { channel: u8, pitch: Pitch, velocity: Velocity },
    Off { channel: u8, pitch: Pitch },
    Pressure { channel: u8, pitch: Pitch },
    Pedal { channel: u8, is_down: bool },
    Silence { channel: u8 },
    Controller { channel: u8, controller: u8, value: u8 },
    Bend { channel: u8, is_middle: bool },
    Program { channel: u8 },
    ChannelPressure { channel: u8, value: u8 },
    Tempo { us_per_beat: u32 },
    Signature { numerator: u8, power: u8 },
    TrackName(String),
    Port(u8),
    End,
    Other,
}

/// An event with its place.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// File ticks from the start of its track.
    pub(super) ticks: u64,
    /// Bytes from the start of the file.
    pub(super) byte: usize,
    pub(super) event: Event,
}

/// Decodes the event in `frame`. `None` if midly finds a fault after all.
pub(super) fn decode(bytes: &[u8], frame: &Frame) -> Option<Event> {
    let mut events = EventIter::new(bytes.get(frame.time_end..frame.next)?);
    *events.running_status_mut() = (frame.status < 0xF0).then_some(frame.status);
    let event = events.next()?.ok()?;
    Some(match event.kind {
        TrackEventKind::Midi { channel, message } => channel_message(channel.as_int(), message),
        TrackEventKind::Meta(message) => match message {
            MetaMessage::Tempo(us) => Event::Tempo { us_per_beat: us.as_int() },
            MetaMessage::TimeSignature(numerator, power, ..) => Event::Signature { numerator, power },
            MetaMessage::TrackName(name) => Event::TrackName(String::from_utf8_lossy(name).into_owned()),
            MetaMessage::MidiPort(port) => Event::Port(port.as_int()),
            MetaMessage::EndOfTrack => Event::End,
            _ => Event::Other,
        },
        TrackEventKind::SysEx(_) | TrackEventKind::Escape(_) => Event::Other,
    })
}

fn channel_message(channel: u8, message: MidiMessage) -> Event {
    let pitch = |key: midly::num::u7| Pitch::nearest(key.as_int());
    match message {
        MidiMessage::NoteOn { key, vel } => match Velocity::new(vel.as_int()) {
            Some(velocity) => Event::On { channel, pitch: pitch(key), velocity },
            None => Event::Off { channel, pitch: pitch(key) },
        },
        MidiMessage::NoteOff { key, .. } => Event::Off { channel, pitch: pitch(key) },
        MidiMessage::Aftertouch { key, .. } => Event::Pressure { channel, pitch: pitch(key) },
        MidiMessage::Controller { controller, value } => match (controller.as_int(), value.as_int()) {
            (SUSTAIN, value) => Event::Pedal { channel, is_down: value >= 64 },
            (ALL_SOUND_OFF | ALL_NOTES_OFF, _) => Event::Silence { channel },
            (controller, value) => Event::Controller { channel, controller, value },
        },
        MidiMessage::PitchBend { bend } => Event::Bend { channel, is_middle: bend.0.as_int() == BEND_MIDDLE },
        MidiMessage::ProgramChange { .. } => Event::Program { channel },
        MidiMessage::ChannelAftertouch { vel } => Event::ChannelPressure { channel, value: vel.as_int() },
    }
}
