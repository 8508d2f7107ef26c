//! What the session remembers: the notes, and the KV caches of the contexts that they make (prefill, and one note at a time).
//!
//! The notes are the truth. Which of them are in the context, and so what the network computes, follows from their
//! number alone: a context begins at a multiple of half its size, and when it is full, only the most recent half goes
//! into the next one. So the same notes give the same answer, whichever way the session came to them.
//!
//! Contexts overlap, so the one to come can be read while the present one fills: each note is read together with one of
//! those, for little more than its own cost, and there is no pause at the edge. The last two contexts are kept: going
//! back is free.

use crate::conditions::Conditions;
use crate::metre::Position;
use crate::network::attention::Cache;
use crate::network::config::ModelConfig;
use crate::network::error::Precision;
use crate::network::forward::{BatchEntry, Scratch, Sequence};
use crate::network::layers::Network;
use crate::network::tiles::MAX_ROWS;
use crate::note::Note;
use crate::tokens::{Encoder, TokenEvent};

/// Notes kept, in contexts: how far a session can go back.
const KEPT_CONTEXTS: usize = 4;
/// Contexts that are in a cache: the present one, the one to come, and the two before.
const N_CACHE_SLOTS: usize = 4;
/// Most events of the coming context that are read with a note. One is the rule; more are needed after going back.
const MAX_AHEAD: usize = 3;
/// Most contexts that are read together: each has room for an event of its own and one of its coming context.
const MAX_TOGETHER: usize = MAX_ROWS / 2;

/// A note as it was fed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistoryNote {
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
struct CacheSlot {
    start: usize,
    n_steps: usize,
}

/// The notes and their caches.
#[derive(Debug)]
pub(crate) struct Context {
    /// A ring: note i lies at i modulo its length.
    fed: Vec<HistoryNote>,
    n_fed: usize,
    /// The first note that the ring still holds.
    oldest: usize,
    half_context: usize,
    /// Context i lies in slot i modulo their number.
    slots: [CacheSlot; N_CACHE_SLOTS],
    /// (N_CACHE_SLOTS)
    caches: Vec<Cache>,
    /// What the last event read left for the heads. (d_model)
    state: Vec<f32>,
    scratch: Scratch,
}

/// How far to read, and what is known of the event after the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrefillTarget {
    n_steps: usize,
    conditions: Conditions,
    position: Position,
}

