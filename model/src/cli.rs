//! The command line: options in, text out. What concerns the whole process is here too (Ctrl-C, the pool of threads), so that the
//! library can be called as often as one likes.
//!
//! Reading order: `prepare`, `train`, `distil`, `adapt`, `pack`, `quantise`, `evaluate`, `judge`, `benchmark`, `ear`,
//! `generate` (a verb each), `controls` (the plugin's, as options), `names` (words
//! for values, and options that were called otherwise), `terminal` (progress bar and Ctrl-C).

mod adapt;
mod benchmark;
mod controls;
mod distil;
mod ear;
mod evaluate;
mod generate;
mod judge;
mod names;
mod pack;
mod prepare;
mod quantise;
mod terminal;
mod train;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use model::data::shards::write_atomically;
use model::inspect;

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
    /// Read MIDI and MusicXML files into a folder to train on
    Prepare(prepare::PrepareArgs),
    /// Train a network on a prepared folder
    Train(train::TrainArgs),
    /// Train a network on a prepared folder and on the opinion of a larger network
    Distil(distil::DistilArgs),
    /// Train the critic, which chooses among candidate answers
    #[command(subcommand)]
    Critic(train::critic::CriticVerb),
    /// Learn a player's own style from a handful of MIDI or MusicXML files, as a style pack
    Adapt(adapt::AdaptArgs),
    /// Look into a style pack, or merge it into weights
    #[command(subcommand)]
    Pack(pack::PackVerb),
    /// Turn a checkpoint into a weight file of 8 bits
    Quantise(quantise::QuantiseArgs),
    /// Measure weights on music they have not seen
    Evaluate(evaluate::EvaluateArgs),
    /// Say how well answers can be told from what composers wrote, and by what
    Judge(judge::JudgeArgs),
    /// Let people say which answers they like better, without knowing whose they are
    #[command(subcommand)]
    Listen(judge::listen::ListenVerb),
    /// Measure this trainer, or weights, on test sets with published numbers
    #[command(subcommand)]
    Benchmark(benchmark::Benchmark),
    /// Count what is usual in scores, for the ear
    Ear(ear::EarArgs),
    /// Write a piece, or the answer to a call, as a MIDI file or a score
    Generate(generate::GenerateArgs),
    /// Look into a MIDI or MusicXML file, a weight file or a prepared folder
    #[command(after_help = "Examples:\n  model inspect phrase.mid\n  model inspect phrase.mid --dump | less\n  \
        model inspect my.antiphon\n  model inspect prepared")]
    Inspect {
        /// A MIDI or MusicXML file, a weight file, a style pack, or a folder that `model prepare` wrote
        file: PathBuf,
        /// Print a music file's notes as NOTE_ON pitch velocity, NOTE_OFF pitch and TIME_SHIFT ticks (48 to the beat)
        #[arg(long)]
        dump: bool,
    },
    /// Set music as a score: a MIDI file, a take or another score, as MusicXML
    #[command(after_help = "Examples:\n  model score take.mid\n  model score phrase.mid -o phrase.mxl\n\n\
        Answers of Antiphon and what is written on a grid are set exactly, what hands played as the ear hears it.")]
    Score {
        /// A MIDI or MusicXML file
        file: PathBuf,
        /// The file to write: .musicxml, or .mxl (compressed); the file's own name with .musicxml when not given
        #[arg(short, long)]
        out: Option<PathBuf>,
    },
    /// Let the user choose music in a window of the system, for the plugin
    #[command(hide = true)]
    Choose(adapt::choose::ChooseArgs),
    /// Take training steps on random notes, to be timed
    Bench(benchmark::ThroughputArgs),
}

/// Does what the command line says.
pub(crate) fn run() -> Result<()> {
    match Cli::parse().verb {
        Verb::Prepare(args) => prepare::run(args),
        Verb::Train(args) => train::run(args),
        Verb::Distil(args) => distil::run(args),
        Verb::Critic(verb) => train::critic::run(verb),
        Verb::Adapt(args) => adapt::run(args),
        Verb::Pack(verb) => pack::run(&verb),
        Verb::Quantise(args) => quantise::run(args),
        Verb::Evaluate(args) => evaluate::run(args),
        Verb::Judge(args) => judge::run(args),
        Verb::Listen(verb) => judge::listen::run(verb),
        Verb::Benchmark(benchmark) => benchmark::run(benchmark),
        Verb::Ear(args) => ear::run(args),
        Verb::Generate(args) => generate::run(args),
        Verb::Inspect { file, dump } => {
            print!("{}", inspect::describe(&file, dump)?);
            Ok(())
        }
        Verb::Score { file, out } => score(&file, out),
        Verb::Choose(args) => adapt::choose::run(&args),
        Verb::Bench(args) => benchmark::run_throughput(&args),
    }
}

/// Reads a file of music, and writes it as a score.
fn score(path: &Path, out: Option<PathBuf>) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("cannot open {}", path.display()))?;
    let music::file::MusicFile { score, left_out, .. } =
        music::file::read(&bytes).with_context(|| format!("cannot set {}", path.display()))?;
    let out = out.unwrap_or_else(|| path.with_extension("musicxml"));
    ensure!(out != path, "{} would be written over; name another file with --out", path.display());
    write_atomically(&out, &music::file::write(&score, ending(&out))?)?;
    if !left_out.is_empty() {
        println!("left out: {}", music::file::summary(&left_out));
    }
    println!("{}: {} notes in {} parts", out.display(), score.n_notes(), score.parts.len());
    Ok(())
}

/// How the name of a file ends, without the dot.
fn ending(path: &Path) -> &str {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}

/// Threads of this process from here on; all cores when not given.
fn use_threads(threads: Option<usize>) -> Result<()> {
    let Some(threads) = threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")
}
