//! Of all ways to lay beats under a phrase, the most probable one: a semi-Markov model whose states are beats, each with a time
//! and a length of its own, so that tempo, phase, level and rubato are found at once (dynamic programming over beats as Ellis
//! 2007 has it; what is inside a beat costs what the ear's tables say, as in the metrical HMM).

use super::super::cost::{NAT, NEVER, Spread, ln};
use super::super::grid::{CLASSES, MAX_STEPS, N_CLASSES};
use super::super::tables::{N_EMPTY, Tables, UNKNOWN};
use super::chords::{Chord, N_MARKS};
use super::prior::Prior;

/// Beats begin on multiples of this.
pub(super) const GRID_MS: i32 = 16;
/// Lengths of a beat, 17 an octave: 272 ms (221 BPM) to 1664 ms (36 BPM).
pub(super) const N_LENGTHS: usize = 44;
pub(super) const PER_OCTAVE: usize = 17;
/// An onset this much before a beat belongs to it.
pub(super) const EARLY_MS: i32 = 45;
/// A beat's length is at most so many steps from the one before.
const MOST_CHANGE: usize = 5;
/// Spread of notes about their places.
const SPREAD_US: i64 = 24_000;
/// Standard deviation of a beat's length from that of the beat before, in per cent.
const CHANGE_SD: i64 = 5;
/// Deviations that are told apart.
const N_DEVIATIONS: usize = 256;

/// A length in steps of the grid. A step up of `PER_OCTAVE` is an octave exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most 104")]
pub(super) const fn length_steps(length: usize) -> i32 {
    ((PER_OCTAVE + length % PER_OCTAVE) << (length / PER_OCTAVE)) as i32
}

/// A length in milliseconds.
pub(super) const fn length_ms(length: usize) -> i32 {
    length_steps(length) * GRID_MS
}

#[derive(Clone, Copy, Debug)]
struct State {
    cost: i32,
    /// Length of the beat before.
    back: u8,
    class: u8,
    /// Beats without onsets, this one included.
    empty: u8,
}

const NOWHERE: State = State { cost: NEVER, back: 0, class: 0, empty: 0 };

/// A beat of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathBeat {
    pub(super) ms: i32,
    pub(super) length_ms: i32,
    pub(super) class: u8,
    pub(super) is_empty: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Lattice {
    states: Vec<[State; N_LENGTHS]>,
    /// The time of the first.
    zero_ms: i32,
    /// For each length, the best way to the end that has it last, and its cost.
    ends: [(i32, usize); N_LENGTHS],
}

impl Lattice {
    /// Follows all ways. There is at least one chord.
    pub(super) fn new(chords: &[Chord], prior: &Prior, tables: &Tables, marks: &[[i16; 3]; N_MARKS]) -> Self {
        let model = Model::new(tables, marks);
        let (first_ms, last_ms) = (chords[0].ms, chords[chords.len() - 1].ms);
        let zero_ms = first_ms - length_ms(N_LENGTHS - 1);
        let n = usize::try_from((last_ms + EARLY_MS - zero_ms) / GRID_MS + 1).unwrap_or(1);
        let mut lattice = Self { states: vec![[NOWHERE; N_LENGTHS]; n], zero_ms, ends: [(NEVER, 0); N_LENGTHS] };
        // Onsets before this one belong to earlier beats.
        let mut begin = 0;
        for at in 0..n {
            let ms = lattice.ms(at);
            while chords.get(begin).is_some_and(|chord| chord.ms < ms - EARLY_MS) {
                begin += 1;
            }
            let mut end = begin;
            for length in 0..N_LENGTHS {
                while chords.get(end).is_some_and(|chord| chord.ms < ms + length_ms(length) - EARLY_MS) {
                    end += 1;
                }
                let before = if begin == 0 { None } else { Some(lattice.before(at, length, &model)) };
                if before.is_some_and(|ways| ways.iter().all(|way| way.cost >= NEVER)) || (begin == 0 && end == 0) {
                    continue;
                }
                let onsets = &chords[begin..end];
                let state = match before {
                    None => model.first(onsets, ms, length, prior.cost(ms, length)),
                    Some(ways) => model.next(onsets, ms, length, &ways),
                };
                lattice.states[at][length] = state;
                if end == chords.len() && state.cost < lattice.ends[length].0 {
                    lattice.ends[length] = (state.cost, at);
                }
            }
        }
        lattice
    }

