//! Antiphon answers what a musician plays: a CLAP and VST3 plugin.
//!
//! Reading order: `plugin` is what a host loads; [`midi`] and [`clock`] turn the host's events and samples into notes and
//! ticks; [`turn`] says whose turn it is; `audio_thread` does all that a block needs, with `settings` (the parameters' values),
//! `schedule` (what will sound), `sounding` (what sounds) and `pace` (whether the host plays live); `link` is where the audio
//! thread and the worker meet; `worker_thread` runs the `planner`, which owns the model that `weights` reads, and
//! makes answers with `engine::answer`; `params`, `presets`, `learn` (controllers that move parameters), `memory` and `phrases` (what a
//! project remembers), `chosen` (its style pack, which `swap` brings to the planner), `home` and `log` (files for the user),
//! `trouble` (why one could not be written), `status`, `tape` (what the window draws) and `editor` face the user.
#![forbid(unsafe_code)]

mod audio_thread;
mod chosen;
mod clock;
mod editor;
mod home;
mod learn;
mod link;
mod log;
mod memory;
mod midi;
mod pace;
mod params;
mod phrases;
mod planner;
mod plugin;
mod presets;
mod schedule;
mod settings;
mod sounding;
mod status;
mod swap;
mod tape;
mod trouble;
mod turn;
mod weights;
mod worker_thread;

pub use home::with_home;
pub use plugin::{AntiphonClap, AntiphonVst3};

nice_plug::nice_export_clap!(AntiphonClap);
nice_plug::nice_export_vst3!(AntiphonVst3);
