//! MusicXML files in and out: sound ones, hostile ones, and round trips.

mod common;
mod hostile;
mod page;
mod reading;
mod round_trip;
