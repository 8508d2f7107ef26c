//! Antiphon's offline side: MIDI files become notes, notes become a trained network, a network becomes an 8-bit style.
//!
//! Reading order: [`data`] goes from files to batches; [`network`] is what is trained, [`optim`] how its numbers move, and
//! [`train`] the loop around them; [`adapt`] trains a style of one's own; [`export`] makes the files that the plugin reads;
//! [`evaluate`] says how good they are, [`judge`] whether their answers can be told from real music, and [`generate`] lets them
//! play; [`benchmark`] compares with published results and with the processor's limits; [`inspect`] looks into any of the files.
#![forbid(unsafe_code)]

pub mod adapt;
pub mod benchmark;
pub mod data;
pub mod evaluate;
pub mod export;
pub mod generate;
pub mod inspect;
pub mod judge;
pub mod network;
pub mod optim;
pub mod train;
