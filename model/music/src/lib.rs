//! The words of music that all of Antiphon shares: notes, metre, key, scores, and MIDI files in and out. Pure functions of
//! their input: no file, clock, thread or environment, so that it runs in a browser too.
//!
//! Reading order: [`note`], [`metre`] and [`tempo`] are the words; [`score`] is a piece in parts;
//! [`reduction`] is what a keyboard player, and the network, make of one; [`harmony`] finds its key and its voices, and counts the rules of
//! counterpoint in them; [`rhythm`] finds the score in what hands played; `notation` sets a score on a page; [`file`] reads
//! and writes files, with [`midi`] and [`musicxml`]; [`event_text`] is notes as text; `piano_roll` draws, if the feature for pictures is on.
//!
//! ```
//! use music::{Note, Part, Pitch, Score, TICKS_PER_BEAT, TimeSignature, Velocity, midi};
//!
//! let pitch = Pitch::MIDDLE_C;
//! let note = Note { onset_ticks: 0, duration_ticks: TICKS_PER_BEAT, pitch, velocity: Velocity::MEDIUM };
//! let waltz = Score::new(90.0, TimeSignature::new(3, 2).unwrap()).with_part(Part::new("Tune", vec![note]));
//! let bytes = midi::write(&waltz)?;
//! let file = midi::read(&bytes)?;
//! assert!(file.left_out.is_empty());
//! assert_eq!(file.score.metres[0].signature.to_string(), "3/4");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod event_text;
pub mod file;
pub mod harmony;
pub mod metre;
pub mod midi;
pub mod musicxml;
mod notation;
pub mod note;
#[cfg(feature = "picture")]
pub mod piano_roll;
pub mod reduction;
pub mod rhythm;
pub mod score;
pub mod tempo;

pub use harmony::key::{Key, find_key};
pub use harmony::{counterpoint, key};
pub use metre::{Metre, Position, bar_lines, time_signature};
pub use note::{Note, Pitch, TICKS_PER_BEAT, Velocity};
pub use reduction::{FREE_TICKS_PER_SECOND, Reading, Reduction};
pub use score::{Part, PedalChange, Role, Score, close_overlaps, tidy};
pub use tempo::TempoMap;
pub use time_signature::{MetreChange, TimeSignature};
