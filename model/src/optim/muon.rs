//! Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers"): the update of a weight matrix is its momentum with
//! all singular values brought near 1, so that rare directions are learnt as fast as common ones. The same notes lead to
//! a lower loss than with AdamW, for 20 to 40 % more work a step (EXPERIMENTS.md).

mod in_place;

use candle_core::{Result, Tensor, Var};
use engine::ModelConfig;

/// Coefficients of the quintic that pushes singular values towards 1, from the paper.
const QUINTIC: (f64, f64, f64) = (3.4445, -4.7750, 2.0315);
/// Rounds of the quintic. Five bring all values near 1; three reach the large half of them for 60 % of the time.
pub(crate) const ROUNDS: usize = 3;
/// Makes an update about as large as one of AdamW, so that both share a learning rate (Liu et al. 2025, "Muon is
/// scalable for LLM training").
const LIKE_ADAMW: f64 = 0.2;

/// How much of the momentum stays from step to step.
const MOMENTUM: f64 = 0.95;

/// The matrices (as numbers of rows) in the parameter `name`, if it is one for Muon: a hidden layer. Embeddings, output
/// layers and vectors are not.
#[must_use]
pub fn parts(config: &ModelConfig, name: &str) -> Option<Vec<usize>> {
    let (_, layer) = name.rsplit_once('.')?;
    match layer {
        "qkv" => Some(vec![config.d_model, config.d_kv(), config.d_kv()]),
        "out" | "down" => Some(vec![config.d_model]),
        "up" => Some(vec![config.d_ff]),
        "hidden" => Some(vec![config.d_head_hidden]),
        _ => None,
    }
}

/// Moves a parameter by one step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// See [`parts`].
    pub parts: &'a [usize],
    /// What the gradient is multiplied by.
    pub clip: f64,
    /// The learning rate.
    pub rate: f64,
    /// How much of the weights stays.
    pub keep: f64,
}

impl Step<'_> {
    /// Adds the gradient to the momentum (Nesterov's way), then moves `var`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn take(&self, var: &Var, momentum: &Var, gradient: &Tensor) -> Result<()> {
        if var.device().is_cpu() {
            momentum.inplace_op2(gradient, &in_place::Gather { clip: self.clip })?;
            return var.inplace_op3(momentum, gradient, self);
        }
        self.anywhere(var, momentum, gradient)
    }

    fn anywhere(&self, var: &Var, momentum: &Var, gradient: &Tensor) -> Result<()> {
        let gradient = (gradient * self.clip)?;
        momentum.set(&((momentum.as_tensor() * MOMENTUM)? + &gradient)?)?;
        let ahead = ((momentum.as_tensor() * MOMENTUM)? + gradient)?;
        let mut first = 0;
        let mut directions = Vec::with_capacity(self.parts.len());
        for &rows in self.parts {
            directions.push(direction(&ahead.narrow(0, first, rows)?.contiguous()?)?);
            first += rows;
        }
        var.set(&((var.as_tensor() * self.keep)? - (Tensor::cat(&directions, 0)? * self.rate)?)?)
    }
}

/// The direction of one step for a matrix's momentum (rows, columns), scaled to a root mean square of about 0.2.
fn direction(momentum: &Tensor) -> Result<Tensor> {
    let (rows, columns) = momentum.dims2()?;
    // The products below are smallest on a wide matrix.
    let is_tall = rows > columns;
    let wide = if is_tall { momentum.t()?.contiguous()? } else { momentum.clone() };
    let norm = (wide.sqr()?.sum_all()?.sqrt()? + 1e-7)?;
    let mut x = wide.broadcast_div(&norm)?;
    let (a, b, c) = QUINTIC;
    for _ in 0..ROUNDS {
        let square = x.matmul(&x.t()?)?;
        let fourth = square.matmul(&square)?;
        x = ((&x * a)? + ((square * b)? + (fourth * c)?)?.matmul(&x)?)?;
    }
    let x = if is_tall { x.t()?.contiguous()? } else { x };
    x * like_adamw(rows, columns)
}

/// What brings a matrix of singular values near 1 to a root mean square of about 0.2.
#[expect(clippy::cast_precision_loss, reason = "a width")]
fn like_adamw(rows: usize, columns: usize) -> f64 {
    LIKE_ADAMW * (rows.max(columns) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::{LIKE_ADAMW, Step, direction};

    /// With two orthogonal rows, the singular values are the rows' lengths.
    #[test]
    fn weak_directions_grow_and_strong_ones_stay() {
        for is_tall in [false, true] {
            let rows = Tensor::new(&[[8.0f32, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]], &Device::Cpu).unwrap();
            let momentum = if is_tall { rows.t().unwrap().contiguous().unwrap() } else { rows };
            let step = direction(&momentum).unwrap();
            let step = if is_tall { step.t().unwrap() } else { step };
            let step: Vec<Vec<f32>> = step.to_vec2().unwrap();
            let unit = 2.0 * LIKE_ADAMW;
            assert!((0.6..1.3).contains(&(f64::from(step[0][0]) / unit)), "{step:?}");
            assert!((0.6..1.3).contains(&(f64::from(step[1][1]) / unit)), "{step:?}");
            assert!(step[0][1].abs() < 1e-6 && step[1][0].abs() < 1e-6, "{step:?}");
        }
    }

    #[test]
    fn nothing_learnt_moves_nothing() {
        let step = direction(&Tensor::zeros((3, 5), candle_core::DType::F32, &Device::Cpu).unwrap()).unwrap();
        assert_eq!(step.to_vec2::<f32>().unwrap(), vec![vec![0.0; 5]; 3]);
    }

    /// Square, tall, wide and divided matrices, whose sizes do not divide evenly.
    #[test]
    fn steps_are_the_same_on_every_device() {
        let numbers = |rows: usize, columns: usize, seed: usize| -> Tensor {
            let values = (0..rows * columns).map(|i| ((i * i + seed) * 7919 % 1013) as f32 / 500.0 - 1.0);
            Tensor::from_vec(values.collect::<Vec<f32>>(), (rows, columns), &Device::Cpu).unwrap()
        };
        for parts in [vec![150], vec![40], vec![300], vec![150, 70, 70]] {
            let rows = parts.iter().sum();
            let step = Step { parts: &parts, clip: 0.7, rate: 0.01, keep: 0.99 };
            let vars = || [1, 2].map(|seed| Var::from_tensor(&numbers(rows, 150, seed)).unwrap());
            let (ours, theirs) = (vars(), vars());
            step.take(&ours[0], &ours[1], &numbers(rows, 150, 3)).unwrap();
            step.anywhere(&theirs[0], &theirs[1], &numbers(rows, 150, 3)).unwrap();
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let difference = (ours.as_tensor() - theirs.as_tensor()).unwrap().abs().unwrap().max_all().unwrap();
                let difference = difference.to_scalar::<f32>().unwrap();
                assert!(difference < 1e-5, "{parts:?}: {difference}");
            }
            let moved = (ours[0].as_tensor() - (numbers(rows, 150, 1) * 0.99).unwrap()).unwrap().sqr().unwrap();
            assert!(moved.mean_all().unwrap().to_scalar::<f32>().unwrap() > 1e-7);
        }
    }
}
