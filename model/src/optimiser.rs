//! Muon for the matrices inside the network, AdamW (Loshchilov and Hutter 2019) for the rest, which changes parameters and
//! moments in place; the gradient's norm is clipped.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Var};
use rayon::prelude::*;

use crate::muon;
use crate::network::Network;
use crate::ops::{CHUNK, cpu_slice, vectorised};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.95;
const EPSILON: f32 = 1e-8;
const WEIGHT_DECAY: f64 = 0.1;
const MAX_NORM: f64 = 1.0;

/// The running means of each parameter's gradient and of its square.
#[derive(Clone, Debug)]
pub struct AdamW {
    moments: BTreeMap<String, (Var, Var)>,
    /// Steps taken.
    steps: u32,
}

impl AdamW {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// When memory fails.
    pub fn new(network: &Network) -> Result<Self> {
        let zeros = |(name, var): (&String, &Var)| {
            let zero = var.as_tensor().zeros_like()?;
            Ok((name.clone(), (Var::from_tensor(&zero)?, Var::from_tensor(&zero.copy()?)?)))
        };
        Ok(Self { moments: network.parameters().iter().map(zeros).collect::<Result<_>>()?, steps: 0 })
    }

    /// As left by an earlier run.
    #[must_use]
    pub fn from_moments(moments: BTreeMap<String, (Var, Var)>, steps: u32) -> Self {
        Self { moments, steps }
    }

    /// Of each parameter: the mean of its gradient, and of the gradient's square.
    #[must_use]
    pub fn moments(&self) -> &BTreeMap<String, (Var, Var)> {
        &self.moments
    }

    /// One step down the gradient, clipped at a norm of 1. Returns the norm before clipping; when that is not finite,
    /// nothing is changed.
    ///
    /// # Errors
    /// When a parameter has no gradient.
    pub fn step(&mut self, network: &Network, gradients: &GradStore, rate: f64) -> Result<f64> {
        let mut found = Vec::new();
        let mut square = 0.0;
        for (name, var) in network.parameters() {
            let Some(gradient) = gradients.get(var) else { candle_core::bail!("{name} received no gradient") };
            let gradient = gradient.contiguous()?;
            square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
            found.push((name, var, gradient));
        }
        let norm = square.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.steps += 1;
        let clip = if norm > MAX_NORM { MAX_NORM / norm } else { 1.0 };
        let correction = |beta: f64| 1.0 / (1.0 - beta.powf(f64::from(self.steps)));
        for (name, var, gradient) in found {
            let Some((mean, mean_square)) = self.moments.get(name) else {
                candle_core::bail!("the optimiser does not know {name}")
            };
            let decay = if var.dims().len() > 1 { rate * WEIGHT_DECAY } else { 0.0 };
            if let Some(parts) = muon::parts(network.config(), name) {
                muon::step(var, mean, &(gradient * clip)?, &parts, rate, 1.0 - decay)?;
                continue;
            }
            mean.inplace_op2(&gradient, &Mean { beta: narrow(BETA1), scale: narrow(clip), square: false })?;
            mean_square.inplace_op2(&gradient, &Mean { beta: narrow(BETA2), scale: narrow(clip), square: true })?;
            let descend = Descend {
                rate: narrow(rate * correction(BETA1)),
                square_correction: narrow(correction(BETA2)),
                keep: narrow(1.0 - decay),
            };
            var.inplace_op3(mean, mean_square, &descend)?;
        }
        Ok(norm)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "factors of f32 numbers")]
fn narrow(x: f64) -> f32 {
    x as f32
}

/// Moves a running mean towards a scaled gradient, or its square.
struct Mean {
    beta: f32,
    scale: f32,
    square: bool,
}

impl InplaceOp2 for Mean {
    fn name(&self) -> &'static str {
        "adamw-mean"
    }

    fn cpu_fwd(&self, mean: &mut CpuStorage, ml: &Layout, gradient: &CpuStorage, gl: &Layout) -> Result<()> {
        let gradient = cpu_slice(gradient, gl)?;
        let mean = cpu_slice_mut(mean, ml)?;
        mean.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).for_each(|(mean, gradient)| {
            vectorised(|| {
                for (mean, &g) in mean.iter_mut().zip(gradient) {
                    let g = g * self.scale;
                    let towards = if self.square { g * g } else { g };
                    *mean = self.beta * *mean + (1.0 - self.beta) * towards;
                }
            });
        });
        Ok(())
    }
}

/// Moves parameters against the mean gradient, each by its own scale.
struct Descend {
    rate: f32,
    square_correction: f32,
    keep: f32,
}

impl InplaceOp3 for Descend {
    fn name(&self) -> &'static str {
        "adamw-descend"
    }

    fn cpu_fwd(
        &self,
        values: &mut CpuStorage,
        vl: &Layout,
        mean: &CpuStorage,
        ml: &Layout,
        mean_square: &CpuStorage,
        sl: &Layout,
    ) -> Result<()> {
        let (mean, mean_square) = (cpu_slice(mean, ml)?, cpu_slice(mean_square, sl)?);
        let values = cpu_slice_mut(values, vl)?;
        values.par_chunks_mut(CHUNK).zip(mean.par_chunks(CHUNK)).zip(mean_square.par_chunks(CHUNK)).for_each(
            |((values, mean), mean_square)| {
                vectorised(|| {
                    for ((value, &mean), &mean_square) in values.iter_mut().zip(mean).zip(mean_square) {
                        let deviation = (mean_square * self.square_correction).sqrt() + EPSILON;
                        *value = *value * self.keep - self.rate * mean / deviation;
                    }
                });
            },
        );
        Ok(())
    }
}

fn cpu_slice_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => candle_core::bail!("AdamW needs contiguous f32 tensors"),
    }
}
