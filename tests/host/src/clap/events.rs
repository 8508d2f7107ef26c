//! Our messages and song position as CLAP's events, and back.

use clack_host::events::event_types::{
    MidiEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, Match};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};

use crate::{Message, NoteEvent, Transport};

pub(super) fn push_event(buffer: &mut EventBuffer, offset: u32, message: Message) {
    let note = |channel: u8, key: u8| Pckn::new(0u16, u16::from(channel), u16::from(key), Match::All);
    match message {
        Message::NoteOn { channel, key, velocity } => {
            buffer.push(&NoteOnEvent::new(offset, note(channel, key), f64::from(velocity) / 127.0));
        }
        Message::NoteOff { channel, key } => buffer.push(&NoteOffEvent::new(offset, note(channel, key), 0.0)),
        Message::Note(NoteEvent { is_on, channel, key, id, velocity }) => {
            let number = |byte: Option<u8>| byte.map_or(Match::All, |byte| Match::Specific(u16::from(byte)));
            let id = id.and_then(|id| u32::try_from(id).ok()).map_or(Match::All, Match::Specific);
            let note = Pckn::new(0u16, number(channel), number(key), id);
            match is_on {
                true => buffer.push(&NoteOnEvent::new(offset, note, velocity.into())),
                false => buffer.push(&NoteOffEvent::new(offset, note, velocity.into())),
            }
        }
        Message::Midi(data) => buffer.push(&MidiEvent::new(offset, 0, data)),
        Message::Parameter { id, value } => {
            if let Some(id) = ClapId::from_raw(id) {
                buffer.push(&ParamValueEvent::new(offset, id, Pckn::match_all(), value));
            }
        }
    }
}

pub(super) fn read_event(event: &UnknownEvent) -> Option<(u32, Message)> {
    let byte = |value: Option<u16>| value.and_then(|v| u8::try_from(v).ok());
    let message = match event.as_core_event()? {
        CoreEventSpace::NoteOn(e) => Message::NoteOn {
            channel: byte(e.channel().into_specific())?,
            key: byte(e.key().into_specific())?,
            velocity: read_velocity(e.velocity()),
        },
        CoreEventSpace::NoteOff(e) => {
            Message::NoteOff { channel: byte(e.channel().into_specific())?, key: byte(e.key().into_specific())? }
        }
        CoreEventSpace::Midi(e) => Message::Midi(e.data()),
        CoreEventSpace::ParamValue(e) => Message::Parameter { id: e.param_id()?.get(), value: e.value() },
        _ => return None,
    };
    Some((event.header().time(), message))
}

/// A note-on or note-off with all that it says.
pub(super) fn read_note(event: &UnknownEvent) -> Option<NoteEvent> {
    let (is_on, note, velocity) = match event.as_core_event()? {
        CoreEventSpace::NoteOn(e) => (true, e.pckn(), e.velocity()),
        CoreEventSpace::NoteOff(e) => (false, e.pckn(), e.velocity()),
        _ => return None,
    };
    let byte = |value: Match<u16>| value.into_specific().and_then(|value| u8::try_from(value).ok());
    let id = note.note_id.into_specific().and_then(|id| i32::try_from(id).ok());
    #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
    let velocity = velocity as f32;
    Some(NoteEvent { is_on, channel: byte(note.channel), key: byte(note.key), id, velocity })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1 in, 0 to 127 out")]
fn read_velocity(velocity: f64) -> u8 {
    (velocity.clamp(0.0, 1.0) * 127.0).round() as u8
}

#[expect(clippy::cast_possible_truncation, reason = "bar numbers are small")]
pub(super) fn transport_event(transport: &Transport) -> TransportEvent {
    let bar_beats = transport.bar_beats();
    let bar_number = (transport.beats / bar_beats).floor();
    let seconds = |beats: f64| SecondsTime::from_float(beats * 60.0 / transport.tempo);
    let (loop_start, loop_end) = transport.loop_beats.unwrap_or_default();
    let mut flags = TransportFlags::HAS_TEMPO
        | TransportFlags::HAS_BEATS_TIMELINE
        | TransportFlags::HAS_SECONDS_TIMELINE
        | TransportFlags::HAS_TIME_SIGNATURE;
    flags.set(TransportFlags::IS_PLAYING, transport.is_playing);
    flags.set(TransportFlags::IS_LOOP_ACTIVE, transport.loop_beats.is_some());
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_float(transport.beats),
        song_pos_seconds: seconds(transport.beats),
        tempo: transport.tempo,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_float(loop_start),
        loop_end_beats: BeatTime::from_float(loop_end),
        loop_start_seconds: seconds(loop_start),
        loop_end_seconds: seconds(loop_end),
        bar_start: BeatTime::from_float(bar_number * bar_beats),
        bar_number: bar_number as i32,
        time_signature_numerator: transport.signature.0,
        time_signature_denominator: transport.signature.1,
    }
}
