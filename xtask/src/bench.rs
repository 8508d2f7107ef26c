//! Benchmarks, each beside a peer where there is one.

mod peer;
mod train;

use anyhow::Result;
use clap::Subcommand;

/// Which benchmark.
#[derive(Subcommand)]
pub(crate) enum Benchmark {
    /// Training steps of our trainer and of the same network in PyTorch, in turns.
    Train(train::Options),
}

/// Runs it.
///
/// # Errors
/// When a program that takes part cannot be built, installed or run.
pub(crate) fn run(benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Train(options) => train::run(options),
    }
}
