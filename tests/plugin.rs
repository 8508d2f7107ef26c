//! The plugin as its host and its player meet it, through its real CLAP and VST3 entries. One file for each topic.

#![forbid(unsafe_code)]
#![cfg(test)]

mod another;
mod bad_input;
mod common;
mod controls;
#[cfg(windows)]
mod editor;
mod feel;
mod framework;
mod hand_over;
mod hosts;
mod instances;
mod jumps;
mod keys;
mod log;
mod notes;
mod offline;
mod pacing;
mod packs;
mod panic;
mod parity;
mod preview;
mod random_host;
mod starts;
mod state;
mod thru;
mod timing;
mod turns;
mod vst3;