    fn ms(&self, at: usize) -> i32 {
        self.zero_ms + i32::try_from(at).unwrap_or(i32::MAX / GRID_MS) * GRID_MS
    }

    /// The best way to a beat of this length, for each class and each number of empty beats before.
    fn before(&self, at: usize, length: usize, model: &Model<'_>) -> [State; 2 * N_CLASSES] {
        let mut best = [NOWHERE; 2 * N_CLASSES];
        let least = length.saturating_sub(MOST_CHANGE);
        for back in least..(length + MOST_CHANGE + 1).min(N_LENGTHS) {
            let steps = usize::try_from(length_steps(back)).unwrap_or(0);
            let Some(way) = at.checked_sub(steps).map(|from| self.states[from][back]) else { break };
            if way.cost >= NEVER {
                continue;
            }
            let cost = way.cost + model.change[back][length + MOST_CHANGE - back];
            let slot = &mut best[usize::from(way.class) + if way.empty > 0 { N_CLASSES } else { 0 }];
            if cost < slot.cost {
                *slot = State { cost, back: u8::try_from(back).unwrap_or(0), ..way };
            }
        }
        best
    }

    /// The cost of the best path whose last beat has this length.
    pub(super) fn end_cost(&self, length: usize) -> i32 {
        self.ends[length].0
    }

    /// The best path whose last beat has this length.
    pub(super) fn path(&self, mut length: usize) -> Vec<PathBeat> {
        let mut at = self.ends[length].1;
        let mut path = Vec::new();
        loop {
            let State { cost, back, class, empty, .. } = self.states[at][length];
            if cost >= NEVER {
                break;
            }
            path.push(PathBeat { ms: self.ms(at), length_ms: length_ms(length), class, is_empty: empty > 0 });
            if back == FIRST {
                break;
            }
            length = usize::from(back);
            let Some(from) = at.checked_sub(usize::try_from(length_steps(length)).unwrap_or(0)) else { break };
            at = from;
        }
        path.reverse();
        path
    }
}

/// Instead of a length: there is no beat before.
const FIRST: u8 = u8::MAX;

struct Model<'a> {
    tables: &'a Tables,
    marks: &'a [[i16; 3]; N_MARKS],
    /// By deviation in milliseconds.
    deviation: [i32; N_DEVIATIONS],
    /// By length before, and steps to the next one.
    change: [[i32; 2 * MOST_CHANGE + 1]; N_LENGTHS],
    /// Weights in 64ths of what is usual in scores, and of marks.
    weight: i32,
    mark_weight: i32,
    ornament: i32,
    /// 2^24 by each length, rounded up: the innermost loop does not divide.
    reciprocal: [i64; N_LENGTHS],
    /// Where the steps of a class are in a beat, in milliseconds: `[length][class][step]`.
    places: Box<[[[i32; MAX_STEPS]; N_CLASSES]; N_LENGTHS]>,
}

/// Bits behind the point of a reciprocal.
const RECIPROCAL_BITS: u32 = 24;

impl<'a> Model<'a> {
    fn new(tables: &'a Tables, marks: &'a [[i16; 3]; N_MARKS]) -> Self {
        let spread = Spread::new(SPREAD_US);
        let mut deviation = [0; N_DEVIATIONS];
        for (cost, ms) in deviation.iter_mut().zip(0..) {
            *cost = spread.cost(ms * 1000);
        }
        let mut change = [[NEVER; 2 * MOST_CHANGE + 1]; N_LENGTHS];
        for (from, row) in change.iter_mut().enumerate() {
            for (to, cost) in (from.saturating_sub(MOST_CHANGE)..).zip(&mut row[MOST_CHANGE.saturating_sub(from)..]) {
                if to < N_LENGTHS {
                    let ratio =
                        i64::from(ln(length_ms(to).unsigned_abs().into(), length_ms(from).unsigned_abs().into()));
                    let sigma = CHANGE_SD * i64::from(NAT) / 100;
                    *cost =
                        i32::try_from(ratio * ratio * i64::from(NAT) / (2 * sigma * sigma)).unwrap_or(NEVER).min(NEVER);
                }
            }
        }
        let reciprocal = std::array::from_fn(|length| (1 << RECIPROCAL_BITS) / i64::from(length_ms(length)) + 1);
        let mut places = Box::new([[[0; MAX_STEPS]; N_CLASSES]; N_LENGTHS]);
        for (length, rows) in places.iter_mut().enumerate() {
            for (steps, row) in CLASSES.into_iter().zip(rows) {
                row.iter_mut().zip(0..).for_each(|(place, step)| *place = step * length_ms(length) / i32::from(steps));
            }
        }
        let (weight, mark_weight, ornament) = (74, 56, 9 * NAT);
        Self { tables, marks, deviation, change, weight, mark_weight, ornament, reciprocal, places }
    }

