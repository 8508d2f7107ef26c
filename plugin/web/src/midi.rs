//! MIDI messages as the duet's events, and back.

use live::{Gesture, Input, Output, Which};

/// A message: status, and two bytes of data.
pub(crate) type Message = [u8; 3];

/// What a keyboard says; `None` for what is not played (clock, system messages).
pub(crate) fn input([status, first, second]: Message) -> Option<Input> {
    let (channel, first, second) = (status & 15, first & 127, second & 127);
    let part = |value: u8| f32::from(value) / 127.0;
    let event = match status & 0xf0 {
        0x90 if second > 0 => Input::On { channel, key: first, id: None, velocity: part(second) },
        // A note-on of velocity 0 says nothing of how fast the key goes up.
        0x90 => Input::Off { which: Which::key(channel, first), velocity: live::NEUTRAL_RELEASE },
        0x80 => Input::Off { which: Which::key(channel, first), velocity: part(second) },
        0xa0 => Input::Other(Gesture::KeyPressure { channel, key: first, id: None, value: second }),
        0xb0 => Input::Control { channel, controller: first, value: part(second) },
        0xc0 => Input::Other(Gesture::Program { channel, program: first }),
        0xd0 => Input::Other(Gesture::Pressure { channel, value: first }),
        0xe0 => Input::Other(Gesture::Bend { channel, value: u16::from(second) << 7 | u16::from(first) }),
        _ => return None,
    };
    Some(event)
}

/// What an instrument is told.
pub(crate) fn message(output: Output) -> Message {
    match output {
        Output::On { channel, key, velocity, .. } => [0x90 | channel, key, byte(velocity).max(1)],
        Output::Off { channel, key, velocity, .. } => [0x80 | channel, key, byte(velocity)],
        Output::Control { channel, controller, value } => [0xb0 | channel, controller, byte(value)],
        Output::Other(Gesture::KeyPressure { channel, key, value, .. }) => [0xa0 | channel, key, value],
        Output::Other(Gesture::Program { channel, program }) => [0xc0 | channel, program, 0],
        Output::Other(Gesture::Pressure { channel, value }) => [0xd0 | channel, value, 0],
        Output::Other(Gesture::Bend { channel, value }) => {
            let [low, high] = [value & 127, value >> 7 & 127].map(|bits| bits.to_le_bytes()[0]);
            [0xe0 | channel, low, high]
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn byte(value: f32) -> u8 {
    ((value * 127.0).round() as u8).min(127)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keyboards_say_is_understood_and_what_is_said_is_midi() {
        assert_eq!(input([0x93, 60, 0]), input([0x83, 60, 64]), "a note-on of velocity 0 is a note-off");
        assert_eq!(input([0xf8, 0, 0]), None, "the clock is no music");
        let Some(Input::On { channel: 3, key: 60, velocity, .. }) = input([0x93, 60, 100]) else { panic!("a key") };
        assert_eq!(message(Output::On { channel: 3, key: 60, id: None, velocity }), [0x93, 60, 100]);
        assert_eq!(message(Output::Control { channel: 0, controller: 64, value: 1.0 }), [0xb0, 64, 127]);
        let Some(Input::Other(bend)) = input([0xe1, 5, 90]) else { panic!("a wheel") };
        assert_eq!(message(Output::Other(bend)), [0xe1, 5, 90]);
    }
}
