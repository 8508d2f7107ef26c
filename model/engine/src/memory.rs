//! What the session remembers: the notes, and the network's cache of them.
//!
//! The notes are the truth. Which of them are in the context, and so what the network computes, follows from their
//! number alone: a context begins at a multiple of half its size, and when it is full, only the most recent half goes
//! into the next one. So the same notes give the same answer, whichever way the session came to them. Two caches take
//! turns: while one is in use, the other holds the context before (going back is free) or, later, the one to come (going
//! on is free).

use crate::conditions::Conditions;
use crate::config::ModelConfig;
use crate::forward::{Cache, Scratch};
use crate::metre::Position;
use crate::network::Network;
use crate::note::Note;
use crate::tokens::{Encoder, TokenEvent};

/// Notes kept, in contexts: how far a session can go back.
const KEPT_CONTEXTS: usize = 4;
/// Steps of the coming context that are computed with each note.
const STEPS_AHEAD: usize = 3;

/// A note as it was fed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fed {
    pub(crate) note: Note,
    pub(crate) event: TokenEvent,
    pub(crate) position: Position,
    /// Those under which it came.
    pub(crate) conditions: Conditions,
    /// The encoder after it.
    pub(crate) encoder: Encoder,
    /// Stands for this note and all before it.
    pub(crate) hash: u64,
}

/// A cache and what it holds: the first `n_steps` events of the context that begins with note `start`.
#[derive(Debug)]
struct Lane {
    cache: Cache,
    start: usize,
    n_steps: usize,
}

/// The notes and their caches.
#[derive(Debug)]
pub(crate) struct Memory {
    /// A ring: note i lies at i modulo its length.
    fed: Vec<Fed>,
    n_fed: usize,
    /// The first note that the ring still holds.
    oldest: usize,
    half_context: usize,
    lanes: [Lane; 2],
    current: usize,
    scratch: Scratch,
}

