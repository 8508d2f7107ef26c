//! Trains the small networks of the ear ([`music::rhythm::perceptron`]): of several candidates, which is right. The same
//! examples make the same file on one machine; on others, rounding may differ.

use music::rhythm::perceptron::{N_HIDDEN, ONE, SCALE_BITS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Examples between two steps.
const BATCH: usize = 128;
/// Falls from the first to the second.
const LEARNING_RATES: [f32; 2] = [3e-3, 1e-4];
/// Of weights that features have, at each step, times the learning rate.
const DECAY: f32 = 0.01;
/// Adam's.
const MOMENTUM: f32 = 0.9;
const SCALE_MEMORY: f32 = 0.999;

/// Candidates: what is seen of each, and what taking it is worth, from 0 to 1.
pub type Example<const F: usize> = Vec<([i16; F], f32)>;

/// How training went.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// Of the training examples in the last epoch: nats for the worth.
    pub loss: f64,
    /// Share of the test examples in which a candidate of full worth is taken.
    pub best: f64,
    /// Or one of any worth.
    pub good: f64,
}

/// A network while it is trained.
struct Network<const F: usize> {
    /// As in the file.
    weights: Vec<f32>,
}

/// Trains for so many epochs, and tries on the test examples. The bytes are a file for the ear.
#[must_use]
pub fn fit<const F: usize>(train: &[Example<F>], test: &[Example<F>], n_epochs: u16) -> (Vec<u8>, Fit) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut network = Network::<F>::new(&mut rng);
    let n = network.weights.len();
    let (mut mean, mut square, mut gradient) = (vec![0.0f32; n], vec![0.0f32; n], vec![0.0f32; n]);
    let mut order: Vec<usize> = (0..train.len()).collect();
    let n_steps = as_f32(train.len().div_ceil(BATCH)) * f32::from(n_epochs);
    let (mut step, mut mean_left, mut square_left) = (0.0, 1.0, 1.0);
    let mut loss = 0.0;
    for _ in 0..n_epochs {
        for i in (1..order.len()).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        loss = 0.0;
        for batch in order.chunks(BATCH) {
            gradient.fill(0.0);
            for &i in batch {
                loss += f64::from(network.learn(&train[i], 1.0 / as_f32(batch.len()), &mut gradient));
            }
            step += 1.0;
            mean_left *= MOMENTUM;
            square_left *= SCALE_MEMORY;
            let [first, last] = LEARNING_RATES;
            let rate = first * (1.0 - step / n_steps) + last;
            for (i, weight) in network.weights.iter_mut().enumerate() {
                mean[i] = MOMENTUM * mean[i] + (1.0 - MOMENTUM) * gradient[i];
                square[i] = SCALE_MEMORY * square[i] + (1.0 - SCALE_MEMORY) * gradient[i] * gradient[i];
                let scale = (square[i] / (1.0 - square_left)).sqrt() + 1e-8;
                let decay = if i < F * N_HIDDEN { DECAY * *weight } else { 0.0 };
                *weight -= rate * (mean[i] / (1.0 - mean_left) / scale + decay);
            }
        }
        loss /= as_f64(train.len().max(1));
    }
    let (best, good) = network.try_on(test);
    (network.to_bytes(), Fit { loss, best, good })
}

