//! A checkpoint becomes a weight file that the plugin can load.

use std::path::PathBuf;

use anyhow::{Context, Result};
use candle_core::Device;
use engine::Weights;
use engine::config::{TensorKind, TensorShape};
use engine::weights::{self, Header, Precision};

use crate::checkpoint::Checkpoint;

/// What to write, and what to write about it.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Example:\n  model quantise --checkpoint run/best --name \"My style\" --out my-style.antiphon\n\n\
    Next: model evaluate --weights my-style.antiphon --data prepared"
)]
pub struct QuantiseOptions {
    /// The folder `best` or `last` of `model train`
    #[arg(long)]
    pub checkpoint: PathBuf,
    /// The weight file to write
    #[arg(long)]
    pub out: PathBuf,
    /// Name shown in the plugin
    #[arg(long, default_value = "Untitled")]
    pub name: String,
    /// Licence of the weights; follows from the music's
    #[arg(long, default_value = "All rights reserved")]
    pub licence: String,
    /// Who must be named for the music
    #[arg(long, default_value = "")]
    pub credits: String,
    /// Keep 32-bit floats instead, to measure what 8 bits cost
    #[arg(long)]
    pub floats: bool,
}

/// Writes the weight file and prints what 8 bits cost.
///
/// # Errors
/// When the checkpoint is damaged or the disk does not take the file.
pub fn run(options: &QuantiseOptions) -> Result<()> {
    let checkpoint = Checkpoint::load(&options.checkpoint, &Device::Cpu)?;
    let (network, state) = (checkpoint.smoothed(), checkpoint.state);
    let header = Header {
        config: state.config,
        precision: if options.floats { Precision::F32 } else { Precision::Q8 },
        name: options.name.clone(),
        styles: state.styles,
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
        tokeniser: 1,
    };
    let mut worst: Option<(f32, String)> = None;
    let file = weights::write(&header, &mut |shape| -> Result<Vec<f32>> {
        let values = network.parameters().get(&shape.name).with_context(|| format!("no parameter {}", shape.name))?;
        let values: Vec<f32> = values.flatten_all()?.to_vec1()?;
        if !options.floats && shape.kind != TensorKind::Vector {
            let error = rounding_error(shape, &values);
            if worst.as_ref().is_none_or(|(most, _)| error > *most) {
                worst = Some((error, shape.name.clone()));
            }
        }
        Ok(values)
    })?;
    // What is written must be what the plugin reads.
    Weights::parse(&file)?;
    let unfinished = options.out.with_extension("unfinished");
    let failed = || format!("cannot write {}; is the folder there and the disk not full?", options.out.display());
    std::fs::write(&unfinished, &file).with_context(failed)?;
    std::fs::rename(&unfinished, &options.out).with_context(failed)?;

    let floats = 4 * state.config.n_parameters();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = file.len() as f64 / floats as f64;
    println!("{}: {} bytes, {ratio:.3} of {floats} bytes in 32-bit floats", options.out.display(), file.len());
    if let Some((error, name)) = worst {
        println!("Largest rounding error of a tensor: {:.2} % of its root mean square, in {name}", 100.0 * error);
    }
    Ok(())
}

/// Root mean square of what rounding to 8 bits per row changes, as a share of the tensor's own.
fn rounding_error(shape: &TensorShape, values: &[f32]) -> f32 {
    let (mut changed, mut all) = (0.0, 0.0);
    for row in values.chunks(shape.columns) {
        let scale = row.iter().fold(0f32, |max, w| max.max(w.abs())) / 127.0;
        for &w in row {
            let rounded = if scale > 0.0 { (w / scale).round() * scale } else { 0.0 };
            changed += (w - rounded).powi(2);
            all += w * w;
        }
    }
    if all > 0.0 { (changed / all).sqrt() } else { 0.0 }
}
