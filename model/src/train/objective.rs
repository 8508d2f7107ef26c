//! What a training descends: a loss of a network on a batch, as gradients.
//!
//! [`Likelihood`] is the usual one, [`Distillation`] adds a teacher's opinion. The [`Trainer`](super::Trainer) knows only the
//! trait, so another objective is a type of its own and changes no loop:
//!
//! - a *penalty* wraps another objective and changes its gradients: take the inner [`Loss`], and add the penalty's gradient of
//!   each parameter with [`Gradients::add`] (the test below does);
//! - an *adversarial* objective owns its critic and the critic's optimiser. [`Objective::gradients`] adds the critic's gradient
//!   by candle's tape (the logits of [`Network::logits`] are differentiable), and [`Objective::after_update`] lets the critic
//!   take its own step;
//! - a *preference* objective (DPO) owns the frozen network that it started from, reads the rows of a batch in pairs, the
//!   better one first, and returns the gradient of minus the log sigmoid of how much more than before the better is liked.

mod distillation;
mod likelihood;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use crate::data::batch::Batch;
use crate::network::Network;
use crate::network::cpu::Nats;
use crate::network::ops::Dropout;
use crate::optim::{AdamW, GradientSource};

pub use distillation::{Distance, Distillation};
pub use likelihood::Likelihood;

/// A loss, differentiated.
#[derive(Debug)]
pub struct Loss {
    /// Sums of the batch's nats of shift, pitch, duration and velocity: for the log, whatever is descended.
    pub nats: Nats,
    /// Of the loss for each event that counts, by parameter.
    pub gradients: Gradients,
}

/// Gradients of a network's parameters, each of its parameter's shape.
#[derive(Debug)]
pub enum Gradients {
    /// By name, as [`crate::network::cpu::gradients`] makes them.
    Named(BTreeMap<String, Tensor>),
    /// As candle's tape makes them.
    Tape(GradStore),
}

impl Gradients {
    /// Adds `more`, of the parameter's shape, to the gradient of a network's parameter.
    ///
    /// # Errors
    /// When the network has no such parameter, the shapes differ, or memory fails.
    pub fn add(&mut self, network: &Network, name: &str, more: &Tensor) -> Result<()> {
        let parameter = network.parameters().get(name).with_context(|| format!("the network has no {name}"))?;
        let sum = match self.gradient(name, parameter) {
            Some(gradient) => (gradient + more)?,
            None => more.clone(),
        };
        match self {
            Self::Named(gradients) => drop(gradients.insert(name.to_owned(), sum)),
            Self::Tape(gradients) => drop(gradients.insert(parameter, sum)),
        }
        Ok(())
    }
}

impl GradientSource for Gradients {
    fn gradient(&self, name: &str, parameter: &Var) -> Option<&Tensor> {
        match self {
            Self::Named(gradients) => gradients.gradient(name, parameter),
            Self::Tape(gradients) => gradients.gradient(name, parameter),
        }
    }
}

/// See the module.
pub trait Objective {
    /// The loss of a network on a batch, for each event that counts. `dropout` drops some activations.
    ///
    /// # Errors
    /// When the batch does not fit the network, or memory or the device fails.
    fn gradients(&mut self, network: &Network, batch: &Batch, dropout: Option<Dropout>) -> Result<Loss>;

    /// Called when the network has gone down those gradients, for an objective that learns too.
    ///
    /// # Errors
    /// As the objective says.
    fn after_update(&mut self, _network: &Network, _batch: &Batch) -> Result<()> {
        Ok(())
    }

    /// One step of a whole network, without a [`Trainer`](super::Trainer). Returns the sums of the nats, and the gradient's
    /// norm: when that is not finite, nothing was changed.
    ///
    /// # Errors
    /// As [`Objective::gradients`].
    fn step(
        &mut self,
        optimiser: &mut AdamW,
        network: &Network,
        batch: &Batch,
        dropout: Option<Dropout>,
        learning_rate: f64,
    ) -> Result<(Nats, f64)> {
        let Loss { nats, gradients } = self.gradients(network, batch, dropout)?;
        let norm = optimiser.step(network, &gradients, learning_rate)?;
        self.after_update(network, batch)?;
        Ok((nats, norm))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use engine::ModelConfig;

    use super::*;
    use crate::network::ops::Kernels;

    /// Holds a network to zero: half the sum of squares of one parameter, times `weight`.
    struct Penalised<O> {
        inner: O,
        weight: f64,
    }

    impl<O: Objective> Objective for Penalised<O> {
        fn gradients(&mut self, network: &Network, batch: &Batch, dropout: Option<Dropout>) -> Result<Loss> {
            let mut loss = self.inner.gradients(network, batch, dropout)?;
            let penalty = (network.parameters()["norm.gain"].as_tensor() * self.weight)?;
            loss.gradients.add(network, "norm.gain", &penalty)?;
            Ok(loss)
        }
    }

    #[test]
    fn a_penalty_is_an_objective_around_another() {
        let batch = crate::benchmark::throughput::random_batch(2, 16);
        for kernels in [Kernels::Cpu, Kernels::Anywhere(DType::F32)] {
            let network = Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap().with_kernels(kernels);
            let gain = &network.parameters()["norm.gain"];
            let of = |loss: &Loss| loss.gradients.gradient("norm.gain", gain).unwrap().to_vec1::<f32>().unwrap();
            let plain = of(&Likelihood::default().gradients(&network, &batch, None).unwrap());
            let mut penalised = Penalised { inner: Likelihood::default(), weight: 0.5 };
            let with = of(&penalised.gradients(&network, &batch, None).unwrap());
            // All gains begin at 1.
            assert!(plain.iter().zip(&with).all(|(plain, with)| (with - plain - 0.5).abs() < 1e-6));
        }
    }
}
