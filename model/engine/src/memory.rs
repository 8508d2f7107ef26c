//! What the session remembers: the notes, and the network's cache of them.
//!
//! The notes are the truth. Which of them are in the context, and so what the network computes, follows from their
//! number alone: a context begins at a multiple of half its size, and when it is full, only the most recent half goes
//! into the next one. So the same notes give the same answer, whichever way the session came to them.
//!
//! Contexts overlap, so the one to come can be read while the present one fills: each note is read together with one of
//! those, for little more than its own cost, and there is no pause at the edge. The last two contexts are kept: going
//! back is free.

use crate::attention::Cache;
use crate::conditions::Conditions;
use crate::config::ModelConfig;
use crate::forward::{MAX_ROWS, Row, Scratch};
use crate::metre::Position;
use crate::network::Network;
use crate::note::Note;
use crate::tokens::{Encoder, TokenEvent};
use crate::weights::Precision;

/// Notes kept, in contexts: how far a session can go back.
const KEPT_CONTEXTS: usize = 4;
/// Contexts that are in a cache: the present one, the one to come, and the two before.
const N_LANES: usize = 4;
/// Most events of the coming context that are read with a note. One is the rule; more are needed after going back.
const MAX_AHEAD: usize = 3;

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

/// What a cache holds: the first `n_steps` events of the context that begins with note `start`.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
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
    /// Context i lies in lane i modulo their number.
    lanes: [Lane; N_LANES],
    /// (N_LANES)
    caches: Vec<Cache>,
    scratch: Scratch,
}

