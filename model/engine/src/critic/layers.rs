//! The network's layers. Each output is a sum in the order of its inputs, and vectors run over outputs, so that the width of a
//! machine's vectors changes no bit. Inputs that are 0, most of a piano roll and half of what a rectifier leaves, cost nothing.

use super::config::{CriticConfig, LAYER_ROWS, N_LAYERS, N_POOLS};
use super::roll::{GROUP_COLUMNS, MOST_COLUMNS, MOST_GROUPS, N_OCTAVES, Roll};
use crate::network::simd::{Isa, Work};

/// A layer of weights, from the file's row an output to a row an input.
#[derive(Debug)]
struct Matrix {
    /// (inputs, outputs)
    by_input: Vec<f32>,
    n_outputs: usize,
    /// (outputs)
    bias: Vec<f32>,
}

impl Matrix {
    /// values: (outputs, inputs)
    fn new(values: &[f32], bias: Vec<f32>) -> Self {
        let n_outputs = bias.len();
        let n_inputs = values.len() / n_outputs.max(1);
        let by_input = (0..n_inputs).flat_map(|i| (0..n_outputs).map(move |o| values[o * n_inputs + i])).collect();
        Self { by_input, n_outputs, bias }
    }

    /// (outputs, inputs)
    fn values(&self) -> Vec<f32> {
        let n_inputs = self.by_input.len() / self.n_outputs.max(1);
        (0..self.n_outputs).flat_map(|o| (0..n_inputs).map(move |i| self.by_input[i * self.n_outputs + o])).collect()
    }

    /// `sums += W x`, for inputs from `first` on. x: (n), sums: (outputs)
    #[inline(always)]
    fn add(&self, first: usize, x: &[f32], sums: &mut [f32]) {
        let rows = self.by_input[first * self.n_outputs..].chunks_exact(self.n_outputs);
        for (&x, row) in x.iter().zip(rows) {
            if x != 0.0 {
                for (sum, &weight) in sums.iter_mut().zip(row) {
                    *sum += x * weight;
                }
            }
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Layers {
    config: CriticConfig,
    convolutions: Vec<Matrix>,
    hidden: Matrix,
    /// (styles, hidden)
    styles: Vec<f32>,
    /// (hidden)
    logit: Vec<f32>,
    logit_bias: f32,
}

impl Layers {
    /// `values` are those of [`CriticConfig::tensors`], each of its length.
    pub(super) fn new(config: &CriticConfig, values: Vec<Vec<f32>>) -> Self {
        let mut values = values.into_iter();
        let mut next = || values.next().unwrap_or_default();
        let mut matrix = || {
            let weights = next();
            Matrix::new(&weights, next())
        };
        let convolutions = (0..N_LAYERS).map(|_| matrix()).collect();
        let hidden = matrix();
        let (styles, logit, logit_bias) = (next(), next(), next());
        Self {
            config: *config,
            convolutions,
            hidden,
            styles,
            logit,
            logit_bias: logit_bias.first().copied().unwrap_or(0.0),
        }
    }

    /// As they were given to [`Layers::new`].
    pub(super) fn values(&self) -> Vec<Vec<f32>> {
        let matrices = self.convolutions.iter().chain([&self.hidden]);
        let mut all: Vec<Vec<f32>> = matrices.flat_map(|matrix| [matrix.values(), matrix.bias.clone()]).collect();
        all.extend([self.styles.clone(), self.logit.clone(), vec![self.logit_bias]]);
        all
    }

    /// What is found in each group of four beats of a roll. out: (groups of the roll, width of the last layer), at least
    pub(super) fn read(&self, roll: &Roll, scratch: &mut Scratch) {
        Isa::best().wide(Read { layers: self, roll, scratch });
    }

    /// The logit of what was pooled. pools: ([`N_POOLS`], width of the last layer)
    pub(super) fn logit(&self, pools: &[f32], style: usize, hidden: &mut [f32]) -> f32 {
        let n_hidden = self.config.hidden;
        hidden.copy_from_slice(&self.hidden.bias);
        let of_style = self.styles.iter().skip(style * n_hidden);
        for (hidden, of_style) in hidden.iter_mut().zip(of_style) {
            *hidden += of_style;
        }
        self.hidden.add(0, pools, hidden);
        let products = hidden.iter().zip(&self.logit).map(|(&hidden, &weight)| positive(hidden) * weight);
        self.logit_bias + products.sum::<f32>()
    }
}

/// What the layers write into.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Outputs of each convolution: (rows, columns, width).
    outputs: [Vec<f32>; N_LAYERS],
    n_groups: usize,
}

impl Scratch {
    pub(super) fn new(config: &CriticConfig) -> Self {
        let mut rows = N_OCTAVES;
        let outputs = std::array::from_fn(|i| {
            rows -= LAYER_ROWS[i] - 1;
            vec![0.0; rows * (MOST_COLUMNS >> (i + 1)) * config.widths[i]]
        });
        Self { outputs, n_groups: 0 }
    }

    /// (groups, width of the last layer)
    pub(super) fn groups(&self, width: usize) -> std::slice::ChunksExact<'_, f32> {
        self.outputs[N_LAYERS - 1][..self.n_groups * width].chunks_exact(width)
    }
}

struct Read<'a> {
    layers: &'a Layers,
    roll: &'a Roll,
    scratch: &'a mut Scratch,
}

