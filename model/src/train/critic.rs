//! The critic's training: a network that says how much an answer looks like what a composer wrote (`engine::critic`).
//!
//! Reading order: [`trials`] makes what it learns from: calls, what the composer went on with, and what Antiphon did; [`views`] is what
//! it sees of them ([`View::Mel`](views::View) through `mel`); [`network`] is the network, whose first layer
//! is [`sparse`], [`learn`] the training, and [`measure`]
//! says what the answers are like that it chooses.

pub mod learn;
pub mod measure;
mod mel;
pub mod network;
pub mod sparse;
pub mod trials;
pub mod views;

/// A count in a mean.
#[expect(clippy::cast_precision_loss, reason = "counts")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
