//! Style packs looked into, and merged into whole weights.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use engine::{Pack, Precision};

use crate::{adapt, shards};

/// What to do with a pack.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum PackVerb {
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
///
/// # Errors
/// When a file cannot be read or written, or is refused.
pub fn run(verb: &PackVerb) -> Result<()> {
    match verb {
        PackVerb::Inspect { file } => print!("{}", describe(&load(file)?)),
        PackVerb::Merge { file, base, out, floats } => {
            let precision = if *floats { Precision::F32 } else { Precision::Q8 };
            let merged = load(file)?.merged(&adapt::base(base.as_deref())?, precision)?;
            shards::write_atomically(out, &merged)?;
            println!("{}: {} bytes", out.display(), merged.len());
        }
    }
    Ok(())
}

fn load(file: &Path) -> Result<Pack> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot open {}", file.display()))?;
    Pack::parse(&bytes).with_context(|| format!("cannot use {}", file.display()))
}

/// What a pack says about itself.
#[must_use]
pub fn describe(pack: &Pack) -> String {
    let header = pack.header();
    format!(
        "name       {}\nauthor     {}\nlicence    {}\nfor        {}, {}\nadapters   rank {}\nsources    {}: {}\n\n{}",
        header.name,
        header.author,
        header.licence,
        header.base,
        header.base_sha256,
        header.rank,
        header.sources.len(),
        header.sources.join(", "),
        header.card
    )
}
