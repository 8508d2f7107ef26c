//! How an answer is made: the only loop that does, for the plugin, for the trainer's `generate` and `evaluate`, and for all that
//! is to come. What is measured is what is played.
//!
//! Reading order: [`controls`] is what a player can set, with [`scale`] for keys; [`request`] says which answer is wanted, and
//! from where its random numbers come; [`player`] keeps what the player has played, and [`features`] measures it; [`generator`]
//! makes one note after another, `closing` says how it ends, [`candidates`] which of several is played, and `settling` what of it was
//! heard; [`offline`] makes a whole answer to a call, as the plugin does in a bounce, and `sounding` ends its notes where the plugin
//! would.
//!
//! ```
//! use std::sync::Arc;
//!
//! use engine::answer::{AnswerRequest, Call, Controls, answer};
//! use engine::{Metre, ModelConfig, Note, Pitch, Precision, Session, Velocity, Weights, random_file};
//!
//! let weights = Arc::new(Weights::parse(&random_file(ModelConfig::TINY, Precision::Q8, 7)?)?);
//! let note = |(onset_ticks, key)| Note {
//!     onset_ticks,
//!     duration_ticks: 48,
//!     pitch: Pitch::nearest(key),
//!     velocity: Velocity::MEDIUM,
//! };
//! let call = Call::new([(0, 62), (48, 65), (96, 69)].map(note), Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 });
//! // After a beat of silence, and as long as the call.
//! let request = AnswerRequest::like_the_call(&call, 48, 1);
//! assert_eq!((request.start_ticks, request.end_ticks), (192, 336));
//! let notes = answer(&mut Session::new(weights), &call, request, &Controls::default(), usize::MAX);
//! assert_eq!(notes[0].onset_ticks, 192);
//! assert!(notes.iter().all(|note| note.end_ticks() <= 336));
//! # Ok::<(), engine::WeightsError>(())
//! ```

pub mod candidates;
mod closing;
pub mod controls;
pub mod features;
pub mod generator;
pub mod offline;
pub mod player;
pub mod request;
pub mod scale;
mod settling;
mod sounding;

pub use candidates::{MOST_CANDIDATES, SHOWN_CANDIDATES, candidates_in};
pub use controls::Controls;
pub use features::CallFeatures;
pub use generator::AnswerGenerator;
pub use offline::{Call, answer, begin_answer};
pub use player::{HeardCall, PlayerNotes};
pub use request::AnswerRequest;
pub use scale::{KeyChoice, KeyLock};

#[cfg(test)]
mod tests;
