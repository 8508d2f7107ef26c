//! MAESTRO (Hawthorne et al. 2019): performances of virtuosos, measured in nats for each token that the usual piano
//! vocabulary spends on them.

use std::path::PathBuf;

use anyhow::Result;

use super::Row;
use crate::evaluate::{EvaluateConfig, Report, evaluate};

/// Published results, per token.
pub const PUBLISHED: [Row; 5] = [
    Row { name: "Music Transformer (v1, validation)", nats: 1.84 },
    Row { name: "Perceiver AR (v1, test)", nats: 1.82 },
    Row { name: "Perceiver AR (v3, test)", nats: 1.91 },
    Row { name: "Transformer, re-implemented (v2)", nats: 1.99 },
    Row { name: "Music Transformer, re-implemented (v2)", nats: 1.92 },
];

/// What to score.
#[derive(Clone, Debug)]
pub struct MaestroConfig {
    /// A weight file; the plugin's own weights when not given.
    pub weights: Option<PathBuf>,
    /// MAESTRO as `model prepare --without-ear` wrote it.
    pub data: PathBuf,
    /// A quick sample of this many notes.
    pub notes: Option<usize>,
}

/// Scores the test pieces.
///
/// # Errors
/// As [`evaluate`].
pub fn maestro(config: &MaestroConfig) -> Result<Report> {
    let MaestroConfig { weights, data, notes } = config.clone();
    evaluate(&EvaluateConfig { weights, notes, ..EvaluateConfig::new(data) })
}
