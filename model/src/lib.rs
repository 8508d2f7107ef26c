//! Antiphon's offline side: MIDI files become notes, notes become a trained network, a network becomes an 8-bit style.
#![forbid(unsafe_code)]

pub mod adapt;
pub mod average;
pub mod batch;
pub mod bench;
pub mod benchmark;
pub mod checkpoint;
pub mod corpus;
pub mod cpu;
pub mod dataset;
pub mod distil;
pub mod evaluate;
pub mod generate;
pub mod initial;
pub mod inspect;
pub mod loss_picture;
pub mod muon;
pub mod network;
pub mod ngram;
pub mod ops;
pub mod optimiser;
pub mod pack;
pub mod prepare;
pub mod quantise;
pub mod reptile;
pub mod schedule;
pub mod sequence;
pub mod shards;
pub mod step;
pub mod train;

/// Keeps freed tensors for the next step; the system's allocator would give them back and fetch them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