impl Memory {
    pub(crate) fn new(config: &ModelConfig, precision: Precision) -> Self {
        Self {
            fed: Vec::with_capacity(KEPT_CONTEXTS * config.n_context),
            n_fed: 0,
            oldest: 0,
            half_context: config.n_context / 2,
            lanes: [Lane::default(); N_LANES],
            caches: (0..N_LANES).map(|_| Cache::new(config, precision)).collect(),
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

    /// Adds a note. The network has not read it yet.
    pub(crate) fn push(&mut self, fed: Fed) {
        let slot = self.n_fed % self.fed.capacity();
        match self.fed.get_mut(slot) {
            Some(old) => *old = fed,
            None => self.fed.push(fed),
        }
        self.n_fed += 1;
        self.oldest = self.oldest.max(self.n_fed.saturating_sub(self.fed.capacity()));
    }

    /// Forgets all but the first `n_fed` notes, which must be none or known still ([`Memory::last_of`]).
    pub(crate) fn truncate(&mut self, n_fed: usize) {
        self.n_fed = n_fed;
        self.oldest = self.oldest.min(n_fed);
        for lane in &mut self.lanes {
            lane.n_steps = lane.n_steps.min(n_fed.saturating_sub(lane.start));
        }
    }

    /// Makes the network read the context but for its last event, for which it must know what comes next.
    pub(crate) fn read(&mut self, network: &Network) {
        self.read_to(network, self.n_in_context(), Conditions::default(), Position::FREE);
    }

    /// As [`Memory::read`], but at most so many events. Whether nothing is left.
    pub(crate) fn read_some(&mut self, network: &Network, most: usize) -> bool {
        let lane = self.lane_of(self.context_start(self.n_fed));
        let n_known = self.n_in_context();
        let n_steps = n_known.min(self.lanes[lane].n_steps + most);
        self.read_to(network, n_steps, Conditions::default(), Position::FREE);
        n_steps == n_known
    }

    /// Takes over the notes of another memory of the same size, with conditions as this network knows them. What it has
    /// read of a common beginning stays.
    pub(crate) fn follow(&mut self, other: &Self, known: impl Fn(Conditions) -> Conditions) {
        let hash = |memory: &Self, index: usize| memory.fed.get(index % memory.fed.capacity()).map(|fed| fed.hash);
        let oldest = self.oldest.max(other.oldest);
        let mut n_common = self.n_fed.min(other.n_fed);
        while n_common > oldest && hash(self, n_common - 1) != hash(other, n_common - 1) {
            n_common -= 1;
        }
        self.truncate(if n_common > oldest { n_common } else { 0 });
        self.fed.clear();
        self.fed.extend(other.fed.iter().take(self.fed.capacity()));
        self.fed.iter_mut().for_each(|fed| fed.conditions = known(fed.conditions));
        (self.n_fed, self.oldest) = (other.n_fed, other.oldest);
    }

    /// Makes the network read the whole context, the last event with the `conditions` of the one to come. Before the
    /// first note, that one's `position` is needed too.
    pub(crate) fn read_all(&mut self, network: &Network, conditions: Conditions, position: Position) {
        let n_known = self.n_in_context();
        let lane = self.lane_of(self.context_start(self.n_fed));
        // An event after which nothing was fed may have been read with other conditions.
        self.lanes[lane].n_steps = self.lanes[lane].n_steps.min(n_known);
        self.read_to(network, n_known + 1, conditions, position);
    }

    /// Logits after [`Memory::read_all`], see [`Network::logits`].
    pub(crate) fn logits(&mut self, network: &Network, earlier: &[u8], onset: Position) -> &[f32] {
        network.logits(&mut self.scratch, earlier, onset)
    }

    /// The first note of the context that the first `n_fed` notes make.
    fn context_start(&self, n_fed: usize) -> usize {
        (n_fed / self.half_context).saturating_sub(1) * self.half_context
    }

    /// The lane of the context that begins with note `start`, cleared if it held another.
    fn lane_of(&mut self, start: usize) -> usize {
        let index = start / self.half_context % N_LANES;
        if self.lanes[index].start != start {
            self.lanes[index] = Lane { start, n_steps: 0 };
        }
        index
    }

    /// Makes the network read the context up to `n_steps` events, in batches; the first one takes along a little of the
    /// coming context.
    fn read_to(&mut self, network: &Network, n_steps: usize, conditions: Conditions, position: Position) {
        let start = self.context_start(self.n_fed);
        let current = self.lane_of(start);
        let mut rows = [self.row(current, conditions, position); MAX_ROWS];
        let mut n_rows = 0;
        let n_coming = (self.n_fed - start).saturating_sub(self.half_context);
        if n_coming > 0 && self.lanes[current].n_steps < n_steps {
            let coming = self.lane_of(start + self.half_context);
            while n_rows < MAX_AHEAD && self.lanes[coming].n_steps < n_coming {
                rows[n_rows] = self.row(coming, conditions, position);
                self.lanes[coming].n_steps += 1;
                n_rows += 1;
            }
        }
        while self.lanes[current].n_steps < n_steps {
            while n_rows < MAX_ROWS && self.lanes[current].n_steps < n_steps {
                rows[n_rows] = self.row(current, conditions, position);
                self.lanes[current].n_steps += 1;
                n_rows += 1;
            }
            network.forward(&mut self.caches, &mut self.scratch, &rows[..n_rows]);
            n_rows = 0;
        }
    }

    /// The next event of a lane to read: BEGIN, then the notes. `conditions` and `position` are used when the event after
    /// it is not known.
    fn row(&self, lane: usize, conditions: Conditions, position: Position) -> Row {
        let Lane { start, n_steps: at } = self.lanes[lane];
        let next = start + at;
        let known = |index: usize| if index < self.n_fed { self.fed.get(index % self.fed.capacity()) } else { None };
        let conditions = known(next).map_or(conditions, |fed| fed.conditions);
        let (event, position) = match at.checked_sub(1).and_then(|before| known(start + before)) {
            None => (TokenEvent::BEGIN, known(next).map_or(position, |fed| fed.position)),
            Some(fed) if at == 1 => (TokenEvent { shift: 0, ..fed.event }, fed.position),
            Some(fed) => (fed.event, fed.position),
        };
        Row { cache: lane, at, event, position, conditions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};
    use crate::{Weights, random_file};

    #[test]
    fn a_new_context_is_ready_when_it_is_needed() {
        let weights = Weights::parse(&random_file(ModelConfig::TINY, Precision::Q8, 1).unwrap()).unwrap();
        let mut memory = Memory::new(weights.config(), Precision::Q8);
        for onset_ticks in 0..500 {
            memory.read_all(&weights.network, Conditions::default(), Position::FREE);
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            let note = Note { onset_ticks, duration_ticks: 1, pitch, velocity };
            let mut encoder = Encoder::new();
            let event = encoder.encode(&note);
            let (position, conditions) = (Position::FREE, Conditions::default());
            memory.push(Fed { note, event, position, conditions, encoder, hash: 0 });

            let start = memory.context_start(memory.n_fed);
            assert!((1..64).contains(&memory.n_in_context()));
            let lane = memory.lanes[memory.lane_of(start)];
            assert!(lane.n_steps + 1 >= memory.n_in_context(), "at most the last two notes are still to be read");
        }
    }
}
