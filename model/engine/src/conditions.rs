//! What the network is told besides the notes: style, mode, density, polyphony, difficulty, bars left in the phrase, relation
//! to the call, feel and harmony. Each has an "open" value, 0, that training uses often, so any of them may be left out.
//!
//! All conditions of a step describe the event to come. *Bars left* is counted from the event before it, so that it can be
//! told before the time of the next note is known.

mod difficulty;
pub mod harmony;
mod levels;
mod relation;

pub use difficulty::{Difficulty, N_DIFFICULTIES, difficulty};
pub use harmony::N_HARMONIES;
pub use levels::{DENSITY_LIMITS, N_DENSITIES, N_POLYPHONIES, POLYPHONY_LIMITS, density_level, polyphony_level};
pub use relation::{N_RELATIONS, Relation, Similarity, similarity, top_voice};

/// Styles that a weight file can hold; 0 is "any". Names are in the weight file's header.
pub const N_STYLES: usize = 64;
/// Values of the mode condition: open, major, minor.
pub const N_MODES: usize = 3;
/// Values of *bars left*: open, 0 to 8 bars, and more.
pub const N_BARS_LEFT: usize = 11;
/// Values of the feel condition, see [`Feel`].
pub const N_FEELS: usize = 4;
/// Density, polyphony and difficulty are measured over runs of this many notes in training.
pub const SEGMENT_NOTES: usize = 64;

/// Number of conditions.
pub const N_CONDITIONS: usize = 9;
/// Name and number of values of each condition, in the order of [`Conditions::values`] and of the network's tables.
pub const TABLES: [(&str, usize); N_CONDITIONS] = [
    ("style", N_STYLES),
    ("mode", N_MODES),
    ("density", N_DENSITIES),
    ("polyphony", N_POLYPHONIES),
    ("difficulty", N_DIFFICULTIES),
    ("bars_left", N_BARS_LEFT),
    ("relation", N_RELATIONS),
    ("feel", N_FEELS),
    ("harmony", N_HARMONIES),
];

/// The conditions of one step, each 0 when open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Below [`N_STYLES`].
    pub style: u8,
    /// 1 major, 2 minor.
    pub mode: u8,
    /// 1 (sparse) to 8 (dense), see [`DENSITY_LIMITS`].
    pub density: u8,
    /// 1 (one voice) to 5 (full chords), see [`POLYPHONY_LIMITS`].
    pub polyphony: u8,
    /// 1 (easy) to 8 (virtuoso), see [`difficulty()`].
    pub difficulty: u8,
    /// See [`bars_left`].
    pub bars_left: u8,
    /// See [`Relation`].
    pub relation: u8,
    /// See [`Feel`].
    pub feel: u8,
    /// The chord that sounds, see [`harmony::value`].
    pub harmony: u8,
}

impl Conditions {
    /// All values, in the order of [`TABLES`].
    #[must_use]
    pub const fn values(self) -> [u8; N_CONDITIONS] {
        let Self { style, mode, density, polyphony, difficulty, bars_left, relation, feel, harmony } = self;
        [style, mode, density, polyphony, difficulty, bars_left, relation, feel, harmony]
    }

    /// The conditions of these values.
    #[must_use]
    pub const fn from_values(values: [u8; N_CONDITIONS]) -> Self {
        let [style, mode, density, polyphony, difficulty, bars_left, relation, feel, harmony] = values;
        Self { style, mode, density, polyphony, difficulty, bars_left, relation, feel, harmony }
    }

    /// The same, with 0 (open) for values that have no row in their table.
    #[must_use]
    pub fn within_tables(self) -> Self {
        let mut values = self.values();
        for (value, (_, n)) in values.iter_mut().zip(TABLES) {
            if usize::from(*value) >= n {
                *value = 0;
            }
        }
        Self::from_values(values)
    }
}

/// The value of *bars left* for so many whole bars after the present one: 1 in the last bar, 9 with eight bars to come after
/// this one, 10 for more.
#[must_use]
pub fn bars_left(n_bars: u32) -> u8 {
    u8::try_from(n_bars.min(9) + 1).unwrap_or(10)
}

/// How eighths are played, and whether the metre was made by augmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Feel {
    /// Even eighths.
    Straight = 1,
    /// The first of two eighths is twice as long as the second.
    Swung = 2,
    /// Bars of five or seven made from bars of four: all that the network has heard of most odd metres.
    Odd = 3,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_fields_are_in_one_order() {
        let values = std::array::from_fn(|i| u8::try_from(i + 1).unwrap());
        assert_eq!(Conditions::from_values(values).values(), values);
        let told = Conditions { style: 3, harmony: 109, bars_left: 10, ..Conditions::default() };
        assert_eq!(told.within_tables(), told);
        let unknown = Conditions { style: 64, harmony: 110, bars_left: 11, relation: 4, ..Conditions::default() };
        assert_eq!(unknown.within_tables(), Conditions::default());
    }

    #[test]
    fn bars_are_counted_down_to_the_last() {
        assert_eq!([0, 1, 8, 9, 1000].map(bars_left), [1, 2, 9, 10, 10]);
        assert!(usize::from(bars_left(u32::MAX)) < N_BARS_LEFT);
    }
}
