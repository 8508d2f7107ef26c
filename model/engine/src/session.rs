//! A stream of notes: what was played goes in, what could follow comes out.

mod choose;
mod context;
mod score;

use std::sync::Arc;

use oorandom::Rand32;

pub use self::choose::{Event, LogitBias, NoteRequest};
use crate::conditions::{Conditions, N_STYLES};
use crate::files::weights::Weights;
use crate::metre::{Metre, Position};
use crate::note::Note;
use crate::sampling::user_cache::{Step, UserCache};
use crate::session::context::{Context, HistoryNote, PrefillTarget};
use crate::tokens::Encoder;
use crate::tokens::vocab::N_PITCHES;

/// A place in a session to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    n_fed: usize,
    hash: u64,
    random: Rand32,
}

/// The model's view of a stream of notes. All memory is allocated in [`Session::new`].
///
/// The last event fed is read by the network only when the next one is fed, asked for or scored, since the conditions of
/// that one are part of the step. When the context is full, it goes on with its most recent half; what the network sees
/// depends on the notes and their conditions only.
///
/// # Realtime safety
/// Nothing here allocates, locks or waits, but a call takes as long as a step of the network or a little more (see
/// `cargo xtask bench engine`): it belongs on a worker thread.
#[derive(Debug)]
pub struct Session {
    weights: Arc<Weights>,
    metre: Metre,
    random: Rand32,
    context: Context,
    cache: UserCache,
    cache_weight: f32,
}

impl Session {
    /// An empty session, without metre, of seed 0.
    #[must_use]
    pub fn new(weights: Arc<Weights>) -> Self {
        let context = Context::new(weights.config(), weights.header().precision);
        Self {
            weights,
            metre: Metre::Free,
            random: Rand32::new(0),
            context,
            cache: UserCache::new(),
            cache_weight: 0.0,
        }
    }

