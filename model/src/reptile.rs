//! Reptile (Nichol, Achiam and Schulman 2018, "On First-Order Meta-Learning Algorithms"): weights from which a few steps
//! lead to any one composer. Each task trains a while on one style alone, then the weights go a part of that way.

use anyhow::{Result, ensure};

use crate::average::Average;
use crate::network::Network;
use crate::optimiser::AdamW;

/// Lets `train` take steps on one task, with an optimiser that has seen nothing else, and leaves the network at `share`
/// of the way from where it was to where they led: 0 for not at all, 1 for all of it.
///
/// # Errors
/// When `train` does, or memory fails.
pub fn learn(network: &Network, share: f64, train: impl FnOnce(&mut AdamW) -> Result<()>) -> Result<()> {
    ensure!((0.0..=1.0).contains(&share), "the share of a task must be 0 to 1, not {share}");
    let start = Average::new(network)?;
    train(&mut AdamW::new(network)?)?;
    start.approach(network, 1.0 - share)?;
    for (name, var) in network.parameters() {
        if let Some(value) = start.values().get(name) {
            var.set(value)?;
        }
    }
    Ok(())
}
