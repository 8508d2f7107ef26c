//! Measures of all passages of a column at once.

use rayon::prelude::*;

use super::super::anchors::Anchor;
use super::super::discriminator::Verdict;
use super::super::embedding::{cosines, middle};
use super::super::features::Passage;
use super::super::frechet::frechet;
use super::super::interval::Interval;
use super::super::sets::Sets;
use super::super::style::{StyleClassifier, counted, inception_score};
use super::{Better, Measure, Plan};
use crate::evaluate::distance::distance;
use crate::evaluate::distributions::{FEATURES, shares};

const NGRAM: &[Anchor] = &[Anchor::Ngram];
const KEYS: &[Anchor] = &[Anchor::Ngram, Anchor::Transposed];
const INCEPTION: Plan = Plan::new("music inception score", Better::LikeReal, NGRAM);
const STYLE: Plan = Plan::new("style accuracy", Better::Higher, NGRAM);
const COSINE: Plan = Plan::new("cosine of call and answer, in the network's space", Better::LikeReal, KEYS);

/// What a judge told, as three measures.
pub(crate) fn told(names: [&'static str; 3], sets: &Sets, verdicts: &[Verdict]) -> Vec<Measure> {
    let of: [fn(&Verdict) -> Interval; 3] =
        [|verdict| verdict.paired, |verdict| verdict.auc, |verdict| verdict.accuracy];
    let row = |(name, of): (&'static str, fn(&Verdict) -> Interval)| {
        let figures: Vec<Interval> = verdicts.iter().map(of).collect();
        Plan::new(name, Better::Lower, &Anchor::ALL).of_columns(sets, None, &figures)
    };
    names.into_iter().zip(of).map(row).collect()
}

/// Frechet distances from real music; `points` are of all columns.
pub(crate) fn frechet_rows(name: &'static str, sets: &Sets, points: &[Vec<Vec<f64>>]) -> Measure {
    let columns: Vec<usize> = sets.compared().collect();
    let figures: Vec<Interval> =
        columns.par_iter().map(|&column| frechet(&points[sets.reference(column)], &points[column])).collect();
    Plan::new(name, Better::Lower, KEYS).of_columns(sets, None, &figures)
}

/// Whether answers go with their calls; `answers` are of all columns, as are `calls`.
pub(crate) fn cosine(sets: &Sets, works: &[usize], calls: &[Vec<Vec<f64>>], answers: &[Vec<Vec<f64>>]) -> Measure {
    let middle = middle(&answers[0]);
    let values: Vec<Vec<f64>> =
        calls.iter().zip(answers).map(|(calls, answers)| cosines(calls, answers, &middle)).collect();
    COSINE.of_values(sets, works, &values)
}

/// Style and inception score, by a classifier that has read real training music only.
pub(crate) fn style_rows(sets: &Sets, works: &[usize], classifier: &StyleClassifier) -> Vec<Measure> {
    let opinions: Vec<_> = sets.columns.iter().map(|(_, passages)| classifier.opinions(passages)).collect();
    let right: Vec<Vec<f64>> = opinions
        .iter()
        .map(|opinions| opinions.iter().map(|opinion| opinion.is_right.map_or(f64::NAN, f64::from)).collect())
        .collect();
    let score = |column: usize| Interval::of(works, |places| inception_score(&opinions[column], places));
    let figures: Vec<Interval> = sets.compared().map(score).collect();
    let all: Vec<usize> = (0..works.len()).collect();
    vec![
        STYLE.of_values(sets, works, &right),
        INCEPTION.of_columns(sets, Some(inception_score(&opinions[0], &all)), &figures),
    ]
}

/// Names of [`FEATURES`] as measures: overlap and divergence, and which anchors touch what is counted.
const ATTRIBUTES: [([&str; 2], &[Anchor]); 7] = [
    (["overlap: pitch class", "divergence: pitch class, nats"], KEYS),
    (["overlap: interval of the top voice", "divergence: interval of the top voice, nats"], NGRAM),
    (["overlap: time between onsets", "divergence: time between onsets, nats"], NGRAM),
    (["overlap: note length", "divergence: note length, nats"], NGRAM),
    (["overlap: notes sounding", "divergence: notes sounding, nats"], NGRAM),
    (["overlap: place in the bar", "divergence: place in the bar, nats"], NGRAM),
    (["overlap: share in the key", "divergence: share in the key, nats"], KEYS),
];

/// Overlap and divergence of what is counted in passages.
pub(crate) fn attributes(sets: &Sets, works: &[usize]) -> Vec<Measure> {
    let rows = FEATURES.par_iter().zip(ATTRIBUTES).flat_map_iter(|(feature, ([overlap, divergence], sees))| {
        let counts = |passages: &Vec<Passage>| -> Vec<Vec<u32>> {
            passages.iter().map(|passage| feature.counts(&counted(passage))).collect()
        };
        let counts: Vec<Vec<Vec<u32>>> = sets.columns.iter().map(|(_, passages)| counts(passages)).collect();
        let of = |column: usize, places: &[usize]| {
            let shares = |column: usize| shares(places.iter().map(|&i| &counts[column][i]), feature.n_bins);
            distance(&shares(sets.reference(column)), &shares(column), feature.is_circular)
        };
        let figures = |value: fn(crate::evaluate::distance::Distance) -> f64| -> Vec<Interval> {
            sets.compared().map(|column| Interval::of(works, |places| value(of(column, places)))).collect()
        };
        [
            Plan::new(overlap, Better::Higher, sees).of_columns(sets, None, &figures(|found| found.overlap)),
            Plan::new(divergence, Better::Lower, sees).of_columns(sets, None, &figures(|found| found.kl)),
        ]
    });
    let mut rows: Vec<Measure> = rows.collect();
    // All overlaps, then all divergences.
    rows.sort_by_key(|row| row.better == Better::Lower);
    rows
}
