//! Muon for the matrices inside the network, AdamW (Loshchilov and Hutter 2019) for the rest, which changes parameters and
//! moments in place; the gradient's norm is clipped.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, Var};
use engine::ModelConfig;
use rayon::prelude::*;

use super::muon;
use crate::network::Network;
use crate::network::ops::{CHUNK, cpu_slice, cpu_slice_mut, lane_sum, slice, vectorised};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.95;
const EPSILON: f32 = 1e-8;
/// Of the matrices that AdamW moves, and of Muon's if nobody says otherwise.
pub const WEIGHT_DECAY: f64 = 0.1;
const MAX_NORM: f64 = 1.0;

/// Where the gradients of parameters are to be found.
pub trait GradientSource {
    /// The gradient of a parameter, given its name.
    fn gradient(&self, name: &str, parameter: &Var) -> Option<&Tensor>;
}

impl GradientSource for GradStore {
    fn gradient(&self, _: &str, parameter: &Var) -> Option<&Tensor> {
        self.get(parameter)
    }
}

impl GradientSource for BTreeMap<String, Tensor> {
    fn gradient(&self, name: &str, _: &Var) -> Option<&Tensor> {
        self.get(name)
    }
}

/// The running means of each parameter's gradient and of its square.
#[derive(Clone, Debug)]
pub struct AdamW {
    moments: BTreeMap<String, (Var, Var)>,
    /// Steps taken.
    steps: u32,
    /// Weight decay of Muon's matrices.
    matrix_decay: f64,
}

impl AdamW {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// When memory fails.
    pub fn new(network: &Network) -> Result<Self> {
        Self::of(network.parameters())
    }

    /// Nothing seen yet of these parameters.
    ///
    /// # Errors
    /// When memory fails.
    pub fn of(parameters: &BTreeMap<String, Var>) -> Result<Self> {
        let zeros = |(name, var): (&String, &Var)| {
            let zero = var.as_tensor().zeros_like()?;
            Ok((name.clone(), (Var::from_tensor(&zero)?, Var::from_tensor(&zero.copy()?)?)))
        };
        Ok(Self::from_moments(parameters.iter().map(zeros).collect::<Result<_>>()?, 0))
    }

    /// As left by an earlier run.
    #[must_use]
    pub fn from_moments(moments: BTreeMap<String, (Var, Var)>, steps: u32) -> Self {
        Self { moments, steps, matrix_decay: WEIGHT_DECAY }
    }