impl Context {
    pub(crate) fn new(config: &ModelConfig, precision: Precision) -> Self {
        Self {
            fed: Vec::with_capacity(KEPT_CONTEXTS * config.n_context),
            n_fed: 0,
            oldest: 0,
            half_context: config.n_context / 2,
            slots: [CacheSlot::default(); N_CACHE_SLOTS],
            caches: (0..N_CACHE_SLOTS).map(|_| Cache::new(config, precision)).collect(),
            state: vec![0.0; config.d_model],
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
    pub(crate) fn last_of(&self, n_fed: usize) -> Option<&HistoryNote> {
        let is_kept = n_fed <= self.n_fed && self.context_start(n_fed) >= self.oldest;
        if is_kept { self.fed.get(n_fed.checked_sub(1)? % self.fed.capacity()) } else { None }
    }

    pub(crate) fn last(&self) -> Option<&HistoryNote> {
        self.last_of(self.n_fed)
    }

    /// The last notes, oldest first, `n` of them or as many as are known still.
    pub(crate) fn last_notes(&self, n: usize) -> impl Iterator<Item = &HistoryNote> {
        let from = self.n_fed.saturating_sub(n).max(self.oldest);
        (from..self.n_fed).filter_map(|index| self.fed.get(index % self.fed.capacity()))
    }

    /// Adds a note. The network has not read it yet.
    pub(crate) fn push(&mut self, fed: HistoryNote) {
        let slot = self.n_fed % self.fed.capacity();
        match self.fed.get_mut(slot) {
            Some(old) => *old = fed,
            None => self.fed.push(fed),
        }
        self.n_fed += 1;
        self.oldest = self.oldest.max(self.n_fed.saturating_sub(self.fed.capacity()));
    }

    /// Forgets all but the first `n_fed` notes, which must be none or known still ([`Context::last_of`]).
    pub(crate) fn truncate(&mut self, n_fed: usize) {
        self.n_fed = n_fed;
        self.oldest = self.oldest.min(n_fed);
        for slot in &mut self.slots {
            slot.n_steps = slot.n_steps.min(n_fed.saturating_sub(slot.start));
        }
    }

    /// Becomes the same as `other`, which is of the same network.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.fed.clone_from(&other.fed);
        (self.n_fed, self.oldest, self.slots) = (other.n_fed, other.oldest, other.slots);
        let slots = self.caches.iter_mut().zip(&other.caches).zip(&self.slots);
        for ((cache, theirs), _) in slots.filter(|(_, slot)| slot.n_steps > 0) {
            cache.copy_from(theirs);
        }
    }

    /// As [`Context::read`], but at most so many events. Whether nothing is left.
    pub(crate) fn read_some(&mut self, network: &Network, most: usize) -> bool {
        let slot = self.slot_of(self.context_start(self.n_fed));
        let n_known = self.n_in_context();
        let n_steps = n_known.min(self.slots[slot].n_steps + most);
        let target = PrefillTarget { n_steps, conditions: Conditions::default(), position: Position::FREE };
        Self::read_together(network, [self], [target]);
        n_steps == n_known
    }

    /// Takes over the notes of another context, with conditions as this network knows them. What it has read of a common
    /// beginning stays. The context of this network may be four times as long as the other's, not more.
    pub(crate) fn follow(&mut self, other: &Self, known: impl Fn(Conditions) -> Conditions) {
        let hash = |context: &Self, index: usize| context.fed.get(index % context.fed.capacity()).map(|fed| fed.hash);
        let oldest = self.oldest.max(other.oldest);
        let mut n_common = self.n_fed.min(other.n_fed);
        while n_common > oldest && hash(self, n_common - 1) != hash(other, n_common - 1) {
            n_common -= 1;
        }
        self.truncate(if n_common > oldest { n_common } else { 0 });
        let capacity = self.fed.capacity();
        self.fed.clear();
        if let Some(any) = other.fed.first() {
            self.fed.resize(capacity.min(other.n_fed), *any);
        }
        (self.n_fed, self.oldest) = (other.n_fed, other.oldest.max(other.n_fed.saturating_sub(capacity)));
        for index in self.oldest..self.n_fed {
            let theirs = other.fed[index % other.fed.capacity()];
            self.fed[index % capacity] = HistoryNote { conditions: known(theirs.conditions), ..theirs };
        }
    }

    /// Makes the network read the context but for its last event, for which it must know what comes next.
    pub(crate) fn read(&mut self, network: &Network) {
        let target =
            PrefillTarget { n_steps: self.n_in_context(), conditions: Conditions::default(), position: Position::FREE };
        Self::read_together(network, [self], [target]);
    }

    /// The whole context, the last event with the `conditions` of the one to come. Before the first note, that one's
    /// `position` is needed too.
    pub(crate) fn prefill_target(&mut self, conditions: Conditions, position: Position) -> PrefillTarget {
        let n_known = self.n_in_context();
        let slot = self.slot_of(self.context_start(self.n_fed));
        // An event after which nothing was fed may have been read with other conditions.
        self.slots[slot].n_steps = self.slots[slot].n_steps.min(n_known);
        PrefillTarget { n_steps: n_known + 1, conditions, position }
    }

    /// Makes the network read each context as far as its target, in batches; the first one takes along a little of the
    /// coming contexts. All are of this network; at most [`MAX_TOGETHER`].
    pub(crate) fn read_together<const N: usize>(
        network: &Network,
        mut contexts: [&mut Self; N],
        targets: [PrefillTarget; N],
    ) {
        const { assert!(0 < N && N <= MAX_TOGETHER) };
        let n_each = MAX_ROWS / N;
        let mut n_ahead = MAX_AHEAD.min(n_each - 1);
        loop {
            let (event, position, conditions) = (TokenEvent::BEGIN, Position::FREE, Conditions::default());
            let mut rows = [BatchEntry { sequence: 0, cache: 0, at: 0, event, position, conditions }; MAX_ROWS];
            let mut n_rows = 0;
            for (sequence, (context, target)) in contexts.iter_mut().zip(&targets).enumerate() {
                let free = &mut rows[n_rows..n_rows + n_each];
                n_rows += context.take_rows(sequence, target, n_ahead, free);
            }
            if n_rows == 0 {
                return;
            }
            let mut scratch = None;
            let mut sequences = contexts.each_mut().map(|context| {
                let Self { caches, state, scratch: theirs, .. } = &mut **context;
                scratch.get_or_insert(theirs);
                Sequence { caches, state }
            });
            if let Some(scratch) = scratch {
                network.forward(&mut sequences, scratch, &rows[..n_rows]);
            }
            n_ahead = 0;
        }
    }

    /// Logits after all was read, see [`Network::logits`].
    pub(crate) fn logits(&mut self, network: &Network, earlier: &[u8], onset: Position) -> &[f32] {
        network.logits(&self.state, &mut self.scratch, earlier, onset)
    }

    /// The first note of the context that the first `n_fed` notes make.
    fn context_start(&self, n_fed: usize) -> usize {
        (n_fed / self.half_context).saturating_sub(1) * self.half_context
    }

    /// The slot of the context that begins with note `start`, cleared if it held another.
    fn slot_of(&mut self, start: usize) -> usize {
        let index = start / self.half_context % N_CACHE_SLOTS;
        if self.slots[index].start != start {
            self.slots[index] = CacheSlot { start, n_steps: 0 };
        }
        index
    }

    /// Fills `rows` with the next events to read: at most `n_ahead` of the coming context, then those on the way to the
    /// target. Returns how many there are.
    fn take_rows(&mut self, sequence: usize, target: &PrefillTarget, n_ahead: usize, rows: &mut [BatchEntry]) -> usize {
        let start = self.context_start(self.n_fed);
        let current = self.slot_of(start);
        if self.slots[current].n_steps >= target.n_steps {
            return 0;
        }
        let n_coming = (self.n_fed - start).saturating_sub(self.half_context);
        let coming = if n_coming > 0 { self.slot_of(start + self.half_context) } else { current };
        let mut n_rows = 0;
        for (slot, n_steps, most) in [(coming, n_coming, n_ahead), (current, target.n_steps, rows.len())] {
            while n_rows < most && self.slots[slot].n_steps < n_steps {
                rows[n_rows] = self.row(sequence, slot, target);
                self.slots[slot].n_steps += 1;
                n_rows += 1;
            }
        }
        n_rows
    }

    /// The next event of a slot to read: BEGIN, then the notes. What the target knows is used when the event after it is not
    /// fed yet.
    fn row(&self, sequence: usize, cache: usize, target: &PrefillTarget) -> BatchEntry {
        let CacheSlot { start, n_steps: at } = self.slots[cache];
        let next = start + at;
        let known = |index: usize| if index < self.n_fed { self.fed.get(index % self.fed.capacity()) } else { None };
        let conditions = known(next).map_or(target.conditions, |fed| fed.conditions);
        let (event, position) = match at.checked_sub(1).and_then(|before| known(start + before)) {
            None => (TokenEvent::BEGIN, known(next).map_or(target.position, |fed| fed.position)),
            Some(fed) if at == 1 => (TokenEvent { shift: 0, ..fed.event }, fed.position),
            Some(fed) => (fed.event, fed.position),
        };
        BatchEntry { sequence, cache, at, event, position, conditions }
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
        let mut context = Context::new(weights.config(), Precision::Q8);
        for onset_ticks in 0..500 {
            let target = context.prefill_target(Conditions::default(), Position::FREE);
            Context::read_together(&weights.network, [&mut context], [target]);
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            let note = Note { onset_ticks, duration_ticks: 1, pitch, velocity };
            let mut encoder = Encoder::new();
            let event = encoder.encode(&note);
            let (position, conditions) = (Position::FREE, Conditions::default());
            context.push(HistoryNote { note, event, position, conditions, encoder, hash: 0 });

            let start = context.context_start(context.n_fed);
            assert!((1..64).contains(&context.n_in_context()));
            let slot = context.slots[context.slot_of(start)];
            assert!(slot.n_steps + 1 >= context.n_in_context(), "at most the last two notes are still to be read");
        }
    }
}
