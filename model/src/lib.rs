//! Antiphon's offline side: MIDI files become notes, notes become a trained network, a network becomes an 8-bit style.
#![forbid(unsafe_code)]

pub mod batch;
pub mod corpus;
pub mod dataset;
pub mod evaluate;
pub mod generate;
pub mod inspect;
pub mod midi;
pub mod ngram;
pub mod picture;
pub mod prepare;
pub mod sequence;
pub mod shards;
