//! Notes as the model's events, and back.
//!
//! A shift is the true time since the previous onset, rounded as [`crate::tokens::vocab`] says. The rounding error is repaid at
//! the next shift that must be rounded too (so half a beat or longer): chords, runs and written rhythms keep their shape,
//! and long pieces do not drift.

use crate::note::{Note, Pitch};
use crate::tokens::vocab::{self, BEGIN, END};

/// An event in attribute values: what one step of the network reads and predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenEvent {
    /// Time since the previous onset, below [`vocab::N_SHIFTS`].
    pub shift: u8,
    /// A key, [`END`] or [`BEGIN`].
    pub pitch: u8,
    /// Below [`vocab::N_DURATIONS`]; at least 1 in a note.
    pub duration: u8,
    /// Below [`vocab::N_VELOCITIES`].
    pub velocity: u8,
}

impl TokenEvent {
    /// Fed before the first note.
    pub const BEGIN: Self = Self { shift: 0, pitch: BEGIN, duration: 0, velocity: 0 };

    /// The four values in the order in which they are predicted.
    #[must_use]
    pub const fn values(self) -> [u8; 4] {
        [self.shift, self.pitch, self.duration, self.velocity]
    }
}

/// Turns notes into events, one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoder {
    last_onset_ticks: Option<i64>,
    /// True time minus encoded time, so far.
    debt_ticks: i64,
}

impl Encoder {
    /// The longest shift.
    const MAX_SHIFT_TICKS: i64 = vocab::TIMES_TICKS[127] as i64;

    /// An encoder at the start of a piece.
    #[must_use]
    pub const fn new() -> Self {
        Self { last_onset_ticks: None, debt_ticks: 0 }
    }

    /// The onset of the last note; `None` at the start.
    #[must_use]
    pub const fn last_onset_ticks(&self) -> Option<i64> {
        self.last_onset_ticks
    }

    /// The event of a note. The first note has shift 0; a note before the last one is taken to begin with that one.
    pub fn encode(&mut self, note: &Note) -> TokenEvent {
        let shift = self.advance(note.onset_ticks);
        TokenEvent {
            shift,
            pitch: note.pitch.get(),
            duration: vocab::duration_value(note.duration_ticks),
            velocity: vocab::velocity_value(note.velocity),
        }
    }

    /// The event that ends a piece at `at_ticks`, when its last note has sounded.
    #[must_use]
    pub fn end(mut self, at_ticks: i64) -> TokenEvent {
        TokenEvent { shift: self.advance(at_ticks), pitch: END, duration: 0, velocity: 0 }
    }

    /// The shift value of a note that begins at `onset_ticks`.
    pub(crate) fn shift_to(mut self, onset_ticks: i64) -> u8 {
        self.advance(onset_ticks)
    }

    fn advance(&mut self, onset_ticks: i64) -> u8 {
        let last = self.last_onset_ticks.unwrap_or(onset_ticks);
        self.last_onset_ticks = Some(onset_ticks.max(last));
        // What is beyond the longest shift is forgotten.
        let true_ticks = onset_ticks.saturating_sub(last).clamp(0, Self::MAX_SHIFT_TICKS);
        let value_of = |ticks: i64| vocab::time_value(u32::try_from(ticks).unwrap_or(u32::MAX));
        let ticks_of = |value| i64::from(vocab::time_ticks(value));
        let value = value_of(true_ticks);
        if ticks_of(value) == true_ticks {
            return value;
        }
        // At most a quarter of this shift is repaid: more would bend the rhythm.
        let repaid = self.debt_ticks.clamp(-true_ticks / 4, true_ticks / 4);
        let value = value_of(true_ticks + repaid);
        self.debt_ticks += true_ticks - ticks_of(value);
        value
    }
}

/// Turns events back into notes.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    onset_ticks: i64,
}

impl Decoder {
    /// A decoder whose first note (of shift 0) begins at `start_ticks`.
    #[must_use]
    pub const fn new(start_ticks: i64) -> Self {
        Self { onset_ticks: start_ticks }
    }