impl Memory {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let lane = || Lane { cache: Cache::new(config), start: 0, n_steps: 0 };
        let kept = KEPT_CONTEXTS * config.n_context;
        Self {
            fed: Vec::with_capacity(kept),
            n_fed: 0,
            oldest: 0,
            half_context: config.n_context / 2,
            lanes: [lane(), lane()],
            current: 0,
            scratch: Scratch::new(config),
        }
    }

    /// Notes fed since the start.
    pub(crate) fn n_fed(&self) -> usize {
        self.n_fed
    }

    /// Notes in the context.
    pub(crate) fn n_in_context(&self) -> usize {
        self.n_fed - self.context_start(self.n_fed)
    }

    /// The last of the first `n_fed` notes; `None` at the start, or when they are no longer (or not yet) known.
    pub(crate) fn last_of(&self, n_fed: usize) -> Option<&Fed> {
        let is_kept = n_fed <= self.n_fed && self.context_start(n_fed) >= self.oldest;
        if is_kept { self.fed.get(n_fed.checked_sub(1)? % self.fed.capacity()) } else { None }
    }

    pub(crate) fn last(&self) -> Option<&Fed> {
        self.last_of(self.n_fed)
    }

    /// The last notes, oldest first, `n` of them or as many as are known still.
    pub(crate) fn last_notes(&self, n: usize) -> impl Iterator<Item = &Fed> {
        let from = self.n_fed.saturating_sub(n).max(self.oldest);
        (from..self.n_fed).filter_map(|index| self.fed.get(index % self.fed.capacity()))
    }

    /// Adds a note, and computes a little of the coming context when it is near.
    pub(crate) fn push(&mut self, network: &Network, fed: Fed) {
        let slot = self.n_fed % self.fed.capacity();
        match self.fed.get_mut(slot) {
            Some(old) => *old = fed,
            None => self.fed.push(fed),
        }
        self.n_fed += 1;
        self.oldest = self.oldest.max(self.n_fed.saturating_sub(self.fed.capacity()));
        if self.n_in_context() >= self.half_context + self.half_context / 2 {
            let start = self.context_start(self.n_fed) + self.half_context;
            let lane = self.lane_of(start);
            let n_known = self.n_fed - start;
            for _ in 0..STEPS_AHEAD {
                if self.lanes[lane].n_steps < n_known {
                    self.step(network, lane, Conditions::default(), Position::FREE);
                }
            }
        }
    }

    /// Forgets all but the first `n_fed` notes, which must be none or known still ([`Memory::last_of`]).
    pub(crate) fn truncate(&mut self, n_fed: usize) {
        self.n_fed = n_fed;
        self.oldest = self.oldest.min(n_fed);
        for lane in &mut self.lanes {
            lane.n_steps = lane.n_steps.min(n_fed.saturating_sub(lane.start));
        }
    }

    /// Makes the network read all notes in the context, the last one with the `conditions` of the event to come. Before
    /// the first note, that event's `position` is needed too.
    pub(crate) fn sync(&mut self, network: &Network, conditions: Conditions, position: Position) {
        self.current = self.lane_of(self.context_start(self.n_fed));
        let n_known = self.n_in_context();
        // An event after which nothing was fed may have been read with other conditions.
        self.lanes[self.current].n_steps = self.lanes[self.current].n_steps.min(n_known);
        while self.lanes[self.current].n_steps <= n_known {
            self.step(network, self.current, conditions, position);
        }
    }

    /// Logits after [`Memory::sync`], see [`Network::logits`].
    pub(crate) fn logits(&mut self, network: &Network, earlier: &[u8], onset: Position) -> &[f32] {
        network.logits(&mut self.scratch, earlier, onset)
    }

    /// The first note of the context that the first `n_fed` notes make.
    fn context_start(&self, n_fed: usize) -> usize {
        (n_fed / self.half_context).saturating_sub(1) * self.half_context
    }

    /// The lane of the context that begins with note `start`; if there is none, one that is not in use is cleared.
    fn lane_of(&mut self, start: usize) -> usize {
        if let Some(lane) = self.lanes.iter().position(|lane| lane.start == start) {
            return lane;
        }
        let spare = 1 - self.current;
        self.lanes[spare].start = start;
        self.lanes[spare].n_steps = 0;
        spare
    }

    /// Reads the next event of a lane: BEGIN, then the notes. `conditions` and `position` are used when the event after
    /// it is not known.
    fn step(&mut self, network: &Network, lane: usize, conditions: Conditions, position: Position) {
        let Lane { cache, start, n_steps } = &mut self.lanes[lane];
        let next = *start + *n_steps;
        let known = |index: usize| if index < self.n_fed { self.fed.get(index % self.fed.capacity()) } else { None };
        let conditions = known(next).map_or(conditions, |fed| fed.conditions);
        let (event, position) = match n_steps.checked_sub(1).and_then(|before| known(*start + before)) {
            None => (TokenEvent::BEGIN, known(next).map_or(position, |fed| fed.position)),
            Some(fed) if *n_steps == 1 => (TokenEvent { shift: 0, ..fed.event }, fed.position),
            Some(fed) => (fed.event, fed.position),
        };
        network.step(cache, &mut self.scratch, *n_steps, event, position, conditions);
        *n_steps += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};
    use crate::{Precision, Weights, random_file};

    #[test]
    fn a_new_context_is_ready_when_it_is_needed() {
        let weights = Weights::parse(&random_file(ModelConfig::TINY, Precision::Q8, 1).unwrap()).unwrap();
        let mut memory = Memory::new(weights.config());
        for onset_ticks in 0..500 {
            memory.sync(&weights.network, Conditions::default(), Position::FREE);
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            let note = Note { onset_ticks, duration_ticks: 1, pitch, velocity };
            let mut encoder = Encoder::new();
            let event = encoder.encode(&note);
            let (position, conditions) = (Position::FREE, Conditions::default());
            memory.push(&weights.network, Fed { note, event, position, conditions, encoder, hash: 0 });

            let start = memory.context_start(memory.n_fed);
            assert!((1..64).contains(&memory.n_in_context()));
            let lane = memory.lanes.iter().find(|lane| lane.start == start).unwrap();
            assert!(lane.n_steps + 1 >= memory.n_in_context(), "at most the last two notes are still to be read");
        }
    }
}