impl Work for Read<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { layers, roll, scratch } = self;
        let (mut rows, mut columns) = (N_OCTAVES, roll.n_columns());
        scratch.n_groups = (columns / GROUP_COLUMNS).min(MOST_GROUPS);
        for (i, n_rows) in LAYER_ROWS.into_iter().enumerate() {
            let (before, from) = scratch.outputs.split_at_mut(i);
            let inputs = before.last().map_or(roll.cells(), |before| &before[..]);
            let n_inputs = layers.config.inputs(i);
            convolve(&layers.convolutions[i], inputs, [rows, columns, n_inputs], n_rows, &mut from[0]);
            (rows, columns) = (rows + 1 - n_rows, columns / 2);
        }
    }
}

/// Each output sees `n_rows` rows, and of these a pair of columns and the next pair, if there is one. inputs: (rows, columns,
/// n_inputs), out: (rows + 1 - n_rows, columns / 2, outputs)
#[inline(always)]
fn convolve(matrix: &Matrix, inputs: &[f32], [rows, columns, n_inputs]: [usize; 3], n_rows: usize, out: &mut [f32]) {
    let (n_pairs, pair) = (columns / 2, 2 * n_inputs);
    for (at, sums) in out.chunks_exact_mut(matrix.n_outputs).take((rows + 1 - n_rows) * n_pairs).enumerate() {
        let (row, column) = (at / n_pairs, at % n_pairs);
        sums.copy_from_slice(&matrix.bias);
        for r in 0..n_rows {
            let from = ((row + r) * n_pairs + column) * pair;
            // Two pairs that follow one another lie so in memory.
            let n_seen = if column + 1 < n_pairs { 2 } else { 1 };
            matrix.add(2 * r * pair, &inputs[from..from + n_seen * pair], sums);
        }
        for sum in sums {
            *sum = positive(*sum);
        }
    }
}

/// A rectifier; what is not a number counts as 0.
#[inline(always)]
fn positive(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

/// Mean and highest of groups. groups: (n, width), out: (2, width)
pub(super) fn pool<'a>(groups: impl ExactSizeIterator<Item = &'a [f32]>, out: &mut [f32]) {
    let (mean, most) = out.split_at_mut(out.len() / 2);
    mean.fill(0.0);
    most.fill(0.0);
    #[expect(clippy::cast_precision_loss, reason = "at most 8")]
    let n = groups.len().max(1) as f32;
    for group in groups {
        for ((mean, most), &value) in mean.iter_mut().zip(most.iter_mut()).zip(group) {
            *mean += value;
            *most = if value > *most { value } else { *most };
        }
    }
    for mean in mean {
        *mean /= n;
    }
}

/// Where the call's pools begin among [`N_POOLS`].
pub(super) const CALL_POOLS: usize = N_POOLS - 2;
