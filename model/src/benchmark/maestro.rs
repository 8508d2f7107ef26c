//! MAESTRO (Hawthorne et al. 2019): performances of virtuosos, measured in nats for each token that the usual piano
//! vocabulary spends on them.

use std::path::PathBuf;

use anyhow::Result;

use super::{Row, print_rows};
use crate::corpus::Split;
use crate::evaluate::{EvaluateOptions, evaluate};

const PUBLISHED: [Row; 5] = [
    Row { name: "Music Transformer (v1, validation)", nats: 1.84 },
    Row { name: "Perceiver AR (v1, test)", nats: 1.82 },
    Row { name: "Perceiver AR (v3, test)", nats: 1.91 },
    Row { name: "Transformer, re-implemented (v2)", nats: 1.99 },
    Row { name: "Music Transformer, re-implemented (v2)", nats: 1.92 },
];

/// What to score.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  model prepare --data maestro-v2 --out maestro\n  \
    model train --data maestro --out maestro-run\n  \
    model quantise --checkpoint maestro-run/best --out maestro.antiphon\n  \
    model benchmark maestro --weights maestro.antiphon --data maestro\n\n\
    Weights trained on MAESTRO may be measured, not shipped (CC BY-NC-SA).")]
pub struct MaestroOptions {
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    pub weights: Option<PathBuf>,
    /// MAESTRO as `model prepare` wrote it
    #[arg(long)]
    pub data: PathBuf,
    /// A quick sample of this many notes
    #[arg(long)]
    pub notes: Option<usize>,
}

/// Scores and prints.
pub(super) fn run(options: &MaestroOptions) -> Result<()> {
    let MaestroOptions { weights, data, notes } = options.clone();
    let split = Split::Test;
    let (answers, json, pictures, as_played, instant, threads) = (0, None, None, false, None, None);
    let report = evaluate(&EvaluateOptions {
        weights,
        data,
        split,
        notes,
        answers,
        raw: false,
        json,
        pictures,
        as_played,
        instant,
        conditions: None,
        threads,
    })?;
    println!(
        "{} on {} notes of {} test pieces: {:.3} bits per note (n-gram {:.3}), {:.2} tokens a note",
        report.weights,
        report.n_notes,
        report.n_pieces,
        report.bits_per_note,
        report.ngram_bits_per_note,
        report.tokens_per_note
    );
    let this = Row { name: "these weights, test", nats: report.nats_per_token };
    print_rows("MAESTRO, per token", &std::iter::once(this).chain(PUBLISHED).collect::<Vec<_>>());
    println!(
        "A comparison within limits: these weights predict steps of 1/96 s (published: 1/100), coarser ones for times \
         above a quarter of a second, and no beginnings and ends cut into crops."
    );
    Ok(())
}
