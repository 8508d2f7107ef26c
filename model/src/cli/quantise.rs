//! `model quantise`.

use std::path::PathBuf;

use anyhow::Result;
use model::export::quantise::{QuantiseOptions, Summary, quantise};

/// What to write, and what to write about it.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  model quantise --checkpoint run/best --name \"My style\" --out my-style.antiphon\n\n\
    Next: model evaluate --weights my-style.antiphon --data prepared"
)]
pub(super) struct QuantiseArgs {
    /// The folder `best` or `last` of `model train`
    #[arg(long)]
    checkpoint: PathBuf,
    /// The weight file to write
    #[arg(long)]
    out: PathBuf,
    /// Name shown in the plugin
    #[arg(long, default_value = "Untitled")]
    name: String,
    /// Licence of the weights; follows from the music's
    #[arg(long, default_value = "All rights reserved")]
    licence: String,
    /// Who must be named for the music
    #[arg(long, default_value = "")]
    credits: String,
    /// Keep 32-bit floats instead, to measure what 8 bits cost
    #[arg(long)]
    floats: bool,
    /// Music to measure what 8 bits cost on: a folder as `model evaluate` takes it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Notes of it to measure on
    #[arg(long, default_value_t = 20_000)]
    notes: usize,
}

/// Writes the weight file and prints what 8 bits cost.
pub(super) fn run(args: QuantiseArgs) -> Result<()> {
    let QuantiseArgs { checkpoint, out, name, licence, credits, floats, data, notes } = args;
    let options = QuantiseOptions { checkpoint, out, name, licence, credits, floats, data, notes };
    let Summary { n_bytes, n_float_bytes, worst: (name, error), bits_per_note } = quantise(&options)?;
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = n_bytes as f64 / n_float_bytes as f64;
    println!("{}: {n_bytes} bytes, {ratio:.3} of {n_float_bytes} bytes in 32-bit floats", options.out.display());
    if !options.floats {
        println!("Largest rounding error of a tensor: {:.2} % of its root mean square, in {name}", 100.0 * error);
    }
    if let Some([floats, written]) = bits_per_note {
        let change = 100.0 * (written / floats - 1.0);
        println!(
            "Held-out music: {floats:.4} bits per note in 32-bit floats, {written:.4} as written ({change:+.3} %)"
        );
    }
    Ok(())
}
