//! The running average of a network's weights, which predicts better than any of the networks it averages
//! (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization").

use candle_core::{Device, Result};

use crate::network::Network;

/// How much of the average stays at each step, once there is one.
const KEEP: f64 = 0.998;

/// A network that follows another.
pub(super) struct Average {
    network: Network,
    steps: u32,
}

impl Average {
    /// Begins at `network`.
    pub(super) fn new(network: &Network) -> Result<Self> {
        Ok(Self { network: copy(network)?, steps: 0 })
    }

    /// Moves towards `network`, fast at first.
    pub(super) fn follow(&mut self, network: &Network) -> Result<()> {
        self.steps += 1;
        let keep = KEEP.min(f64::from(self.steps) / f64::from(self.steps + 10));
        for (average, now) in self.network.parameters().values().zip(network.parameters().values()) {
            average.set(&((average.as_tensor() * keep)? + (now.as_tensor() * (1.0 - keep))?)?)?;
        }
        Ok(())
    }

    /// The average.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }
}

/// A network of the same values that no longer changes with the first.
pub(super) fn copy(network: &Network) -> Result<Network> {
    let parameters = network.parameters();
    Network::of_shapes(*network.config(), network.shapes(), &Device::Cpu, |shape| match parameters.get(&shape.name) {
        Some(values) => values.flatten_all()?.to_vec1(),
        None => candle_core::bail!("the network has no parameter {}", shape.name),
    })
}
