//! Where an onset falls in the bar. Metrical music feeds this to the model, so that answers lock to the host's grid.
//!
//! Reading order: [`time_signature`] says how bars are counted, [`bar_lines`] numbers those of a piece.

pub mod bar_lines;
pub mod time_signature;

use crate::note::TICKS_PER_BEAT;

/// Values of [`Position::beat_phase`]: 48 ticks of the beat, and one for music without a beat.
pub const N_BEAT_PHASES: usize = 49;
/// Values of [`Position::bar_beat`]: 15 beats of the bar, and one for music without bars.
pub const N_BAR_BEATS: usize = 16;

/// A place in the bar, as two small numbers that the model embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Ticks since the last beat, 0 to 47; 48 without a beat.
    pub beat_phase: u8,
    /// Whole beats since the bar line, 0 to 14 (later beats of very long bars stay at 14); 15 without bars.
    pub bar_beat: u8,
}

impl Position {
    /// The position of music that has no beat.
    pub const FREE: Self = Self { beat_phase: 48, bar_beat: 15 };

    /// Ticks since the bar line; `None` without bars.
    #[must_use]
    pub fn in_bar_ticks(self) -> Option<i64> {
        let beats_ticks = i64::from(self.bar_beat) * i64::from(TICKS_PER_BEAT);
        (self != Self::FREE).then_some(beats_ticks + i64::from(self.beat_phase))
    }
}

/// The grid that onsets are read against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metre {
    /// No beat: a free performance, or a stopped host.
    Free,
    /// Bars of equal length.
    Bars {
        /// Any bar line, on the timeline of the notes.
        bar_line_ticks: i64,
        /// Length of a bar: 192 in 4/4, 144 in 3/4 and 6/8. Zero is read as 192.
        bar_ticks: u32,
    },
}

impl Metre {
    /// The first beat from tick 0 on, 0 to 47; `None` without bars.
    #[must_use]
    pub fn beat_ticks(&self) -> Option<i64> {
        match *self {
            Self::Free => None,
            Self::Bars { bar_line_ticks, .. } => Some(bar_line_ticks.rem_euclid(TICKS_PER_BEAT.into())),
        }
    }

    /// Where `onset_ticks` falls. Works before the given bar line too.
    #[must_use]
    pub fn position(&self, onset_ticks: i64) -> Position {
        match *self {
            Self::Free => Position::FREE,
            Self::Bars { bar_line_ticks, bar_ticks } => {
                let bar_ticks = if bar_ticks == 0 { 4 * TICKS_PER_BEAT } else { bar_ticks };
                let in_bar = onset_ticks.wrapping_sub(bar_line_ticks).rem_euclid(i64::from(bar_ticks));
                let beat = in_bar / i64::from(TICKS_PER_BEAT);
                let phase = in_bar % i64::from(TICKS_PER_BEAT);
                Position {
                    beat_phase: u8::try_from(phase).unwrap_or(0),
                    bar_beat: u8::try_from(beat.min(14)).unwrap_or(14),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_beats_and_ticks_before_and_after_the_bar_line() {
        let waltz = Metre::Bars { bar_line_ticks: 48, bar_ticks: 144 };
        let cases = [(48, (0, 0)), (48 + 60, (1, 12)), (48 + 144, (0, 0)), (47, (2, 47)), (-96, (0, 0))];
        for (onset, (bar_beat, beat_phase)) in cases {
            assert_eq!(waltz.position(onset), Position { beat_phase, bar_beat }, "onset {onset}");
        }
    }

    #[test]
    fn a_bar_of_no_length_is_common_time() {
        let broken = Metre::Bars { bar_line_ticks: 0, bar_ticks: 0 };
        assert_eq!(broken.position(192 + 48).bar_beat, 1);
    }
}
