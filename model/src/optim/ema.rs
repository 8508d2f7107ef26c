//! The exponential moving average (EMA) of the weights over the last steps (Polyak and Juditsky 1992; Izmailov et al. 2018).
//! It wavers less than the weights themselves, and so is what validation measures and the plugin plays.

use std::collections::BTreeMap;

use candle_core::{Result, Var};

use crate::network::Network;

/// Averages by the names of their parameters, each of its parameter's shape.
#[derive(Clone, Debug)]
pub struct Ema {
    values: BTreeMap<String, Var>,
}

impl Ema {
    /// Begins with the weights as they are.
    ///
    /// # Errors
    /// When memory fails.
    pub fn new(network: &Network) -> Result<Self> {
        Ok(Self { values: network.copy()?.parameters().clone() })
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

    /// The network of the averaged weights, which follows this average.
    #[must_use]
    pub fn network(&self, like: &Network) -> Network {
        like.with_parameters(self.values.clone())
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

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use engine::ModelConfig;

    use super::*;

    fn first(parameters: &BTreeMap<String, Var>) -> f32 {
        parameters["norm.gain"].to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn an_average_follows_fast_at_first_and_then_keeps_its_decay() {
        let network = Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap();
        let ema = Ema::new(&network).unwrap();
        let gain = &network.parameters()["norm.gain"];
        gain.set(&gain.ones_like().unwrap().affine(3.0, 0.0).unwrap()).unwrap();
        assert!((first(ema.values()) - 1.0).abs() < 1e-6, "a copy");
        ema.update(&network, 0.9, 0).unwrap();
        assert!((first(ema.values()) - 2.8).abs() < 1e-6, "a tenth is kept");
        ema.update(&network, 0.9, 100_000).unwrap();
        assert!((first(ema.values()) - 2.82).abs() < 1e-6, "nine tenths are kept");
        assert!((first(ema.network(&network).parameters()) - 2.82).abs() < 1e-6);
    }
}
