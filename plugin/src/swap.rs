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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{PlannedNote, ToWorker};
    use crate::planner::tests::{CONTROLS, begin, call, extend, planner, tell};

    fn other() -> Arc<Weights> {
        let file = engine::random_file(engine::ModelConfig::TINY, engine::Precision::Q8, 8).unwrap();
        Arc::new(Weights::parse(&file).unwrap())
    }

    /// An answer in steps of half a beat; after `n_before` of them, other weights are chosen, and it goes on one small step
    /// at a time.
    fn answer(n_before: usize) -> (Vec<PlannedNote>, usize) {
        let mut planner = planner();
        let chosen = Arc::new(Chosen::default());
        let mut swap = Swap::new(other(), Arc::clone(&chosen));
        // A long call, which takes the other weights several steps to read.
        tell(&mut planner, (0..5).flat_map(|i| call(192 * i)));
        let mut notes = tell(&mut planner, [begin(1, 1000, 9999)]);
        let mut n_steps = 0;
        for i in 0..40 {
            if i == n_before {
                chosen.provide(Some(other()));
            }
            match swap.go_on(&mut planner) {
                Step::Nothing => assert!(i < n_before || n_steps > 1, "{i}"),
                Step::Some | Step::Last => n_steps += 1,
            }
            let until_ticks = 1192 + 24 * i64::try_from(i).unwrap();
            notes.extend(tell(&mut planner, [extend(1, until_ticks, CONTROLS)]));
        }
        tell(&mut planner, [ToWorker::Finish { turn: 1, at_ticks: 3000 }]);
        (notes, n_steps)
    }

    #[test]
    fn an_answer_goes_on_over_a_change_of_weights() {
        let (plain, n_none) = answer(usize::MAX);
        let (swapped, n_steps) = answer(15);
        assert!(n_none == 0 && n_steps > 5, "{n_steps} small steps");
        let before = |notes: &[PlannedNote]| notes.iter().filter(|n| n.on_ticks < 1500).copied().collect::<Vec<_>>();
        assert_eq!(before(&plain), before(&swapped), "what was planned before stays");
        assert_ne!(plain, swapped, "what comes after is the other's");
        assert_eq!(swapped, answer(15).0);
        assert!(swapped.windows(2).all(|w| w[0].on_ticks <= w[1].on_ticks && w[1].on_ticks - w[0].on_ticks <= 384));
    }

    #[test]
    fn the_song_begins_with_what_is_chosen() {
        let mut planner = planner();
        let chosen = Arc::new(Chosen::default());
        let mut swap = Swap::new(other(), Arc::clone(&chosen));
        tell(&mut planner, call(0));
        chosen.provide(Some(other()));
        assert_eq!(swap.finish(&mut planner), Step::Last);
        assert_eq!(swap.finish(&mut planner), Step::Nothing);
        let other_answer = tell(&mut planner, [begin(1, 240, 384)]);
        let mut base = self::planner();
        tell(&mut base, call(0));
        assert_ne!(other_answer, tell(&mut base, [begin(1, 240, 384)]));
    }
}
