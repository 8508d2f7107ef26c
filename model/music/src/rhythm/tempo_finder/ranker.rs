//! Which of several candidates are the beats that would be written, by a network that has seen training scores played by
//! simulated hands. `ranker.bin` holds its weights.

use super::features::N_FEATURES;
use crate::rhythm::perceptron::{Perceptron, n_weights};

static RANKER: Perceptron<{ n_weights(N_FEATURES) }> = Perceptron::from_bytes(include_bytes!("ranker.bin"));

/// The logarithm of how probable a candidate is beside others, in 1/256 nat.
pub(super) fn score(features: &[i16; N_FEATURES]) -> i32 {
    RANKER.score(features)
}