    /// What the onsets of a beat cost in each class.
    fn inside(&self, onsets: &[Chord], ms: i32, length: usize) -> [i32; N_CLASSES] {
        let half_ms = length_ms(length) / 2;
        let reciprocal = self.reciprocal[length];
        let mut costs = [0; N_CLASSES];
        for (class, cost) in costs.iter_mut().enumerate() {
            let steps = i32::from(CLASSES[class]);
            let places = &self.places[length][class];
            let mut last = usize::MAX;
            let (mut prior, mut played) = (0, 0);
            for chord in onsets {
                let scaled = ((chord.ms - ms) * steps).max(0);
                let step = i32::try_from((i64::from(scaled + half_ms) * reciprocal) >> RECIPROCAL_BITS).unwrap_or(0);
                let step = step.min(steps - 1);
                let index = usize::try_from(step).unwrap_or(0);
                let off_ms = chord.ms - ms - places[index];
                let off = self.deviation[usize::try_from(off_ms.abs()).unwrap_or(usize::MAX).min(N_DEVIATIONS - 1)];
                if index == last || off > self.ornament {
                    played += self.ornament;
                    continue;
                }
                let usual = match last {
                    usize::MAX => self.tables.first[class][UNKNOWN][index],
                    last => self.tables.next[class][last][UNKNOWN][index],
                };
                let kind = match step {
                    0 => 0,
                    _ if step * 2 == steps => 1,
                    _ => 2,
                };
                prior += i32::from(usual);
                played += off + i32::from(self.marks[usize::from(chord.mark)][kind]) * self.mark_weight / 64;
                last = index;
            }
            if last != usize::MAX {
                prior += i32::from(self.tables.next[class][last][UNKNOWN][MAX_STEPS]);
            }
            *cost = played + prior * self.weight / 64;
        }
        costs
    }

    fn first(&self, onsets: &[Chord], ms: i32, length: usize, prior: i32) -> State {
        let inside = self.inside(onsets, ms, length);
        let mut best = NOWHERE;
        for (class, cost) in (0u8..).zip(inside) {
            let cost = cost + i32::from(self.tables.class[usize::from(class)]) * self.weight / 64 + prior;
            if cost < best.cost {
                best = State { cost, back: FIRST, class, empty: 0 };
            }
        }
        best
    }

    fn next(&self, onsets: &[Chord], ms: i32, length: usize, ways: &[State; 2 * N_CLASSES]) -> State {
        let mut best = NOWHERE;
        if onsets.is_empty() {
            for way in ways {
                if way.cost < NEVER {
                    let row = &self.tables.empty[usize::from(way.class)];
                    let empty = usize::from(way.empty);
                    let cost = way.cost + more_empty(row, empty) * self.weight / 64;
                    if cost < best.cost {
                        best = State { cost, empty: (way.empty + 1).min(100), ..*way };
                    }
                }
            }
            return best;
        }
        let inside = self.inside(onsets, ms, length);
        for way in ways {
            if way.cost >= best.cost {
                continue;
            }
            let before = usize::from(way.class);
            let row = &self.tables.empty[before];
            let none = no_more_empty(row, usize::from(way.empty));
            for (class, inside) in (0u8..).zip(inside) {
                let usual = i32::from(self.tables.class_after[before][usize::from(class)]) + none;
                let cost = way.cost + inside + usual * self.weight / 64;
                if cost < best.cost {
                    best = State { cost, class, empty: 0, ..*way };
                }
            }
        }
        best
    }
}

/// Of one more empty beat after so many, roughly: the cheapest number of them that is greater, above this one.
fn more_empty(row: &[i16; N_EMPTY], empty: usize) -> i32 {
    match empty {
        0 => i32::from(row[1..].iter().copied().min().unwrap_or(0)).max(NAT / 4),
        _ => NAT / 2,
    }
}

/// Of a beat with onsets after so many empty ones.
fn no_more_empty(row: &[i16; N_EMPTY], empty: usize) -> i32 {
    if empty == 0 { i32::from(row[0]) } else { NAT / 2 }
}
