//! The judge's network: a layer for each column of the roll, three convolutions over time, and the mean and the most of each channel.
//!
//! By hand rather than by candle's tape: a roll is nearly empty, so its first layer adds up a few rows, and the rest are plain
//! products, which are fast in a test too.

use ndarray::{Array1, Array2, ArrayView1, Axis, Slice};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Channels of a column, and after each convolution.
const N_CHANNELS: [usize; 4] = [48, 48, 64, 64];
/// A convolution reads so many columns, in steps of [`STRIDE`].
const WIDTH: usize = 4;
const STRIDE: usize = 2;
const WEIGHT_DECAY: f32 = 1e-2;

/// Something in a roll that is not 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) column: usize,
    pub(super) input: usize,
    pub(super) value: f32,
}

/// Weights (inputs, outputs) and bias, with what Adam remembers (Kingma and Ba 2015; decay as Loshchilov and Hutter 2019).
#[derive(Clone, Debug)]
struct Layer {
    weights: Array2<f32>,
    bias: Array1<f32>,
    /// Means of the gradients and of their squares.
    moments: [(Array2<f32>, Array1<f32>); 2],
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// The columns', three convolutions', and the last.
    layers: Vec<Layer>,
    n_columns: usize,
    n_learnt: i32,
}

/// What a pass leaves for the pass back.
#[derive(Debug)]
pub(super) struct Forward {
    /// Log odds that each roll is of the second kind.
    pub(super) odds: Array1<f32>,
    /// Of the columns and of each convolution: (batch · columns, channels).
    outputs: Vec<Array2<f32>>,
    /// What each convolution read: (batch · columns, [`WIDTH`] · channels).
    unfolded: Vec<Array2<f32>>,
    /// (batch, 2 · channels).
    pooled: Array2<f32>,
}

impl Layer {
    fn new(n_in: usize, n_out: usize, random: &mut ChaCha8Rng) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a width")]
        let limit = (6.0 / n_in as f32).sqrt();
        let weights = Array2::from_shape_fn((n_in, n_out), |_| random.random_range(-limit..limit));
        let zeros = || (Array2::zeros((n_in, n_out)), Array1::zeros(n_out));
        Self { weights, bias: Array1::zeros(n_out), moments: [zeros(), zeros()] }
    }

    /// A step of Adam, the `n`th.
    fn step(&mut self, weights: &Array2<f32>, bias: &Array1<f32>, rate: f32, n: i32) {
        let (one, two) = (1.0 - 0.9f32.powi(n), 1.0 - 0.999f32.powi(n));
        let [(mean, mean_bias), (square, square_bias)] = &mut self.moments;
        let change = |weight: &mut f32, mean: &mut f32, square: &mut f32, gradient: f32, decay: f32| {
            *mean = 0.9 * *mean + 0.1 * gradient;
            *square = 0.999 * *square + 0.001 * gradient * gradient;
            *weight -= rate * ((*mean / one) / ((*square / two).sqrt() + 1e-8) + decay * *weight);
        };
        let all = self.weights.iter_mut().zip(mean).zip(square).zip(weights);
        all.for_each(|(((weight, mean), square), &gradient)| change(weight, mean, square, gradient, WEIGHT_DECAY));
        let all = self.bias.iter_mut().zip(mean_bias).zip(square_bias).zip(bias);
        all.for_each(|(((weight, mean), square), &gradient)| change(weight, mean, square, gradient, 0.0));
    }
}

impl Network {
    /// For rolls of so many columns of so many inputs; columns must be a multiple of eight.
    pub(super) fn new(n_inputs: usize, n_columns: usize, random: &mut ChaCha8Rng) -> Self {
        let [a, b, c, d] = N_CHANNELS;
        let shapes = [(n_inputs, a), (WIDTH * a, b), (WIDTH * b, c), (WIDTH * c, d), (2 * d, 1)];
        let layers = shapes.into_iter().map(|(n_in, n_out)| Layer::new(n_in, n_out, random)).collect();
        Self { layers, n_columns, n_learnt: 0 }
    }

