//! MIDI files in and out, whole and damaged.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

mod cases;
mod common;
mod damaged;
mod mutations;
mod reading;
mod round_trip;
