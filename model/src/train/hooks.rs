//! What a training tells whoever started it, and asks of them.

use anyhow::Result;

use super::bits::Bits;

/// How far a training is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Steps taken, from the network's first.
    pub step: u64,
    /// Notes trained on in all runs, counted every time they were seen.
    pub notes_seen: u64,
    /// Minutes of training, of all runs together.
    pub minutes: f64,
    /// Notes and minutes of this run.
    pub run_notes: u64,
    /// See `run_notes`.
    pub run_minutes: f64,
    /// How much of this run's budget was used when the step began, from 0; 1 or more is all of it.
    pub share: f64,
    /// Of the last step; 0 in the validation after it.
    pub learning_rate: f64,
    /// What was trained on since the last line of the log.
    pub recent: Bits,
    /// The lowest that [`Hooks::validate`] has returned.
    pub best_valid: Option<f64>,
}

/// Which checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// The best on what is held out.
    Best,
    /// The last, to go on from.
    Last,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its minutes, notes or steps are used up.
    Budget,
    /// Validation brought nothing better for too long.
    NoLongerBetter,
    /// Somebody asked for it.
    Stopped,
}

/// What the loop calls: to be told to stop, to show how far it is, to measure what is held out, and to keep what was learnt. `L`
/// is the [`Learner`](super::Learner). An error ends the training.
pub trait Hooks<L> {
    /// Asked before each step; the training then ends with a last checkpoint.
    fn should_stop(&mut self) -> bool {
        false
    }

    /// Called after each step.
    fn on_step(&mut self, _progress: &Progress) {}

    /// A line of the log is due.
    ///
    /// # Errors
    /// When it cannot be written.
    fn log(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }

    /// Measures what is held out: the lower, the better. The loop keeps the best and the patience.
    ///
    /// # Errors
    /// When it cannot be measured, or is not a number.
    fn validate(&mut self, learner: &mut L, progress: &Progress) -> Result<f64>;

    /// A checkpoint is due.
    ///
    /// # Errors
    /// When it cannot be written.
    fn checkpoint(&mut self, _learner: &mut L, _progress: &Progress, _which: Save) -> Result<()> {
        Ok(())
    }
}

/// Whoever watches a whole verb, such as `train` or `adapt`, whose [`Hooks`] are its own: a terminal, or nobody ([`Unwatched`]).
pub trait Monitor {
    /// Whether to end in good order.
    fn should_stop(&self) -> bool {
        false
    }

    /// Something begins that takes a while, in a word or two.
    fn stage(&mut self, _name: &str) {}

    /// A line worth keeping: how it begins, what a validation brought, how it ended.
    fn say(&mut self, _line: &str) {}

    /// How much of the budget is used, 0 to 1, and how it goes in a few words.
    fn progress(&mut self, _share: f64, _status: &str) {}
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Monitor for Unwatched {}
