//! Benchmarks, each beside a peer where there is one.

mod engine;
mod picture;

use anyhow::Result;
use clap::Subcommand;

/// Which benchmark.
#[derive(Subcommand)]
pub(crate) enum Benchmark {
    /// Notes of the engine, and of the same network in candle: time, and share of what the memory allows.
    Engine(engine::Options),
}

/// Runs it.
///
/// # Errors
/// When a program that takes part cannot be built, installed or run.
pub(crate) fn run(benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Engine(options) => engine::run(options),
    }
}