    /// What it makes of rolls.
    pub(super) fn forward(&self, rolls: &[Vec<Cell>]) -> Forward {
        let n = rolls.len();
        let mut x =
            Array2::from_shape_fn((n * self.n_columns, N_CHANNELS[0]), |(_, channel)| self.layers[0].bias[channel]);
        for (roll, cells) in rolls.iter().enumerate() {
            for &Cell { column, input, value } in cells {
                x.row_mut(roll * self.n_columns + column).scaled_add(value, &self.layers[0].weights.row(input));
            }
        }
        x.mapv_inplace(|value| value.max(0.0));
        let (mut outputs, mut unfolded) = (vec![x], Vec::new());
        for layer in &self.layers[1..=3] {
            let read = unfold(&outputs[outputs.len() - 1], n);
            let mut x = read.dot(&layer.weights) + &layer.bias;
            x.mapv_inplace(|value| value.max(0.0));
            unfolded.push(read);
            outputs.push(x);
        }
        let last = &outputs[3];
        let (n_columns, width) = (last.nrows() / n.max(1), last.ncols());
        let mut pooled = Array2::zeros((n, 2 * width));
        for (roll, mut pooled) in pooled.rows_mut().into_iter().enumerate() {
            let of_roll = last.slice_axis(Axis(0), rows(roll, n_columns));
            for (channel, of_channel) in of_roll.columns().into_iter().enumerate() {
                pooled[channel] = of_channel.mean().unwrap_or(0.0);
                pooled[width + channel] = of_channel[most(of_channel)];
            }
        }
        let odds = (pooled.dot(&self.layers[4].weights) + &self.layers[4].bias).index_axis_move(Axis(1), 0);
        Forward { odds, outputs, unfolded, pooled }
    }

    /// Gradients of the mean binary cross-entropy, of weights and bias of each layer.
    fn gradients(&self, rolls: &[Vec<Cell>], labels: &[f32]) -> Vec<(Array2<f32>, Array1<f32>)> {
        let Forward { odds, outputs, unfolded, pooled } = self.forward(rolls);
        let n = rolls.len();
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let wrong = |(&odds, &label): (&f32, &f32)| (1.0 / (1.0 + (-odds).exp()) - label) / n as f32;
        let wrong: Array1<f32> = odds.iter().zip(labels).map(wrong).collect();
        let wrong = wrong.insert_axis(Axis(1));
        let mut gradients = vec![(pooled.t().dot(&wrong), wrong.sum_axis(Axis(0)))];
        let of_pooled = wrong.dot(&self.layers[4].weights.t());
        let (n_columns, width) = (outputs[3].nrows() / n, outputs[3].ncols());
        let mut of_output = Array2::zeros(outputs[3].raw_dim());
        for roll in 0..n {
            let of_roll = outputs[3].slice_axis(Axis(0), rows(roll, n_columns));
            let mut to_roll = of_output.slice_axis_mut(Axis(0), rows(roll, n_columns));
            for (channel, of_channel) in of_roll.columns().into_iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a count")]
                to_roll.column_mut(channel).fill(of_pooled[[roll, channel]] / n_columns as f32);
                to_roll[[most(of_channel), channel]] += of_pooled[[roll, width + channel]];
            }
        }
        for place in (1..=3).rev() {
            of_output.zip_mut_with(&outputs[place], |gradient, &output| *gradient *= f32::from(output > 0.0));
            gradients.push((unfolded[place - 1].t().dot(&of_output), of_output.sum_axis(Axis(0))));
            let of_read = of_output.dot(&self.layers[place].weights.t());
            of_output = fold(&of_read, n, outputs[place - 1].nrows() / n);
        }
        of_output.zip_mut_with(&outputs[0], |gradient, &output| *gradient *= f32::from(output > 0.0));
        let mut of_inputs = Array2::zeros(self.layers[0].weights.raw_dim());
        for (roll, cells) in rolls.iter().enumerate() {
            for &Cell { column, input, value } in cells {
                of_inputs.row_mut(input).scaled_add(value, &of_output.row(roll * self.n_columns + column));
            }
        }
        gradients.push((of_inputs, of_output.sum_axis(Axis(0))));
        gradients.reverse();
        gradients
    }

    /// Takes a step towards labels, 0 or 1.
    pub(super) fn learn(&mut self, rolls: &[Vec<Cell>], labels: &[f32], rate: f32) {
        self.n_learnt += 1;
        let gradients = self.gradients(rolls, labels);
        for (layer, (weights, bias)) in self.layers.iter_mut().zip(&gradients) {
            layer.step(weights, bias, rate, self.n_learnt);
        }
    }
}