    /// The note of an event; `None` for [`BEGIN`] and [`END`], which only move time.
    pub fn decode(&mut self, event: TokenEvent) -> Option<Note> {
        self.onset_ticks = self.onset_ticks.saturating_add(i64::from(vocab::time_ticks(event.shift)));
        Some(Note {
            onset_ticks: self.onset_ticks,
            duration_ticks: vocab::time_ticks(event.duration.max(1)),
            pitch: Pitch::new(event.pitch)?,
            velocity: vocab::velocity_of(event.velocity),
        })
    }

    /// The onset of the last event.
    #[must_use]
    pub const fn onset_ticks(&self) -> i64 {
        self.onset_ticks
    }
}

#[cfg(test)]
mod tests {
    use oorandom::Rand32;

    use super::*;
    use crate::note::Velocity;

    fn below(random: &mut Rand32, limit: u32) -> u8 {
        u8::try_from(random.rand_range(0..limit)).unwrap()
    }

    fn note(onset_ticks: i64, duration_ticks: u32) -> Note {
        Note { onset_ticks, duration_ticks, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM }
    }

    #[test]
    fn any_legal_events_come_back_from_their_notes() {
        let mut random = Rand32::new(1);
        for start in [-5000, 0, 123_456] {
            let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(start));
            for i in 0..5000 {
                let event = TokenEvent {
                    shift: if i == 0 { 0 } else { below(&mut random, 128) },
                    pitch: below(&mut random, 128),
                    duration: 1 + below(&mut random, 127),
                    velocity: below(&mut random, 32),
                };
                let note = decoder.decode(event).unwrap();
                assert_eq!(encoder.encode(&note), event, "event {i}");
            }
        }
    }

    #[test]
    fn written_music_comes_back_exactly() {
        let mut random = Rand32::new(2);
        for unit in [6, 8, 12, 16] {
            let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(0));
            let mut onset_ticks = 0;
            for i in 0..2000 {
                let mut steps = || 6 * i64::from(below(&mut random, 5)) * unit / 6;
                onset_ticks += if i == 0 { 0 } else { steps() };
                let velocity = Velocity::new(1 + below(&mut random, 127)).unwrap();
                let note = Note {
                    onset_ticks,
                    duration_ticks: u32::try_from(unit).unwrap() * (1 + u32::from(below(&mut random, 12))),
                    pitch: Pitch::new(below(&mut random, 128)).unwrap(),
                    velocity,
                };
                let back = decoder.decode(encoder.encode(&note)).unwrap();
                assert_eq!(Note { velocity, ..back }, note);
                assert!(back.velocity.get().abs_diff(velocity.get()) <= 2);
            }
        }
    }

    #[test]
    fn long_pieces_do_not_drift_and_runs_keep_their_shape() {
        let mut random = Rand32::new(3);
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(0));
        let mut onset_ticks = 0;
        for i in 0..20_000 {
            let shift = match random.rand_range(0..4) {
                _ if i == 0 => 0,
                0 => random.rand_range(0..1500),
                _ => random.rand_range(0..120),
            };
            onset_ticks += i64::from(shift);
            let event = encoder.encode(&note(onset_ticks, 10));
            if shift < 24 {
                assert_eq!(vocab::time_ticks(event.shift), shift);
            }
            let back = decoder.decode(event).unwrap().onset_ticks;
            assert!(back.abs_diff(onset_ticks) <= 250, "note {i} is {} ticks off", back - onset_ticks);
        }
    }

    #[test]
    fn odd_notes_are_made_sane() {
        let mut encoder = Encoder::new();
        assert_eq!(encoder.encode(&note(100, 0)).duration, 1);
        assert_eq!(encoder.encode(&note(40, 9_999_999)).values(), [0, 60, 127, 18]);
        assert_eq!(encoder.last_onset_ticks(), Some(100));
        assert_eq!(encoder.encode(&note(100_000, 5)).shift, 127);
        // The part of a rest that was cut off is not owed.
        assert_eq!(vocab::time_ticks(encoder.encode(&note(100_048, 5)).shift), 48);
        assert_eq!(vocab::time_ticks(encoder.end(100_096).shift), 48);
        for extreme in [i64::MIN, i64::MAX, 0, i64::MAX] {
            encoder.encode(&note(extreme, u32::MAX));
        }
    }
}
