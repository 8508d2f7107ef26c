//! Antiphon's real-time inference engine.
//!
//! Notes go in, notes come out: [`Session::feed`] tells the model what was played, [`Session::next`] asks for the
//! next note; [`answer::answer`] gives what Antiphon plays after a call. Everything here is a function of weights, seed and input:
//! there is no clock, thread, file or environment variable, and a session allocates nothing after construction.
//!
//! Reading order: [`note`] and [`metre`], from `music`, are the shared words; [`vocab`] turns times and velocities into attribute
//! values; [`conditions`] says what else the model is told; [`config`], [`weights`] and `forward` are the network;
//! [`sample`] and [`grammar`] choose, and `habits` lets them lean towards what the player played; [`session`] ties them
//! together; [`repeat`] says when an answer runs in circles; [`answer`] makes whole answers, as a player's controls say;
//! [`pack`] adds a player's own style to the weights.
#![deny(unsafe_code)]

pub mod answer;
mod attention;
pub mod conditions;
pub mod config;
mod container;
mod forward;
pub mod grammar;
mod habits;
mod linear;
mod math;
mod memory;
mod network;
mod pacing;
pub mod pack;
mod quant;
pub mod random;
pub mod repeat;
pub mod sample;
pub mod session;
mod simd;
pub mod texture;
pub mod tokens;
pub mod vocab;
pub mod weights;

pub use conditions::Conditions;
pub use config::ModelConfig;
pub use grammar::Onset;
pub use habits::MOST_NOTES as MOST_LEARNT;
pub use music::{Metre, Note, Pitch, Position, TICKS_PER_BEAT, Velocity};
pub use music::{key, metre, note};
pub use pacing::Pacing;
pub use pack::{Pack, PackError, PackHeader};
pub use random::random_file;
pub use sample::Sampling;
pub use session::{Ask, Bend, Event, Mark, Session};
pub use texture::{Asked, Texture};
pub use weights::{Header, Precision, Weights, WeightsError};

/// Which instructions the 8-bit layers use on this processor. The notes do not depend on it.
#[must_use]
pub fn kernel_name() -> &'static str {
    simd::Isa::best().name()
}
