//! How the next note is chosen from what the network says.
//!
//! Reading order: [`sample`] draws a value; [`grammar`] says which are legal; `user_cache` makes likelier what the player did,
//! `onset_bias` and [`density_control`] towards as many notes as were asked for; [`repeat`] says when an answer runs in circles.

pub mod density_control;
pub mod grammar;
pub mod onset_bias;
pub mod repeat;
pub mod sample;
pub mod user_cache;
