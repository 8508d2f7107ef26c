//! What the critic reads: a piano roll of up to 32 beats, a column for each sixteenth, from a bar line on. Pitches are told from the
//! tonic of the call, in octaves, so that a degree of the scale has one place in any key.
//!
//! Each cell has four values: a note begins; the share of the sixteenth in which it sounds; how loud it begins beside the call's mean
//! (where dynamics are known); how far after the column it begins. Each octave of a column has two more: a bar begins; the
//! answer must be over.

use crate::key::find_key;
use crate::metre::Metre;
use crate::note::{Note, TICKS_PER_BEAT};
use crate::tokens::vocab::velocity_value;

/// Ticks of a column.
pub const COLUMN_TICKS: i64 = TICKS_PER_BEAT as i64 / 4;
/// Columns that become one in the last layer: four beats.
pub const GROUP_COLUMNS: usize = 16;
/// Such groups, at most.
pub const MOST_GROUPS: usize = 8;
/// Columns, at most.
pub const MOST_COLUMNS: usize = GROUP_COLUMNS * MOST_GROUPS;
const GROUP_TICKS: i64 = 16 * COLUMN_TICKS;
const MOST_TICKS: i64 = 8 * GROUP_TICKS;
/// Rows of a roll: octaves from the tonic on.
pub const N_OCTAVES: usize = 8;
/// Values of a cell.
const N_PLANES: usize = 4;
/// Values of each octave of a column: those of twelve keys, and two marks.
pub const N_CHANNELS: usize = 12 * N_PLANES + 2;
const BAR_MARK: usize = 12 * N_PLANES;
const END_MARK: usize = BAR_MARK + 1;
/// Velocity steps (of 4) that count as much as that a note begins at all.
const VELOCITY_STEPS: f32 = 4.0;
/// A call with fewer different velocities says nothing of dynamics.
const LEAST_VELOCITIES: u32 = 3;
/// The lowest key of the lowest octave, if the tonic is C.
const LOWEST_KEY: i32 = 12;
/// Times beyond this, about 47 million beats, are cut, so that no sum overflows.
pub(super) const FARTHEST_TICKS: i64 = i64::MAX / 4096;

/// What a roll of an answer takes from its call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Semitones by which all is moved, -6 to 5, so that the tonic is a C.
    pub moved: i32,
    /// Mean of the call's velocity values; `None` if it says nothing of dynamics.
    pub velocity: Option<f32>,
    /// Of call and answer.
    pub metre: Metre,
}

impl Frame {
    /// From the call.
    #[must_use]
    pub fn of(call: &[Note], metre: Metre) -> Self {
        let tonic = find_key(call).map_or(0, |(key, _)| i32::from(key.tonic));
        let seen = call.iter().fold(0u32, |seen, note| seen | 1 << velocity_value(note.velocity));
        let sum: u64 = call.iter().map(|note| u64::from(velocity_value(note.velocity))).sum();
        #[expect(clippy::cast_precision_loss, reason = "small numbers, and the same on each machine")]
        let mean = sum as f32 / call.len().max(1) as f32;
        let moved = if tonic > 6 { 12 - tonic } else { -tonic };
        Self { moved, velocity: (seen.count_ones() >= LEAST_VELOCITIES).then_some(mean), metre }
    }

    /// The last bar line up to `ticks`; without bars, `ticks`.
    fn bar_line(&self, ticks: i64) -> i64 {
        match self.metre {
            Metre::Free => ticks,
            Metre::Bars { .. } => ticks - (ticks - self.a_bar_line()).rem_euclid(self.bar_ticks()),
        }
    }

    fn a_bar_line(&self) -> i64 {
        match self.metre {
            Metre::Free => 0,
            Metre::Bars { bar_line_ticks, .. } => near(bar_line_ticks),
        }
    }

    fn bar_ticks(&self) -> i64 {
        match self.metre {
            Metre::Bars { bar_ticks, .. } if bar_ticks > 0 => i64::from(bar_ticks),
            _ => 4 * i64::from(TICKS_PER_BEAT),
        }
    }
}

fn near(ticks: i64) -> i64 {
    ticks.clamp(-FARTHEST_TICKS, FARTHEST_TICKS)
}

/// A piano roll; see the module.
#[derive(Clone, Debug)]
pub struct Roll {
    /// (octaves, columns, channels)
    cells: Vec<f32>,
    n_columns: usize,
}

impl Default for Roll {
    fn default() -> Self {
        Self::new()
    }
}

impl Roll {
    /// An empty one; it allocates nothing later.
    #[must_use]
    pub fn new() -> Self {
        Self { cells: vec![0.0; N_OCTAVES * MOST_COLUMNS * N_CHANNELS], n_columns: GROUP_COLUMNS }
    }

