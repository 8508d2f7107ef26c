//! How much arithmetic a step is, and how fast the machine does such arithmetic.

use std::time::Instant;

use anyhow::{Result, ensure};
use engine::ModelConfig;
use engine::config::TensorKind;
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;

use crate::data::batch::Batch;
use crate::optim::muon;

/// Sizes of the plain products: rows, inner, columns. About those of a layer of the base network on a part of a batch.
const PRODUCT: (usize, usize, usize) = (512, 512, 1024);
/// Products of each thread in a round, about as long as a step.
const PRODUCTS: usize = 40;

/// Floating point operations of a training step: the matrix products of all layers forward and twice backward, attention over
/// the notes before each, and Muon's rounds.
fn step_operations(config: &ModelConfig, batch: &Batch) -> f64 {
    let (mut layers, mut optimiser) = (0.0, 0.0);
    for shape in config.tensors() {
        if shape.kind == TensorKind::Linear {
            layers += as_f64(shape.rows * shape.columns);
        }
        for rows in muon::parts(config, &shape.name).unwrap_or_default() {
            let (short, long) = (as_f64(rows.min(shape.columns)), as_f64(rows.max(shape.columns)));
            optimiser += as_f64(muon::ROUNDS) * (4.0 * short * short * long + 2.0 * short.powi(3));
        }
    }
    let events = as_f64(batch.batch_size * batch.sequence_length);
    // Scores and sums of values, over half of the positions on average.
    let attention = as_f64(config.n_blocks * config.d_model) * 2.0 * as_f64(batch.sequence_length);
    3.0 * events * (2.0 * layers + attention) + optimiser
}

/// Steps and plain products in turn, and a line on how fast each was.
pub(super) fn compare(
    config: &ModelConfig,
    batch: &Batch,
    rounds: usize,
    step: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    ensure!(rounds > 0, "--rounds must be at least 1");
    let (rows, inner, columns) = PRODUCT;
    let matrix =
        |rows: usize, columns: usize| Array2::from_shape_fn((rows, columns), |(r, c)| as_f32((r * 31 + c * 17) % 97));
    let threads = rayon::current_num_threads();
    let mut products: Vec<_> =
        (0..threads).map(|_| (matrix(rows, inner), matrix(inner, columns), matrix(rows, columns))).collect();
    let mut multiply = || {
        products.par_iter_mut().with_max_len(1).for_each(|(a, b, c)| {
            (0..PRODUCTS).for_each(|_| general_mat_mul(1e-6, a, b, 0.5, c));
        });
    };
    let (mut steps, mut plain) = (Vec::new(), Vec::new());
    step()?;
    multiply();
    for _ in 0..rounds {
        let start = Instant::now();
        step()?;
        steps.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        multiply();
        plain.push(start.elapsed().as_secs_f64());
    }
    let (step, plain) = (median(&mut steps), median(&mut plain));
    let step_rate = step_operations(config, batch) / step / 1e9;
    let plain_rate = 2.0 * as_f64(rows * inner * columns * PRODUCTS * threads) / plain / 1e9;
    println!(
        "{:.0} notes/s; a step does {step_rate:.1} GFLOP/s, plain products {plain_rate:.1} in the same run: {:.0} % ({rounds} \
         rounds in turn, medians, {threads} threads)",
        as_f64(batch.batch_size * batch.sequence_length) / step,
        100.0 * step_rate / plain_rate
    );
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "sizes")]
fn as_f64(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "below 100")]
fn as_f32(n: usize) -> f32 {
    n as f32
}
