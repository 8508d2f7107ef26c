//! Adapters in training: a network of frozen weights, to which thin matrices add something of low rank.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor, Var};
use engine::Weights;
use engine::pack::{self, Adapter};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::network::Network;
use crate::optim::{AdamW, GradientSource};
use crate::train::Learner;
use crate::train::objective::Gradients;

const STYLES: &str = "embed.style";

/// See the module.
pub(super) struct Adapters {
    /// The network as it is now.
    network: Network,
    /// Its frozen layers.
    base: BTreeMap<String, Tensor>,
    /// `<layer>.a` and `<layer>.b` of each layer, and the new row of the styles.
    parameters: BTreeMap<String, Var>,
    optimiser: AdamW,
    rank: usize,
    /// The new style.
    style: usize,
}

impl Adapters {
    /// Adapters that change nothing yet, and a style that is another one's copy.
    pub(super) fn new(weights: &Weights, like_style: usize, rank: usize, seed: u64) -> Result<Self> {
        let network = Network::of_weights(weights)?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut base, mut parameters) = (BTreeMap::new(), BTreeMap::new());
        for layer in pack::layers(weights.config()) {
            #[expect(clippy::cast_precision_loss, reason = "at most 8192")]
            let spread = (3.0 / layer.columns as f32).sqrt();
            let a: Vec<f32> = (0..rank * layer.columns).map(|_| random.random_range(-spread..spread)).collect();
            let a = Tensor::from_vec(a, (rank, layer.columns), &Device::Cpu)?;
            let b = Tensor::zeros((layer.rows, rank), candle_core::DType::F32, &Device::Cpu)?;
            parameters.insert(format!("{}.a", layer.name), Var::from_tensor(&a)?);
            parameters.insert(format!("{}.b", layer.name), Var::from_tensor(&b)?);
            base.insert(layer.name.clone(), var(&network, &layer.name)?.copy()?);
        }
        let styles = var(&network, STYLES)?.copy()?;
        parameters.insert(STYLES.into(), Var::from_tensor(&styles.get(like_style)?.copy()?)?);
        base.insert(STYLES.into(), styles);
        let optimiser = AdamW::of(&parameters)?;
        let style = weights.header().styles.len();
        Ok(Self { network, base, parameters, optimiser, rank, style })
    }

    /// What was learnt, as a pack holds it.
    pub(super) fn learnt(&self) -> Result<(Vec<f32>, Vec<Adapter>)> {
        let numbers = |tensor: &Tensor| -> Result<Vec<f32>> { Ok(tensor.flatten_all()?.to_vec1()?) };
        let style = numbers(self.parameters.get(STYLES).context("no style")?)?;
        let adapter = |layer: &engine::config::TensorShape| -> Result<Adapter> {
            Ok(Adapter { b: numbers(self.thin(&layer.name, 'b')?)?, a: numbers(self.thin(&layer.name, 'a')?)? })
        };
        let adapters = pack::layers(self.network.config()).iter().map(adapter).collect::<Result<Vec<_>>>()?;
        debug_assert!(adapters.iter().all(|adapter| adapter.a.len().is_multiple_of(self.rank)));
        Ok((style, adapters))
    }

    /// Goes back, or elsewhere.
    pub(super) fn set(&self, style: &[f32], adapters: &[Adapter]) -> Result<()> {
        let set = |name: &str, values: &[f32]| -> Result<()> {
            let var = self.parameters.get(name).with_context(|| format!("no adapter {name}"))?;
            Ok(var.set(&Tensor::from_slice(values, var.shape(), &Device::Cpu)?)?)
        };
        set(STYLES, style)?;
        for (layer, adapter) in pack::layers(self.network.config()).iter().zip(adapters) {
            set(&format!("{}.a", layer.name), &adapter.a)?;
            set(&format!("{}.b", layer.name), &adapter.b)?;
        }
        self.merge()
    }

    fn merge(&self) -> Result<()> {
        for (name, base) in &self.base {
            let merged = if name == STYLES {
                let row = self.parameters.get(STYLES).context("no style")?.unsqueeze(0)?;
                let after = base.dim(0)? - self.style - 1;
                Tensor::cat(&[&base.narrow(0, 0, self.style)?, &row, &base.narrow(0, self.style + 1, after)?], 0)?
            } else {
                (base + self.thin(name, 'b')?.matmul(self.thin(name, 'a')?)?)?
            };
            var(&self.network, name)?.set(&merged)?;
        }
        Ok(())
    }

    fn thin(&self, layer: &str, which: char) -> Result<&Tensor> {
        let name = format!("{layer}.{which}");
        Ok(self.parameters.get(&name).with_context(|| format!("no adapter {name}"))?.as_tensor())
    }
}

impl Learner for Adapters {
    fn network(&self) -> &Network {
        &self.network
    }

    /// By the chain rule: W = W₀ + B A, so dB = dW Aᵀ and dA = Bᵀ dW.
    fn update(&mut self, gradients: &Gradients, learning_rate: f64) -> Result<f64> {
        let mut thin: BTreeMap<String, Tensor> = BTreeMap::new();
        for name in self.base.keys() {
            let gradient = gradients
                .gradient(name, var(&self.network, name)?)
                .with_context(|| format!("no gradient of {name}"))?;
            if name == STYLES {
                thin.insert(name.clone(), gradient.get(self.style)?);
                continue;
            }
            let (a, b) = (self.thin(name, 'a')?, self.thin(name, 'b')?);
            thin.insert(format!("{name}.b"), gradient.matmul(&a.t()?)?);
            thin.insert(format!("{name}.a"), b.t()?.matmul(gradient)?);
        }
        let norm = self.optimiser.step_of(&self.parameters, Some(self.network.config()), &thin, learning_rate)?;
        if norm.is_finite() {
            self.merge()?;
        }
        Ok(norm)
    }
}

fn var<'a>(network: &'a Network, name: &str) -> Result<&'a Var> {
    network.parameters().get(name).with_context(|| format!("the network has no {name}"))
}
