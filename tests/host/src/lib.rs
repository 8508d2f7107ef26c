//! A small host for one plugin: it plays timed events into the plugin, moves a song position, and keeps what the
//! plugin sends, each event at its absolute sample. The tests drive the plugin through it, and so does
//! `cargo xtask play`.
//!
//! [`Rig`] is the host; [`Instance`] is what it needs of a plugin; [`Clap`] and `Vst3` are the two kinds.

#![deny(unsafe_code)]

mod clap;
mod event;
mod layout;
mod rig;
mod transport;
#[cfg(feature = "vst3")]
mod vst3;
#[cfg(all(windows, feature = "vst3"))]
mod window;

pub use clap::{Clap, Entry};
pub use event::{Event, Message, NoteEvent, Played, pair};
pub use layout::System;
pub use rig::{Pace, Rig};
pub use transport::Transport;
#[cfg(feature = "vst3")]
pub use vst3::{Vst3, bundle};
#[cfg(all(windows, feature = "vst3"))]
pub use window::HostWindow;

/// For tests that build malformed input by hand.
pub use clack_host;

use anyhow::Result;

/// How a plugin is asked to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Samples a second.
    pub sample_rate: f64,
    /// The longest block, in samples.
    pub max_block: u32,
    /// An offline bounce, in which the plugin may take its time, instead of live playing.
    pub is_offline: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sample_rate: 48_000.0, max_block: 512, is_offline: false }
    }
}

/// A parameter as the plugin describes it to its host.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Stable id.
    pub id: u32,
    /// Shown name.
    pub name: String,
    /// Range of values, in the host's units: CLAP's plain values, VST3's 0 to 1.
    pub range: std::ops::RangeInclusive<f64>,
    /// The value of a new instance.
    pub default: f64,
}

/// One running plugin, of either format.
pub trait Instance {
    /// All parameters, in the plugin's order.
    fn parameters(&self) -> &[Parameter];

    /// The current value of a parameter.
    ///
    /// # Errors
    /// When the plugin does not know the id.
    fn value(&mut self, id: u32) -> Result<f64>;

    /// How the plugin writes a value of a parameter.
    ///
    /// # Errors
    /// When the plugin does not know the id.
    fn value_text(&mut self, id: u32, value: f64) -> Result<String>;

    /// Runs one block. `input` and `output` hold offsets into the block, in samples, and are in order of time as far
    /// as the sender kept it.
    ///
    /// # Errors
    /// When the plugin reports a failure.
    fn process(
        &mut self,
        frames: u32,
        transport: &Transport,
        input: &[(u32, Message)],
        output: &mut Vec<(u32, Message)>,
    ) -> Result<()>;

    /// The samples of the last block, left and right; `None` if the plugin has no such output.
    fn sound(&self) -> Option<[&[f32]; 2]>;

    /// All note-ons and note-offs that it has sent since the last call, with their ids and exact velocities.
    fn take_notes(&mut self) -> Vec<NoteEvent>;

    /// Stops and starts the plugin with other settings, as a host does when its audio device changes.
    ///
    /// # Errors
    /// When the plugin refuses.
    fn restart(&mut self, settings: Settings) -> Result<()>;

    /// The plugin's state as a project file would hold it.
    ///
    /// # Errors
    /// When the plugin cannot save.
    fn save(&mut self) -> Result<Vec<u8>>;

    /// Restores a saved state.
    ///
    /// # Errors
    /// When the plugin refuses it.
    fn load(&mut self, state: &[u8]) -> Result<()>;
}
