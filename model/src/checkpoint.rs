//! A training run on disk: one safetensors file of weights and optimiser moments, its state as JSON in the metadata.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor, Var};
use engine::ModelConfig;
use serde::{Deserialize, Serialize};

use crate::network::Network;
use crate::optimiser::AdamW;

/// All about a run that is not a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Sizes of the network.
    pub config: ModelConfig,
    /// Steps taken.
    pub step: u64,
    /// Notes trained on, counted every time they were seen.
    pub notes_seen: u64,
    /// Best bits per note on validation pieces so far.
    pub best_valid_bits: Option<f64>,
    /// Of the random choices.
    pub seed: u64,
    /// Names of the styles; index 0 is any.
    pub styles: Vec<String>,
    /// Of the prepared data.
    pub fingerprint: String,
    /// How it was trained, in words.
    pub options: String,
}

const STATE_KEY: &str = "antiphon";

/// Writes a checkpoint beside `path` first, so that an interruption leaves the old one whole.
///
/// # Errors
/// When the disk does not take it.
pub fn save(path: &Path, network: &Network, optimiser: &AdamW, state: &State) -> Result<()> {
    let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
    for (name, var) in network.parameters() {
        tensors.insert(name.clone(), var.as_tensor().clone());
    }
    for (name, (mean, mean_square)) in optimiser.moments() {
        tensors.insert(format!("mean.{name}"), mean.as_tensor().clone());
        tensors.insert(format!("mean_square.{name}"), mean_square.as_tensor().clone());
    }
    let metadata = HashMap::from([(STATE_KEY.to_owned(), serde_json::to_string(state)?)]);
    let unfinished = path.with_extension("unfinished");
    let failed = || format!("cannot write the checkpoint {}; is the disk full?", path.display());
    safetensors::serialize_to_file(tensors, Some(metadata), &unfinished).with_context(failed)?;
    std::fs::rename(&unfinished, path).with_context(failed)
}

/// Reads a checkpoint: the network, its optimiser, and the state.
///
/// # Errors
/// When the file is not a whole checkpoint.
pub fn load(path: &Path, device: &Device) -> Result<(Network, AdamW, State)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the checkpoint {}", path.display()))?;
    let damaged = || format!("{} is not a whole checkpoint of `model train`", path.display());
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).with_context(damaged)?;
    let state = metadata.metadata().as_ref().and_then(|m| m.get(STATE_KEY)).with_context(damaged)?;
    let state: State = serde_json::from_str(state).with_context(damaged)?;
    state.config.check().map_err(anyhow::Error::msg).with_context(damaged)?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, device).with_context(damaged)?;
    let tensor = |name: &str| tensors.get(name).with_context(|| format!("{} lacks {name}", path.display()));

    let mut moments = BTreeMap::new();
    for shape in state.config.tensors() {
        let name = &shape.name;
        let (mean, mean_square) = (tensor(&format!("mean.{name}"))?, tensor(&format!("mean_square.{name}"))?);
        for tensor in [tensor(name)?, mean, mean_square] {
            ensure!(tensor.elem_count() == shape.rows * shape.columns, "{}: {name} has a wrong size", path.display());
        }
        moments.insert(name.clone(), (Var::from_tensor(mean)?, Var::from_tensor(mean_square)?));
    }
    let network = Network::from_values(state.config, device, |shape| {
        tensors.get(&shape.name).map_or_else(|| Ok(Vec::new()), |t| t.flatten_all()?.to_vec1())
    })?;
    let steps = u32::try_from(state.step).unwrap_or(u32::MAX);
    Ok((network, AdamW::from_moments(moments, steps), state))
}
