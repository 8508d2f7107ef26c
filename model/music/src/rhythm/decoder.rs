//! The decoder: of all ways to place the notes on grids, the most probable one. A hidden Markov model over places in beats
//! whose divisions are hidden too (a metrical HMM: Raphael 2002; Nakamura, Yoshii and Sagayama 2017), by Viterbi's method.

use super::cost::{NAT, NEVER, Spread, ln};
use super::grid::{self, CLASSES, N_CLASSES, Pattern, Place};
use super::tables::{N_EMPTY, N_INTERVALS, Tables, UNKNOWN};
use super::{CAPACITY, PARTS_PER_BEAT};

/// Ways that are followed at once.
const N_STATES: usize = 60;
/// Ways before the improbable ones are dropped: all places in reach, and ornaments.
const N_CANDIDATES: usize = 128;
/// A way that is this much dearer than the best is dropped.
const BEAM: i32 = 30 * NAT;
/// Of the best ways, so many may go on with an ornament, if the last note of the grid is not longer ago.
const N_ORNAMENTS: usize = 12;
const ORNAMENT_US: i64 = 400_000;
const ORNAMENT: i32 = ln(100, 1) + ln(120, 1);
/// The next note belongs to the chord; or not.
const IN_CHORD: i32 = ln(100, 55);
const AFTER_CHORD: i32 = ln(100, 45);
/// Weight of what is usual against what was played, in 1/64.
const PRIOR_WEIGHT: i32 = 60;
/// How late a way has been lately follows this part of each new deviation, up to a limit.
const LATE_SLOWNESS: i64 = 32;
const MOST_LATE_US: i64 = 20_000;
/// The mean gap between neighbours of a chord.
const CHORD_GAP_US: i64 = 12_000;
/// The spread grows by 1 ms with each so long gap between onsets.
const GAP_PER_MS_US: i64 = 14_000;
/// A beat counts towards the player's habit when so many notes have followed it.
const HABIT_LAG: usize = 6;
/// The habit fades by this part of itself with each beat.
const HABIT_FADES: u64 = 16;
/// Before any beat, what is usual counts as so many.
const USUAL_BEATS: u64 = 8;
/// A beat, in the counts of the habit.
const BEAT: u64 = 1 << 16;

/// A note as the decoder reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Onset {
    /// As played.
    pub(super) parts: i64,
    /// Real time from any zero.
    pub(super) us: i64,
    pub(super) us_per_beat: i64,
    pub(super) pitch: u8,
    /// The player's looseness.
    pub(super) scale_16ths: i64,
}

/// Where a way has arrived.
#[derive(Clone, Copy, Debug)]
struct State {
    cost: i32,
    place: Place,
    /// Time of the last note at this place.
    us: i64,
    /// Mean of the chord, played minus grid.
    deviation_us: i64,
    /// Keys of the chord.
    keys: u128,
    last_pitch: u8,
    /// Of the beat so far, and of the beat before.
    pattern: Pattern,
    before: Pattern,
    /// How late lately.
    late_us: i64,
    back: u8,
    is_ornament: bool,
}

