//! What moves the weights: the optimiser, its learning rate over a run, and the average of the weights that is measured.

pub mod adamw;
pub mod ema;
pub mod muon;
pub mod schedule;

pub use adamw::{AdamW, GradientSource, WEIGHT_DECAY};
pub use ema::Ema;
pub use schedule::Schedule;
