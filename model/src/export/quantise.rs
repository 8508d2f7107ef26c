//! A checkpoint becomes a weight file that the plugin can load, with a report of what 8 bits cost.

use std::path::PathBuf;

use anyhow::{Context, Result};
use candle_core::Device;
use engine::Weights;
use engine::weights::{self, Header, Precision, rounding_error};

use crate::data::shards;
use crate::evaluate::{EvaluateConfig, evaluate};
use crate::network::Network;
use crate::train::checkpoint::{Checkpoint, State};

/// What to write, and what to write about it.
#[derive(Clone, Debug)]
pub struct QuantiseOptions {
    /// The folder `best` or `last` of `model train`.
    pub checkpoint: PathBuf,
    /// The weight file to write.
    pub out: PathBuf,
    /// Name shown in the plugin.
    pub name: String,
    /// Licence of the weights; follows from the music's.
    pub licence: String,
    /// Who must be named for the music.
    pub credits: String,
    /// Keep 32-bit floats instead, to measure what 8 bits cost.
    pub floats: bool,
    /// Music to measure what 8 bits cost on: a folder as `model evaluate` takes it.
    pub data: Option<PathBuf>,
    /// Notes of it to measure on.
    pub notes: usize,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Bytes of the weight file.
    pub n_bytes: usize,
    /// Bytes of the network in 32-bit floats.
    pub n_float_bytes: usize,
    /// The tensor that rounding changes most, and by which share of its root mean square.
    pub worst: (String, f32),
    /// Held-out bits per note in 32-bit floats and as written, if there was music to measure on.
    pub bits_per_note: Option<[f64; 2]>,
}

/// Writes the weight file and measures what 8 bits cost.
///
/// # Errors
/// When the checkpoint is damaged, the disk does not take the file, or the music cannot be read.
pub fn quantise(options: &QuantiseOptions) -> Result<Summary> {
    let checkpoint = Checkpoint::load(&options.checkpoint, &Device::Cpu)?;
    let (network, state) = (checkpoint.smoothed(), checkpoint.state);
    let precision = if options.floats { Precision::F32 } else { Precision::Q8 };
    let file = weight_file(options, &network, &state, precision)?;
    shards::write_atomically(&options.out, &file)?;

    let mut worst = (String::new(), 0.0);
    for shape in state.config.tensors() {
        let error = rounding_error(&shape, &values(&network, &shape.name)?);
        if error > worst.1 {
            worst = (shape.name, error);
        }
    }
    let bits_per_note = match &options.data {
        None => None,
        Some(data) => {
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let floats = folder.path().join("floats.antiphon");
            std::fs::write(&floats, weight_file(options, &network, &state, Precision::F32)?)
                .context("cannot write a temporary file; is the disk full?")?;
            let bits = |weights: &PathBuf| -> Result<f64> {
                let config = EvaluateConfig {
                    weights: Some(weights.clone()),
                    notes: Some(options.notes),
                    // Rounding what goes into the layers is part of the cost.
                    cache_weight: Some(0.0),
                    ..EvaluateConfig::new(data)
                };
                Ok(evaluate(&config)?.bits_per_note)
            };
            Some([bits(&floats)?, bits(&options.out)?])
        }
    };
    Ok(Summary { n_bytes: file.len(), n_float_bytes: 4 * state.config.n_parameters(), worst, bits_per_note })
}

fn weight_file(options: &QuantiseOptions, network: &Network, state: &State, precision: Precision) -> Result<Vec<u8>> {
    let header = Header {
        config: state.config,
        precision,
        name: options.name.clone(),
        styles: state.styles.clone(),
        licence: options.licence.clone(),
        credits: options.credits.clone(),
        training: format!(
            "{} notes seen in {} steps ({}); best validation {:.3} bits per note; data {}",
            state.notes_seen,
            state.step,
            state.options,
            state.best_valid_bits.unwrap_or(f64::NAN),
            state.fingerprint
        ),
        tokeniser: engine::weights::TOKENISER,
    };
    let file = weights::write(&header, &mut |shape| values(network, &shape.name))?;
    // What is written must be what the plugin reads.
    Weights::parse(&file)?;
    Ok(file)
}

fn values(network: &Network, name: &str) -> Result<Vec<f32>> {
    let values = network.parameters().get(name).with_context(|| format!("no parameter {name}"))?;
    Ok(values.flatten_all()?.to_vec1()?)
}
