//! What a player does and what is played, as plain values; and the host's side of a block.

use std::num::NonZeroU32;
use std::time::Duration;

use engine::Velocity;

/// MIDI channels.
pub(crate) const N_CHANNELS: usize = 16;
/// MIDI keys.
pub(crate) const N_KEYS: usize = 128;

/// The controller of the sustain pedal.
pub const SUSTAIN: u8 = 64;
const SOSTENUTO: u8 = 66;
const HOLD_2: u8 = 69;
/// Controllers of the pedals that hold what sounds when its keys go up: sustain, sostenuto and hold.
pub(crate) const HOLDING: [u8; 3] = [SUSTAIN, SOSTENUTO, HOLD_2];
/// The panic button of a keyboard: ends all sound of a channel.
pub(crate) const ALL_SOUND_OFF: u8 = 120;
/// Puts the wheels and pedals of a channel at rest.
pub(crate) const RESET_ALL: u8 = 121;
/// The other panic button: ends all notes of a channel.
pub const ALL_NOTES_OFF: u8 = 123;

/// The channel on which General MIDI has its drums, the tenth.
pub(crate) const DRUMS: u8 = 9;

/// How fast a key goes up if nobody says so: the middle, as MIDI has it for keyboards that do not measure it. 0 to 1.
pub const NEUTRAL_RELEASE: f32 = 64.0 / 127.0;

/// What a host calls a note, to tell it from others on the same key: CLAP's `note_id`, VST3's `noteId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteId(NonZeroU32);

impl NoteId {
    /// `None` for a negative number, which means that the note has none.
    #[must_use]
    pub fn new(id: i32) -> Option<Self> {
        u32::try_from(id).ok().and_then(|id| NonZeroU32::new(id + 1)).map(Self)
    }

    /// The host's number, which is never negative.
    #[must_use]
    pub fn get(self) -> i32 {
        i32::try_from(self.0.get() - 1).unwrap_or(i32::MAX)
    }
}

/// Which notes are meant. What is `None` may be any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    /// 0 to 15.
    pub channel: Option<u8>,
    /// 0 to 127.
    pub key: Option<u8>,
    /// One note.
    pub id: Option<NoteId>,
}

impl Which {
    /// All notes.
    pub const ALL: Self = Self { channel: None, key: None, id: None };

    /// A note of a key.
    #[must_use]
    pub const fn key(channel: u8, key: u8) -> Self {
        Self { channel: Some(channel), key: Some(key), id: None }
    }
}

/// What a player does, as far as it matters here. Channels are 0 to 15, keys and controllers 0 to 127.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// A key goes down.
    On {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// What the host calls the note.
        id: Option<NoteId>,
        /// 0 to 1.
        velocity: f32,
    },
    /// A key goes up, or all that are meant if that is not one key or one note.
    Off {
        /// Of a key that was struck several times, one strike.
        which: Which,
        /// How fast, 0 to 1.
        velocity: f32,
    },
    /// All notes that are meant are cut off.
    Choke(Which),
    /// A pedal or other controller moves.
    Control {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        controller: u8,
        /// 0 to 1.
        value: f32,
    },
    /// Anything else that is passed on.
    Other(Gesture),
}

/// What is sent to the host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    /// A note begins.
    On {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// What the instrument is to call the note.
        id: Option<NoteId>,
        /// 0 to 1.
        velocity: f32,
    },
    /// A note ends.
    Off {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// That of its note-on.
        id: Option<NoteId>,
        /// How fast the key goes up, 0 to 1.
        velocity: f32,
    },
    /// A pedal or other controller moves.
    Control {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        controller: u8,
        /// 0 to 1.
        value: f32,
    },
    /// Anything else that is passed on.
    Other(Gesture),
}

/// What else players do to what sounds, in MIDI's own numbers. It is not heard, only passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The pitch wheel.
    Bend {
        /// 0 to 15.
        channel: u8,
        /// 14 bits; at rest it is in the middle.
        value: u16,
    },
    /// Pressure on all keys of a channel.
    Pressure {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        value: u8,
    },
    /// Pressure on one key.
    KeyPressure {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// What the host calls the note.
        id: Option<NoteId>,
        /// 0 to 127.
        value: u8,
    },
    /// The instrument is to play another sound.
    Program {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        program: u8,
    },
}

/// The pitch wheel at rest.
pub(crate) const CENTRED_BEND: u16 = 1 << 13;

// A note has an id and a velocity of four bytes each.
const _: () = assert!(size_of::<Input>() <= 16 && size_of::<Output>() <= 12, "events are copied often");

/// The host's side of a block, or a test's.
pub trait Host {
    /// The next event of the block, with its sample offset.
    fn next_event(&mut self) -> Option<(u32, Input)>;
    /// Sends an event. False if the host has no room for it.
    fn send(&mut self, offset_samples: u32, event: Output) -> bool;
    /// Sends the beginning of a note of an answer: the same, unless the host is to know which notes are answers.
    fn send_answer(&mut self, offset_samples: u32, event: Output) -> bool {
        self.send(offset_samples, event)
    }
    /// The time on the wall, since any moment that stays the same. Asked for only in [`RenderMode::Unknown`].
    ///
    /// [`RenderMode::Unknown`]: crate::RenderMode::Unknown
    fn wall_clock(&mut self) -> Duration;
}

/// A host's velocity, 0 to 1, as MIDI's 1 to 127. In CLAP, a note-on of velocity 0 is a note-on.
pub(crate) fn velocity(value: f32) -> Velocity {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let midi = (value * 127.0 + 0.5) as u8;
    if value.is_nan() { Velocity::MEDIUM } else { Velocity::new(midi.clamp(1, 127)).unwrap_or(Velocity::MEDIUM) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_the_id_that_the_host_gave_it() {
        for id in [0, 1, i32::MAX] {
            assert_eq!(NoteId::new(id).map(NoteId::get), Some(id));
        }
        assert_eq!([-1, i32::MIN].map(NoteId::new), [None; 2]);
    }

    #[test]
    fn velocities_are_never_zero() {
        for (value, midi) in [(0.0, 1), (1.0, 127), (0.5, 64), (f32::NAN, 74), (9.0, 127), (-1.0, 1)] {
            assert_eq!(velocity(value).get(), midi, "{value}");
        }
    }
}
