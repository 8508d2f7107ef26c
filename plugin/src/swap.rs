//! Brings the planner to the weights that are chosen, while it plays.
//!
//! A new session reads what the old one knows, a few notes at a time, whenever the planner has nothing else to do; the old
//! one plays until the new one has caught up. So a change of weights makes no note late.

use std::sync::Arc;

use engine::{Session, Weights};

use crate::chosen::Chosen;
use crate::planner::Planner;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There was nothing to do.
    Nothing,
    /// There is more to do.
    Some,
    /// The planner plays the new weights now.
    Last,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Swap {
    base: Arc<Weights>,
    chosen: Arc<Chosen>,
    /// Of the weights that were taken last.
    n_ready: u32,
    next: Option<Session>,
}

impl Swap {
    pub(crate) fn new(base: Arc<Weights>, chosen: Arc<Chosen>) -> Self {
        Self { base, chosen, n_ready: 0, next: None }
    }

    /// The weights to begin with; waits for them.
    pub(crate) fn first(&mut self) -> Arc<Weights> {
        self.chosen.wait();
        self.next = None;
        self.wanted()
    }

    /// Does a little.
    pub(crate) fn go_on(&mut self, planner: &mut Planner) -> Step {
        if self.chosen.n_ready() != self.n_ready {
            self.next = Some(Session::new(self.wanted()));
        }
        let Some(mut next) = self.next.take() else { return Step::Nothing };
        if planner.teach(&mut next) {
            planner.take_over(next);
            return Step::Last;
        }
        self.next = Some(next);
        Step::Some
    }

    /// Does all that is left, and waits for weights that are being read.
    pub(crate) fn finish(&mut self, planner: &mut Planner) -> Step {
        self.chosen.wait();
        let mut last = Step::Nothing;
        loop {
            match self.go_on(planner) {
                Step::Nothing => return last,
                step => last = step,
            }
        }
    }

    fn wanted(&mut self) -> Arc<Weights> {
        self.n_ready = self.chosen.n_ready();
        self.chosen.weights().unwrap_or_else(|| Arc::clone(&self.base))
    }
}
