//! The loop, the only one: steps, validation, checkpoints, and an end at a budget, a stop or a failure.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::bits::Bits;
use super::hooks::{End, Hooks, Progress, Save};
use super::learner::Learner;
use super::objective::{Loss, Objective};
use crate::batch::Batch;
use crate::ops::Dropout;
use crate::optim::Schedule;

/// How to train, whatever learns.
#[derive(Clone, Debug)]
pub struct TrainerConfig {
    /// Highest learning rate.
    pub learning_rate: f64,
    /// How it goes through the budget.
    pub schedule: Schedule,
    /// Share of activations dropped against overfitting.
    pub dropout: f32,
    /// Which are dropped at a step follows from this and the step.
    pub dropout_seed: u64,
    /// The budget of this run: minutes, more than 0.
    pub max_minutes: f64,
    /// Notes of this run, if that comes earlier.
    pub max_notes: Option<u64>,
    /// Steps of this run, if that comes earlier.
    pub max_steps: Option<u64>,
    /// Steps from one validation to the next, at least 1.
    pub valid_every: u64,
    /// Steps from one line of the log to the next, at least 1.
    pub log_every: u64,
    /// Validations in a row without anything better that end the run.
    pub patience: u32,
    /// A checkpoint at least this often; and at each validation.
    pub checkpoint_every: Duration,
    /// What to do when numbers overflow, for the error.
    pub way_out: String,
}

/// Trains. After [`Trainer::train`], `learner` and `progress` are as it left them.
pub struct Trainer<'a, L, O> {
    /// How.
    pub config: TrainerConfig,
    /// What learns.
    pub learner: L,
    /// What is descended.
    pub objective: O,
    /// The batches of a step, given its number. Only what Reptile learns takes several.
    pub batches: Box<dyn FnMut(u64) -> Vec<Batch> + 'a>,
    /// What was before this run.
    pub progress: Progress,
}

impl<L: fmt::Debug, O: fmt::Debug> fmt::Debug for Trainer<'_, L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, learner, objective, progress, .. } = self;
        f.debug_struct("Trainer")
            .field("config", config)
            .field("learner", learner)
            .field("objective", objective)
            .field("progress", progress)
            .finish_non_exhaustive()
    }
}

impl<L: Learner, O: Objective> Trainer<'_, L, O> {
    /// Trains until the budget ends, validation no longer gets better, or the hooks ask for an end.
    ///
    /// # Errors
    /// When the loss is no longer a number, or a hook fails.
    pub fn train(&mut self, hooks: &mut impl Hooks<L>) -> Result<End> {
        let (started, before) = (Instant::now(), self.progress);
        let (mut last_checkpoint, mut worse_in_a_row) = (Instant::now(), 0);
        let minutes = || started.elapsed().as_secs_f64() / 60.0;
        (self.progress.run_notes, self.progress.run_minutes, self.progress.recent) = (0, 0.0, Bits::default());
        let end = loop {
            self.progress.share = self.share(minutes(), self.progress.step - before.step);
            if hooks.should_stop() {
                break End::Stopped;
            }
            if self.progress.share >= 1.0 {
                break End::Budget;
            }
            self.step()?;
            self.progress.run_minutes = minutes();
            self.progress.minutes = before.minutes + self.progress.run_minutes;
            hooks.on_step(&self.progress);
            let step = self.progress.step;
            let (validates, logs) =
                (step.is_multiple_of(self.config.valid_every), step.is_multiple_of(self.config.log_every));
            if validates {
                worse_in_a_row = if self.validate(hooks)? { 0 } else { worse_in_a_row + 1 };
            } else if logs {
                hooks.log(&self.progress)?;
            }
            if validates || last_checkpoint.elapsed() > self.config.checkpoint_every {
                hooks.checkpoint(&mut self.learner, &self.progress, Save::Last)?;
                last_checkpoint = Instant::now();
            }
            if worse_in_a_row >= self.config.patience {
                break End::NoLongerBetter;
            }
            if logs {
                self.progress.recent = Bits::default();
            }
        };
        if end != End::Stopped && self.progress.recent.n_events() > 0.0 {
            self.progress.learning_rate = 0.0;
            self.validate(hooks)?;
        }
        hooks.checkpoint(&mut self.learner, &self.progress, Save::Last)?;
        Ok(end)
    }

    /// How much of the budget is used.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    fn share(&self, minutes: f64, run_steps: u64) -> f64 {
        let used = |n: u64, max: Option<u64>| max.map_or(0.0, |max| n as f64 / max.max(1) as f64);
        let Self { config, progress, .. } = self;
        let notes = used(progress.run_notes, config.max_notes);
        (minutes / config.max_minutes).max(notes).max(used(run_steps, config.max_steps))
    }

    /// One step: its batches, one after another.
    fn step(&mut self) -> Result<()> {
        let Self { config, learner, objective, batches, progress } = self;
        let step = progress.step;
        let learning_rate = config.learning_rate * config.schedule.factor(step, progress.share);
        let mut n_notes = 0.0;
        learner.begin_step()?;
        for (part, batch) in batches(step).iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
            let seed = (step ^ (config.dropout_seed << 16) ^ ((part as u64) << 24)) as u32;
            let dropout = (config.dropout > 0.0).then_some(Dropout { rate: config.dropout, seed });
            let Loss { nats, gradients } = objective.gradients(learner.network(), batch, dropout)?;
            let norm = learner.update(&gradients, learning_rate)?;
            ensure!(
                norm.is_finite() && nats.iter().sum::<f64>().is_finite(),
                "at step {step}, the loss is no longer a number; {}",
                config.way_out
            );
            objective.after_update(learner.network(), batch)?;
            progress.recent.add(nats, batch);
            n_notes += batch.n_events();
        }
        learner.end_step(progress)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of notes")]
        let n_notes = n_notes as u64;
        progress.learning_rate = learning_rate;
        progress.step += 1;
        progress.notes_seen += n_notes;
        progress.run_notes += n_notes;
        Ok(())
    }

    /// Measures, and keeps the best. Returns whether this is the best.
    fn validate(&mut self, hooks: &mut impl Hooks<L>) -> Result<bool> {
        let valid = hooks.validate(&mut self.learner, &self.progress)?;
        let is_better = self.progress.best_valid.is_none_or(|best| valid < best);
        if is_better {
            self.progress.best_valid = Some(valid);
            hooks.checkpoint(&mut self.learner, &self.progress, Save::Best)?;
        }
        Ok(is_better)
    }
}
