//! The loop, the only one: steps, validation, checkpoints, and an end at a budget, a stop or a failure.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::bits::Bits;
use super::hooks::{End, Hooks, Progress, Save};
use super::learner::Learner;
use super::objective::{Loss, Objective};
use crate::data::batch::Batch;
use crate::network::ops::Dropout;
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
        let (mut last_checkpoint, mut worse_in_a_row, mut is_logged) = (Instant::now(), 0, false);
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
            if std::mem::take(&mut is_logged) {
                self.progress.recent = Bits::default();
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
            is_logged = logs;
            if worse_in_a_row >= self.config.patience {
                break End::NoLongerBetter;
            }
        };
        let is_validated =
            self.progress.step == before.step || self.progress.step.is_multiple_of(self.config.valid_every);
        if end != End::Stopped && !is_validated {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use candle_core::Device;
    use engine::ModelConfig;

    use super::super::objective::Gradients;
    use super::*;
    use crate::network::Network;

    /// Moves nothing, and says that its gradient had this norm.
    struct Still(Network, f64);

    impl Learner for Still {
        fn network(&self) -> &Network {
            &self.0
        }

        fn update(&mut self, _: &Gradients, _: f64) -> Result<f64> {
            Ok(self.1)
        }
    }

    /// Costs nothing, and counts how often it learnt itself, as a critic would.
    #[derive(Default)]
    struct Critic {
        n_updates: u32,
    }

    impl Objective for Critic {
        fn gradients(&mut self, _: &Network, _: &Batch, _: Option<Dropout>) -> Result<Loss> {
            Ok(Loss { nats: [1.0; 4], gradients: Gradients::Named(BTreeMap::new()) })
        }

        fn after_update(&mut self, _: &Network, _: &Batch) -> Result<()> {
            self.n_updates += 1;
            Ok(())
        }
    }

    /// Writes down what is called, and measures what it was given to.
    struct Diary {
        calls: Vec<String>,
        measures: Vec<f64>,
    }

    impl Hooks<Still> for Diary {
        fn log(&mut self, progress: &Progress) -> Result<()> {
            self.calls.push(format!("log {}", progress.step));
            Ok(())
        }

        fn validate(&mut self, _: &mut Still, progress: &Progress) -> Result<f64> {
            self.calls.push(format!("validate {}", progress.step));
            Ok(self.measures.remove(0))
        }

        fn checkpoint(&mut self, _: &mut Still, progress: &Progress, which: Save) -> Result<()> {
            self.calls.push(format!("{which:?} {}", progress.step));
            Ok(())
        }
    }

    fn trainer(max_steps: u64, norm: f64) -> Trainer<'static, Still, Critic> {
        let config = TrainerConfig {
            learning_rate: 1.0,
            schedule: Schedule::Trunk,
            dropout: 0.0,
            dropout_seed: 0,
            max_minutes: f64::MAX,
            max_notes: None,
            max_steps: Some(max_steps),
            valid_every: 2,
            log_every: 3,
            patience: 2,
            checkpoint_every: Duration::MAX,
            way_out: "rest".to_owned(),
        };
        let batches = Box::new(|_| vec![crate::benchmark::throughput::random_batch(1, 4); 2]);
        let learner = Still(Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap(), norm);
        Trainer { config, learner, objective: Critic::default(), batches, progress: Progress::default() }
    }

    #[test]
    fn hooks_are_called_when_they_are_due() {
        let (mut trainer, mut diary) = (trainer(5, 1.0), Diary { calls: Vec::new(), measures: vec![3.0, 4.0, 2.0] });
        assert_eq!(trainer.train(&mut diary).unwrap(), End::Budget);
        let expected = "validate 2, Best 2, Last 2, log 3, validate 4, Last 4, validate 5, Best 5, Last 5".split(", ");
        assert_eq!(diary.calls, expected.collect::<Vec<_>>());
        let Progress { step, notes_seen, best_valid, recent, .. } = trainer.progress;
        assert_eq!((step, notes_seen, best_valid, recent.n_events()), (5, 5 * 8, Some(2.0), 2.0 * 8.0));
        assert_eq!(trainer.objective.n_updates, 2 * 5, "after each batch");
    }

    #[test]
    fn patience_ends_and_a_new_budget_goes_on() {
        let (mut trainer, mut diary) = (trainer(50, 1.0), Diary { calls: Vec::new(), measures: vec![1.0; 3] });
        assert_eq!(trainer.train(&mut diary).unwrap(), End::NoLongerBetter);
        assert_eq!(trainer.progress.step, 6, "the third look is the second in a row that shows nothing better");
        trainer.config.max_steps = Some(1);
        diary.measures = vec![0.5];
        assert_eq!(trainer.train(&mut diary).unwrap(), End::Budget);
        assert_eq!((trainer.progress.step, trainer.progress.run_notes), (7, 8));
        assert_eq!(trainer.progress.best_valid, Some(0.5));
    }

    #[test]
    fn numbers_that_overflow_end_it_before_anything_is_kept() {
        let mut diary = Diary { calls: Vec::new(), measures: Vec::new() };
        let error = trainer(5, f64::NAN).train(&mut diary).unwrap_err().to_string();
        assert!(error.contains("at step 0") && error.contains("rest"), "{error}");
        assert!(diary.calls.is_empty());
    }
}
