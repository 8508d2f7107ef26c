//! `model critic`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use engine::critic::{Critic, CriticConfig};
use model::evaluate::music::Music;
use model::evaluate::weights_or_shipped;
use model::train::critic::learn::{LearnConfig, Learnt, Loss, Pass, Separation, file, learn};
use model::train::critic::measure::{best_rule_weight, choices, hear, separation, table};
use model::train::critic::trials::{self, TrialsConfig};
use model::train::critic::views::View;
use serde_json::json;

use crate::cli::names::SplitName;
use crate::cli::{use_threads, write_atomically};

/// What to do.
#[derive(clap::Subcommand)]
pub(in crate::cli) enum CriticVerb {
    /// Make trials: calls, what the composer went on with, and what Antiphon answers
    #[command(
        after_help = "Example, for the three splits:\n  model critic trials --data prepared --split train --out train.trials"
    )]
    Trials(TrialsArgs),
    /// Train a critic on trials
    #[command(after_help = "Example:\n  model critic train --train train.trials --valid valid.trials --out my.critic")]
    Train(TrainArgs),
    /// Say how well a critic tells answers, and what the answers are like that it chooses
    #[command(after_help = "Example:\n  model critic measure --critic my.critic --trials test.trials")]
    Measure(MeasureArgs),
}

/// Of which music.
#[derive(clap::Args)]
pub(in crate::cli) struct TrialsArgs {
    /// A folder that `model prepare` wrote
    #[arg(long)]
    data: PathBuf,
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Which part of the music
    #[arg(long, value_enum, default_value = "train")]
    split: SplitName,
    /// Pairs of phrases, at most
    #[arg(long, default_value_t = 2500)]
    pairs: usize,
    /// Answers to each call as it is written
    #[arg(long, default_value_t = 2)]
    written: u32,
    /// Answers to each call as it is heard when hands play it
    #[arg(long, default_value_t = 1)]
    played: u32,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
    /// Calls to work on at once; all processor cores when not given
    #[arg(long)]
    threads: Option<usize>,
}

/// How to train.
#[derive(clap::Args)]
pub(in crate::cli) struct TrainArgs {
    /// Trials of training pieces
    #[arg(long)]
    train: PathBuf,
    /// Trials of other pieces, which choose the pass and the weight of the rules
    #[arg(long)]
    valid: PathBuf,
    /// The critic to write; nothing is written when not given
    #[arg(long)]
    out: Option<PathBuf>,
    /// What is descended
    #[arg(long, value_enum, default_value = "both")]
    loss: LossName,
    /// What the critic sees; only the engine's view can be written
    #[arg(long, value_enum, default_value = "tonic")]
    view: ViewName,
    /// Passes over the trials
    #[arg(long, default_value_t = LearnConfig::default().passes)]
    passes: usize,
    /// Trials of a step
    #[arg(long, default_value_t = LearnConfig::default().batch_size)]
    batch_size: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = LearnConfig::default().learning_rate)]
    learning_rate: f64,
    /// Another seed makes other random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Widths of the four convolutions and of the hidden layer
    #[arg(long, value_delimiter = ',', value_name = "A,B,C,D,HIDDEN")]
    widths: Option<Vec<usize>>,
    /// Train on each second piece only: the first half, or the second, for critics that share nothing
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=1))]
    half: Option<u8>,
    /// Threads; all processor cores when not given
    #[arg(long)]
    threads: Option<usize>,
}

/// What to measure.
#[derive(clap::Args)]
pub(in crate::cli) struct MeasureArgs {
    /// The critic that chooses; the plugin's own when not given
    #[arg(long)]
    critic: Option<PathBuf>,
    /// Trials of pieces that it has not seen, with several answers each
    #[arg(long)]
    trials: PathBuf,
    /// Another critic, of other pieces, which says whether it is fooled
    #[arg(long)]
    witness: Option<PathBuf>,
    /// Write the results as JSON to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LossName {
    /// Binary cross-entropy of each answer alone
    Bce,
    /// The composer's answer against ours to the same call
    Pairwise,
    /// The mean of both
    Both,
    /// Wasserstein distance, with matrices of bounded singular values
    Wasserstein,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ViewName {
    /// Piano rolls from the tonic of the call on
    Tonic,
    /// Piano rolls from C on, moved to all keys
    Pitch,
    /// Mel spectra of rendered sound
    Mel,
}

/// Does it.
pub(in crate::cli) fn run(verb: CriticVerb) -> Result<()> {
    match verb {
        CriticVerb::Trials(args) => run_trials(&args),
        CriticVerb::Train(args) => run_train(&args),
        CriticVerb::Measure(args) => run_measure(&args),
    }
}

fn run_trials(args: &TrialsArgs) -> Result<()> {
    use_threads(args.threads)?;
    let weights = Arc::new(weights_or_shipped(args.weights.as_deref())?);
    let music = Music::open(&args.data, false)?;
    let TrialsArgs { split, pairs: n_pairs, written: n_written, played: n_played, .. } = *args;
    let bar = indicatif::ProgressBar::new(0);
    let on_made = |n: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(n as u64);
    };
    let made =
        trials::make(&weights, &music, TrialsConfig { split: split.into(), n_pairs, n_written, n_played }, on_made)?;
    bar.finish_and_clear();
    trials::write(&args.out, &made)?;
    println!("{}: {} trials", args.out.display(), made.len());
    Ok(())
}