    /// Columns, a multiple of [`GROUP_COLUMNS`], at least that.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// ([`N_OCTAVES`], columns, [`N_CHANNELS`])
    #[must_use]
    pub fn cells(&self) -> &[f32] {
        &self.cells[..N_OCTAVES * self.n_columns * N_CHANNELS]
    }

    /// Draws the end of a call, in any order of its notes.
    pub fn draw_call(&mut self, frame: &Frame, call: &[Note]) {
        let first = call.iter().map(|note| near(note.onset_ticks)).min().unwrap_or(0);
        let end = call.iter().map(end_ticks).max().unwrap_or(0);
        let mut from = frame.bar_line(first);
        if end - from > MOST_TICKS {
            // The next bar line, since all that is heard last must have its place.
            from = frame.bar_line(end - MOST_TICKS + frame.bar_ticks() - 1).max(end - MOST_TICKS);
        }
        self.draw(frame, call, from, end, None);
    }

    /// Draws an answer that begins at `start_ticks` and must be over at `end_ticks`; `i64::MAX` for never.
    pub fn draw_answer(&mut self, frame: &Frame, answer: &[Note], start_ticks: i64, end_ticks_: i64) {
        let from = frame.bar_line(near(start_ticks));
        let end = if end_ticks_ == i64::MAX { None } else { Some(near(end_ticks_)) };
        let to = end.unwrap_or_else(|| answer.iter().map(end_ticks).max().unwrap_or(from));
        self.draw(frame, answer, from, to, end);
    }

    fn draw(&mut self, frame: &Frame, notes: &[Note], from: i64, to: i64, end: Option<i64>) {
        let n_groups = usize::try_from((to - from + GROUP_TICKS - 1).div_euclid(GROUP_TICKS)).unwrap_or(0);
        self.n_columns = n_groups.clamp(1, MOST_GROUPS) * GROUP_COLUMNS;
        self.cells[..N_OCTAVES * self.n_columns * N_CHANNELS].fill(0.0);
        for note in notes {
            self.draw_note(frame, note, from);
        }
        if let Metre::Bars { .. } = frame.metre {
            let to = from + self.length_ticks();
            let mut bar_line = frame.bar_line(from);
            while bar_line < to {
                self.mark(bar_line - from, BAR_MARK);
                bar_line += frame.bar_ticks();
            }
        }
        if let Some(end) = end {
            self.mark(end - from, END_MARK);
        }
    }

    fn draw_note(&mut self, frame: &Frame, note: &Note, from: i64) {
        let (onset, end) = (near(note.onset_ticks) - from, end_ticks(note) - from);
        let key = i32::from(note.pitch.get()) + frame.moved - LOWEST_KEY;
        let octave = usize::try_from(key.div_euclid(12)).unwrap_or(0).min(N_OCTAVES - 1);
        let Ok(degree) = usize::try_from(key.rem_euclid(12)) else { return };
        let first = onset.div_euclid(COLUMN_TICKS);
        let last = (end - 1).div_euclid(COLUMN_TICKS).min(self.length_ticks() / COLUMN_TICKS - 1);
        for column in first.max(0)..=last {
            let begin = column * COLUMN_TICKS;
            let sounds = (end.min(begin + COLUMN_TICKS) - onset.max(begin)).max(0);
            let Ok(column_index) = usize::try_from(column) else { continue };
            let cell = self.cell(octave, column_index, degree * N_PLANES);
            cell[1] = (cell[1] + twelfths(sounds)).min(1.0);
            if column == first {
                cell[0] = 1.0;
                if let Some(mean) = frame.velocity {
                    let beside = (f32::from(velocity_value(note.velocity)) - mean) / VELOCITY_STEPS;
                    cell[2] = 1.0 + beside.clamp(-4.0, 4.0);
                }
                cell[3] = twelfths(onset - begin);
            }
        }
    }

    fn length_ticks(&self) -> i64 {
        i64::try_from(self.n_columns / GROUP_COLUMNS).unwrap_or(1) * GROUP_TICKS
    }

    /// Marks a column in all octaves, if it is on the roll.
    fn mark(&mut self, ticks: i64, mark: usize) {
        let column = usize::try_from(ticks.div_euclid(COLUMN_TICKS)).ok().filter(|&column| column < self.n_columns);
        for octave in 0..column.map_or(0, |_| N_OCTAVES) {
            self.cell(octave, column.unwrap_or(0), mark)[0] = 1.0;
        }
    }

    /// The values from this channel on.
    fn cell(&mut self, octave: usize, column: usize, channel: usize) -> &mut [f32] {
        &mut self.cells[(octave * self.n_columns + column) * N_CHANNELS + channel..]
    }
}

fn end_ticks(note: &Note) -> i64 {
    near(note.onset_ticks) + i64::from(note.duration_ticks)
}

/// Ticks of a column as a share of it.
#[expect(clippy::cast_precision_loss, reason = "at most 12")]
fn twelfths(ticks: i64) -> f32 {
    ticks as f32 / COLUMN_TICKS as f32
}
