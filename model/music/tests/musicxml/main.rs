//! MusicXML files in and out: sound ones, hostile ones, and round trips.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

mod common;
mod hostile;
mod page;
mod reading;
mod round_trip;
