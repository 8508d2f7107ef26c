//! A run's folder: validation on a sample of held-out pieces, the log, and the checkpoints `best` and `last`.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::bits::Bits;
use super::checkpoint::{Checkpoint, State};
use super::hooks::{Hooks, Monitor, Progress, Save};
use super::learner::FullNetwork;
use super::log::Log;
use super::objective::Likelihood;
use crate::data::batch::{ATTRIBUTES, Batch};

/// The hooks of a run that keeps a folder.
pub(super) struct RunFolder<'a> {
    pub(super) path: PathBuf,
    pub(super) log: Log,
    /// What each validation measures on.
    pub(super) valid: Vec<Batch>,
    pub(super) likelihood: Likelihood,
    /// As the checkpoint before had it.
    pub(super) state: State,
    pub(super) monitor: &'a mut dyn Monitor,
    /// What to do when numbers overflow.
    pub(super) way_out: String,
}

impl Hooks<FullNetwork> for RunFolder<'_> {
    fn should_stop(&mut self) -> bool {
        self.monitor.should_stop()
    }

    fn on_step(&mut self, progress: &Progress) {
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let per_second = progress.run_notes as f64 / (60.0 * progress.run_minutes);
        let status = format!("{:.3} bits per note, {per_second:.0} notes/s", progress.recent.total());
        self.monitor.progress(progress.share, &status);
    }

    fn log(&mut self, progress: &Progress) -> Result<()> {
        self.log.write(progress, None)
    }

    fn validate(&mut self, learner: &mut FullNetwork, progress: &Progress) -> Result<f64> {
        let mut bits = Bits::default();
        let network = learner.smoothed();
        for batch in &self.valid {
            bits.add(self.likelihood.nats(&network, batch)?, batch);
        }
        let (step, total) = (progress.step, bits.total());
        ensure!(total.is_finite(), "at step {step}, validation is no longer a number; {}", self.way_out);
        self.log.write(progress, Some(&[total, bits.of(0), bits.of(1), bits.of(2), bits.of(3)]))?;
        self.log.draw(&self.path.join("loss.svg"))?;
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let line = format!(
            "step {step}, {:.1} M notes, {:.1} minutes: train {:.3}, validation {total:.3} bits per note ({})",
            progress.notes_seen as f64 / 1e6,
            progress.run_minutes,
            progress.recent.total(),
            std::array::from_fn::<_, 4, _>(|a| format!("{} {:.3}", ATTRIBUTES[a], bits.of(a))).join(", ")
        );
        self.monitor.say(&line);
        Ok(total)
    }

    fn checkpoint(&mut self, learner: &mut FullNetwork, progress: &Progress, which: Save) -> Result<()> {
        self.state.step = progress.step;
        self.state.notes_seen = progress.notes_seen;
        self.state.minutes = progress.minutes;
        self.state.best_valid_bits = progress.best_valid;
        let name = match which {
            Save::Best => "best",
            Save::Last => "last",
        };
        // Clones share the tensors.
        let at = Checkpoint {
            network: learner.network.clone(),
            optimiser: learner.optimiser.clone(),
            average: learner.ema.as_ref().map(|(ema, _)| ema.clone()),
            state: self.state.clone(),
        };
        at.save(&self.path.join(name))
    }
}