/// What a way says of one note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) parts: i32,
    pub(super) is_ornament: bool,
    beat: i32,
    class: u8,
    back: u8,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    states: Vec<State>,
    candidates: Vec<State>,
    /// For each note, by its number modulo the capacity, the ways through it.
    nodes: Box<[[Node; N_STATES]]>,
    last: Option<Onset>,
    habit: Habit,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            states: Vec::with_capacity(N_CANDIDATES),
            candidates: Vec::with_capacity(N_CANDIDATES),
            nodes: vec![[Node::default(); N_STATES]; CAPACITY].into_boxed_slice(),
            last: None,
            habit: Habit::NONE,
        }
    }

    /// Forgets all notes.
    pub(super) fn clear(&mut self) {
        self.states.clear();
        self.last = None;
        self.habit = Habit::NONE;
    }

    /// Takes the next note. `number` is its place in the ring.
    pub(super) fn strike(&mut self, number: usize, onset: Onset, tables: &Tables) {
        let reach_us = (onset.us_per_beat * 9 / 100).max(130_000);
        let reach_us = reach_us.min(onset.us_per_beat * 3 / 10).max(45_000);
        let reach_parts = reach_us * PARTS_PER_BEAT / onset.us_per_beat;
        self.candidates.clear();
        let is_first = self.last.is_none_or(|last| onset.parts < last.parts - reach_parts);
        if is_first {
            self.states.clear();
        }
        self.enter(onset, reach_parts, tables);
        if self.candidates.is_empty() {
            // Nothing that was followed leads here.
            self.states.clear();
            self.enter(onset, reach_parts, tables);
        }
        self.candidates.sort_unstable_by_key(|state| (state.cost, state.place.parts(), state.place.class, state.back));
        let least = self.candidates.first().map_or(0, |state| state.cost);
        self.candidates.truncate(N_STATES);
        self.candidates.retain(|state| state.cost <= least + BEAM);
        for (state, node) in self.candidates.iter_mut().zip(&mut self.nodes[number % CAPACITY]) {
            state.cost -= least;
            let parts = if state.is_ornament { grid::nearest_parts(onset.parts) } else { state.place.parts() };
            // Within: the ear holds times within 2^30.
            let parts = i32::try_from(parts).unwrap_or(0);
            let beat = i32::try_from(state.place.beat).unwrap_or(0);
            *node = Node { parts, is_ornament: state.is_ornament, beat, class: state.place.class, back: state.back };
        }
        std::mem::swap(&mut self.states, &mut self.candidates);
        self.last = Some(onset);
        self.learn(number, tables);
    }

    /// What the best way says of the latest `n` notes, from the latest one back until `take` is satisfied. `number` is the latest
    /// note's.
    pub(super) fn trace(&self, number: usize, n: usize, mut take: impl FnMut(usize, Node)) {
        let mut index = 0;
        for number in (0..=number).rev().take(n.min(CAPACITY)) {
            let node = self.nodes[number % CAPACITY][index];
            take(number, node);
            index = usize::from(node.back);
        }
    }

    /// Learns the class of a beat that is over and has been followed by enough notes.
    fn learn(&mut self, number: usize, tables: &Tables) {
        if number <= HABIT_LAG {
            return;
        }
        let (mut before, mut after) = (Node::default(), Node::default());
        self.trace(number, HABIT_LAG + 2, |_, node| (after, before) = (before, node));
        if before.beat != after.beat {
            self.habit.learn(before, tables);
        }
    }

    fn enter(&mut self, onset: Onset, reach_parts: i64, tables: &Tables) {
        for class in (0u8..).zip(CLASSES).map(|(class, _)| class) {
            for place in grid::places(class, onset.parts - reach_parts, onset.parts + reach_parts) {
                let deviation_us = (onset.parts - place.parts()) * onset.us_per_beat / PARTS_PER_BEAT;
                let state = match self.states.is_empty() {
                    true => first(place, deviation_us, onset, tables),
                    false => self.best_way(place, deviation_us, onset, tables),
                };
                if state.cost < NEVER && self.candidates.len() < N_CANDIDATES - N_ORNAMENTS {
                    self.candidates.push(state);
                }
            }
        }
        for (state, back) in self.states.iter().zip(0u8..).take(N_ORNAMENTS) {
            if onset.us - state.us <= ORNAMENT_US {
                let interval = usize::from(onset.pitch.abs_diff(state.last_pitch)).min(N_INTERVALS - 1);
                let cost = state.cost + ORNAMENT + i32::from(tables.interval[0][interval]);
                self.candidates.push(State { cost, back, is_ornament: true, last_pitch: onset.pitch, ..*state });
            }
        }
    }

    fn best_way(&self, place: Place, deviation_us: i64, onset: Onset, tables: &Tables) -> State {
        let parts = place.parts();
        let mut best = State { cost: NEVER, ..first(place, deviation_us, onset, tables) };
        for (from, back) in self.states.iter().zip(0u8..) {
            let from_parts = from.place.parts();
            if from.cost >= best.cost || from_parts > parts {
                continue;
            }
            let gap_us = (onset.us - from.us).max(0);
            let interval = usize::from(onset.pitch.abs_diff(from.last_pitch)).min(N_INTERVALS - 1);
            if from_parts == parts {
                if from.place != place || from.keys >> onset.pitch & 1 == 1 {
                    continue;
                }
                let cost = from.cost + chord_cost(gap_us, onset.scale_16ths) + i32::from(tables.interval[1][interval]);
                if cost < best.cost {
                    let deviation_us = i64::midpoint(deviation_us, from.deviation_us);
                    let State { pattern, before, late_us, .. } = *from;
                    let keys = from.keys | 1 << onset.pitch;
                    best = State { cost, deviation_us, keys, pattern, before, late_us, back, ..best };
                }
                continue;
            }
            let prior = step_cost(from, place, tables);
            let habit = if from.place.beat == place.beat { 0 } else { self.habit.costs[usize::from(place.class)] };
            if prior >= NEVER {
                continue;
            }
            let spread = later_spread(gap_us, onset.scale_16ths);
            let cost = from.cost
                + AFTER_CHORD
                + i32::from(tables.interval[0][interval])
                + (prior + habit) * PRIOR_WEIGHT / 64
                + spread.cost(deviation_us - from.late_us - (from.deviation_us - from.late_us) * 2 / 5);
            if cost < best.cost {
                let steps = 1 << place.step;
                let (pattern, before) = match place.beat - from.place.beat {
                    0 => (Pattern { steps: from.pattern.steps | steps, ..from.pattern }, from.before),
                    1 => (Pattern { class: place.class, steps }, from.pattern),
                    _ => (Pattern { class: place.class, steps }, Pattern::default()),
                };
                let late_us = from.late_us + (deviation_us - from.late_us) / LATE_SLOWNESS;
                let late_us = late_us.clamp(-MOST_LATE_US, MOST_LATE_US);
                best = State { cost, deviation_us, keys: 1 << onset.pitch, pattern, before, late_us, back, ..best };
            }
        }
        best
    }
}

