//! From a checkpoint to what the plugin reads: weight files and style packs.

pub mod pack;
pub mod quantise;
