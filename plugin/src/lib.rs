//! Antiphon answers what a musician plays: a CLAP and VST3 plugin.
//!
//! What it does with notes is in the crate live, which knows no host and no threads; here is what a host and its user need.
//!
//! Reading order: `plugin` is what a host loads; `midi` makes plain events of the host's; `performer` gives the audio thread's
//! part of live what it needs, with the values of `params`, and `preview` plays what it sends on the built-in piano; `link` is where the audio thread and the worker exchange messages;
//! `worker_thread` runs the planner of live, with the weights that `models` holds; `song_memory` (what a song begins with), `status`,
//! `timeline` (what the window draws), `user_files` (takes and the log) and `editor` face the user.
#![forbid(unsafe_code)]

mod editor;
mod link;
mod midi;
mod models;
mod params;
mod performer;
mod plugin;
mod preview;
mod song_memory;
mod status;
mod timeline;
mod user_files;
mod worker_thread;

pub use plugin::{AntiphonClap, AntiphonVst3};
#[cfg(any(test, feature = "test-support"))]
pub use user_files::data_dir::with_data_dir;

nice_plug::nice_export_clap!(AntiphonClap);
nice_plug::nice_export_vst3!(AntiphonVst3);
