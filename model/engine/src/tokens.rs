//! Notes as numbers: [`vocab`] is the values of an attribute, `events` turns notes into them and back.

mod events;
pub mod vocab;

pub use events::{Decoder, Encoder, TokenEvent};
