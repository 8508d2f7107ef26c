//! `model pack`.

use std::path::PathBuf;

use anyhow::Result;
use engine::Precision;
use model::export::pack;

/// What to do with a pack.
#[derive(clap::Subcommand)]
pub(super) enum PackVerb {
    /// Print what a pack says about itself
    Inspect {
        /// The pack
        file: PathBuf,
    },
    /// Write the weights with the pack in them, to evaluate or generate with
    Merge {
        /// The pack
        file: PathBuf,
        /// The weights that it was made for; the plugin's own when not given
        #[arg(long)]
        base: Option<PathBuf>,
        /// The weight file to write
        #[arg(long)]
        out: PathBuf,
        /// Keep 32-bit floats instead of 8 bits, to measure what those cost
        #[arg(long)]
        floats: bool,
    },
}

/// Does it.
pub(super) fn run(verb: &PackVerb) -> Result<()> {
    match verb {
        PackVerb::Inspect { file } => print!("{}", pack::describe(&pack::load(file)?)),
        PackVerb::Merge { file, base, out, floats } => {
            let precision = if *floats { Precision::F32 } else { Precision::Q8 };
            let n_bytes = pack::merge(file, base.as_deref(), out, precision)?;
            println!("{}: {n_bytes} bytes", out.display());
        }
    }
    Ok(())
}
