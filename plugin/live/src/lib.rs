//! The duet without a host: all of Antiphon that knows no plugin format, thread, file or clock on the wall. A plugin, a page or
//! a program without a window gives it what it needs of these.
//!
//! ```text
//! events ─> Performer ─> messages ─> Planner ─> messages ─> Performer ─> events
//!              └─> timeline events ─> History
//! ```
//!
//! Whoever runs a [`Performer`] calls [`Performer::process`] for each block of samples, with a [`Host`] that brings and takes
//! events, a [`SettingsSource`], a [`Worker`] that carries messages to a [`Planner`] and back, and a [`Monitor`] that is let
//! know what happens. None of the performer's calls allocates, locks or waits, but in an offline render. What runs in a block is
//! generic or `#[inline]`, so that it lies together in whoever uses it: between two blocks, memory leaves the cache.
//!
//! Reading order: `events` is what is played, `settings` what the player has set, [`params`] with what; `clock` makes ticks of samples; `turn`
//! says whose turn it is; `messages` is what performer and planner tell each other, `worker` how they get there; `performer`
//! does all that a block needs; `planner` makes the answers with the engine, `song_memory` is what it knows before a song, and
//! `session_handover` brings it other weights while it plays; `monitor` and [`timeline`] are what is shown.
#![forbid(unsafe_code)]

mod clock;
mod events;
mod messages;
mod monitor;
pub mod params;
mod performer;
mod planner;
mod session_handover;
mod settings;
mod song_memory;
pub mod timeline;
mod turn;
mod worker;

pub use clock::Transport;
pub use events::{ALL_NOTES_OFF, Gesture, Host, Input, NEUTRAL_RELEASE, NoteId, Output, SUSTAIN, Which};
pub use messages::{Begin, FromWorker, PlannedNote, ToWorker};
pub use monitor::{Count, Doing, Monitor};
pub use performer::Performer;
pub use planner::{Listener, Planner};
pub use session_handover::{Handover, SessionHandover, WeightsSource};
pub use settings::{Chords, Settings, SettingsSource, Silence};
pub use song_memory::{LearnedNote, SongMemory};
pub use turn::{Length, Start};
pub use worker::{MayWait, RenderMode, Worker};
