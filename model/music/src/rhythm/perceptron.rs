//! A small network of integers that says how probable each of several candidates is beside the others. One layer of neurons
//! between what is seen of a candidate and its score; `model ear` trains it on scores that simulated hands have played.

/// Neurons between the features and the score.
pub const N_HIDDEN: usize = 24;
/// What a feature that is there, or a value of 1, is.
pub const ONE: i16 = 256;
/// Weights are in parts of this power of 2.
pub const SCALE_BITS: u32 = 12;

/// Numbers of a network that sees so many features.
#[must_use]
pub const fn n_weights(n_features: usize) -> usize {
    (n_features + 1) * N_HIDDEN + N_HIDDEN
}

/// A network of `N` weights, [`n_weights`] of its features: (features, `N_HIDDEN`), biases (`N_HIDDEN`), and what each neuron
/// adds to the score (`N_HIDDEN`).
#[derive(Debug)]
pub(super) struct Perceptron<const N: usize>([i16; N]);

impl<const N: usize> Perceptron<N> {
    /// A file of little-endian numbers, `2 N` bytes.
    pub(super) const fn from_bytes(bytes: &[u8]) -> Self {
        assert!(bytes.len() == 2 * N);
        let mut weights = [0; N];
        let mut i = 0;
        while i < N {
            weights[i] = i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
            i += 1;
        }
        Self(weights)
    }

    /// The logarithm of how probable a candidate is beside others, in 1/256 nat.
    pub(super) fn score(&self, features: &[i16]) -> i32 {
        let (rows, rest) = self.0.split_at(features.len() * N_HIDDEN);
        let (biases, out) = rest.split_at(N_HIDDEN);
        let mut neurons = [0i64; N_HIDDEN];
        neurons.iter_mut().zip(biases).for_each(|(neuron, bias)| *neuron = i64::from(ONE) * i64::from(*bias));
        for (row, feature) in rows.chunks_exact(N_HIDDEN).zip(features).filter(|(_, feature)| **feature != 0) {
            let feature = i64::from(*feature);
            neurons.iter_mut().zip(row).for_each(|(neuron, weight)| *neuron += feature * i64::from(*weight));
        }
        let sum: i64 =
            neurons.iter().zip(out).map(|(neuron, out)| i64::from(*out) * (neuron.max(&0) >> SCALE_BITS)).sum();
        i32::try_from(sum >> SCALE_BITS).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neuron_adds_what_is_above_zero() {
        const N: usize = n_weights(2);
        let mut weights = [0; N];
        // The first neuron: 1 times the first feature, -1 times the second, and a half.
        (weights[0], weights[N_HIDDEN], weights[2 * N_HIDDEN]) = (4096, -4096, 2048);
        weights[3 * N_HIDDEN] = 2 * 4096;
        let network = Perceptron::<N>(weights);
        assert_eq!([[0, 0], [100, 0], [0, 100], [0, 200]].map(|seen| network.score(&seen)), [256, 456, 56, 0]);
    }
}
