//! Antiphon's offline side: MIDI files become notes, notes become a trained network, a network becomes an 8-bit style.
#![forbid(unsafe_code)]

pub mod batch;
pub mod network;
pub mod ops;
pub mod optimiser;

/// Keeps freed tensors for the next step; the system's allocator would give them back and fetch them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
