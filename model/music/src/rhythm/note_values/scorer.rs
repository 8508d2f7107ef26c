//! Which of a note's possible ends is the written one, by a network that has seen training scores played by simulated hands.
//! `scorer.bin` holds its weights; `model ear --values` trains them.

use std::cmp::Ordering;

use super::context::Context;
use super::{End, N_KINDS, N_RATIOS, N_STRENGTHS, USUAL_TICKS, ratio, strength};
use crate::rhythm::perceptron::{ONE, Perceptron, n_weights};

/// How many cases each thing that is seen has.
const CASES: [usize; N_THINGS] = [
    N_KINDS,
    5,
    6,
    2,
    USUAL_TICKS.len() + 1,
    N_RATIOS,
    N_STRENGTHS,
    N_STRENGTHS,
    4,
    4,
    4,
    N_RATIOS,
    N_RATIOS,
    4,
    4,
    5,
    6,
    4,
];
const N_THINGS: usize = 18;
/// Features of an end: one for each case, and what it costs by the counts.
pub const N_SEEN: usize = {
    let (mut sum, mut i) = (1, 0);
    while i < N_THINGS {
        sum += CASES[i];
        i += 1;
    }
    sum
};

static SCORER: Perceptron<{ n_weights(N_SEEN) }> = Perceptron::from_bytes(include_bytes!("scorer.bin"));

/// The logarithm of how probable an end is beside others, in 1/256 nat.
pub(super) fn score(seen: &[i16; N_SEEN]) -> i32 {
    SCORER.score(seen)
}

/// What is seen of an end, which costs so much by the counts.
pub(super) fn seen(context: &Context, end: &End, cost: i32) -> [i16; N_SEEN] {
    let ticks = end.value_ticks;
    let n_chord = usize::from(context.n_above + context.n_below);
    let part = match (context.n_above, context.n_below) {
        (0, 0) => 0,
        (0, _) => 1,
        (_, 0) => 2,
        _ => 3,
    };
    let held = |which: usize| context.chord_held_parts.map_or(N_RATIOS - 1, |held| ratio(held[which], ticks));
    let gap = case(end.gap_ticks, &[8, 16, 24, 48]);
    let of_first = case(ticks * 12 / context.first_gap.max(1), &[11, 12, 18, 24, 48]);
    let cases: [usize; N_THINGS] = [
        usize::from(end.kind),
        usize::from(end.n_passed),
        usize::from(end.n_onsets),
        usize::from(end.is_others),
        USUAL_TICKS.iter().position(|usual| *usual == ticks).unwrap_or(USUAL_TICKS.len()),
        ratio(context.held_parts, ticks),
        strength(context.onset_ticks + ticks),
        strength(context.onset_ticks),
        usize::from(end.n_notes),
        n_chord,
        part,
        held(0),
        held(1),
        beside(context.before_value.map(i64::from), ticks),
        beside(context.before_gap, ticks),
        gap,
        of_first,
        beside(context.chord_value.map(i64::from), ticks),
    ];
    let mut seen = [0; N_SEEN];
    let mut first = 0;
    for (case, n) in cases.into_iter().zip(CASES) {
        seen[first + case.min(n - 1)] = ONE;
        first += n;
    }
    // In 1/32 nat.
    seen[first] = i16::try_from((cost / 8).clamp(-512, 512)).unwrap_or(0);
    seen
}

/// Which of these a number is at most.
fn case(x: i64, most: &[i64]) -> usize {
    most.iter().position(|most| x <= *most).unwrap_or(most.len())
}

/// A time is not known, equal, shorter, or longer.
fn beside(time: Option<i64>, ticks: i64) -> usize {
    match time.map(|time| time.cmp(&ticks)) {
        None => 0,
        Some(Ordering::Equal) => 1,
        Some(Ordering::Less) => 2,
        Some(Ordering::Greater) => 3,
    }
}
