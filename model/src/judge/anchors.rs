//! Answers that are bad for certain, so that a measure can show that it sees it: what an n-gram model says, and the composer's
//! own answer with its bars in another order, or each moved to another key.

use std::collections::HashMap;

use engine::tokens::vocab::{END, N_DURATIONS, N_PITCHES, N_SHIFTS, N_VELOCITIES};
use engine::tokens::{Decoder, TokenEvent};
use music::bar_lines::BarLines;
use music::{Metre, MetreChange, Note, Pitch, TICKS_PER_BEAT, TimeSignature};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::calls::{Task, fair};
use super::features::Passage;
use crate::benchmark::rules;
use crate::data::sequence::{Event, events};
use crate::evaluate::ngram::{BEGIN, Before, MAX_ORDER, after, context, grams};

/// Values that each attribute can have.
const N_VALUES: [usize; 4] = [N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES];
/// An answer of the n-gram model stops here if it stands still.
const MOST_NOTES: usize = 256;
/// Highest transposition of a bar, in semitones.
const MOST_TRANSPOSITION: i16 = 6;
/// A shuffle that changes nothing is tried again.
const MOST_SHUFFLES: usize = 16;

/// A way to answer badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// What an interpolated n-gram of order 5 says, which has read as it can training music.
    Ngram,
    /// The composer's answer with its bars in another order.
    Shuffled,
    /// The composer's answer, each bar moved up or down by up to a tritone.
    Transposed,
}

impl Anchor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ngram, Self::Shuffled, Self::Transposed];

    /// In tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ngram => "n-gram",
            Self::Shuffled => "bars shuffled",
            Self::Transposed => "bars transposed",
        }
    }

    /// The bad answer to a call; the same for the same seed.
    pub(super) fn answer(self, task: &Task, ngram: &Ngram, seed: u64) -> Passage {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let real = &task.real;
        let notes = match self {
            Self::Ngram => ngram.answer(task, &mut random),
            Self::Shuffled => shuffled(real, &mut random).unwrap_or_else(|| real.answer.clone()),
            Self::Transposed => transposed(real, &mut random),
        };
        Passage { answer: fair(&notes, real.start_ticks, real.end_ticks, real.is_flat), ..real.clone() }
    }
}

/// The length of a bar.
fn bar_ticks(passage: &Passage) -> u32 {
    match passage.metre {
        Metre::Bars { bar_ticks, .. } => bar_ticks,
        Metre::Free => 4 * TICKS_PER_BEAT,
    }
}

fn shuffled(real: &Passage, random: &mut ChaCha8Rng) -> Option<Vec<Note>> {
    // Bars are counted from where the answer begins, so that an upbeat stays one.
    let signature = TimeSignature::of_bar(bar_ticks(real), TICKS_PER_BEAT)?;
    let bar_lines = BarLines::new(&[MetreChange { start_ticks: real.start_ticks, signature }]);
    let moved = |note: Note| Note { onset_ticks: note.onset_ticks + real.start_ticks, ..note };
    let mut shuffle = || {
        let notes = rules::Anchor::Shuffled.spoil(&real.answer, &bar_lines, random)?;
        Some(notes.into_iter().map(moved).collect::<Vec<_>>()).filter(|notes| *notes != real.answer)
    };
    (0..MOST_SHUFFLES).find_map(|_| shuffle())
}

fn transposed(real: &Passage, random: &mut ChaCha8Rng) -> Vec<Note> {
    let bar_ticks = i64::from(bar_ticks(real).max(1));
    let bar = |note: &Note| (note.onset_ticks - real.start_ticks).div_euclid(bar_ticks);
    let bars = real.answer.chunk_by(|one, other| bar(one) == bar(other)).flat_map(|notes| {
        let size = random.random_range(1..=MOST_TRANSPOSITION);
        let semitones = if random.random_bool(0.5) { size } else { -size };
        notes.iter().map(move |note| {
            let key = (i16::from(note.pitch.get()) + semitones).clamp(0, 127);
            Note { pitch: Pitch::nearest(u8::try_from(key).unwrap_or(0)), ..*note }
        })
    });
    let mut notes: Vec<Note> = bars.collect();
    notes.sort_by_key(Note::order);
    notes
}

/// What came after each context, and how often.
type Table = HashMap<u64, Vec<(u8, u32)>>;

/// An n-gram model that can speak: of each order, what follows.
#[derive(Debug)]
pub(super) struct Ngram {
    tables: [Table; MAX_ORDER],
}