    /// Decays the matrices inside the network by so much of the rate at every step. Music that is seen several times wants
    /// more than is usual (Kim et al. 2025, arXiv 2509.14786).
    pub fn set_matrix_decay(&mut self, decay: f64) {
        self.matrix_decay = decay;
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
    pub fn step(&mut self, network: &Network, gradients: &impl GradientSource, rate: f64) -> Result<f64> {
        self.step_of(network.parameters(), Some(network.config()), gradients, rate)
    }

    /// As [`AdamW::step`], for parameters that are not a network's own. Without a config there are no matrices for Muon.
    ///
    /// # Errors
    /// When a parameter has no gradient.
    pub fn step_of(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        config: Option<&ModelConfig>,
        gradients: &impl GradientSource,
        rate: f64,
    ) -> Result<f64> {
        let (mut found, mut squares) = (Vec::new(), Vec::new());
        for (name, var) in parameters {
            let Some(gradient) = gradients.gradient(name, var) else {
                candle_core::bail!("{name} received no gradient")
            };
            let gradient = gradient.contiguous()?;
            squares.push(sum_of_squares(&gradient)?);
            found.push((name, var, gradient));
        }
        // One number comes back from the device, not one for each parameter: that would wait for it each time.
        let norm = f64::from(Tensor::stack(&squares, 0)?.sum_all()?.sqrt()?.to_scalar::<f32>()?);
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.steps += 1;
        let clip = if norm > MAX_NORM { MAX_NORM / norm } else { 1.0 };
        let correction = |beta: f64| 1.0 / (1.0 - beta.powf(f64::from(self.steps)));
        let take = |(name, var, gradient): (&String, &Var, Tensor)| {
            let Some((mean, mean_square)) = self.moments.get(name) else {
                candle_core::bail!("the optimiser does not know {name}")
            };
            if let Some(parts) = config.and_then(|config| muon::parts(config, name)) {
                let keep = 1.0 - rate * self.matrix_decay;
                return muon::Step { parts: &parts, clip, rate, keep }.take(var, mean, &gradient);
            }
            let keep = 1.0 - if var.dims().len() > 1 { rate * WEIGHT_DECAY } else { 0.0 };
            let (rate, square_correction) = (rate * correction(BETA1), correction(BETA2));
            let update = Update { clip, rate, square_correction, keep };
            if var.device().is_cpu() {
                update.in_place(var, mean, mean_square, &gradient)
            } else {
                update.anywhere(var, mean, mean_square, &gradient)
            }
        };
        if found.iter().all(|(_, var, _)| var.device().is_cpu()) {
            found.into_par_iter().with_max_len(1).try_for_each(take)?;
        } else {
            found.into_iter().try_for_each(take)?;
        }
        Ok(norm)
    }
}

/// The sum of a gradient's squares, as a tensor.
fn sum_of_squares(gradient: &Tensor) -> Result<Tensor> {
    if !gradient.device().is_cpu() {
        return gradient.sqr()?.sum_all();
    }
    let (storage, layout) = gradient.storage_and_layout();
    let parts: Vec<f32> = slice(&storage, layout)?
        .par_chunks(CHUNK)
        .map(|chunk| vectorised(|| lane_sum(chunk.len(), |i| chunk[i] * chunk[i])))
        .collect();
    Tensor::new(parts.iter().sum::<f32>(), gradient.device())
}

/// AdamW's factors for one parameter.
struct Update {
    clip: f64,
    rate: f64,
    square_correction: f64,
    keep: f64,
}

impl Update {
    fn in_place(&self, var: &Var, mean: &Var, mean_square: &Var, gradient: &Tensor) -> Result<()> {
        let scale = narrow(self.clip);
        mean.inplace_op2(gradient, &Mean { beta: narrow(BETA1), scale, square: false })?;
        mean_square.inplace_op2(gradient, &Mean { beta: narrow(BETA2), scale, square: true })?;
        let descend = Descend {
            rate: narrow(self.rate),
            square_correction: narrow(self.square_correction),
            keep: narrow(self.keep),
        };
        var.inplace_op3(mean, mean_square, &descend)
    }

    fn anywhere(&self, var: &Var, mean: &Var, mean_square: &Var, gradient: &Tensor) -> Result<()> {
        let gradient = (gradient * self.clip)?;
        mean.set(&((mean.as_tensor() * BETA1)? + (&gradient * (1.0 - BETA1))?)?)?;
        mean_square.set(&((mean_square.as_tensor() * BETA2)? + (gradient.sqr()? * (1.0 - BETA2))?)?)?;
        let deviation = ((mean_square.as_tensor() * self.square_correction)?.sqrt()? + f64::from(EPSILON))?;
        var.set(&((var.as_tensor() * self.keep)? - ((mean.as_tensor() / deviation)? * self.rate)?)?)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "factors of f32 numbers")]
pub(crate) fn narrow(x: f64) -> f32 {
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

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::Update;

    #[test]
    fn updates_are_the_same_on_every_device() {
        let numbers = |seed: usize| -> Tensor {
            let values = (0..60).map(|i| ((i * 37 + seed * 101) % 83) as f32 / 40.0 - 1.0);
            Tensor::from_vec(values.collect::<Vec<f32>>(), (5, 12), &Device::Cpu).unwrap()
        };
        let update = Update { clip: 0.7, rate: 0.01, square_correction: 3.0, keep: 0.99 };
        let vars = || [numbers(1), numbers(2), numbers(3).sqr().unwrap()].map(|x| Var::from_tensor(&x).unwrap());
        let (ours, theirs) = (vars(), vars());
        update.in_place(&ours[0], &ours[1], &ours[2], &numbers(4)).unwrap();
        update.anywhere(&theirs[0], &theirs[1], &theirs[2], &numbers(4)).unwrap();
        for (a, b) in ours.iter().zip(&theirs) {
            let difference = (a.as_tensor() - b.as_tensor()).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f32>().unwrap() < 1e-6);
        }
        assert!(ours[0].to_vec2::<f32>().unwrap() != numbers(1).to_vec2::<f32>().unwrap());
    }
}
