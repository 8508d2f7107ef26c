//! The loop: steps, validation, checkpoints, and an end at a budget, a stop or a failure.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use indicatif::ProgressBar;

use super::TrainOptions;
use super::bits::Bits;
use super::log::Log;
use crate::batch::{ATTRIBUTES, Batch};
use crate::checkpoint::Checkpoint;
use crate::dataset::Dataset;
use crate::distil::Teacher;
use crate::ops::Dropout;
use crate::optimiser::AdamW;
use crate::reptile;
use crate::step::{Stepper, n_events};

/// A line of the log every this many steps.
const LOG_STEPS: u64 = 50;
/// A checkpoint at least this often.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(300);

/// Why the loop ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Budget,
    NoLongerBetter,
    Stopped,
}

pub(super) struct Run<'a> {
    pub(super) options: &'a TrainOptions,
    pub(super) dataset: &'a Dataset,
    /// Notes in a crop.
    pub(super) steps: usize,
    pub(super) valid: Vec<Batch>,
    pub(super) teacher: Option<&'a Teacher>,
    pub(super) at: Checkpoint,
    pub(super) stepper: Stepper,
    pub(super) log: Log,
    pub(super) bar: ProgressBar,
    pub(super) started: Instant,
    /// Seen before this run.
    pub(super) first_notes: u64,
    /// Minutes trained before this run.
    pub(super) first_minutes: f64,
}

