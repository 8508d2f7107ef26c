//! What is usual in scores, counted: how beats are divided, which place follows which, how chords are built, and how long
//! notes last. `model ear` counts and writes; [`TABLES`] is what it wrote.

use super::grid::{MAX_STEPS, N_CLASSES};
use super::note_values::N_FEATURES;

/// Beats without onsets, from 0 to "5 and more".
pub const N_EMPTY: usize = 6;
/// Semitones from the note before, up to "24 and more".
pub const N_INTERVALS: usize = 25;

/// What the beat before says of the next onset of a beat: its own next step, its end, or nothing, as it is of another class.
pub const N_LIKE: usize = MAX_STEPS + 2;

/// The last of them: nothing is known of the beat before.
pub const UNKNOWN: usize = N_LIKE - 1;

/// Costs in 1/256 nat (negative logarithms of shares).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Of a class as the first.
    pub class: [i16; N_CLASSES],
    /// Of a class after a class: `[before][class]`.
    pub class_after: [[i16; N_CLASSES]; N_CLASSES],
    /// Of the first onset's step in a beat: `[class][first in the beat before][step]`.
    pub first: [[[i16; MAX_STEPS]; N_LIKE]; N_CLASSES],
    /// Of the next onset's step, or of none in this beat (the last): `[class][step][next in the beat before][next]`.
    pub next: [[[[i16; MAX_STEPS + 1]; N_LIKE]; MAX_STEPS]; N_CLASSES],
    /// Of beats without onsets after a beat: `[class][empty beats]`.
    pub empty: [[i16; N_EMPTY]; N_CLASSES],
    /// Of an interval from the note before, in one chord and else: `[is a chord's][semitones]`.
    pub interval: [[i16; N_INTERVALS]; 2],
    /// Of a note's end where it could end: `[feature][ends]`.
    pub end: [[i16; 2]; N_FEATURES],
}

/// What `model ear` wrote.
pub static TABLES: Tables = Tables::from_bytes(include_bytes!("tables.bin"));

impl Tables {
    /// Numbers of a table file.
    pub const N_NUMBERS: usize = N_CLASSES
        + N_CLASSES * N_CLASSES
        + N_CLASSES * N_LIKE * MAX_STEPS
        + N_CLASSES * MAX_STEPS * N_LIKE * (MAX_STEPS + 1)
        + N_CLASSES * N_EMPTY
        + 2 * N_INTERVALS
        + 2 * N_FEATURES;

    /// No cost anywhere.
    pub const ZERO: Self = Self {
        class: [0; N_CLASSES],
        class_after: [[0; N_CLASSES]; N_CLASSES],
        first: [[[0; MAX_STEPS]; N_LIKE]; N_CLASSES],
        next: [[[[0; MAX_STEPS + 1]; N_LIKE]; MAX_STEPS]; N_CLASSES],
        empty: [[0; N_EMPTY]; N_CLASSES],
        interval: [[0; N_INTERVALS]; 2],
        end: [[0; 2]; N_FEATURES],
    };

    const fn from_bytes(bytes: &[u8; 2 * Self::N_NUMBERS]) -> Self {
        let mut tables = Self::ZERO;
        let mut at = read(bytes, 0, &mut tables.class);
        at = read(bytes, at, tables.class_after.as_flattened_mut());
        at = read(bytes, at, tables.first.as_flattened_mut().as_flattened_mut());
        at = read(bytes, at, tables.next.as_flattened_mut().as_flattened_mut().as_flattened_mut());
        at = read(bytes, at, tables.empty.as_flattened_mut());
        at = read(bytes, at, tables.interval.as_flattened_mut());
        at = read(bytes, at, tables.end.as_flattened_mut());
        assert!(at == bytes.len());
        tables
    }

    /// As a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows = [
            &self.class[..],
            self.class_after.as_flattened(),
            self.first.as_flattened().as_flattened(),
            self.next.as_flattened().as_flattened().as_flattened(),
            self.empty.as_flattened(),
            self.interval.as_flattened(),
            self.end.as_flattened(),
        ];
        rows.into_iter().flatten().flat_map(|cost| cost.to_le_bytes()).collect()
    }
}

const fn read(bytes: &[u8], mut at: usize, into: &mut [i16]) -> usize {
    let mut i = 0;
    while i < into.len() {
        into[i] = i16::from_le_bytes([bytes[at], bytes[at + 1]]);
        at += 2;
        i += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(TABLES.to_bytes(), include_bytes!("tables.bin"));
    }
}
