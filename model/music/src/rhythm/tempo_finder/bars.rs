//! Which beats begin bars: of 2, 3 and 4 beats, and from each of them, the most probable by what stands on its first beats.

use super::chords::Chord;
use super::features::{N_WEIGHTS, Weighed};
use crate::rhythm::cost::NAT;

/// Beats of a bar that are tried.
const METRES: [usize; 3] = [2, 3, 4];
/// Ways to have bars.
pub(super) const N_WAYS: usize = 9;
/// What is seen of a way: shares of each weight on its first beats, the same on the middle ones of four, and how like bars are.
pub(super) const N_SEEN: usize = N_WEIGHTS + 2;
/// An onset at most this part of a beat from it is on it.
const ON_BEAT: i64 = 8;
/// Fewer beats have no bar.
const LEAST_BEATS: usize = 5;

/// Bars of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Beats of each: 2, 3 or 4.
    pub n_beats: usize,
    /// The first beat that begins one; below `n_beats`.
    pub first: usize,
    /// How sure that is against all other bars, in per cent.
    pub sure_percent: u8,
}

/// For 2, 3 and 4 beats, the weight of all that is seen, in 64ths, and the bias, in 1/256 nat: set on 3,608 phrases of training
/// scores, played by simulated hands.
static WEIGHTS: [([i32; N_SEEN], i32); 3] = [
    ([-238, 28, 64, -65, 8, 199, 29, 58, 0, 150], -27),
    ([-260, 91, 70, -13, 31, 134, 67, 47, 0, 46], -17),
    ([-143, 97, 10, 30, 23, 104, 55, 4, 40, 186], 45),
];

/// The bars of these beats, if there is enough to tell.
pub(super) fn bar(chords: &[Chord], weighed: &Weighed, beats_us: &[i64]) -> Option<Bar> {
    if beats_us.len() <= LEAST_BEATS {
        return None;
    }
    let ways = seen(chords, weighed, beats_us);
    let score = |&(n_beats, first, row): &(usize, usize, [i16; N_SEEN])| {
        let (weights, bias) = WEIGHTS[n_beats - 2];
        let sum: i32 = weights.iter().zip(row).map(|(weight, x)| weight * i32::from(x)).sum();
        (sum / 64 + bias, n_beats, first)
    };
    let scores = ways.each_ref().map(score);
    let &(most, n_beats, first) = scores.iter().max_by_key(|way| way.0)?;
    let rivals = scores.iter().filter(|way| (way.1, way.2) != (n_beats, first));
    let lead = i64::from(most - rivals.map(|way| way.0).max().unwrap_or(most));
    let sure_percent = u8::try_from(100 * lead / (lead + i64::from(2 * NAT))).unwrap_or(100);
    Some(Bar { n_beats, first, sure_percent })
}

/// Each way: beats of a bar, which beat is the first, and what is seen.
pub(super) fn seen(chords: &[Chord], weighed: &Weighed, beats_us: &[i64]) -> [(usize, usize, [i16; N_SEEN]); N_WAYS] {
    let mut on_beats = vec![[0i64; N_WEIGHTS]; beats_us.len()];
    let mut pitches = vec![0u16; beats_us.len()];
    let mut beat = 0;
    for (chord, weights) in chords.iter().zip(weighed.weights()) {
        let us = i64::from(chord.ms) * 1000;
        while beat + 2 < beats_us.len() && beats_us[beat + 1] <= us {
            beat += 1;
        }
        let length = beats_us[beat + 1] - beats_us[beat];
        let nearest = if us - beats_us[beat] > length / 2 { beat + 1 } else { beat };
        if (us - beats_us[nearest]).abs() * ON_BEAT <= length {
            on_beats[nearest].iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
            pitches[nearest] |= chord.pitch_classes;
        } else {
            pitches[beat] |= chord.pitch_classes;
        }
    }
    let likeness = |lag: usize| {
        let pairs = pitches.iter().zip(&pitches[lag.min(pitches.len())..]);
        let (same, all) = pairs.fold((0, 1), |(same, all), (a, b)| {
            (same + i64::from((a & b).count_ones()), all + i64::from((a | b).count_ones()))
        });
        256 * same / all
    };
    let row = |n_beats: usize, first: usize| {
        let mut row = [0i16; N_SEEN];
        let narrow = |x: i64| i16::try_from(x.clamp(-512, 512)).unwrap_or(0);
        // How much more than on any beat stands on those that are so many after the first ones.
        let more = |weight: usize, after: usize| {
            let (mut on, mut n_on, mut all) = (0, 0, 1);
            for (beat, sums) in on_beats.iter().enumerate() {
                all += sums[weight];
                if beat % n_beats == (first + after) % n_beats {
                    on += sums[weight];
                    n_on += 1;
                }
            }
            let n = i64::try_from(on_beats.len()).unwrap_or(1);
            128 * on * n / (all * i64::max(n_on, 1)) - 128
        };
        (0..N_WEIGHTS).for_each(|weight| row[weight] = narrow(more(weight, 0)));
        row[N_WEIGHTS] = if n_beats == 4 { narrow(more(6, 2)) } else { 0 };
        row[N_WEIGHTS + 1] = narrow(likeness(n_beats) - likeness(1));
        (n_beats, first, row)
    };
    let mut ways = METRES.into_iter().flat_map(|n_beats| (0..n_beats).map(move |first| (n_beats, first)));
    std::array::from_fn(|_| ways.next().map_or((2, 0, [0; N_SEEN]), |(n_beats, first)| row(n_beats, first)))
}