/// How the beats of this phrase are divided: a piece in triplets goes on in triplets.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// Beats of each class, the latest ones weighing most.
    counts: [u64; N_CLASSES],
    latest_beat: Option<i32>,
    /// To be added to what the class costs.
    costs: [i32; N_CLASSES],
}

impl Habit {
    const NONE: Self = Self { counts: [0; N_CLASSES], latest_beat: None, costs: [0; N_CLASSES] };

    fn learn(&mut self, node: Node, tables: &Tables) {
        if self.latest_beat.replace(node.beat) == Some(node.beat) {
            return;
        }
        for count in &mut self.counts {
            *count -= *count / HABIT_FADES;
        }
        self.counts[usize::from(node.class)] += BEAT;
        let n: u64 = self.counts.iter().sum::<u64>() + USUAL_BEATS * BEAT;
        for (class, cost) in self.costs.iter_mut().enumerate() {
            let usual = share(tables.class[class]);
            // A quarter of it: the tables of classes after classes, and of beats after beats, tell much of the same.
            *cost = -ln((self.counts[class] + USUAL_BEATS * usual) * BEAT, n * usual) / 4;
        }
    }
}

/// The share, in 1/[`BEAT`], that costs so much; nearly, by lines between its octaves. At least 1.
fn share(cost: i16) -> u64 {
    // 256 ln 2.
    let (octaves, rest) = (cost.unsigned_abs() / 177, u64::from(cost.unsigned_abs() % 177));
    let whole = BEAT >> octaves.min(16);
    (whole - whole * rest / (2 * 177)).max(1)
}

fn first(place: Place, deviation_us: i64, onset: Onset, tables: &Tables) -> State {
    let (class, step) = (usize::from(place.class), usize::from(place.step));
    let prior = i32::from(tables.class[class]) + i32::from(tables.first[class][UNKNOWN][step]);
    State {
        cost: prior * PRIOR_WEIGHT / 64 + Spread::new(35_000 * onset.scale_16ths / 16).cost(deviation_us),
        place,
        us: onset.us,
        deviation_us,
        keys: 1 << onset.pitch,
        last_pitch: onset.pitch,
        pattern: Pattern { class: place.class, steps: 1 << place.step },
        before: Pattern::default(),
        late_us: 0,
        back: 0,
        is_ornament: false,
    }
}

/// Of a note of the same chord so much later: an exponential density.
fn chord_cost(gap_us: i64, scale_16ths: i64) -> i32 {
    let mean_us = (CHORD_GAP_US * scale_16ths / 16).max(6000);
    let gap = i32::try_from(gap_us.min(10_000_000) * i64::from(NAT) / mean_us).unwrap_or(NEVER);
    IN_CHORD + ln(mean_us.unsigned_abs(), 1000) + gap
}

fn later_spread(gap_us: i64, scale_16ths: i64) -> Spread {
    let (steady, growing) = (22 * scale_16ths / 16, gap_us.min(600_000) / GAP_PER_MS_US * scale_16ths / 16);
    let ms = (steady * steady + growing * growing).isqrt().min(55);
    Spread::new(ms * 1000)
}

/// Of the next onset's place.
fn step_cost(state: &State, to: Place, tables: &Tables) -> i32 {
    let from = state.place;
    let (from_class, class) = (usize::from(from.class), usize::from(to.class));
    let like = state.before.next(from.class, from.step + 1);
    let next = &tables.next[from_class][usize::from(from.step)][like];
    if from.beat == to.beat {
        return if from.class == to.class { i32::from(next[usize::from(to.step)]) } else { NEVER };
    }
    let empty = usize::try_from(to.beat - from.beat - 1).unwrap_or(usize::MAX);
    let far = i32::try_from(empty.saturating_sub(N_EMPTY - 1).min(1000)).unwrap_or(0) * NAT / 2;
    let like = if empty == 0 { state.pattern.next(to.class, 0) } else { UNKNOWN };
    i32::from(next[grid::MAX_STEPS])
        + i32::from(tables.empty[from_class][empty.min(N_EMPTY - 1)])
        + far
        + i32::from(tables.class_after[from_class][class])
        + i32::from(tables.first[class][like][usize::from(to.step)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rhythm::tables::TABLES;

    #[test]
    fn a_habit_makes_its_class_cheaper_and_the_others_dearer() {
        let mut habit = Habit::NONE;
        for beat in 0..20 {
            habit.learn(Node { beat, class: 3, ..Node::default() }, &TABLES);
        }
        assert!(habit.costs[3] < 0 && habit.costs[0] > 0, "{:?}", habit.costs);
        assert_eq!((share(0), share(177), share(354)), (BEAT, BEAT / 2, BEAT / 4));
    }
}