impl<const F: usize> Network<F> {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        // Twelve uniform numbers are as good as normal.
        let mut normal = || (0..12).map(|_| rng.random_range(-0.5f32..0.5)).sum::<f32>();
        let mut weights = vec![0.0; (F + 2) * N_HIDDEN];
        let (rows, rest) = weights.split_at_mut(F * N_HIDDEN);
        rows.iter_mut().for_each(|weight| *weight = normal() / as_f32(F).sqrt());
        rest[N_HIDDEN..].iter_mut().for_each(|weight| *weight = 0.3 * normal());
        Self { weights }
    }

    /// Neurons before their threshold, and the score.
    fn score(&self, features: &[i16; F]) -> ([f32; N_HIDDEN], f32) {
        let (rows, rest) = self.weights.split_at(F * N_HIDDEN);
        let (biases, out) = rest.split_at(N_HIDDEN);
        let mut neurons = [0.0; N_HIDDEN];
        neurons.copy_from_slice(biases);
        for (row, feature) in rows.chunks_exact(N_HIDDEN).zip(features).filter(|(_, feature)| **feature != 0) {
            let feature = value(*feature);
            neurons.iter_mut().zip(row).for_each(|(neuron, weight)| *neuron += feature * weight);
        }
        let score = neurons.iter().zip(out).map(|(neuron, out)| neuron.max(0.0) * out).sum();
        (neurons, score)
    }

    /// Adds the gradient of an example's loss, of such a weight; returns the loss.
    fn learn(&self, example: &Example<F>, weight: f32, gradient: &mut [f32]) -> f32 {
        let scored: Vec<([f32; N_HIDDEN], f32)> = example.iter().map(|(features, _)| self.score(features)).collect();
        let most = scored.iter().map(|(_, score)| *score).fold(f32::MIN, f32::max);
        let shares: Vec<f32> = scored.iter().map(|(_, score)| (score - most).exp()).collect();
        let all: f32 = shares.iter().sum();
        let worth: f32 = shares.iter().zip(example).map(|(share, (_, worth))| share * worth).sum();
        if worth <= 0.0 {
            return 0.0;
        }
        let out = &self.weights[(F + 1) * N_HIDDEN..];
        for (((features, own), (neurons, _)), share) in example.iter().zip(&scored).zip(&shares) {
            let slope = (share / all - share * own / worth) * weight;
            let mut slopes = [0.0; N_HIDDEN];
            for (i, neuron) in neurons.iter().enumerate() {
                gradient[(F + 1) * N_HIDDEN + i] += slope * neuron.max(0.0);
                slopes[i] = if *neuron > 0.0 { slope * out[i] } else { 0.0 };
                gradient[F * N_HIDDEN + i] += slopes[i];
            }
            let rows = gradient.chunks_exact_mut(N_HIDDEN).zip(features);
            for (row, feature) in rows.filter(|(_, feature)| **feature != 0) {
                let feature = value(*feature);
                row.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += feature * slope);
            }
        }
        -(worth / all).ln()
    }

    /// Shares of examples in which the best is taken, or a good one.
    fn try_on(&self, examples: &[Example<F>]) -> (f64, f64) {
        let taken = |example: &Example<F>| {
            let scored = example.iter().map(|(features, worth)| (self.score(features).1, *worth));
            scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0.0, |(_, worth)| worth)
        };
        let taken: Vec<f32> = examples.iter().map(taken).collect();
        let share =
            |least: f32| as_f64(taken.iter().filter(|worth| **worth >= least).count()) / as_f64(taken.len().max(1));
        (share(1.0), share(f32::MIN_POSITIVE))
    }

    #[expect(clippy::cast_possible_truncation, reason = "held within")]
    fn to_bytes(&self) -> Vec<u8> {
        let scale = as_f32(1 << SCALE_BITS);
        let rounded = |weight: &f32| (weight * scale).round().clamp(-32767.0, 32767.0) as i16;
        self.weights.iter().flat_map(|weight| rounded(weight).to_le_bytes()).collect()
    }
}

fn value(feature: i16) -> f32 {
    f32::from(feature) / f32::from(ONE)
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
const fn as_f32(n: usize) -> f32 {
    n as f32
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
const fn as_f64(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_two_features_together_tell_is_learnt() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut examples = |n: usize| -> Vec<Example<2>> {
            let candidate =
                |is_right: bool, a: i16| ([a * ONE, if is_right { 1 - a } else { a } * ONE], f32::from(is_right));
            (0..n)
                .map(|_| vec![candidate(false, rng.random_range(0..2)), candidate(true, rng.random_range(0..2))])
                .collect()
        };
        let (train, test) = (examples(4000), examples(200));
        let (bytes, fit) = fit(&train, &test, 20);
        assert_eq!(bytes.len(), 2 * music::rhythm::perceptron::n_weights(2));
        assert!(fit.best > 0.99 && fit.loss < 0.1, "{fit:?}");
    }
}
