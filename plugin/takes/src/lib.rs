//! What Antiphon keeps for its user outside songs: takes as MIDI files, in one folder of the user's music folder, the log of all
//! that is played, for those who switch it on, and the trainer that makes styles. The plugin writes here and runs the trainer,
//! the trainer reads, and tasks install it and erase the log; all of them know of these places from here alone.
#![forbid(unsafe_code)]

mod home;
mod io_error_text;
mod log;
mod midi;
mod take;
pub mod trainer;

pub use home::Home;
pub use io_error_text::explain;
pub use log::{Log, Logged};
pub use midi::count_notes;
pub use take::{TICK_PARTS, Take, TakeNote};
