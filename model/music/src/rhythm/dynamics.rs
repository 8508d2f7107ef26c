//! How loud notes are written that hands have played: accents are the player's, and smooth dynamics the music's.

use std::collections::VecDeque;

use super::PARTS_PER_BEAT;
use crate::note::Velocity;

/// The mean is taken over the notes of so long a time before each note.
const WINDOW_PARTS: i64 = 2 * PARTS_PER_BEAT;
/// And over so many notes at most.
const MOST_NOTES: usize = 64;
/// A smaller change is the player's, not the music's: scores change their loudness in steps.
const STEP: u8 = 10;

/// Follows the dynamics of a phrase. Of each note it knows those before it and no later one, so that it is the same whenever
/// somebody asks.
#[derive(Clone, Debug)]
pub(super) struct Dynamics {
    latest: VecDeque<(i64, u8)>,
    /// As loud as the music is now.
    written: Option<u8>,
}

impl Default for Dynamics {
    fn default() -> Self {
        Self { latest: VecDeque::with_capacity(MOST_NOTES), written: None }
    }
}

impl Dynamics {
    /// A phrase begins.
    pub(super) fn clear(&mut self) {
        self.latest.clear();
        self.written = None;
    }

    /// The next note in order of time, with its onset in parts of a tick: how loud it is written.
    pub(super) fn strike(&mut self, onset_parts: i64, velocity: Velocity) -> Velocity {
        if self.latest.len() == MOST_NOTES {
            self.latest.pop_front();
        }
        self.latest.push_back((onset_parts, velocity.get()));
        while self.latest.front().is_some_and(|&(onset, _)| onset_parts.saturating_sub(onset) > WINDOW_PARTS) {
            self.latest.pop_front();
        }
        let sum: usize = self.latest.iter().map(|&(_, velocity)| usize::from(velocity)).sum();
        let mean = (2 * sum + self.latest.len()) / (2 * self.latest.len().max(1));
        let mean = u8::try_from(mean).unwrap_or(velocity.get());
        let written = self.written.filter(|written| written.abs_diff(mean) < STEP).unwrap_or(mean);
        self.written = Some(written);
        Velocity::nearest(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_are_smoothed_and_a_new_loudness_is_followed() {
        let mut dynamics = Dynamics::default();
        let mut written =
            |beat: i64, velocity| dynamics.strike(beat * PARTS_PER_BEAT, Velocity::nearest(velocity)).get();
        assert_eq!([(0, 60), (1, 60), (2, 90)].map(|(beat, velocity)| written(beat, velocity)), [60, 60, 70]);
        assert_eq!([(6, 100), (7, 100)].map(|(beat, velocity)| written(beat, velocity)), [100, 100]);
    }

    #[test]
    fn absurd_times_do_no_harm() {
        let mut dynamics = Dynamics::default();
        for onset in [i64::MIN, i64::MAX, 0, -5] {
            assert_eq!(dynamics.strike(onset, Velocity::MEDIUM), Velocity::MEDIUM);
        }
    }
}