impl Ngram {
    /// Counts these pieces.
    pub(super) fn learn(pieces: &[Vec<Event>]) -> Self {
        let table = |order: usize| {
            let mut table = Table::new();
            for (_, gram) in pieces.iter().flat_map(|piece| grams(order, piece)) {
                let value = u8::try_from(gram & 0xFF).unwrap_or(0);
                let seen = table.entry(gram >> 8).or_default();
                match seen.iter_mut().find(|(other, _)| *other == value) {
                    Some((_, n)) => *n += 1,
                    None => seen.push((value, 1)),
                }
            }
            table
        };
        Self { tables: std::array::from_fn(|i| table(i + 1)) }
    }

    /// A value, drawn as Witten and Bell interpolate: with the share of what was seen from what was seen, else from a shorter
    /// context.
    fn draw(&self, attribute: usize, before: Before, random: &mut ChaCha8Rng) -> u8 {
        for order in (1..=MAX_ORDER).rev() {
            let Some(seen) = self.tables[order - 1].get(&context(order, attribute, before)) else { continue };
            let n: u32 = seen.iter().map(|(_, n)| n).sum();
            let n_types = u32::try_from(seen.len()).unwrap_or(u32::MAX);
            let mut dice = random.random_range(0..n + n_types);
            for &(value, n) in seen {
                if dice < n {
                    return value;
                }
                dice -= n;
            }
        }
        u8::try_from(random.random_range(0..N_VALUES[attribute])).unwrap_or(0)
    }

    fn answer(&self, task: &Task, random: &mut ChaCha8Rng) -> Vec<Note> {
        let mut before = BEGIN;
        for value in events(&task.call, None).into_iter().flat_map(|event| event.values) {
            before = after(before, value);
        }
        let mut decoder = Decoder::new(task.real.start_ticks);
        let mut notes = Vec::new();
        while notes.len() < MOST_NOTES {
            let mut values = [0; 4];
            for (attribute, value) in values.iter_mut().enumerate() {
                let is_start = notes.is_empty() && attribute == 0;
                *value = if is_start { 0 } else { self.draw(attribute, before, random) };
                // It is not asked to end.
                if attribute == 1 && *value == END {
                    *value = 60;
                }
                before = after(before, *value);
            }
            let [shift, pitch, duration, velocity] = values;
            let event = TokenEvent { shift, pitch, duration: duration.max(1), velocity };
            match decoder.decode(event) {
                Some(note) if note.onset_ticks < task.real.end_ticks => notes.push(note),
                _ => break,
            }
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use music::Position;

    use super::super::features::tests::{passage, tune};
    use super::*;

    fn task() -> Task {
        let real = passage(tune(&[60, 64, 67, 72, 71, 67, 65, 62], 384, 48));
        Task { call: Vec::new(), other: real.clone(), real, piece: String::new(), tempo_bpm: 120.0 }
    }

    #[test]
    fn bars_are_shuffled_and_moved() {
        let (task, ngram) = (task(), Ngram::learn(&[]));
        let shuffled = Anchor::Shuffled.answer(&task, &ngram, 1).answer;
        let keys = |notes: &[Note]| notes.iter().map(|note| note.pitch.get()).collect::<Vec<_>>();
        assert_eq!(keys(&shuffled), [71, 67, 65, 62, 60, 64, 67, 72]);
        assert_eq!(shuffled[0].onset_ticks, 384);
        let moved = Anchor::Transposed.answer(&task, &ngram, 1).answer;
        let by = |i: usize| i16::from(moved[i].pitch.get()) - i16::from(task.real.answer[i].pitch.get());
        assert!(by(0) != 0 && by(0) == by(3) && by(4) == by(7), "{moved:?}");
    }

    #[test]
    fn the_ngram_says_what_it_has_read() {
        let event = |i: u8| Event { values: [24, 40 + i % 12 * 5 % 12, 24, 16], position: Position::FREE };
        let ngram = Ngram::learn(&[(0..200).map(event).collect()]);
        let notes = Anchor::Ngram.answer(&task(), &ngram, 3).answer;
        assert_eq!(notes.len(), 16, "an onset each half beat");
        let follows = notes.windows(2).filter(|pair| (pair[1].pitch.get() + 24 - pair[0].pitch.get()) % 12 == 5);
        assert!(follows.count() >= 12, "{notes:?}");
        assert_eq!(Anchor::Ngram.answer(&task(), &ngram, 3).answer, notes, "the same seed says the same");
    }
}