impl Run<'_> {
    /// Trains until the budget ends, validation no longer gets better, or `stop` is set.
    pub(super) fn train(mut self, stop: &AtomicBool) -> Result<()> {
        let mut recent = Bits::default();
        let mut last_checkpoint = Instant::now();
        let mut worse_in_a_row = 0;
        let end = loop {
            let progress = self.progress();
            if stop.load(Ordering::Relaxed) {
                break End::Stopped;
            }
            if progress >= 1.0 {
                break End::Budget;
            }
            // Reptile goes less far by and by instead.
            let time = if self.options.reptile.is_some() { 0.0 } else { progress };
            let rate = self.options.rate * super::schedule(self.options).factor(self.at.state.step, time);
            self.step(rate, progress, &mut recent)?;
            self.show(progress, &recent);
            let step = self.at.state.step;
            let validates = step.is_multiple_of(self.options.valid_every);
            if validates {
                let is_better = self.validate(rate, &recent)?;
                worse_in_a_row = if is_better { 0 } else { worse_in_a_row + 1 };
            } else if step.is_multiple_of(LOG_STEPS) {
                self.log.write(&self.at.state, rate, &recent, None)?;
            }
            if validates || last_checkpoint.elapsed() > CHECKPOINT_EVERY {
                self.save("last")?;
                last_checkpoint = Instant::now();
            }
            if worse_in_a_row >= self.options.patience {
                break End::NoLongerBetter;
            }
            if step.is_multiple_of(LOG_STEPS) {
                recent = Bits::default();
            }
        };
        if end != End::Stopped && recent.n_events > 0.0 {
            self.validate(0.0, &recent)?;
        }
        self.save("last")?;
        self.bar.finish_and_clear();
        println!(
            "{} after {} steps and {} notes; best validation {}",
            match end {
                End::Budget => "Done",
                End::NoLongerBetter => "Validation no longer gets better: done",
                End::Stopped => "Stopped",
            },
            self.at.state.step,
            self.at.state.notes_seen,
            self.at.state.best_valid_bits.map_or("not yet measured".to_owned(), |bits| format!(
                "{bits:.3} bits per note, in {}",
                self.options.out.join("best").display()
            )),
        );
        Ok(())
    }

    /// How much of the budget is used, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    fn progress(&self) -> f64 {
        let time = self.minutes() / self.options.max_minutes;
        let seen = (self.at.state.notes_seen - self.first_notes) as f64;
        self.options.max_notes.map_or(time, |max| time.max(seen / (max.max(1) as f64)))
    }

    fn minutes(&self) -> f64 {
        self.started.elapsed().as_secs_f64() / 60.0
    }

    fn step(&mut self, rate: f64, progress: f64, recent: &mut Bits) -> Result<()> {
        let Self { options, dataset, teacher, stepper, .. } = self;
        let Checkpoint { network, optimiser, average, state } = &mut self.at;
        let (seed, step, network) = (state.seed, state.step, &*network);
        let mut n_notes = 0.0;
        let mut descend = |optimiser: &mut AdamW, batch: &Batch, part: usize| -> Result<()> {
            #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
            let dropout_seed = (step ^ (seed << 16) ^ ((part as u64) << 24)) as u32;
            let dropout = (options.dropout > 0.0).then_some(Dropout { rate: options.dropout, seed: dropout_seed });
            let (sums, norm) = match teacher {
                Some(teacher) => teacher.step(optimiser, network, batch, dropout, rate)?,
                None => stepper.step(optimiser, network, batch, dropout, rate)?,
            };
            if !norm.is_finite() || !sums.iter().sum::<f64>().is_finite() {
                bail!("at step {step}, the loss is no longer a number; {}", way_out(options));
            }
            recent.add(sums, batch);
            n_notes += n_events(batch);
            Ok(())
        };
        if let Some(n) = options.reptile {
            let batches = dataset.task(seed, step, n.get(), options.rows, self.steps);
            reptile::learn(network, 1.0 - progress, |optimiser| {
                batches.iter().enumerate().try_for_each(|(part, batch)| descend(optimiser, batch, part))
            })?;
        } else {
            descend(optimiser, &dataset.train_batch(seed, step, options.rows, self.steps), 0)?;
        }
        if let (Some(average), Some(decay)) = (average, options.average) {
            average.update(network, decay, step)?;
        }
        state.step += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of notes")]
        let n_notes = n_notes as u64;
        state.notes_seen += n_notes;
        state.minutes = self.first_minutes + self.started.elapsed().as_secs_f64() / 60.0;
        Ok(())
    }

    fn show(&self, progress: f64, recent: &Bits) {
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let per_second = (self.at.state.notes_seen - self.first_notes) as f64 / self.started.elapsed().as_secs_f64();
        self.bar.set_message(format!("{:.3} bits per note, {per_second:.0} notes/s", recent.total()));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        self.bar.set_position((progress * 1000.0) as u64);
    }

    /// Measures, logs, and keeps the best. Returns whether this is the best.
    fn validate(&mut self, rate: f64, recent: &Bits) -> Result<bool> {
        let mut bits = Bits::default();
        let network = self.at.smoothed();
        for batch in &self.valid {
            bits.add(self.stepper.nats(&network, batch)?, batch);
        }
        let total = bits.total();
        ensure!(
            total.is_finite(),
            "at step {}, validation is no longer a number; {}",
            self.at.state.step,
            way_out(self.options)
        );
        self.log.write(&self.at.state, rate, recent, Some(&bits))?;
        self.log.draw()?;
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let line = format!(
            "step {}, {:.1} M notes, {:.1} minutes: train {:.3}, validation {total:.3} bits per note ({})",
            self.at.state.step,
            self.at.state.notes_seen as f64 / 1e6,
            self.minutes(),
            recent.total(),
            std::array::from_fn::<_, 4, _>(|a| format!("{} {:.3}", ATTRIBUTES[a], bits.of(a))).join(", ")
        );
        self.bar.suspend(|| println!("{line}"));
        let is_better = self.at.state.best_valid_bits.is_none_or(|best| total < best);
        if is_better {
            self.at.state.best_valid_bits = Some(total);
            self.save("best")?;
        }
        Ok(is_better)
    }

    fn save(&self, name: &str) -> Result<()> {
        self.at.save(&self.options.out.join(name))
    }
}

/// What to do when numbers overflow.
fn way_out(options: &TrainOptions) -> String {
    let (last, rate) = (options.out.join("last"), options.rate);
    format!("{} is the last good checkpoint: go on with --resume and a --rate lower than {rate}", last.display())
}
