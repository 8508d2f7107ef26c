//! Where a run begins: a new network, already saved, or a checkpoint if it fits.

use std::path::Path;

use anyhow::{Result, bail};
use candle_core::Device;
use engine::ModelConfig;

use super::checkpoint::{Checkpoint, State};
use super::config::{Start, TrainConfig};
use crate::data::dataset::Dataset;
use crate::network::Network;
use crate::optim::{AdamW, Ema};

/// The checkpoint to go on from, set up as `config` says. `valid_sample` is what it will be measured on.
pub(super) fn start(
    config: &TrainConfig,
    dataset: &Dataset,
    device: &Device,
    valid_sample: String,
) -> Result<Checkpoint> {
    let size = config.size.config();
    let settings = config.settings()?;
    // Earlier versions wrote a single file.
    let places = ["last", "last.safetensors"].map(|name| config.out.join(name));
    let last = places.iter().find(|place| place.exists());
    let mut at = match (&config.start, last) {
        (Start::Resume, Some(last)) => of_same_data(last, size, dataset, device)?,
        (Start::Resume, None) => {
            bail!("there is no {} to go on from; leave out --resume to begin", places[0].display())
        }
        (_, Some(last)) => bail!("{} is there already; go on with --resume, or give another --out", last.display()),
        (Start::Branch(trunk), None) => {
            let mut at = of_same_data(trunk, size, dataset, device)?;
            (at.average, at.state.best_valid_bits) = (None, None);
            at
        }
        (Start::Random, None) => new(config, dataset, Network::new(size, config.seed, device)?, (0, String::new()))?,
        (Start::From(path), None) => {
            let Checkpoint { network, state, .. } = of_size(path, size, device)?;
            let before = (state.notes_seen, format!("{} notes of other music", state.notes_seen));
            new(config, dataset, network, before)?
        }
    };
    at.optimiser.set_matrix_decay(config.matrix_decay);
    at.state.sampling = config.sampling.clone();
    at.network = at.network.with_kernels(config.kernels(device));
    at.average = match (config.ema_decay, at.average) {
        (None, _) => None,
        (Some(_), Some(average)) => Some(average),
        (Some(_), None) => Some(Ema::new(&at.network)?),
    };
    at.state.begin_stage(&settings);
    // What was best on another sample may not be best on this one.
    if at.state.valid_sample != valid_sample {
        at.state.best_valid_bits = None;
        at.state.valid_sample = valid_sample;
    }
    if config.start != Start::Resume {
        // Better now than after minutes: the disk is there, and there is something to go back to.
        at.save(&places[0])?;
    }
    Ok(at)
}

/// A network that has seen no note of this data; of other music, so many, and words on it.
fn new(
    config: &TrainConfig,
    dataset: &Dataset,
    network: Network,
    (notes_seen, before): (u64, String),
) -> Result<Checkpoint> {
    let state = State {
        config: config.size.config(),
        step: 0,
        notes_seen,
        minutes: 0.0,
        sampling: config.sampling.clone(),
        best_valid_bits: None,
        valid_sample: String::new(),
        seed: config.seed,
        styles: dataset.styles().to_vec(),
        fingerprint: dataset.fingerprint().to_owned(),
        options: before,
    };
    Ok(Checkpoint { optimiser: AdamW::new(&network)?, network, average: None, state })
}

/// A checkpoint of a network of these sizes.
fn of_size(path: &Path, size: ModelConfig, device: &Device) -> Result<Checkpoint> {
    let at = Checkpoint::load(path, device)?;
    if at.state.config != size {
        bail!("{} is a network of {:?}, not {size:?}; choose its --size", path.display(), at.state.config);
    }
    Ok(at)
}

/// The same, if it was trained on this data.
fn of_same_data(path: &Path, size: ModelConfig, dataset: &Dataset, device: &Device) -> Result<Checkpoint> {
    let at = of_size(path, size, device)?;
    if at.state.fingerprint != dataset.fingerprint() {
        bail!(
            "{} was trained on other data (fingerprint {}, now {}); give the same --data, or another --out to start anew",
            path.display(),
            at.state.fingerprint,
            dataset.fingerprint()
        );
    }
    Ok(at)
}
