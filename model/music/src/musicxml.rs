//! MusicXML files in and out: what notation programs exchange (W3C, *MusicXML 4.0*). [`read`] takes what any of them writes, plain
//! or compressed, and gives the same [`Score`](crate::Score) that a MIDI file gives; [`write`] sets a score as a page.
//!
//! Reading order: `read` is the way in, and `left_out` and `error` what it says. `write` is the way out: it prints
//! what [`crate::notation`] sets on the page.

mod error;
mod left_out;
mod read;
mod write;

pub use crate::notation::TooLong;
pub use error::MusicXmlError;
pub use left_out::{LeftOut, What};
pub use read::{MusicXmlFile, is_musicxml, read};
pub use write::{pack, write};

/// How the names of MusicXML files end, without the dot.
pub const EXTENSIONS: [&str; 3] = ["musicxml", "xml", "mxl"];
