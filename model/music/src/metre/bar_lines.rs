//! Numbers a piece's bars, and counts its beats, through all its changes of metre.

use crate::note::TICKS_PER_BEAT;
use crate::tempo::in_force;
use crate::time_signature::MetreChange;

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
const COMMON_BAR_TICKS: i64 = 4 * BEAT_TICKS;

/// One beat, a quarter note long unless the bar ends before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When it begins. It ends where the next one begins, the last after a quarter note.
    pub start_ticks: i64,
    /// A bar begins with it.
    pub is_bar_line: bool,
}

/// Where the bars of a piece begin.
///
/// ```
/// use music::{MetreChange, TimeSignature, bar_lines::BarLines};
///
/// let waltz = MetreChange { start_ticks: 0, signature: TimeSignature::new(3, 2).unwrap() };
/// let bar_lines = BarLines::new(&[waltz]);
/// assert_eq!((bar_lines.bar(143), bar_lines.bar(144)), (Some(0), Some(1)));
/// assert_eq!(bar_lines.to_next_bar_ticks(100), 44);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BarLines {
    sections: Vec<Section>,
}

/// A run of equally long bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Section {
    /// The first bar line.
    start_ticks: i64,
    /// At least 1.
    bar_ticks: i64,
    /// Bars before this section.
    n_before: i64,
}

impl BarLines {
    /// The bars of these metres, in ticks of 1/48 beat and by rising start; no bars without metres.
    #[must_use]
    pub fn new(metres: &[MetreChange]) -> Self {
        let mut sections: Vec<Section> = Vec::with_capacity(metres.len());
        for change in metres {
            let bar_ticks = i64::from(change.signature.bar_ticks(TICKS_PER_BEAT).max(1));
            let n_before = sections.last().map_or(0, |last| {
                // A bar that is cut short counts.
                last.n_before + ((change.start_ticks - last.start_ticks).max(0) + last.bar_ticks - 1) / last.bar_ticks
            });
            sections.push(Section { start_ticks: change.start_ticks, bar_ticks, n_before });
        }
        Self { sections }
    }

    fn section(&self, ticks: i64) -> Option<&Section> {
        in_force(&self.sections, |section| section.start_ticks, ticks)
    }

    /// The number of the bar at `ticks`: 0 from the first bar line on, negative before it. `None` without bars.
    #[must_use]
    pub fn bar(&self, ticks: i64) -> Option<i64> {
        let section = self.section(ticks)?;
        Some(section.n_before + (ticks - section.start_ticks).div_euclid(section.bar_ticks))
    }

    /// Length of the bar at `ticks`; that of 4/4 without bars.
    #[must_use]
    pub fn bar_ticks(&self, ticks: i64) -> i64 {
        self.section(ticks).map_or(COMMON_BAR_TICKS, |section| section.bar_ticks)
    }

    /// Ticks from `ticks` to the next bar line, a whole bar on a bar line; 0 without bars.
    #[must_use]
    pub fn to_next_bar_ticks(&self, ticks: i64) -> i64 {
        self.section(ticks)
            .map_or(0, |section| section.bar_ticks - (ticks - section.start_ticks).rem_euclid(section.bar_ticks))
    }

    /// Beats from the bar of `first_ticks` to the beat of `last_ticks`; they begin anew at each bar line. Without bars they are
    /// counted from 0 on, and none is a bar line.
    #[must_use]
    pub fn beats(&self, first_ticks: i64, last_ticks: i64) -> Vec<Beat> {
        let mut beats = Vec::new();
        let free = [Section { start_ticks: 0, bar_ticks: COMMON_BAR_TICKS, n_before: 0 }];
        let sections = if self.sections.is_empty() { &free[..] } else { &self.sections };
        for (i, section) in sections.iter().enumerate() {
            let until = sections.get(i + 1).map_or(last_ticks + 1, |next| next.start_ticks.min(last_ticks + 1));
            // Whole bars that end before the first note are passed over.
            let passed = (first_ticks - section.start_ticks).div_euclid(section.bar_ticks);
            let passed = if i == 0 { passed } else { passed.max(0) };
            let mut bar = section.start_ticks + passed * section.bar_ticks;
            while bar < until {
                let bar_end = (bar + section.bar_ticks).min(until);
                let mut beat = bar;
                while beat < bar_end {
                    beats.push(Beat { start_ticks: beat, is_bar_line: beat == bar && !self.sections.is_empty() });
                    beat += BEAT_TICKS;
                }
                bar += section.bar_ticks;
            }
        }
        beats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_signature::TimeSignature;

    fn metre(start_ticks: i64, beats: u8, unit: u8) -> MetreChange {
        MetreChange { start_ticks, signature: TimeSignature::new(beats, unit).unwrap() }
    }

    #[test]
    fn beats_begin_anew_with_each_bar_and_each_metre() {
        // 3/8, and 4/4 from the third bar on.
        let bar_lines = BarLines::new(&[metre(0, 3, 3), metre(144, 4, 2)]);
        let found = bar_lines.beats(80, 300);
        let starts: Vec<i64> = found.iter().map(|beat| beat.start_ticks).collect();
        assert_eq!(starts, [72, 120, 144, 192, 240, 288]);
        assert_eq!(found.iter().filter(|beat| beat.is_bar_line).count(), 2);
    }

    #[test]
    fn bars_are_numbered_through_a_bar_that_is_cut_short() {
        let bar_lines = BarLines::new(&[metre(0, 4, 2), metre(192 + 96, 3, 2)]);
        assert_eq!(
            [-1, 0, 191, 192, 287, 288, 288 + 144].map(|ticks| bar_lines.bar(ticks).unwrap()),
            [-1, 0, 0, 1, 1, 2, 3]
        );
        assert_eq!((bar_lines.bar_ticks(0), bar_lines.bar_ticks(288)), (192, 144));
        assert_eq!((bar_lines.to_next_bar_ticks(0), bar_lines.to_next_bar_ticks(287)), (192, 97));
    }

    #[test]
    fn without_metres_there_are_beats_but_no_bars() {
        let none = BarLines::new(&[]);
        assert_eq!((none.bar(5), none.to_next_bar_ticks(5), none.bar_ticks(5)), (None, 0, 192));
        assert!(none.beats(0, 400).iter().all(|beat| !beat.is_bar_line));
    }
}
