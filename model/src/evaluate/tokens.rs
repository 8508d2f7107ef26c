//! How many tokens the usual piano vocabulary spends on notes: 128 note-ons, 128 note-offs, 100 time shifts of 10 ms to
//! 1 s, and 32 velocities that are said when they change (Oore et al. 2018, "This Time with Feeling"). Published numbers
//! are nats for each of these tokens.

use std::ops::AddAssign;

use music::{FREE_TICKS_PER_SECOND, Note, event_text};

const SHIFTS_PER_SECOND: i64 = 100;
/// The longest single time shift.
const MAX_SHIFT: u64 = 100;

/// Counts of tokens by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Note-ons, and as many note-offs.
    pub n_notes: u64,
    /// Time shifts.
    pub n_shifts: u64,
    /// Changes of velocity.
    pub n_velocities: u64,
}

impl Tokens {
    /// Counts the tokens of notes. Music with a beat is taken at 120 BPM, as prepared music no longer knows its tempo.
    #[must_use]
    pub fn count(notes: &[Note]) -> Self {
        let mut tokens = Self::default();
        let (mut now_ticks, mut velocity, mut has_begun) = (0i64, None, false);
        for line in event_text::write(notes).lines() {
            let mut words = line.split(' ');
            let mut number = |nth: usize| words.nth(nth).and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
            if line.starts_with("TIME_SHIFT") {
                let before = steps(now_ticks);
                now_ticks += number(1);
                // Silence before the first note is no music.
                if has_begun {
                    tokens.n_shifts += u64::try_from(steps(now_ticks) - before).unwrap_or(0).div_ceil(MAX_SHIFT);
                }
            } else if line.starts_with("NOTE_ON") {
                has_begun = true;
                tokens.n_notes += 1;
                let step = number(2) / 4;
                tokens.n_velocities += u64::from(velocity.replace(step) != Some(step));
            }
        }
        tokens
    }

    /// All tokens.
    #[must_use]
    pub const fn total(self) -> u64 {
        2 * self.n_notes + self.n_shifts + self.n_velocities
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.n_notes += other.n_notes;
        self.n_shifts += other.n_shifts;
        self.n_velocities += other.n_velocities;
    }
}

/// A time in steps of 10 ms, rounded.
const fn steps(ticks: i64) -> i64 {
    let per_second = FREE_TICKS_PER_SECOND as i64;
    (ticks * SHIFTS_PER_SECOND + per_second / 2).div_euclid(per_second)
}

#[cfg(test)]
mod tests {
    use engine::{Pitch, Velocity};

    use super::*;

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
        let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::new(velocity).unwrap());
        Note { onset_ticks, duration_ticks, pitch, velocity }
    }

    #[test]
    fn tokens_are_counted_as_they_would_be_written() {
        // A chord of a second, a note of two and a half after it: velocity, on, on, shift, off, off, velocity, on,
        // three shifts, off.
        let notes = [note(960, 96, 60, 80), note(960, 96, 64, 81), note(1056, 240, 67, 100)];
        let tokens = Tokens::count(&notes);
        assert_eq!(tokens, Tokens { n_notes: 3, n_shifts: 4, n_velocities: 2 });
        assert_eq!(tokens.total(), 12);
        assert_eq!(Tokens::count(&[]).total(), 0);
    }

    #[test]
    fn times_that_round_to_nothing_cost_no_shift() {
        // A tick is 10.4 ms.
        assert_eq!(Tokens::count(&[note(0, 1, 60, 80)]).n_shifts, 1);
        assert_eq!(steps(96), 100);
        assert_eq!(steps(48), 50);
    }
}
