//! The engine through its public interface.
#![expect(clippy::cast_possible_truncation, clippy::unwrap_used, reason = "test data comes from small ranges")]

mod common;
mod golden;
mod network;
mod no_alloc;
mod pack;
mod session;
mod weights;
