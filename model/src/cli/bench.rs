//! `model bench`.

use anyhow::Result;
use model::bench::{self, BenchConfig};

use super::names::SizeName;
use super::renamed::{RenamedBatch, RenamedLength};
use super::use_threads;

/// What to train.
#[derive(clap::Args)]
#[command(
    after_help = "Prints the network's sizes, then waits: for every line that it reads, it takes one step (forward, \
    backward, clipping, Muon and AdamW) on a batch of random notes, and prints its seconds and its loss."
)]
pub(super) struct BenchArgs {
    /// Size of the network
    #[arg(long, value_enum, default_value = "nano")]
    size: SizeName,
    /// Crops in a batch
    #[arg(long, default_value_t = 8)]
    batch_size: usize,
    /// Notes in a crop; the network's context when not given
    #[arg(long)]
    sequence_length: Option<usize>,
    /// Threads; all cores when not given
    #[arg(long)]
    threads: Option<usize>,
    /// Instead of waiting for lines, take so many steps in turn with plain matrix products, and say what share of the
    /// machine's rate training reaches
    #[arg(long)]
    rounds: Option<usize>,
    #[command(flatten)]
    _rows: RenamedBatch,
    #[command(flatten)]
    _steps: RenamedLength,
}

/// Takes steps until the input ends.
pub(super) fn run(args: &BenchArgs) -> Result<()> {
    use_threads(args.threads)?;
    let BenchArgs { size, batch_size, sequence_length, rounds, .. } = *args;
    bench::run(&BenchConfig { size: size.into(), batch_size, sequence_length, rounds })
}
