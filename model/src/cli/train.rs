//! `model train`, and the training of the critic.

pub(super) mod critic;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Result;
use model::train::{Start, TrainConfig, train};

use super::names::{DeviceName, PrecisionName, RenamedRate, SamplingArgs, ShapeArgs};
use super::terminal::Terminal;
use super::use_threads;

/// How to train.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model train --data prepared --out run --minutes 90\n\n\
    Stops at its budget, when validation no longer gets better, or at Ctrl-C, always with two checkpoints in --out:\n\
    best and last. Go on with --resume. Next: model quantise --checkpoint run/best")]
pub(super) struct TrainArgs {
    /// The folder that `model prepare` wrote
    #[arg(long)]
    data: PathBuf,
    /// The folder for checkpoints, log.csv and loss.svg
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Highest learning rate
    #[arg(long, default_value_t = 1.5e-3)]
    learning_rate: f64,
    /// Share of activations dropped against overfitting; less or none when the data is seen only a few times
    #[arg(long, default_value_t = 0.1)]
    dropout: f32,
    /// Train for this long; the learning rate falls in the last quarter
    #[arg(long, alias = "minutes", default_value_t = 90.0)]
    max_minutes: f64,
    /// Stop after this many notes, if that comes earlier
    #[arg(long)]
    max_notes: Option<u64>,
    /// Another seed makes other random choices; a resumed run keeps its own
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Go on from the checkpoint `last` in --out, with a new budget
    #[arg(long)]
    resume: bool,
    /// Begin with the weights of this checkpoint, whatever music it has learnt, instead of random ones
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "resume")]
    from: Option<PathBuf>,
    /// Keep the learning rate full to the end, for a run that is gone on with and branched from
    #[arg(long, conflicts_with = "branch")]
    trunk: bool,
    /// Go on from this checkpoint of a trunk (its `last`), which stays as it is, with a learning rate that falls from the
    /// beginning to the end of the budget
    #[arg(long, value_name = "CHECKPOINT", conflicts_with_all = ["resume", "from"])]
    branch: Option<PathBuf>,
    /// Weight decay of the matrices inside the network, as a share of the learning rate
    #[arg(long, default_value_t = model::optim::WEIGHT_DECAY)]
    matrix_decay: f64,
    /// Which music is drawn how often
    #[command(flatten)]
    sampling: SamplingArgs,
    /// Threads; all cores when not given
    #[arg(long)]
    threads: Option<usize>,
    /// Look at validation pieces every this many steps
    #[arg(long, default_value_t = 400)]
    valid_every: u64,
    /// Stop when this many validations in a row bring nothing better
    #[arg(long, default_value_t = 12)]
    patience: u32,
    /// Measure and play an average of the weights that keeps this share of itself at every step, such as 0.999
    #[arg(long)]
    average: Option<f64>,
    /// Prepare the weights for `model adapt` (Reptile; an experiment, see EXPERIMENTS.md): a step trains this many batches
    /// of one style alone, and the weights go a part of that way, all of it at first and less and less
    #[arg(long)]
    reptile: Option<NonZeroUsize>,
    /// Where to compute; cuda needs a build with `--features cuda`
    #[arg(long, value_enum, default_value = "cpu")]
    device: DeviceName,
    /// Numbers to compute with; the weights themselves are always f32
    #[arg(long, value_enum, default_value = "f32")]
    precision: PrecisionName,
    #[command(flatten)]
    _rate: RenamedRate,
}

impl TrainArgs {
    /// The same as the library takes it, and how many threads.
    pub(super) fn config(self) -> (TrainConfig, Option<usize>) {
        let start = match (self.resume, self.from, self.branch) {
            (true, ..) => Start::Resume,
            (false, Some(from), _) => Start::From(from),
            (false, None, Some(trunk)) => Start::Branch(trunk),
            (false, None, None) => Start::Random,
        };
        let config = TrainConfig {
            data: self.data,
            out: self.out,
            size: self.shape.size.into(),
            batch_size: self.shape.batch_size,
            sequence_length: self.shape.sequence_length,
            learning_rate: self.learning_rate,
            dropout: self.dropout,
            max_minutes: self.max_minutes,
            max_notes: self.max_notes,
            seed: self.seed,
            start,
            trunk: self.trunk,
            matrix_decay: self.matrix_decay,
            sampling: self.sampling.into(),
            valid_every: self.valid_every,
            patience: self.patience,
            ema_decay: self.average,
            reptile: self.reptile,
            device: self.device.into(),
            compute_type: self.precision.into(),
        };
        (config, self.threads)
    }
}

/// Trains until the budget ends, or Ctrl-C.
pub(super) fn run(args: TrainArgs) -> Result<()> {
    let (config, threads) = args.config();
    use_threads(threads)?;
    train(&config, &mut Terminal::listening()?)?;
    Ok(())
}
