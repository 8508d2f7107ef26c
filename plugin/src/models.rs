//! The models that the plugin plays: the built-in network, and the style pack or network that a song has chosen.
//!
//! Reading order: [`model_slot`] holds what the song has chosen, [`model_loader`] reads it on a thread of its own,
//! [`model_library`] finds it among the user's files, [`built_in`] is what comes with the plugin, and [`trainer_process`] makes
//! more of them.

pub(crate) mod built_in;
pub(crate) mod model_library;
mod model_loader;
mod model_slot;
pub(crate) mod trainer_process;

pub(crate) use model_slot::{ActiveModel, LoadState};
