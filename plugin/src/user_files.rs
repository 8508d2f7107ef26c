//! What is written for the user, and what is said when that fails.
//!
//! Reading order: [`data_dir`] says where an instance keeps its files, [`log_writer`] writes the log of takes, [`learned_notes`] makes
//! one take of what was learnt from the player, and [`io_error_text`] says what the system's errors mean.

pub(crate) mod data_dir;
pub(crate) mod io_error_text;
pub(crate) mod learned_notes;
pub(crate) mod log_writer;

pub(crate) use log_writer::{Logger, UserFiles};
