//! The `model` command: from MIDI files to a style that the plugin plays.
#![forbid(unsafe_code)]

use anyhow::Result;
use clap::{Parser, Subcommand};
use model::{adapt, bench, benchmark, distil, evaluate, generate, inspect, pack, prepare, quantise, train};

#[derive(Parser)]
#[command(
    version,
    about,
    long_about = "Trains styles for Antiphon.\n\nThe steps, in order: prepare, train, evaluate, quantise; \
    then generate to listen, and inspect to look into any file on the way."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Read MIDI files into a folder to train on
    Prepare {
        #[command(flatten)]
        options: prepare::PrepareOptions,
        #[command(flatten)]
        filters: prepare::Filters,
    },
    /// Train a network on a prepared folder
    Train(train::TrainOptions),
    /// Train a network on a prepared folder and on the opinion of a larger network
    Distil(distil::DistilOptions),
    /// Learn a player's own style from a handful of MIDI files, as a style pack
    Adapt(adapt::AdaptOptions),
    /// Look into a style pack, or merge it into weights
    #[command(subcommand)]
    Pack(pack::PackVerb),
    /// Turn a checkpoint into a weight file of 8 bits
    Quantise(quantise::QuantiseOptions),
    /// Measure weights on music they have not seen
    Evaluate(evaluate::EvaluateOptions),
    /// Measure this trainer, or weights, on test sets with published numbers
    #[command(subcommand)]
    Benchmark(benchmark::Benchmark),
    /// Write a piece, or the continuation of a call, as a MIDI file
    Generate(generate::GenerateOptions),
    /// Look into a MIDI file, a weight file or a prepared folder
    Inspect(inspect::InspectOptions),
    /// Take training steps on random notes, to be timed
    Bench(bench::BenchOptions),
}

fn main() -> Result<()> {
    match Cli::parse().verb {
        Verb::Prepare { options, filters } => prepare::run(&options, &filters),
        Verb::Train(options) => train::run(&options),
        Verb::Distil(options) => distil::run(&options),
        Verb::Adapt(options) => adapt::run(&options),
        Verb::Pack(verb) => pack::run(&verb),
        Verb::Quantise(options) => quantise::run(&options),
        Verb::Evaluate(options) => evaluate::run(&options),
        Verb::Benchmark(benchmark) => benchmark::run(&benchmark),
        Verb::Generate(options) => generate::run(&options),
        Verb::Inspect(options) => inspect::run(&options),
        Verb::Bench(options) => bench::run(&options),
    }
}
