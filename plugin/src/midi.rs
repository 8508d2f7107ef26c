//! Host events become plain ones here, and back. No type of the plugin framework's MIDI goes further than this file.

use live::{Gesture, Input, Output, Transport};
use nice_plug::midi::{Channel, Key, NoteEvent, VoiceID};

/// The pitch wheel all the way up.
const MAX_BEND: u16 = (1 << 14) - 1;
/// Reads a host event; `None` for what is not used. A choked note counts as released.
pub(crate) fn read<S>(event: &NoteEvent<S>) -> Option<Input> {
    match *event {
        NoteEvent::NoteOn { channel, key, velocity, .. } => {
            // A note-on for "all channels" has no meaning; the first is what hosts without channels use.
            let channel = channel.number().unwrap_or(0) & 15;
            Some(Input::On { channel, key: key.number()? & 127, velocity: unit(velocity) })
        }
        NoteEvent::NoteOff { channel, key, .. } | NoteEvent::Choke { channel, key, .. } => {
            Some(Input::Off { channel: channel.number().map(|c| c & 15), key: key.number().map(|k| k & 127) })
        }
        NoteEvent::MidiCC { channel, cc, value, .. } => {
            Some(Input::Control { channel: channel & 15, controller: cc & 127, value: unit(value) })
        }
        _ => gesture(event).map(Input::Other),
    }
}

fn gesture<S>(event: &NoteEvent<S>) -> Option<Gesture> {
    Some(match *event {
        // One that is no number would bend all the way down.
        NoteEvent::MidiPitchBend { channel, value, .. } if value.is_finite() => {
            Gesture::Bend { channel: channel & 15, value: steps(value, MAX_BEND) }
        }
        NoteEvent::MidiChannelPressure { channel, pressure, .. } => {
            Gesture::Pressure { channel: channel & 15, value: seven_bits(pressure) }
        }
        NoteEvent::PolyPressure { channel, key, pressure, .. } => {
            let channel = channel.number().unwrap_or(0) & 15;
            Gesture::KeyPressure { channel, key: key.number()? & 127, value: seven_bits(pressure) }
        }
        NoteEvent::MidiProgramChange { channel, program, .. } => {
            Gesture::Program { channel: channel & 15, program: program & 127 }
        }
        _ => return None,
    })
}

/// Writes a host event.
pub(crate) fn write<S>(timing: u32, event: Output) -> NoteEvent<S> {
    let voice_id = VoiceID::Wildcard;
    match event {
        Output::On { channel, key, velocity } => {
            NoteEvent::NoteOn { timing, voice_id, channel: Channel::Number(channel), key: Key::Number(key), velocity }
        }
        Output::Off { channel, key } => NoteEvent::NoteOff {
            timing,
            voice_id,
            channel: Channel::Number(channel),
            key: Key::Number(key),
            velocity: 0.0,
        },
        Output::Control { channel, controller, value } => NoteEvent::MidiCC { timing, channel, cc: controller, value },
        Output::Other(Gesture::Bend { channel, value }) => {
            NoteEvent::MidiPitchBend { timing, channel, value: f32::from(value) / f32::from(MAX_BEND) }
        }
        Output::Other(Gesture::Pressure { channel, value }) => {
            NoteEvent::MidiChannelPressure { timing, channel, pressure: f32::from(value) / 127.0 }
        }
        Output::Other(Gesture::KeyPressure { channel, key, value }) => NoteEvent::PolyPressure {
            timing,
            voice_id,
            channel: Channel::Number(channel),
            key: Key::Number(key),
            pressure: f32::from(value) / 127.0,
        },
        Output::Other(Gesture::Program { channel, program }) => {
            NoteEvent::MidiProgramChange { timing, channel, program }
        }
    }
}

/// What the host says about its song.
pub(crate) fn transport(host: &nice_plug::prelude::Transport) -> Transport {
    Transport {
        is_playing: host.playing,
        beats: host.pos_beats,
        tempo: host.tempo,
        bar_start_beats: host.bar_start_pos_beats,
        signature: host.time_sig_numerator.zip(host.time_sig_denominator),
        loop_beats: host.loop_range_beats(),
    }
}

/// A part of a whole, in steps.
fn steps(value: f32, most: u16) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let steps = (unit(value) * f32::from(most) + 0.5) as u16;
    steps
}

fn seven_bits(value: f32) -> u8 {
    u8::try_from(steps(value, 127)).unwrap_or(127)
}

fn unit(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use live::{ALL_NOTES_OFF, SUSTAIN};

    use super::*;

    #[test]
    fn all_that_is_sent_survives_the_way_out_and_in() {
        let sent = [
            Output::On { channel: 15, key: 127, velocity: 0.5 },
            Output::On { channel: 0, key: 0, velocity: 0.0 },
            Output::Off { channel: 3, key: 60 },
            Output::Control { channel: 9, controller: SUSTAIN, value: 1.0 },
            Output::Control { channel: 0, controller: ALL_NOTES_OFF, value: 0.0 },
            Output::Other(Gesture::Bend { channel: 1, value: 8193 }),
            Output::Other(Gesture::Pressure { channel: 2, value: 64 }),
            Output::Other(Gesture::KeyPressure { channel: 3, key: 60, value: 127 }),
            Output::Other(Gesture::Program { channel: 4, program: 127 }),
        ];
        for event in sent {
            let expected = match event {
                Output::On { channel, key, velocity } => Input::On { channel, key, velocity },
                Output::Off { channel, key } => Input::Off { channel: Some(channel), key: Some(key) },
                Output::Control { channel, controller, value } => Input::Control { channel, controller, value },
                Output::Other(gesture) => Input::Other(gesture),
            };
            let host: NoteEvent<()> = write(17, event);
            assert_eq!((host.timing(), read(&host)), (17, Some(expected)));
        }
    }

    #[test]
    fn senseless_events_do_no_harm() {
        let on = |channel, key, velocity| {
            read(&NoteEvent::<()>::NoteOn { timing: 0, voice_id: VoiceID::Wildcard, channel, key, velocity })
        };
        assert_eq!(on(Channel::Number(0), Key::Wildcard, 1.0), None);
        let middle_c = Some(Input::On { channel: 0, key: 60, velocity: 0.0 });
        assert_eq!(on(Channel::Wildcard, Key::MIDDLE_C, f32::NAN), middle_c);
        let wheel = read(&NoteEvent::<()>::MidiCC { timing: 0, channel: 17, cc: 129, value: f32::INFINITY });
        assert_eq!(wheel, Some(Input::Control { channel: 1, controller: 1, value: 0.0 }));
        assert_eq!(read(&NoteEvent::<()>::MidiPitchBend { timing: 0, channel: 0, value: f32::NAN }), None);
    }
}
