//! A training run on disk: a folder of safetensors files of at most 16 MiB, and an index in the manner of Hugging Face's
//! that names them and holds the run's state.
//!
//! The files are named by what is in them, and the index is replaced in one step when all of them are there. So a full
//! disk or a kill leaves the checkpoint that was there before, and a damaged file is noticed.

mod files;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor, Var};
use engine::ModelConfig;
use serde::{Deserialize, Serialize};

use crate::data::dataset::SamplingPolicy;
use crate::network::Network;
use crate::optim::{AdamW, Ema};

/// All about a run that is not a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Sizes of the network.
    pub config: ModelConfig,
    /// Steps taken.
    pub step: u64,
    /// Notes trained on, counted every time they were seen.
    pub notes_seen: u64,
    /// Minutes of training, of all runs together.
    #[serde(default)]
    pub minutes: f64,
    /// Which music was drawn how often, in the last of them.
    #[serde(default)]
    pub sampling: SamplingPolicy,
    /// Best bits per note on validation pieces so far.
    pub best_valid_bits: Option<f64>,
    /// What those were measured on.
    #[serde(default)]
    pub valid_sample: String,
    /// Of the random choices.
    pub seed: u64,
    /// Names of the styles; index 0 is any.
    pub styles: Vec<String>,
    /// Of the prepared data.
    pub fingerprint: String,
    /// How it was trained, in words; every stage of it.
    pub options: String,
}

impl State {
    /// Notes down the settings from here on, if they are new.
    pub fn begin_stage(&mut self, settings: &str) {
        if self.options.is_empty() {
            settings.clone_into(&mut self.options);
        } else if !self.options.ends_with(settings) {
            self.options = format!("{}; from step {} {settings}", self.options, self.step);
        }
    }
}

/// A run at one of its steps.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The weights after the last step.
    pub network: Network,
    /// What the optimiser remembers.
    pub optimiser: AdamW,
    /// Of the weights, when the run keeps one.
    pub average: Option<Ema>,
    /// All else.
    pub state: State,
}

impl Checkpoint {
    /// The network to measure and to play: the averaged weights, if there are any.
    #[must_use]
    pub fn smoothed(&self) -> Network {
        match &self.average {
            Some(average) => average.network(&self.network),
            None => self.network.clone(),
        }
    }

    /// Writes the checkpoint into a folder of its own, in the place of one that is there.
    ///
    /// # Errors
    /// When the disk does not take it, or the weights are not numbers any more. What was there before is still good then.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
        let mut squares = Vec::new();
        for (name, var) in self.network.parameters() {
            squares.push(var.sqr()?.sum_all()?);
            tensors.insert(name.clone(), var.as_tensor().clone());
        }
        let size = Tensor::stack(&squares, 0)?.sum_all()?.to_scalar::<f32>()?;
        ensure!(size.is_finite(), "the weights are no longer numbers; {} was left as it is", folder.display());
        for (name, (mean, mean_square)) in self.optimiser.moments() {
            tensors.insert(format!("mean.{name}"), mean.as_tensor().clone());
            tensors.insert(format!("mean_square.{name}"), mean_square.as_tensor().clone());
        }
        for (name, average) in self.average.iter().flat_map(Ema::values) {
            tensors.insert(format!("average.{name}"), average.as_tensor().clone());
        }
        files::write(folder, &tensors, &self.state)
            .with_context(|| format!("cannot write the checkpoint {}; is the disk full?", folder.display()))
    }

    /// Reads a checkpoint: a folder, or a single file as earlier versions wrote it.
    ///
    /// # Errors
    /// When it is not a whole checkpoint.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let damaged = || format!("{} is not a whole checkpoint of `model train`", path.display());
        let (tensors, state): (_, State) = files::read(path, device).with_context(damaged)?;
        state.config.check().map_err(anyhow::Error::msg).with_context(damaged)?;
        let mut shapes = Network::all_shapes(&state.config);
        // Those that predict levels are not in every checkpoint.
        shapes.retain(|shape| !shape.name.starts_with("levels.") || tensors.contains_key(&shape.name));
        let of = |prefix: &str| -> Result<BTreeMap<String, Var>> {
            let mut found = BTreeMap::new();
            for shape in shapes.clone() {
                let name = format!("{prefix}{}", shape.name);
                let tensor = tensors.get(&name).with_context(|| format!("{} lacks {name}", path.display()))?;
                let is_right = tensor.elem_count() == shape.rows * shape.columns;
                ensure!(is_right, "{}: {name} has a wrong size", path.display());
                found.insert(shape.name, Var::from_tensor(tensor)?);
            }
            Ok(found)
        };
        let weights = of("")?;
        let network = Network::of_shapes(state.config, shapes.clone(), device, |shape| {
            weights.get(&shape.name).map_or_else(|| Ok(Vec::new()), |t| t.flatten_all()?.to_vec1())
        })?;
        let mut squares = of("mean_square.")?;
        let means = of("mean.")?.into_iter();
        let moments = means.filter_map(|(name, mean)| squares.remove(&name).map(|square| (name, (mean, square))));
        let optimiser = AdamW::from_moments(moments.collect(), u32::try_from(state.step).unwrap_or(u32::MAX));
        let has_average = tensors.keys().any(|name| name.starts_with("average."));
        let average = if has_average { Some(Ema::from_values(of("average.")?)) } else { None };
        Ok(Self { network, optimiser, average, state })
    }
}
