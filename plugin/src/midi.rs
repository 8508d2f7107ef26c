//! Host events become plain ones here, and back. No type of the plugin framework's MIDI goes further than this file.

use live::{Gesture, Input, NEUTRAL_RELEASE, NoteId, Output, Transport, Which};
use nice_plug::midi::{Channel, Key, NoteEvent, VoiceID};
use nice_plug::prelude::PluginApi;

/// The pitch wheel all the way up.
const MAX_BEND: u16 = (1 << 14) - 1;

/// Reads a host event; `None` for what is not used.
pub(crate) fn read<S>(event: &NoteEvent<S>, api: PluginApi) -> Option<Input> {
    match *event {
        // VST3 hosts may hand MIDI on as it comes, where a note-on of velocity 0 is a note-off. In CLAP it is a note-on.
        NoteEvent::NoteOn { voice_id, channel, key, velocity, .. }
            if api == PluginApi::Vst3 && unit(velocity) <= 0.0 =>
        {
            Some(Input::Off { which: which(voice_id, channel, key), velocity: NEUTRAL_RELEASE })
        }
        NoteEvent::NoteOn { voice_id, channel, key, velocity, .. } => {
            // A note-on for "all channels" has no meaning; the first is what hosts without channels use.
            let channel = channel.number().unwrap_or(0) & 15;
            Some(Input::On { channel, key: key.number()? & 127, id: id(voice_id), velocity: unit(velocity) })
        }
        NoteEvent::NoteOff { voice_id, channel, key, velocity, .. } => {
            Some(Input::Off { which: which(voice_id, channel, key), velocity: unit(velocity) })
        }
        NoteEvent::Choke { voice_id, channel, key, .. } => Some(Input::Choke(which(voice_id, channel, key))),
        NoteEvent::MidiCC { channel, cc, value, .. } => {
            Some(Input::Control { channel: channel & 15, controller: cc & 127, value: unit(value) })
        }
        _ => gesture(event).map(Input::Other),
    }
}

fn id(voice_id: VoiceID) -> Option<NoteId> {
    voice_id.id().and_then(NoteId::new)
}

fn voice_id(id: Option<NoteId>) -> VoiceID {
    id.map_or(VoiceID::Wildcard, |id| VoiceID::ID(id.get()))
}

fn which(voice_id: VoiceID, channel: Channel, key: Key) -> Which {
    let (channel, key) = (channel.number().map(|channel| channel & 15), key.number().map(|key| key & 127));
    Which { channel, key, id: id(voice_id) }
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
        NoteEvent::PolyPressure { voice_id, channel, key, pressure, .. } => {
            let channel = channel.number().unwrap_or(0) & 15;
            Gesture::KeyPressure { channel, key: key.number()? & 127, id: id(voice_id), value: seven_bits(pressure) }
        }
        NoteEvent::MidiProgramChange { channel, program, .. } => {
            Gesture::Program { channel: channel & 15, program: program & 127 }
        }
        _ => return None,
    })
}

