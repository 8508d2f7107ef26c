//! Brings the planner to the weights that are chosen, while it plays.
//!
//! A new session reads what the old one knows, a few notes at a time, whenever the planner has nothing else to do; the old
//! one plays until the new one has caught up. So a change of weights makes no note late.

use std::sync::Arc;

use engine::{Session, Weights};

use crate::planner::Planner;

/// How far a hand-over has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// There was nothing to do.
    Idle,
    /// There is more to do.
    Progressed,
    /// The planner plays the new weights now.
    Done,
}

/// Where the weights to play come from.
pub trait WeightsSource {
    /// Another number than before if [`WeightsSource::weights`] has changed since.
    fn n_ready(&self) -> u32;
    /// The weights to play; `None` for the built-in ones.
    fn weights(&self) -> Option<Arc<Weights>>;
    /// Waits for weights that are being read, if there are any.
    fn wait(&self);
}

/// See the module.
#[derive(Debug)]
pub struct SessionHandover<W> {
    base: Arc<Weights>,
    source: W,
    /// Of the weights that were taken last.
    n_ready: u32,
    next: Option<Session>,
}

impl<W: WeightsSource> SessionHandover<W> {
    /// A hand-over from nothing; `base` is the built-in weights.
    #[must_use]
    pub fn new(base: Arc<Weights>, source: W) -> Self {
        Self { base, source, n_ready: 0, next: None }
    }

    /// The weights to begin with; waits for them.
    pub fn first(&mut self) -> Arc<Weights> {
        self.source.wait();
        self.next = None;
        self.wanted()
    }

    /// Does a little.
    pub fn go_on(&mut self, planner: &mut Planner) -> Handover {
        if self.source.n_ready() != self.n_ready {
            self.next = Some(Session::new(self.wanted()));
        }
        let Some(mut next) = self.next.take() else { return Handover::Idle };
        if planner.teach(&mut next) {
            planner.take_over(next);
            return Handover::Done;
        }
        self.next = Some(next);
        Handover::Progressed
    }

    /// Does all that is left, and waits for weights that are being read.
    pub fn finish(&mut self, planner: &mut Planner) -> Handover {
        self.source.wait();
        let mut last = Handover::Idle;
        loop {
            match self.go_on(planner) {
                Handover::Idle => return last,
                progress => last = progress,
            }
        }
    }

    fn wanted(&mut self) -> Arc<Weights> {
        self.n_ready = self.source.n_ready();
        self.source.weights().unwrap_or_else(|| Arc::clone(&self.base))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::messages::{PlannedNote, ToWorker};
    use crate::planner::tests::{CONTROLS, bars, begin, call, extend, planner, tell};

    /// Weights that are there as soon as they are chosen.
    #[derive(Debug, Default)]
    struct Shelf {
        n_ready: Cell<u32>,
        weights: RefCell<Option<Arc<Weights>>>,
    }

    impl Shelf {
        fn choose(&self, weights: Arc<Weights>) {
            self.weights.replace(Some(weights));
            self.n_ready.set(self.n_ready.get() + 1);
        }
    }

    impl WeightsSource for &Shelf {
        fn n_ready(&self) -> u32 {
            self.n_ready.get()
        }

        fn weights(&self) -> Option<Arc<Weights>> {
            self.weights.borrow().clone()
        }

        fn wait(&self) {}
    }

    fn other() -> Arc<Weights> {
        let file = engine::random_file(engine::ModelConfig::TINY, engine::Precision::Q8, 8).unwrap();
        Arc::new(Weights::parse(&file).unwrap())
    }

    /// An answer in steps of half a beat; after `n_before` of them, other weights are chosen, and it goes on one small step
    /// at a time.
    fn answer(n_before: usize) -> (Vec<PlannedNote>, usize) {
        let mut planner = planner();
        let shelf = Shelf::default();
        let mut handover = SessionHandover::new(other(), &shelf);
        // A long call, which takes the other weights several steps to read.
        tell(&mut planner, [bars(0)].into_iter().chain((0..5).flat_map(|i| call(192 * i))));
        let mut notes = tell(&mut planner, [begin(1, 1000, 9999)]);
        let mut n_steps = 0;
        for i in 0..40 {
            if i == n_before {
                shelf.choose(other());
            }
            match handover.go_on(&mut planner) {
                Handover::Idle => assert!(i < n_before || n_steps > 1, "{i}"),
                Handover::Progressed | Handover::Done => n_steps += 1,
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
        let shelf = Shelf::default();
        let mut handover = SessionHandover::new(other(), &shelf);
        tell(&mut planner, call(0));
        shelf.choose(other());
        assert_eq!(handover.finish(&mut planner), Handover::Done);
        assert_eq!(handover.finish(&mut planner), Handover::Idle);
        let other_answer = tell(&mut planner, [begin(1, 240, 384)]);
        let mut base = self::planner();
        tell(&mut base, call(0));
        assert_ne!(other_answer, tell(&mut base, [begin(1, 240, 384)]));
    }
}
