//! Which of several candidates are the beats that would be written: a small network of integers that has seen training scores
//! played by simulated hands. `ranker.bin` holds its weights.

use super::features::N_FEATURES;

/// Neurons between the features and the answer.
const N_HIDDEN: usize = 24;
/// Weights are in parts of this power of 2, features and costs of the eighth.
const SCALE_BITS: u32 = 12;

/// Its weights, (`N_HIDDEN`, `N_FEATURES` + 1) with the bias last, then (`N_HIDDEN`): little-endian.
static WEIGHTS: [i16; N_WEIGHTS] = read(include_bytes!("ranker.bin"));
const N_WEIGHTS: usize = N_HIDDEN * (N_FEATURES + 1) + N_HIDDEN;

/// The logarithm of how probable a candidate is beside others, in 1/256 nat.
pub(super) fn score(features: &[i16; N_FEATURES]) -> i32 {
    let (hidden, out) = WEIGHTS.split_at(N_HIDDEN * (N_FEATURES + 1));
    let mut sum = 0;
    for (row, weight) in hidden.chunks_exact(N_FEATURES + 1).zip(out) {
        let products = row.iter().zip(features).map(|(weight, x)| i64::from(*weight) * i64::from(*x));
        let neuron = products.sum::<i64>() + 256 * i64::from(row[N_FEATURES]);
        sum += i64::from(*weight) * (neuron.max(0) >> SCALE_BITS);
    }
    i32::try_from(sum >> SCALE_BITS).unwrap_or(0)
}

const fn read(bytes: &[u8; 2 * N_WEIGHTS]) -> [i16; N_WEIGHTS] {
    let mut weights = [0; N_WEIGHTS];
    let mut i = 0;
    while i < N_WEIGHTS {
        weights[i] = i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
        i += 1;
    }
    weights
}
