//! Antiphon's real-time inference engine.
//!
//! Notes go in, notes come out: [`Session::feed`] tells the model what was played, [`Session::next`] asks for the
//! next note; [`answer::answer`] gives what Antiphon plays after a call. Everything here is a function of weights, seed and input:
//! there is no clock, thread, file or environment variable, and a session allocates nothing after construction.
//!
//! Reading order: [`tokens`] turns notes, whose words come from the crate music, into attribute values; [`conditions`] says what else the
//! network is told; [`network`] is a step of it, [`files`] what it is read from; [`sampling`] chooses; [`session`] ties them
//! together: a stream of notes and its context; [`answer`] makes whole answers, as a player's controls say; [`critic`] says which is best.
#![deny(unsafe_code)]

pub mod answer;
pub mod conditions;
pub mod critic;
pub mod files;
pub mod network;
pub mod sampling;
pub mod session;
pub mod tokens;

pub use conditions::Conditions;
pub use files::pack::{Pack, PackError, PackHeader};
pub use files::random::random_file;
pub use files::weights::{Header, Precision, Weights, WeightsError};
pub use files::{pack, random, weights};
pub use music::{Metre, Note, Pitch, Position, TICKS_PER_BEAT, Velocity};
pub use music::{key, metre, note, rhythm};
pub use network::config;
pub use network::config::ModelConfig;
pub use sampling::density_control::{DensityRequest, NoteDensity};
pub use sampling::grammar::Onset;
pub use sampling::onset_bias::OnsetBias;
pub use sampling::sample::Sampling;
pub use sampling::user_cache::MOST_USER_NOTES;
pub use sampling::{grammar, repeat, sample};
pub use session::{Checkpoint, Event, LogitBias, NoteRequest, Session};
pub use tokens::vocab;

/// Which instructions the 8-bit layers use on this processor. The notes do not depend on it.
#[must_use]
pub fn kernel_name() -> &'static str {
    network::simd::Isa::best().name()
}