/// Writes a host event.
pub(crate) fn write<S>(timing: u32, event: Output) -> NoteEvent<S> {
    match event {
        Output::On { channel, key, id, velocity } => NoteEvent::NoteOn {
            timing,
            voice_id: voice_id(id),
            channel: Channel::Number(channel),
            key: Key::Number(key),
            velocity,
        },
        Output::Off { channel, key, id, velocity } => NoteEvent::NoteOff {
            timing,
            voice_id: voice_id(id),
            channel: Channel::Number(channel),
            key: Key::Number(key),
            velocity,
        },
        Output::Control { channel, controller, value } => NoteEvent::MidiCC { timing, channel, cc: controller, value },
        Output::Other(Gesture::Bend { channel, value }) => {
            NoteEvent::MidiPitchBend { timing, channel, value: f32::from(value) / f32::from(MAX_BEND) }
        }
        Output::Other(Gesture::Pressure { channel, value }) => {
            NoteEvent::MidiChannelPressure { timing, channel, pressure: f32::from(value) / 127.0 }
        }
        Output::Other(Gesture::KeyPressure { channel, key, id, value }) => NoteEvent::PolyPressure {
            timing,
            voice_id: voice_id(id),
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
            Output::On { channel: 15, key: 127, id: None, velocity: 0.5 },
            Output::On { channel: 0, key: 0, id: NoteId::new(0), velocity: 0.0 },
            Output::Off { channel: 3, key: 60, id: NoteId::new(i32::MAX), velocity: 0.25 },
            Output::Control { channel: 9, controller: SUSTAIN, value: 1.0 },
            Output::Control { channel: 0, controller: ALL_NOTES_OFF, value: 0.0 },
            Output::Other(Gesture::Bend { channel: 1, value: 8193 }),
            Output::Other(Gesture::Pressure { channel: 2, value: 64 }),
            Output::Other(Gesture::KeyPressure { channel: 3, key: 60, id: NoteId::new(7), value: 127 }),
            Output::Other(Gesture::Program { channel: 4, program: 127 }),
        ];
        for event in sent {
            let expected = match event {
                Output::On { channel, key, id, velocity } => Input::On { channel, key, id, velocity },
                Output::Off { channel, key, id, velocity } => {
                    Input::Off { which: Which { id, ..Which::key(channel, key) }, velocity }
                }
                Output::Control { channel, controller, value } => Input::Control { channel, controller, value },
                Output::Other(gesture) => Input::Other(gesture),
            };
            let host: NoteEvent<()> = write(17, event);
            assert_eq!((host.timing(), read(&host, PluginApi::Clap)), (17, Some(expected)));
        }
    }

    #[test]
    fn senseless_events_do_no_harm() {
        let on = |channel, key, velocity| {
            let note = NoteEvent::<()>::NoteOn { timing: 0, voice_id: VoiceID::Wildcard, channel, key, velocity };
            read(&note, PluginApi::Clap)
        };
        assert_eq!(on(Channel::Number(0), Key::Wildcard, 1.0), None);
        let middle_c = Some(Input::On { channel: 0, key: 60, id: None, velocity: 0.0 });
        assert_eq!(on(Channel::Wildcard, Key::MIDDLE_C, f32::NAN), middle_c);
        let wheel = NoteEvent::<()>::MidiCC { timing: 0, channel: 17, cc: 129, value: f32::INFINITY };
        let wheel = read(&wheel, PluginApi::Clap);
        assert_eq!(wheel, Some(Input::Control { channel: 1, controller: 1, value: 0.0 }));
        let bend = NoteEvent::<()>::MidiPitchBend { timing: 0, channel: 0, value: f32::NAN };
        assert_eq!(read(&bend, PluginApi::Clap), None);
    }

    #[test]
    fn a_note_on_of_velocity_0_is_a_note_off_in_vst3_only() {
        let (channel, key) = (Channel::Number(2), Key::MIDDLE_C);
        let note = NoteEvent::<()>::NoteOn { timing: 0, voice_id: VoiceID::ID(5), channel, key, velocity: 0.0 };
        let id = NoteId::new(5);
        let off = Input::Off { which: Which { id, ..Which::key(2, 60) }, velocity: NEUTRAL_RELEASE };
        assert_eq!(read(&note, PluginApi::Vst3), Some(off));
        let on = Input::On { channel: 2, key: 60, id, velocity: 0.0 };
        assert_eq!(read(&note, PluginApi::Clap), Some(on));
    }

    #[test]
    fn wildcards_stay_wildcards() {
        let off = |voice_id, channel, key| {
            read(&NoteEvent::<()>::NoteOff { timing: 0, voice_id, channel, key, velocity: 1.0 }, PluginApi::Clap)
        };
        let (any_id, any_channel, any_key) = (VoiceID::Wildcard, Channel::Wildcard, Key::Wildcard);
        let which = |which| Some(Input::Off { which, velocity: 1.0 });
        assert_eq!(off(any_id, any_channel, any_key), which(Which::ALL));
        assert_eq!(off(VoiceID::ID(3), any_channel, any_key), which(Which { id: NoteId::new(3), ..Which::ALL }));
        assert_eq!(off(any_id, Channel::Number(3), any_key), which(Which { channel: Some(3), ..Which::ALL }));
        assert_eq!(off(any_id, any_channel, Key::Number(9)), which(Which { key: Some(9), ..Which::ALL }));
    }
}
