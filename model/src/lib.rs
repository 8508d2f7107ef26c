//! Antiphon's offline side: MIDI files become notes, notes become a trained network, a network becomes an 8-bit style.
#![forbid(unsafe_code)]

pub mod adapt;
pub mod batch;
pub mod bench;
pub mod benchmark;
pub mod corpus;
pub mod cpu;
pub mod dataset;
pub mod distil;
pub mod evaluate;
pub mod generate;
pub mod initial;
pub mod inspect;
pub mod network;
pub mod ngram;
pub mod ops;
pub mod optim;
pub mod pack;
pub mod prepare;
pub mod quantise;
pub mod sequence;
pub mod shards;
pub mod train;
