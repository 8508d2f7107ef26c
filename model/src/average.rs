//! The exponential moving average of the weights over the last steps (Polyak and Juditsky 1992). It wavers less than the
//! weights themselves, and so is what validation measures and the plugin plays.

use std::collections::BTreeMap;

use candle_core::{Result, Var};

use crate::network::Network;

/// Averages by the names of their parameters.
#[derive(Clone, Debug)]
pub struct Average {
    values: BTreeMap<String, Var>,
}

impl Average {
    /// Begins with the weights as they are.
    ///
    /// # Errors
    /// When memory fails.
    pub fn new(network: &Network) -> Result<Self> {
        let copies = network.parameters().iter().map(|(name, var)| Ok((name.clone(), Var::from_tensor(&var.copy()?)?)));
        Ok(Self { values: copies.collect::<Result<_>>()? })
    }

    /// As left by an earlier run.
    #[must_use]
    pub fn from_values(values: BTreeMap<String, Var>) -> Self {
        Self { values }
    }

    /// Every parameter's average.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, Var> {
        &self.values
    }

    /// Moves the averages to the weights after `step` steps, keeping `decay` of them; less in the first steps, whose
    /// weights are soon out of date.
    ///
    /// # Errors
    /// When the network has other parameters.
    pub fn update(&self, network: &Network, decay: f64, step: u64) -> Result<()> {
        #[expect(clippy::cast_precision_loss, reason = "a count of steps")]
        let keep = decay.min((step as f64 + 1.0) / (step as f64 + 10.0));
        self.approach(network, keep)
    }

    /// Moves the averages towards the weights, keeping `keep` of them.
    ///
    /// # Errors
    /// When the network has other parameters.
    pub fn approach(&self, network: &Network, keep: f64) -> Result<()> {
        for (name, var) in network.parameters() {
            let Some(average) = self.values.get(name) else { candle_core::bail!("there is no average of {name}") };
            average.set(&((average.as_tensor() * keep)? + (var.as_tensor() * (1.0 - keep))?)?)?;
        }
        Ok(())
    }
}