    /// The weights that it plays.
    #[must_use]
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }

    /// Forgets all notes that were fed. Metre, random stream and what was learnt stay as they are.
    pub fn reset(&mut self) {
        self.context.truncate(0);
    }

    /// Restarts the random stream.
    pub fn seed(&mut self, seed: u64) {
        self.random = Rand32::new(seed);
    }

    /// The grid for notes fed or asked for from now on.
    pub fn set_metre(&mut self, metre: Metre) {
        self.metre = metre;
    }

    /// Remembers a note of the player, the last [`crate::MOST_USER_NOTES`] of them or somewhat fewer, for [`Session::set_cache_weight`].
    /// `is_first` if the one before it in the music was not learnt: a phrase begins. Nothing else changes, and
    /// [`Session::rewind`] does not take it back.
    pub fn add_user_note(&mut self, note: Note, is_first: bool) {
        self.cache.push(note, is_first);
    }

    /// What was learnt, oldest first.
    pub fn user_notes(&self) -> impl ExactSizeIterator<Item = (Note, bool)> {
        self.cache.notes()
    }

    /// Forgets the last notes that were learnt, so many: for what was learnt for the time being.
    pub fn forget_user_notes(&mut self, n_notes: usize) {
        let n_kept = self.cache.notes().len().saturating_sub(n_notes);
        self.cache.truncate(n_kept);
    }

    /// Forgets what was learnt.
    pub fn clear_user_notes(&mut self) {
        self.cache.clear();
    }

    /// How far shift, pitch and duration are moved, from now on, to what came next in similar passages that were learnt:
    /// from 0 (not at all, to the last bit) to 1.
    pub fn set_cache_weight(&mut self, strength: f32) {
        self.cache_weight = strength;
    }

    /// Tells the model of a note that was played, and the conditions it came under. Feed in [`Note::order`]: a note
    /// before the last one is taken to begin with that one.
    pub fn feed(&mut self, note: Note, conditions: Conditions) {
        self.feed_all([(note, conditions)]);
    }

    /// As [`Session::feed`] for each note, but the network reads them in batches: a phrase at once takes a fraction of
    /// the time, and leads to the same place.
    pub fn feed_all(&mut self, notes: impl IntoIterator<Item = (Note, Conditions)>) {
        for (note, conditions) in notes {
            self.push(self.placed(note), self.known(conditions));
        }
        self.context.read(&self.weights.network);
    }

    /// Knows the notes of another session from now on, with what it learnt, its metre, random stream and checkpoints, whatever
    /// weights it plays (but of a context of at least a quarter of its own). Styles go by their names. What was read of a
    /// common beginning is kept; [`Session::read_some`] reads the rest.
    pub fn follow(&mut self, other: &Self) {
        let Self { weights, context, .. } = self;
        let (own, others) = (&weights.header().styles, &other.weights.header().styles);
        // Of two packs for the same network, the style of one takes the place of the other's.
        let are_packs = own.len() == others.len()
            && own.split_last().map(|(_, rest)| rest) == others.split_last().map(|(_, rest)| rest);
        let place = |style: usize| {
            let named = own.iter().position(|name| others.get(style) == Some(name));
            named.unwrap_or(if are_packs && style < own.len() { style } else { 0 })
        };
        let styles: [u8; N_STYLES] = std::array::from_fn(|style| u8::try_from(place(style)).unwrap_or(0));
        context.follow(&other.context, |conditions| {
            let style = styles.get(usize::from(conditions.style)).map_or(0, |&style| style);
            known_by(weights, Conditions { style, ..conditions })
        });
        (self.metre, self.random, self.cache_weight) = (other.metre, other.random, other.cache_weight);
        self.cache.copy_from(&other.cache);
    }

    /// Makes the network read notes that it has not read yet, `most` at a time. Whether none is left, but for the last one,
    /// which waits for what follows it.
    pub fn read_some(&mut self, most: usize) -> bool {
        self.context.read_some(&self.weights.network, most)
    }

    /// Takes the last note back and feeds this one in its place, under the same conditions: for a note of
    /// [`Session::next`] that is played otherwise than it was chosen. The random stream goes on. Costs no step of the
    /// network. Does nothing before the first note.
    pub fn amend(&mut self, note: Note) {
        let Some(conditions) = self.context.last().map(|fed| fed.conditions) else { return };
        self.context.truncate(self.context.n_fed() - 1);
        self.push(self.placed(note), conditions);
    }

    /// This place in the notes and in the random stream.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { n_fed: self.context.n_fed(), hash: self.hash(), random: self.random }
    }

    /// Goes back to a checkpoint, as if nothing had come after it. Cheap: what the network has read up to there is kept.
    /// False, and nothing is changed, when the notes of the checkpoint are no longer the first ones of this session (after a
    /// reset, or after going back further and feeding others), or more than three contexts of notes came after it.
    pub fn rewind(&mut self, checkpoint: &Checkpoint) -> bool {
        let hash =
            if checkpoint.n_fed == 0 { Some(0) } else { self.context.last_of(checkpoint.n_fed).map(|fed| fed.hash) };
        if hash != Some(checkpoint.hash) {
            return false;
        }
        self.context.truncate(checkpoint.n_fed);
        self.random = checkpoint.random;
        true
    }

    /// Becomes the same as `other`, random stream and all, for another answer to the same phrase. Costs no step of the
    /// network. False, and nothing is changed, when `other` plays other weights.
    pub fn copy_from(&mut self, other: &Self) -> bool {
        if !Arc::ptr_eq(&self.weights, &other.weights) {
            return false;
        }
        (self.metre, self.random, self.cache_weight) = (other.metre, other.random, other.cache_weight);
        self.cache.copy_from(&other.cache);
        self.context.copy_from(&other.context);
        true
    }

    /// The last notes and their conditions, oldest first: `n` of them, or as many as the session still knows.
    pub fn last_notes(&self, n: usize) -> impl Iterator<Item = (Note, Conditions)> {
        self.context.last_notes(n).map(|fed| (fed.note, fed.conditions))
    }

    /// Notes now in the context.
    #[must_use]
    pub fn n_notes(&self) -> usize {
        self.context.n_in_context()
    }

    /// All of the context, for what comes next under these conditions, not before `onset_ticks`.
    fn prefill_target(&mut self, conditions: Conditions, onset_ticks: i64) -> PrefillTarget {
        let position = self.metre.position(onset_ticks);
        self.context.prefill_target(self.known(conditions), position)
    }

    /// Logits of the attribute after `earlier`, with the player's cache.
    fn logits<'a>(&mut self, earlier: &[u8], onset: Position, buffer: &'a mut [f32; N_PITCHES]) -> &'a mut [f32] {
        let last = self.context.last().map(|fed| fed.event.pitch);
        let network = self.context.logits(&self.weights.network, earlier, onset);
        let logits = &mut buffer[..network.len().min(N_PITCHES)];
        logits.copy_from_slice(&network[..logits.len()]);
        if self.cache_weight > 0.0 {
            self.cache.bias(self.cache_weight, last, earlier, logits);
        }
        logits
    }

    /// Finds what the player did when things went as they just did.
    fn recall(&mut self) {
        if self.cache_weight > 0.0 {
            let Self { context, cache, .. } = self;
            let event = |n_fed: usize| context.last_of(n_fed).map(|fed| fed.event);
            let step = |n_fed: usize| Some(Step::new(event(n_fed - 1).map(|before| before.pitch), event(n_fed)?));
            cache.recall((1..=context.n_fed()).rev().map_while(step));
        }
    }

    fn push(&mut self, note: Note, conditions: Conditions) {
        let mut encoder = self.encoder();
        let event = encoder.encode(&note);
        let position = self.metre.position(note.onset_ticks);
        let mut hash = self.hash();
        let velocity_pitch = u64::from(note.velocity.get()) << 8 | u64::from(note.pitch.get());
        let [c0, c1, c2, c3, c4, c5, c6, c7, c8] = conditions.values();
        let Position { beat_phase, bar_beat } = position;
        let told = u64::from_le_bytes([c0, c1, c2, c3, c4, c5, c6, c7]);
        let rest = u64::from_le_bytes([c8, beat_phase, bar_beat, 0, 0, 0, 0, 1]);
        for part in [note.onset_ticks.cast_unsigned(), note.duration_ticks.into(), velocity_pitch, told, rest] {
            // FNV-1a on words, with a turn that carries high bits down.
            hash = (hash ^ part).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
        }
        self.context.push(HistoryNote { note, event, position, conditions, encoder, hash });
    }

    fn hash(&self) -> u64 {
        self.context.last().map_or(0, |fed| fed.hash)
    }

    fn encoder(&self) -> Encoder {
        self.context.last().map_or(Encoder::new(), |fed| fed.encoder)
    }

    /// The note, not before the last one.
    fn placed(&self, note: Note) -> Note {
        let last_ticks = self.context.last().map_or(i64::MIN, |fed| fed.note.onset_ticks);
        Note { onset_ticks: note.onset_ticks.max(last_ticks), ..note }
    }

    fn known(&self, conditions: Conditions) -> Conditions {
        known_by(&self.weights, conditions)
    }
}

/// The conditions, with 0 (unknown) for all that a model does not know.
fn known_by(weights: &Weights, conditions: Conditions) -> Conditions {
    let is_known = usize::from(conditions.style) < weights.header().styles.len();
    Conditions { style: if is_known { conditions.style } else { 0 }, ..conditions.within_tables() }
}

#[cfg(test)]
mod tests;
