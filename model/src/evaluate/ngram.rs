//! What a network must beat: how well plain counting predicts held-out music. All attributes of all notes form one
//! stream, and each is predicted from the few before it by interpolated n-grams (Witten and Bell 1991).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use engine::vocab::{END, N_DURATIONS, N_PITCHES, N_SHIFTS, N_VELOCITIES};
use rayon::prelude::*;

use crate::data::sequence::Event;

/// The longest n-gram: the attribute and the four before it.
pub const MAX_ORDER: usize = 5;
const N_VALUES: [usize; 4] = [N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES];
/// Stands for what is before a piece's first attribute.
const NOTHING: u8 = 255;

/// Bits that each order of n-gram needs for the `test` pieces after counting the `train` pieces: element `k` is of order
/// `k + 1` (the first, the unigram, knows how frequent values are, and nothing else), by attribute. What does not count
/// in the network's loss does not count here.
#[must_use]
pub fn bits(train: &[Vec<Event>], test: &[Vec<Event>]) -> [[f64; 4]; MAX_ORDER] {
    let counts: Vec<Vec<Count>> = (1..=MAX_ORDER).into_par_iter().map(|order| count(order, train, test)).collect();
    let mut bits = [[0.0; 4]; MAX_ORDER];
    for (i, (attribute, _)) in test.iter().flat_map(|piece| grams(1, piece)).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "129 at most")]
        let mut probability = 1.0 / N_VALUES[attribute] as f64;
        for (bits, counts) in bits.iter_mut().zip(&counts) {
            probability = counts[i].interpolate(probability);
            bits[attribute] -= probability.log2();
        }
    }
    bits
}

/// What was seen in training of a gram of the test set.
#[derive(Clone, Copy, Default)]
struct Count {
    /// The gram.
    n_grams: u32,
    /// Its context.
    n_contexts: u32,
    /// Different values that followed its context.
    n_types: u32,
}

impl Count {
    fn interpolate(self, shorter: f64) -> f64 {
        let [grams, contexts, types] = [self.n_grams, self.n_contexts, self.n_types].map(f64::from);
        if self.n_contexts == 0 { shorter } else { (grams + types * shorter) / (contexts + types) }
    }
}

/// Counts of each gram of the test set, in order. Only its contexts are counted, which keeps the tables small.
fn count(order: usize, train: &[Vec<Event>], test: &[Vec<Event>]) -> Vec<Count> {
    let test_grams = || test.iter().flat_map(|piece| grams(order, piece));
    // Context: how often it was seen, and with how many different values. Gram: how often.
    let mut contexts: HashMap<u64, (u32, u32)> = test_grams().map(|(_, gram)| (gram >> 8, (0, 0))).collect();
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for (_, gram) in train.iter().flat_map(|piece| grams(order, piece)) {
        let Some((n_contexts, n_types)) = contexts.get_mut(&(gram >> 8)) else { continue };
        *n_contexts += 1;
        match seen.entry(gram) {
            Entry::Vacant(first) => {
                first.insert(1);
                *n_types += 1;
            }
            Entry::Occupied(mut again) => *again.get_mut() += 1,
        }
    }
    test_grams()
        .map(|(_, gram)| {
            let (n_contexts, n_types) = contexts.get(&(gram >> 8)).copied().unwrap_or_default();
            Count { n_grams: seen.get(&gram).copied().unwrap_or(0), n_contexts, n_types }
        })
        .collect()
}

/// The attributes of a piece that count, each with its gram: its context, and its own value in the lowest byte.
pub(crate) fn grams(order: usize, piece: &[Event]) -> impl Iterator<Item = (usize, u64)> {
    let mut before = BEGIN;
    piece.iter().enumerate().flat_map(|(i, event)| (0..4).map(move |attribute| (i, event, attribute))).filter_map(
        move |(i, event, attribute)| {
            let value = event.values[attribute];
            let context = context(order, attribute, before);
            before = after(before, value);
            let says_nothing = i == 0 && attribute == 0 || event.values[1] == END && attribute >= 2;
            (!says_nothing).then_some((attribute, context << 8 | u64::from(value)))
        },
    )
}

/// The last values before an attribute, oldest first.
pub(crate) type Before = [u8; MAX_ORDER - 1];

/// Before a piece's first attribute.
pub(crate) const BEGIN: Before = [NOTHING; MAX_ORDER - 1];

/// When another value has come.
pub(crate) fn after(mut before: Before, value: u8) -> Before {
    before.rotate_left(1);
    before[MAX_ORDER - 2] = value;
    before
}

/// The attribute's index, and the `order - 1` values before it.
pub(crate) fn context(order: usize, attribute: usize, before: Before) -> u64 {
    before[MAX_ORDER - order..].iter().fold(attribute as u64, |gram, &value| gram << 8 | u64::from(value))
}

#[cfg(test)]
mod tests {
    use engine::Position;

    use super::*;

    fn piece(n_notes: u8, step: u8) -> Vec<Event> {
        let event = |i: u8| Event { values: [12, 40 + i % 12 * step % 12, 12, 16], position: Position::FREE };
        let end = Event { values: [12, END, 0, 0], position: Position::FREE };
        (0..n_notes).map(event).chain([end]).collect()
    }

    #[test]
    fn longer_contexts_learn_a_pattern_that_frequencies_cannot() {
        let train: Vec<_> = (0..20).map(|_| piece(100, 5)).collect();
        let bits = bits(&train, &[piece(60, 5)]);
        let pitch = bits.map(|by_attribute| by_attribute[1] / 61.0);
        assert!((3.4..3.8).contains(&pitch[0]), "12 pitches, equally often: {pitch:?}");
        assert!(pitch[4] < 0.5, "the pitch before decides: {pitch:?}");
        assert!(bits[4][2] / 60.0 < 0.05, "a constant costs nothing: {bits:?}");
    }

    #[test]
    fn what_was_never_seen_still_has_a_probability() {
        let bits = bits(&[piece(50, 5)], &[piece(50, 7)]);
        assert!(bits.iter().flatten().all(|b| b.is_finite() && *b >= 0.0));
        let nothing_learnt = super::bits(&[], &[piece(50, 7)]);
        let even = 51.0 * (N_PITCHES as f64).log2();
        assert!(nothing_learnt.iter().all(|order| (order[1] - even).abs() < 1e-6));
    }
}
