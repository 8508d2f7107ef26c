//! What learns: parameters, the network that they make, and an optimiser that moves them.

use anyhow::Result;

use super::hooks::Progress;
use super::objective::Gradients;
use super::reptile::Task;
use crate::network::Network;
use crate::optim::{AdamW, Ema};

/// See the module. A whole network is a [`FullNetwork`]; `adapt` has one of thin matrices on a frozen network.
pub trait Learner {
    /// The network as it is now, which an objective differentiates.
    fn network(&self) -> &Network;

    /// Called before the batches of a step.
    ///
    /// # Errors
    /// When memory fails.
    fn begin_step(&mut self) -> Result<()> {
        Ok(())
    }

    /// Goes down the gradients of [`Learner::network`]. Returns their norm: when that is not finite, nothing was changed.
    ///
    /// # Errors
    /// When a parameter has no gradient.
    fn update(&mut self, gradients: &Gradients, learning_rate: f64) -> Result<f64>;

    /// Called after the batches of a step, whose number `progress` does not count yet.
    ///
    /// # Errors
    /// When memory fails.
    fn end_step(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}

/// All weights of a network.
#[derive(Debug)]
pub struct FullNetwork {
    /// The weights after the last step.
    pub network: Network,
    /// What the optimiser remembers.
    pub optimiser: AdamW,
    /// The average of the weights, if one is kept, and the share of itself that it keeps at each step.
    pub ema: Option<(Ema, f64)>,
    /// Each step is a task of [Reptile](super::reptile), of which less and less is gone.
    pub is_reptile: bool,
    task: Option<Task>,
}

impl FullNetwork {
    /// Plain steps without an average.
    #[must_use]
    pub fn new(network: Network, optimiser: AdamW) -> Self {
        Self { network, optimiser, ema: None, is_reptile: false, task: None }
    }

    /// The network to measure and to play: the averaged weights, if there are any.
    #[must_use]
    pub fn smoothed(&self) -> Network {
        self.ema.as_ref().map_or_else(|| self.network.clone(), |(ema, _)| ema.network(&self.network))
    }
}

impl Learner for FullNetwork {
    fn network(&self) -> &Network {
        &self.network
    }

    fn begin_step(&mut self) -> Result<()> {
        if self.is_reptile {
            self.task = Some(Task::begin(&self.network)?);
        }
        Ok(())
    }

    fn update(&mut self, gradients: &Gradients, learning_rate: f64) -> Result<f64> {
        match &mut self.task {
            Some(task) => task.step(&self.network, gradients, learning_rate),
            None => Ok(self.optimiser.step(&self.network, gradients, learning_rate)?),
        }
    }

    fn end_step(&mut self, progress: &Progress) -> Result<()> {
        if let Some(task) = self.task.take() {
            task.end(&self.network, 1.0 - progress.share)?;
        }
        if let Some((ema, decay)) = &self.ema {
            ema.update(&self.network, *decay, progress.step)?;
        }
        Ok(())
    }
}
