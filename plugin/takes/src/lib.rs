//! What Antiphon writes for its user: takes as MIDI files, in one folder of the user's music folder, and the log of all
//! that is played, for those who switch it on. The plugin writes here, the trainer reads, and a task erases the log; all
//! three know of the folder and its files from here alone.
#![forbid(unsafe_code)]

mod home;
mod log;
mod midi;
mod take;

pub use home::Home;
pub use log::{Log, Logged};
pub use midi::count_notes;
pub use take::{TICK_PARTS, Take, TakeNote};
