//! Where bar lines and beats are on the timeline.

use engine::Metre;

use super::{Line, LineKind, PARTS_PER_TICK};

const BEAT: i64 = engine::TICKS_PER_BEAT as i64;

/// Bar lines in played time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bars {
    /// One of them.
    pub line_ticks: i64,
    /// The length of a bar; 0 where there are none.
    pub length_ticks: u32,
}

impl From<Metre> for Bars {
    fn from(metre: Metre) -> Self {
        match metre {
            Metre::Bars { bar_line_ticks, bar_ticks } => Self { line_ticks: bar_line_ticks, length_ticks: bar_ticks },
            Metre::Free => Self::default(),
        }
    }
}

/// A stretch of the timeline without jumps or changes of metre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) from_ticks: i64,
    /// Ticks of the timeline less those of played time.
    pub(super) offset_ticks: i64,
    /// And less those of the song.
    pub(super) song_offset_ticks: i64,
    pub(super) bars: Bars,
}

impl Segment {
    /// The bar line at or before a tick; the tick itself where there are none.
    pub(super) fn bar_line_before(&self, ticks: i64) -> i64 {
        match i64::from(self.bars.length_ticks) {
            0 => ticks,
            bar => ticks - (ticks - self.offset_ticks - self.bars.line_ticks).rem_euclid(bar),
        }
    }

    /// Adds bar lines with the number of the bar in the song, and beat lines, from one tick up to another.
    pub(super) fn lines(&self, from: i64, to: i64, lines: &mut Vec<Line>) {
        let of = |ticks: i64, kind| Line { at_parts: ticks * PARTS_PER_TICK, kind };
        let line = self.bars.line_ticks + self.offset_ticks;
        let bar = i64::from(self.bars.length_ticks);
        if bar == 0 {
            let mut at = from + (line - from).rem_euclid(BEAT);
            while at < to {
                lines.push(of(at, LineKind::Beat));
                at += BEAT;
            }
            return;
        }
        let first_bar = line - (line - self.song_offset_ticks).div_euclid(bar) * bar;
        let mut at = from - (from - line).rem_euclid(bar);
        while at < to {
            let number = (at - first_bar).div_euclid(bar) + 1;
            lines.extend((at >= from).then(|| of(at, LineKind::Bar(number))));
            let beats = (1..).map(|beat| at + beat * BEAT).take_while(|&beat| beat < (at + bar).min(to));
            lines.extend(beats.filter(|&beat| beat >= from).map(|beat| of(beat, LineKind::Beat)));
            at += bar;
        }
    }
}
