//! Antiphon answers what a musician plays: a CLAP and VST3 plugin.
//!
//! What it does with notes is in the crate live, which knows no host and no threads; here is what a host and its user need.
//!
//! Reading order: `plugin` is what a host loads; `midi` makes plain events of the host's; `performer` gives the audio thread's
//! part of live what it needs, with `settings` (the parameters' values); `link` is where the audio thread and the worker exchange
//! messages; `worker_thread` runs the planner of live, which owns the model that `weights` reads; `params`, `presets`, `learn`
//! (controllers that move parameters), `memory` and `phrases` (what a project remembers), `chosen` (its style pack), `home` and
//! `log` (files for the user), `trouble` (why one could not be written), `status`, `timeline` (what the window draws) and
//! `editor` face the user.
#![forbid(unsafe_code)]

mod chosen;
mod editor;
mod home;
mod learn;
mod link;
mod log;
mod memory;
mod midi;
mod params;
mod performer;
mod phrases;
mod plugin;
mod presets;
mod settings;
mod status;
mod timeline;
mod trouble;
mod weights;
mod worker_thread;

pub use home::with_home;
pub use plugin::{AntiphonClap, AntiphonVst3};

nice_plug::nice_export_clap!(AntiphonClap);
nice_plug::nice_export_vst3!(AntiphonVst3);