/// The `n`th part of so many.
fn rows(n: usize, size: usize) -> Slice {
    Slice::from(n * size..(n + 1) * size)
}

/// The place of the first of the largest.
fn most(values: ArrayView1<f32>) -> usize {
    let larger = |best: usize, (place, value): (usize, &f32)| if *value > values[best] { place } else { best };
    values.iter().enumerate().fold(0, larger)
}

/// What a convolution reads: (batch · columns, channels) to (batch · columns / [`STRIDE`], [`WIDTH`] · channels), with zeros after the
/// end.
fn unfold(x: &Array2<f32>, n: usize) -> Array2<f32> {
    let (n_columns, width) = (x.nrows() / n.max(1), x.ncols());
    let mut read = Array2::zeros((x.nrows() / STRIDE, WIDTH * width));
    for (row, mut read) in read.rows_mut().into_iter().enumerate() {
        let (roll, column) = (row / (n_columns / STRIDE), row % (n_columns / STRIDE) * STRIDE);
        for place in 0..WIDTH.min(n_columns - column) {
            read.slice_axis_mut(Axis(0), rows(place, width)).assign(&x.row(roll * n_columns + column + place));
        }
    }
    read
}

/// The other way: what was read in several places is added up.
fn fold(read: &Array2<f32>, n: usize, n_columns: usize) -> Array2<f32> {
    let width = read.ncols() / WIDTH;
    let mut x = Array2::zeros((n * n_columns, width));
    for (row, read) in read.rows().into_iter().enumerate() {
        let (roll, column) = (row / (n_columns / STRIDE), row % (n_columns / STRIDE) * STRIDE);
        for place in 0..WIDTH.min(n_columns - column) {
            let mut to = x.row_mut(roll * n_columns + column + place);
            to += &read.slice_axis(Axis(0), rows(place, width));
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn gradients_are_what_a_small_change_does() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let network = Network::new(5, 16, &mut random);
        let mut roll = || -> Vec<Cell> {
            let mut cell =
                |column| Cell { column, input: random.random_range(0..5), value: random.random_range(0.5..1.5) };
            (0..16).map(&mut cell).collect()
        };
        let (rolls, labels) = ([roll(), roll(), roll()], [0.0, 1.0, 1.0]);
        let loss = |network: &Network| -> f64 {
            let odds = network.forward(&rolls).odds;
            let of = |(&odds, &label): (&f32, &f32)| {
                let odds = f64::from(odds);
                (1.0 + odds.exp()).ln() - odds * f64::from(label)
            };
            odds.iter().zip(&labels).map(of).sum::<f64>() / 3.0
        };
        let gradients = network.gradients(&rolls, &labels);
        for (layer, (weights, bias)) in gradients.iter().enumerate() {
            // Where the gradient is largest, rounding disturbs least.
            let (place, &largest) =
                weights.indexed_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).expect("there are weights");
            let changed = |by: f32| {
                let mut network = network.clone();
                network.layers[layer].weights[place] += by;
                loss(&network)
            };
            let slope = (changed(1e-3) - changed(-1e-3)) / 2e-3;
            assert!((slope / f64::from(largest) - 1.0).abs() < 0.03, "layer {layer}: {slope}, not {largest}");
            let changed = |by: f32| {
                let mut network = network.clone();
                network.layers[layer].bias[0] += by;
                loss(&network)
            };
            let slope = (changed(1e-3) - changed(-1e-3)) / 2e-3;
            assert!(
                (slope - f64::from(bias[0])).abs() < 0.03 * slope.abs().max(0.02),
                "bias of layer {layer}: {slope}, not {}",
                bias[0]
            );
        }
    }

    #[test]
    fn it_learns() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut network = Network::new(2, 16, &mut random);
        let rolls: Vec<Vec<Cell>> = (0..8).map(|i| vec![Cell { column: i, input: i % 2, value: 1.0 }]).collect();
        let labels: Vec<f32> = (0..8u8).map(|i| f32::from(i % 2)).collect();
        (0..60).for_each(|_| network.learn(&rolls, &labels, 5e-3));
        let odds = network.forward(&rolls).odds;
        assert!(odds.iter().zip(&labels).all(|(odds, label)| (*odds > 0.0) == (*label > 0.5)), "{odds}");
    }
}
