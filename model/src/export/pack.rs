//! Style packs looked into, and merged into whole weights.

use std::path::Path;

use anyhow::{Context, Result};
use engine::{Pack, Precision};

use crate::adapt;
use crate::data::shards;

/// Writes whole weights with a pack in them, to evaluate or generate with; into `base`, or the plugin's own weights when not given.
/// Returns the bytes of the file.
///
/// # Errors
/// When a file cannot be read or written, or is refused.
pub fn merge(file: &Path, base: Option<&Path>, out: &Path, precision: Precision) -> Result<usize> {
    let merged = load(file)?.merged(&adapt::base(base)?, precision)?;
    shards::write_atomically(out, &merged)?;
    Ok(merged.len())
}

/// Reads a pack.
///
/// # Errors
/// When the file cannot be read, or is refused.
pub fn load(file: &Path) -> Result<Pack> {
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
