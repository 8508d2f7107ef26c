//! Tuplets: where in a bar the time is not divided in halves. Times that are not plain lie within units of the bar; what each unit is
//! divided into is chosen so that few sounds are cut and few divisions are fine.

use super::{BEAT, Bar, FINE};

/// So many in the time of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) actual: i64,
    pub(crate) normal: i64,
}

const RATIOS: [Ratio; 3] =
    [Ratio { actual: 3, normal: 2 }, Ratio { actual: 5, normal: 4 }, Ratio { actual: 7, normal: 4 }];
/// Times of plain note values are multiples of a 64th.
const PLAIN: i64 = BEAT / 16;
/// The longest unit that is divided.
const LONGEST: i64 = 4 * BEAT;

const TUPLET_COST: u32 = 10;
const CUT_COST: u32 = 8;
/// Of parts, of halves of them, and so on.
const FINE_COSTS: [u32; 6] = [0, 6, 20, 50, 100, 200];
/// Of what cannot be written so.
const NO_WAY: u32 = 1_000_000;
/// Fives and sevens are rarer than threes.
const ODD_COST: u32 = 12;

/// A unit of a bar in which time is divided otherwise. Times are from the beginning of the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tuplet {
    pub(super) start: i64,
    pub(super) length: i64,
    pub(super) ratio: Ratio,
}

impl Tuplet {
    pub(super) const fn end(&self) -> i64 {
        self.start + self.length
    }

    /// The length of one of its parts as it is written.
    pub(super) const fn part(&self) -> i64 {
        self.length / self.ratio.normal
    }

    /// A time within, from its beginning, as it would be without the tuplet.
    pub(super) fn written(&self, at: i64) -> i64 {
        (self.exact(at) - self.start) * self.ratio.actual / self.ratio.normal
    }

    /// A time within, where it is exactly: fifths and sevenths are no whole ticks.
    pub(super) fn exact(&self, at: i64) -> i64 {
        if self.ratio.actual == 3 {
            return at;
        }
        let part =
            (0..=self.ratio.actual).find(|part| at - self.start == tick_of(self.length, *part, self.ratio.actual));
        part.map_or(at, |part| self.start + self.length * part / self.ratio.actual)
    }
}

/// The whole tick nearest to a part of a length.
fn tick_of(length: i64, part: i64, of: i64) -> i64 {
    let (ticks, twice) = (length / FINE, 2 * of);
    FINE * ((2 * ticks * part + of) / twice)
}

/// The tuplets of a bar in which sounds begin and end at these times, in order, its own ends included.
pub(super) fn find(bar: &Bar, times: &[i64]) -> Vec<Tuplet> {
    let is_plain = |at: &i64| at % PLAIN == 0;
    if times.iter().all(is_plain) {
        return Vec::new();
    }
    let mut tuplets = Vec::new();
    let mut start = 0;
    while start < bar.length {
        // The largest unit that is whole here.
        let mut length = if bar.is_compound() { bar.beat() } else { LONGEST };
        while length > PLAIN && (start % length != 0 || start + length > bar.length) {
            length /= n_parts(bar, length);
        }
        tuplets.extend(best(start, length, times, bar).1);
        start += length;
    }
    tuplets
}

/// In how many parts a unit is divided if it is no tuplet.
fn n_parts(bar: &Bar, length: i64) -> i64 {
    if bar.is_compound() && length == bar.beat() { 3 } else { 2 }
}

/// The cheapest way to write a unit.
fn best(start: i64, length: i64, times: &[i64], bar: &Bar) -> (u32, Vec<Tuplet>) {
    let end = start + length;
    let from = times.partition_point(|at| *at <= start);
    let to = times.partition_point(|at| *at < end);
    let inside = &times[from..to.max(from)];
    if inside.iter().all(|at| at % PLAIN == 0) {
        return (0, Vec::new());
    }
    let is_time = |at: i64| times.binary_search(&at).is_ok();
    let ends = u32::from(!is_time(start)) + u32::from(!is_time(end));
    let whole = RATIOS.iter().filter_map(|&ratio| {
        let tuplet = Tuplet { start, length, ratio };
        Some((TUPLET_COST + fineness(&tuplet, inside)? + CUT_COST * ends, vec![tuplet]))
    });
    let mut ways: Vec<(u32, Vec<Tuplet>)> = whole.collect();
    let n_parts = n_parts(bar, length);
    if length > PLAIN && length % n_parts == 0 && (length / n_parts) % FINE == 0 {
        let part = length / n_parts;
        let (mut cost, mut tuplets) = (0, Vec::new());
        for number in 0..n_parts {
            let (of_part, mut in_part) = best(start + number * part, part, times, bar);
            cost = NO_WAY.min(cost + of_part);
            tuplets.append(&mut in_part);
        }
        ways.push((cost, tuplets));
    }
    ways.into_iter().min_by_key(|(cost, _)| *cost).unwrap_or((NO_WAY, Vec::new()))
}

/// How fine a tuplet must be divided for these times; `None` if it cannot.
fn fineness(tuplet: &Tuplet, inside: &[i64]) -> Option<u32> {
    let Tuplet { start, length, ratio: Ratio { actual, .. } } = *tuplet;
    if tuplet.part() < PLAIN / 2 {
        return None;
    }
    if actual != 3 {
        let is_part = |at: &i64| (1..actual).any(|part| at - start == tick_of(length, part, actual));
        let is_wide = tuplet.part() >= 2 * PLAIN;
        return (is_wide && inside.len() >= 2 && inside.iter().all(is_part)).then_some(ODD_COST);
    }
    let mut grain = length / 3;
    for fine_cost in FINE_COSTS {
        if inside.iter().all(|at| (at - start) % grain == 0) {
            return Some(if length > BEAT { 2 * fine_cost } else { fine_cost });
        }
        if grain % (2 * FINE) != 0 {
            return None;
        }
        grain /= 2;
    }
    None
}
