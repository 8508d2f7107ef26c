//! What travels between host and plugin, and how note-ons find their note-offs.

use music::{Note, Pitch, Velocity};

/// A message at an absolute sample, counted from the start of the session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at_samples: u64,
    /// What.
    pub message: Message,
}

/// What a host and a plugin say to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// A key goes down; velocity 1 to 127.
    NoteOn {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// 1 to 127.
        velocity: u8,
    },
    /// A key goes up.
    NoteOff {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
    },
    /// A key goes down or up, with all that a host may say or leave open. What a plugin sends is never written so; see
    /// [`Instance::take_notes`](crate::Instance::take_notes).
    Note(NoteEvent),
    /// Any other short MIDI message: controllers, bend, pressure.
    Midi([u8; 3]),
    /// A parameter gets a value, in the host's units.
    Parameter {
        /// Which.
        id: u32,
        /// New value.
        value: f64,
    },
}

/// A note-on or note-off as CLAP and VST3 have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteEvent {
    /// Whether the key goes down.
    pub is_on: bool,
    /// 0 to 15; `None` for any.
    pub channel: Option<u8>,
    /// 0 to 127; `None` for any.
    pub key: Option<u8>,
    /// What the host calls the note, from 0; `None` if it does not say.
    pub id: Option<i32>,
    /// 0 to 1: of the strike, or of the release.
    pub velocity: f32,
}

/// A note with both its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// When it began.
    pub on_samples: u64,
    /// When it ended; `None` while it still sounds.
    pub off_samples: Option<u64>,
    /// 0 to 15.
    pub channel: u8,
    /// 0 to 127.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

impl Played {
    /// The note on another timeline, to which `ticks` leads; one that still sounds ends at `end_samples`.
    #[must_use]
    pub fn note(&self, end_samples: u64, ticks: impl Fn(u64) -> i64) -> Note {
        let onset_ticks = ticks(self.on_samples);
        let length = ticks(self.off_samples.unwrap_or(end_samples)).saturating_sub(onset_ticks);
        Note {
            onset_ticks,
            duration_ticks: u32::try_from(length).unwrap_or(0).max(1),
            pitch: Pitch::nearest(self.key),
            velocity: Velocity::nearest(self.velocity),
        }
    }
}

/// Joins note-ons with the note-offs that follow them, first in first out. Notes come in order of their onset; one that
/// was never released has no end.
#[must_use]
pub fn pair(events: &[Event]) -> Vec<Played> {
    let mut notes: Vec<Played> = Vec::new();
    for event in events {
        match event.message {
            Message::NoteOn { channel, key, velocity } => {
                notes.push(Played { on_samples: event.at_samples, off_samples: None, channel, key, velocity });
            }
            Message::NoteOff { channel, key } => {
                let held = |n: &&mut Played| n.off_samples.is_none() && (n.channel, n.key) == (channel, key);
                if let Some(note) = notes.iter_mut().find(held) {
                    note.off_samples = Some(event.at_samples);
                }
            }
            Message::Note(_) | Message::Midi(_) | Message::Parameter { .. } => {}
        }
    }
    notes
}
