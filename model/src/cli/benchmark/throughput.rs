//! `model bench`.

use anyhow::Result;
use model::benchmark::throughput::{self, ThroughputConfig};

use crate::cli::names::ShapeArgs;
use crate::cli::use_threads;

/// What to train.
#[derive(clap::Args)]
#[command(
    after_help = "Prints the network's sizes, then waits: for every line that it reads, it takes one step (forward, \
    backward, clipping, Muon and AdamW) on a batch of random notes, and prints its seconds and its loss."
)]
pub(in crate::cli) struct ThroughputArgs {
    #[command(flatten)]
    shape: ShapeArgs,
    /// Threads; all cores when not given
    #[arg(long)]
    threads: Option<usize>,
    /// Instead of waiting for lines, take so many steps in turn with plain matrix products, and say what share of the
    /// machine's rate training reaches
    #[arg(long)]
    rounds: Option<usize>,
}

/// Takes steps until the input ends.
pub(in crate::cli) fn run(args: &ThroughputArgs) -> Result<()> {
    use_threads(args.threads)?;
    let ShapeArgs { size, batch_size, sequence_length, .. } = args.shape;
    throughput::run(&ThroughputConfig { size: size.into(), batch_size, sequence_length, rounds: args.rounds })
}
