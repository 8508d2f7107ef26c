//! What is written for the user.
//!
//! Reading order: [`data_dir`] says where an instance keeps its files, [`log_writer`] writes the log of takes, and [`learned_notes`]
//! makes one take of what was learnt from the player.

pub(crate) mod data_dir;
pub(crate) mod learned_notes;
pub(crate) mod log_writer;

pub(crate) use log_writer::{Logger, UserFiles};
