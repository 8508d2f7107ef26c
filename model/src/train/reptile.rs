//! Reptile (Nichol, Achiam and Schulman 2018, "On First-Order Meta-Learning Algorithms"): weights from which a few steps
//! lead to any one composer. Each task trains a while on one style alone, then the weights go a part of that way.

use anyhow::{Result, ensure};

use crate::network::Network;
use crate::optim::{AdamW, Ema, GradientSource};

/// Steps on one task, with an optimiser that has seen nothing else.
#[derive(Debug)]
pub struct Task {
    /// The weights where it began.
    start: Ema,
    optimiser: AdamW,
}

impl Task {
    /// Begins at the network's weights.
    ///
    /// # Errors
    /// When memory fails.
    pub fn begin(network: &Network) -> Result<Self> {
        Ok(Self { start: Ema::new(network)?, optimiser: AdamW::new(network)? })
    }

    /// One step on the task. Returns the gradient's norm, as [`AdamW::step`] does.
    ///
    /// # Errors
    /// When a parameter has no gradient.
    pub fn step(&mut self, network: &Network, gradients: &impl GradientSource, learning_rate: f64) -> Result<f64> {
        Ok(self.optimiser.step(network, gradients, learning_rate)?)
    }

    /// Leaves the network at `share` of the way from where it was to where the steps led: 0 for not at all, 1 for all of it.
    ///
    /// # Errors
    /// When the share is not from 0 to 1, or memory fails.
    pub fn end(self, network: &Network, share: f64) -> Result<()> {
        ensure!((0.0..=1.0).contains(&share), "the share of a task must be 0 to 1, not {share}");
        self.start.approach(network, 1.0 - share)?;
        for (name, var) in network.parameters() {
            if let Some(value) = self.start.values().get(name) {
                var.set(value)?;
            }
        }
        Ok(())
    }
}
