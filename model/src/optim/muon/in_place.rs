//! Muon's step on a CPU, one thread for a matrix, at well under half the work.
//!
//! For a matrix X with Gram matrix G = X Xᵀ, a round of the quintic is X ← Q X with Q = a + b G + c G², and then
//! G ← Q G Q. So all rounds happen on the small side: they collect the product P of the Qs, and only P X is as wide as X.
//! All matrices but X are polynomials in the first G: they are symmetric, and half of each is computed.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};

use super::{MOMENTUM, QUINTIC, ROUNDS, Step, like_adamw};
use crate::network::ops::{cpu_slice, cpu_slice_mut, lane_sum, vectorised};
use crate::optim::adamw::narrow;

/// Adds a scaled gradient to the momentum.
pub(super) struct Gather {
    pub(super) clip: f64,
}

impl InplaceOp2 for Gather {
    fn name(&self) -> &'static str {
        "muon-gather"
    }

    fn cpu_fwd(&self, momentum: &mut CpuStorage, ml: &Layout, gradient: &CpuStorage, gl: &Layout) -> Result<()> {
        gather(cpu_slice_mut(momentum, ml)?, cpu_slice(gradient, gl)?, self.clip);
        Ok(())
    }
}

/// `momentum = MOMENTUM momentum + clip gradient`.
fn gather(momentum: &mut [f32], gradient: &[f32], clip: f64) {
    let (stays, clip) = (narrow(MOMENTUM), narrow(clip));
    vectorised(|| momentum.iter_mut().zip(gradient).for_each(|(m, &g)| *m = stays * *m + clip * g));
}

impl InplaceOp3 for Step<'_> {
    fn name(&self) -> &'static str {
        "muon-move"
    }

    fn cpu_fwd(
        &self,
        weights: &mut CpuStorage,
        wl: &Layout,
        momentum: &CpuStorage,
        ml: &Layout,
        gradient: &CpuStorage,
        gl: &Layout,
    ) -> Result<()> {
        let (_, columns) = wl.shape().dims2()?;
        let (momentum, gradient) = (cpu_slice(momentum, ml)?, cpu_slice(gradient, gl)?);
        let weights = cpu_slice_mut(weights, wl)?;
        let mut ahead = momentum.to_vec();
        gather(&mut ahead, gradient, self.clip);
        let (mut weights, mut ahead) = (weights, ahead.as_slice());
        for &rows in self.parts {
            let (part, rest) = weights.split_at_mut(rows * columns);
            let (part_ahead, rest_ahead) = ahead.split_at(rows * columns);
            self.descend(part, part_ahead, columns)?;
            (weights, ahead) = (rest, rest_ahead);
        }
        Ok(())
    }
}

impl Step<'_> {
    /// Moves the weights of one matrix, (rows, columns), against the direction of its `momentum`.
    fn descend(&self, weights: &mut [f32], momentum: &[f32], columns: usize) -> Result<()> {
        let rows = weights.len() / columns;
        let mut weights = ArrayViewMut2::from_shape((rows, columns), weights).map_err(candle_core::Error::wrap)?;
        let x = ArrayView2::from_shape((rows, columns), momentum).map_err(candle_core::Error::wrap)?;
        let norm = vectorised(|| lane_sum(momentum.len(), |i| momentum[i] * momentum[i])).sqrt() + 1e-7;
        let scale = narrow(-self.rate * like_adamw(rows, columns)) / norm;
        let keep = narrow(self.keep);
        if rows > columns {
            general_mat_mul(scale, &x, &all_rounds(&x.t(), norm), keep, &mut weights);
        } else {
            general_mat_mul(scale, &all_rounds(&x, norm), &x, keep, &mut weights);
        }
        Ok(())
    }
}

/// The product of all rounds' Qs, for X = `wide / norm`.
fn all_rounds(wide: &ArrayView2<f32>, norm: f32) -> Array2<f32> {
    let (a, b, c) = (narrow(QUINTIC.0), narrow(QUINTIC.1), narrow(QUINTIC.2));
    let n = wide.nrows();
    let product = |x: &Array2<f32>, y: &Array2<f32>| {
        let mut product = Array2::zeros((n, n));
        add_symmetric(&mut product, 1.0, &x.view(), &y.view());
        product
    };
    let mut gram = Array2::zeros((n, n));
    add_symmetric(&mut gram, 1.0 / (norm * norm), wide, &wide.t());
    let mut all: Option<Array2<f32>> = None;
    for round in 1..=ROUNDS {
        let mut q = &gram * b;
        add_symmetric(&mut q, c, &gram.view(), &gram.view());
        q.diag_mut().map_inplace(|q| *q += a);
        if round < ROUNDS {
            gram = product(&product(&q, &gram), &q);
        }
        all = Some(all.map_or_else(|| q.clone(), |all| product(&all, &q)));
    }
    all.unwrap_or(gram)
}

const ROWS: Axis = Axis(0);
const COLUMNS: Axis = Axis(1);

/// `sum += scale x y` where the sum is known to be symmetric: computes strips of rows up to the diagonal and mirrors them.
fn add_symmetric(sum: &mut Array2<f32>, scale: f32, x: &ArrayView2<f32>, y: &ArrayView2<f32>) {
    let n = sum.nrows();
    let strip = (n / 4).max(32);
    for from in (0..n).step_by(strip) {
        let to = (from + strip).min(n);
        let (mut done, mut rest) = sum.view_mut().split_at(ROWS, from);
        let mut strip = rest.slice_axis_mut(ROWS, (..to - from).into());
        let half = &mut strip.slice_axis_mut(COLUMNS, (..to).into());
        general_mat_mul(
            scale,
            &x.slice_axis(ROWS, (from..to).into()),
            &y.slice_axis(COLUMNS, (..to).into()),
            1.0,
            half,
        );
        let mirrored = half.slice_axis(COLUMNS, (..from).into());
        done.slice_axis_mut(COLUMNS, (from..to).into()).assign(&mirrored.t());
    }
}
