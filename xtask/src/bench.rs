//! Benchmarks, each beside a peer where there is one.

mod engine;
mod peer;
mod picture;
mod plugin;
mod train;

use anyhow::Result;
use clap::Subcommand;

/// Which benchmark.
#[derive(Subcommand)]
pub(crate) enum Benchmark {
    /// Notes of the engine, and of the same network in candle, llama.cpp and ONNX Runtime.
    Engine(engine::Options),
    /// Training steps of our trainer and of the same network in PyTorch, in turns.
    Train(train::Options),
    /// The release plugin in a host: times, late notes, memory, each beside its limit.
    Plugin(plugin::Options),
}

/// Runs it.
///
/// # Errors
/// When a program that takes part cannot be built, installed or run.
pub(crate) fn run(benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Engine(options) => engine::run(options),
        Benchmark::Train(options) => train::run(options),
        Benchmark::Plugin(options) => plugin::run(options),
    }
}