fn run_train(args: &TrainArgs) -> Result<()> {
    use_threads(args.threads)?;
    let (mut train, valid) = (trials::read(&args.train)?, trials::read(&args.valid)?);
    if let Some(half) = args.half {
        let of = |piece: &str| piece.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) >> 7;
        train.retain(|trial| of(&trial.piece) == half);
    }
    let config = LearnConfig {
        loss: match args.loss {
            LossName::Bce => Loss::Bce,
            LossName::Pairwise => Loss::Pairwise,
            LossName::Both => Loss::Both,
            LossName::Wasserstein => Loss::Wasserstein,
        },
        view: match args.view {
            ViewName::Tonic => View::Tonic,
            ViewName::Pitch => View::Pitch,
            ViewName::Mel => View::Mel,
        },
        critic: match args.widths.as_deref() {
            None => CriticConfig::SHIPPED,
            Some(&[a, b, c, d, hidden]) => CriticConfig { widths: [a, b, c, d], hidden },
            Some(_) => bail!("--widths takes five numbers, as in --widths 24,40,80,80,64"),
        },
        passes: args.passes,
        batch_size: args.batch_size.max(1),
        learning_rate: args.learning_rate,
        seed: args.seed,
    };
    config.critic.check().map_err(anyhow::Error::msg)?;
    println!(
        "{} trials to train on, {} to choose by\npass    loss  paired    area  distance",
        train.len(),
        valid.len()
    );
    let learnt = learn(&train, &valid, &config, |Pass { number, loss, valid }| {
        println!("{number:>4}{loss:>8.4}{:>8.4}{:>8.4}{:>10.4}", valid.paired, valid.area, valid.distance);
    })?;
    match &args.out {
        Some(out) => write(out, &learnt, &config, &valid, train.len()),
        None => Ok(()),
    }
}

/// Chooses the weight of the rules, and writes the file.
fn write(out: &Path, learnt: &Learnt, config: &LearnConfig, valid: &[trials::Trial], n_train: usize) -> Result<()> {
    let training = format!(
        "{:?} loss, {} passes of {n_train} trials, seed {}; `model critic train`",
        config.loss, config.passes, config.seed
    );
    let alone = Arc::new(Critic::parse(&file(learnt, config, &training, 0.0)?)?);
    let said = hear(&alone, valid);
    let rule_weight = best_rule_weight(&said);
    let bytes = file(learnt, config, &training, rule_weight)?;
    write_atomically(out, &bytes)?;
    let (network, both) = (separation(&said, 0.0), separation(&said, rule_weight));
    println!(
        "{}: {} bytes; in 8 bits, paired {:.4}; with the rules at {rule_weight}, {:.4}",
        out.display(),
        bytes.len(),
        network.paired,
        both.paired
    );
    Ok(())
}

fn run_measure(args: &MeasureArgs) -> Result<()> {
    let load = |path: &Path| -> Result<Arc<Critic>> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Arc::new(Critic::parse(&bytes).with_context(|| format!("{} is not a sound critic", path.display()))?))
    };
    let critic = match &args.critic {
        Some(path) => load(path)?,
        None => Arc::new(Critic::parse(engine::critic::BUILT_IN)?),
    };
    let witness = args.witness.as_deref().map(load).transpose()?;
    let all = trials::read(&args.trials)?;
    let rule_weight = critic.header().rule_weight;
    let mut report = Vec::new();
    for is_played in [false, true] {
        let some: Vec<trials::Trial> = all.iter().filter(|trial| trial.is_played == is_played).cloned().collect();
        if some.is_empty() {
            continue;
        }
        let said = hear(&critic, &some);
        let (network, both) = (separation(&said, 0.0), separation(&said, rule_weight));
        let rows = choices(&some, &said, rule_weight, witness.as_ref());
        let how = if is_played { "played and heard" } else { "as written" };
        println!("{} calls {how}", some.len());
        for (name, Separation { paired, area, .. }) in [("network", network), ("with the rules", both)] {
            println!("{name:28}paired {paired:.4}, area {area:.4}");
        }
        println!("\n{}", table(&rows));
        report.push(json!({"calls": how, "n": some.len(), "paired": network.paired, "area": network.area,
            "paired_with_rules": both.paired, "area_with_rules": both.area, "rule_weight": rule_weight, "rows": rows}));
    }
    if let Some(path) = &args.json {
        write_atomically(path, serde_json::to_string_pretty(&report)?.as_bytes())?;
    }
    Ok(())
}
