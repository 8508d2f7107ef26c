//! Training: a prepared folder becomes a network, or a better one.
//!
//! [`train()`] is `model train` without the command line. What it is made of can be had without a folder: a [`Trainer`] moves a
//! [`Learner`] down the gradients of an [`Objective`], batch by batch, and calls its [`Hooks`] to be stopped, to show how far it
//! is, to measure what is held out and to keep what was learnt. `distil`, `adapt` and `benchmark jsb` are the same loop with
//! another objective, learner or hooks.
//!
//! Reading order: `config` (what can be chosen), `objective` (what is descended), `learner` (what learns), `hooks` (who is told),
//! `trainer` (the loop), `bits`, `log`, `loss_picture` (how it goes), `checkpoint`, `start`, `folder` (what is kept), `reptile`,
//! `distil`, which is a training with another objective, and `critic`, which trains another network.

pub mod bits;
pub mod checkpoint;
pub mod config;
pub mod critic;
pub mod distil;
mod folder;
pub mod hooks;
pub mod learner;
pub mod log;
pub mod loss_picture;
pub mod objective;
pub mod reptile;
mod start;
pub mod trainer;

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::data::batch::Batch;
use crate::data::corpus::Split;
use crate::data::dataset::Dataset;
use crate::optim::Schedule;
use folder::RunFolder;
use log::Log;

pub use config::{ComputeType, DeviceKind, Size, Start, TrainConfig};
pub use hooks::{End, Hooks, Monitor, Progress, Save, Unwatched};
pub use learner::{FullNetwork, Learner};
pub use objective::{Likelihood, Objective};
pub use trainer::{Trainer, TrainerConfig};

/// Validation during training looks at about this many notes, whatever is trained on, so that results compare from run
/// to run.
pub(crate) const VALID_NOTES: usize = 40_000;
pub(crate) const VALID_LENGTH: usize = 256;
pub(crate) const VALID_BATCH_SIZE: usize = 8;
/// A line of the log every this many steps.
const LOG_EVERY: u64 = 50;
/// A checkpoint at least this often.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(300);

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// Why.
    pub end: End,
    /// How far it came; `best_valid` is in bits per note.
    pub progress: Progress,
}

/// Trains until the budget ends, validation no longer gets better, or the monitor asks for an end.
///
/// # Errors
/// When the data or an earlier checkpoint does not fit, the disk fails, or the loss stops being a number.
pub fn train(config: &TrainConfig, monitor: &mut dyn Monitor) -> Result<Summary> {
    let likelihood = Likelihood::default();
    run(config, likelihood.clone(), likelihood, monitor)
}

/// As [`train()`], by another objective.
///
/// # Errors
/// As [`train()`], or when the objective fails.
pub fn train_by(config: &TrainConfig, objective: impl Objective, monitor: &mut dyn Monitor) -> Result<Summary> {
    run(config, objective, Likelihood::default(), monitor)
}

/// `likelihood` is what validation measures, and shares its memory with the objective if that is one too.
fn run(
    config: &TrainConfig,
    objective: impl Objective,
    likelihood: Likelihood,
    monitor: &mut dyn Monitor,
) -> Result<Summary> {
    config.check()?;
    let device = config.device()?;
    let dataset = Dataset::open(&config.data, &config.sampling)?;
    let valid_length = VALID_LENGTH.min(config.size.config().n_context);
    let valid: Vec<Batch> = dataset.sample(Split::Valid, VALID_NOTES, VALID_BATCH_SIZE, valid_length).collect();
    ensure!(!valid.is_empty(), "{} holds no validation pieces; prepare more files", config.data.display());

    std::fs::create_dir_all(&config.out).with_context(|| format!("cannot make {}", config.out.display()))?;
    let valid_sample = format!("{VALID_NOTES} notes in crops of {valid_length}");
    let at = start::start(config, &dataset, &device, valid_sample)?;
    #[expect(clippy::cast_precision_loss, reason = "to be read")]
    let millions = at.state.config.n_parameters() as f64 / 1e6;
    monitor.say(&format!(
        "{millions:.1} M parameters, {} notes to train on, {} styles; {} minutes from step {}",
        dataset.n_notes(Split::Train),
        at.state.styles.len(),
        config.max_minutes,
        at.state.step
    ));
    let measures = ["valid_bits", "valid_shift", "valid_pitch", "valid_duration", "valid_velocity"];
    let resumed_step = (config.start == Start::Resume).then_some(at.state.step);
    let log = Log::open(config.out.join("log.csv"), &measures, resumed_step)?;
    let way_out = format!(
        "{} is the last good checkpoint: go on with --resume and a --learning-rate lower than {}",
        config.out.join("last").display(),
        config.learning_rate
    );

    let (seed, batch_size, length) = (at.state.seed, config.batch_size, config.sequence_length()?);
    let mut learner = FullNetwork::new(at.network, at.optimiser);
    learner.ema = at.average.zip(config.ema_decay);
    learner.is_reptile = config.reptile.is_some();
    let mut trainer = Trainer {
        config: TrainerConfig {
            learning_rate: config.learning_rate,
            // Reptile goes less far by and by instead.
            schedule: if learner.is_reptile { Schedule::Trunk } else { config.schedule() },
            dropout: config.dropout,
            dropout_seed: seed,
            max_minutes: config.max_minutes,
            max_notes: config.max_notes,
            max_steps: None,
            valid_every: config.valid_every,
            log_every: LOG_EVERY,
            patience: config.patience,
            checkpoint_every: CHECKPOINT_EVERY,
            way_out: way_out.clone(),
        },
        learner,
        objective,
        batches: Box::new(|step| match config.reptile {
            Some(n) => dataset.task(seed, step, n.get(), batch_size, length),
            None => vec![dataset.train_batch(seed, step, batch_size, length)],
        }),
        progress: Progress {
            step: at.state.step,
            notes_seen: at.state.notes_seen,
            minutes: at.state.minutes,
            best_valid: at.state.best_valid_bits,
            ..Progress::default()
        },
    };
    let mut folder = RunFolder {
        path: config.out.clone(),
        log,
        valid,
        likelihood,
        state: at.state,
        monitor: &mut *monitor,
        way_out,
    };
    let end = trainer.train(&mut folder)?;
    let progress = trainer.progress;
    monitor.say(&format!(
        "{} after {} steps and {} notes; best validation {}",
        match end {
            End::Budget => "Done",
            End::NoLongerBetter => "Validation no longer gets better: done",
            End::Stopped => "Stopped",
        },
        progress.step,
        progress.notes_seen,
        progress.best_valid.map_or("not yet measured".to_owned(), |bits| format!(
            "{bits:.3} bits per note, in {}",
            config.out.join("best").display()
        )),
    ));
    Ok(Summary { end, progress })
}
