//! MIDI files in and out. Real files break the rules in a thousand ways, so [`read`] goes on at the next sound place, and
//! says what it left out.
//!
//! Reading order: `read` is the way in. `chunks` finds the tracks; `status` tells where each event of a track ends, and `track`
//! goes from one to the next, with `resync` where one is damaged and `lookalikes` where damage looks sound; `event` decodes;
//! `pairing` makes notes of note-ons and note-offs; `timeline` brings tracks together. `left_out` and `error` are what it says.
//! `write` is the way out.

mod chunks;
mod error;
mod event;
mod left_out;
mod lookalikes;
mod pairing;
mod read;
mod resync;
mod status;
mod timeline;
mod track;
mod write;

pub use error::{MidiError, TooLong};
pub use left_out::{LeftOut, What};
pub use read::{MidiFile, read};
pub use write::write;

/// How the names of MIDI files end, without the dot: karaoke files and RIFF files hold the same.
pub const EXTENSIONS: [&str; 4] = ["mid", "midi", "kar", "rmi"];

/// Whether a file of that name ending (without the dot) should be a MIDI file.
///
/// ```
/// assert!(music::midi::is_extension("MID") && !music::midi::is_extension("wav"));
/// ```
#[must_use]
pub fn is_extension(ending: &str) -> bool {
    EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}
