//! Whether ours can be told from real: a judge learns it from some works and is asked about others.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::boosting::Boosted;
use super::features::{Passage, deviation, features, mean, measure};
use super::interval::{Interval, number_or_none};

/// Parts of the works; a judge of each has learnt from the others.
pub(super) const N_FOLDS: usize = 5;

/// How well a judge told two kinds of passages apart, that answer the same calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Share of passages that were told rightly, one by one.
    pub accuracy: Interval,
    /// Area under the ROC curve: how often a random one of ours looks more like ours than a random real one.
    pub auc: Interval,
    /// How often, of the two answers to one call, ours looks more like ours. 0.5 is chance.
    pub paired: Interval,
}

/// What judges said of passages, each of works that it had not seen: the higher, the more like ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Scores {
    pub(super) real: Vec<f64>,
    pub(super) ours: Vec<f64>,
}

impl Scores {
    pub(super) fn verdict(&self, works: &[usize]) -> Verdict {
        let accuracy = |places: &[usize]| {
            mean(places.iter().map(|&i| f64::midpoint(beats(0.0, self.real[i]), beats(self.ours[i], 0.0))))
        };
        let paired = |places: &[usize]| mean(places.iter().map(|&i| beats(self.ours[i], self.real[i])));
        let area = |places: &[usize]| {
            let of = |scores: &[f64]| places.iter().map(|&i| scores[i]).collect::<Vec<_>>();
            auc(&of(&self.real), &of(&self.ours))
        };
        Verdict {
            accuracy: Interval::of(works, accuracy),
            auc: Interval::of(works, area),
            paired: Interval::of(works, paired),
        }
    }
}

/// 1 if `a` is more than `b`, half if they are equal.
fn beats(a: f64, b: f64) -> f64 {
    if a > b {
        1.0
    } else if a < b {
        0.0
    } else {
        0.5
    }
}

/// How often a value of `high` is more than one of `low`, equal ones counted half (Mann and Whitney 1947).
pub(super) fn auc(low: &[f64], high: &[f64]) -> f64 {
    let mut sorted = low.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = super::features::as_f64(sorted.len());
    mean(high.iter().map(|value| {
        let below = sorted.partition_point(|other| other < value);
        let up_to = sorted.partition_point(|other| other <= value);
        super::features::as_f64(below + up_to) / 2.0 / n
    }))
}

/// The part that each place is in, by its work.
pub(super) fn folds(works: &[usize], n_folds: usize) -> Vec<usize> {
    let mut order: Vec<usize> = works.to_vec();
    order.sort_unstable();
    order.dedup();
    // Works are numbered in the order of their pieces, so neighbours are alike.
    order.sort_by_cached_key(|work| <[u8; 32]>::from(Sha256::digest(work.to_le_bytes())));
    let fold: BTreeMap<usize, usize> = order.iter().zip(0..).map(|(&work, i)| (work, i % n_folds)).collect();
    works.iter().map(|work| fold[work]).collect()
}

/// One of the things that tell ours from real.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tell {
    /// Of the feature.
    pub feature: String,
    /// Its share in what the trees gained, of all features.
    pub importance: f64,
    /// In what the composers answered, on average.
    #[serde(deserialize_with = "number_or_none")]
    pub real: f64,
    /// In ours.
    #[serde(deserialize_with = "number_or_none")]
    pub ours: f64,
    /// The difference of the means, in standard deviations of real music.
    #[serde(deserialize_with = "number_or_none")]
    pub shift: f64,
    /// How well this feature alone tells two answers to one call apart, whichever is higher.
    #[serde(deserialize_with = "number_or_none")]
    pub paired_alone: f64,
}

/// Judges two kinds of passages by their features.
pub(super) fn by_features(real: &[Passage], ours: &[Passage]) -> (Scores, Vec<Tell>) {
    let works: Vec<usize> = real.iter().map(|passage| passage.work).collect();
    let [real, ours] = [real, ours].map(|passages| passages.par_iter().map(measure).collect::<Vec<_>>());
    let folds = folds(&works, N_FOLDS);
    let mut scores = Scores { real: vec![0.0; works.len()], ours: vec![0.0; works.len()] };
    let trees: Vec<Boosted> = (0..N_FOLDS)
        .into_par_iter()
        .map(|fold| {
            let seen = || (0..works.len()).filter(|&i| folds[i] != fold);
            let rows: Vec<&[f64]> = seen().flat_map(|i| [&real[i][..], &ours[i]]).collect();
            let labels: Vec<bool> = seen().flat_map(|_| [false, true]).collect();
            Boosted::fit(&rows, &labels)
        })
        .collect();
    for (i, &fold) in folds.iter().enumerate() {
        scores.real[i] = trees[fold].score(&real[i]);
        scores.ours[i] = trees[fold].score(&ours[i]);
    }
    let tell = |(f, feature): (usize, super::features::Feature)| {
        let values = |rows: &[Vec<f64>]| rows.iter().map(|row| row[f]).filter(|v| v.is_finite()).collect::<Vec<_>>();
        let (of_real, of_ours) = (values(&real), values(&ours));
        let both = real.iter().zip(&ours).map(|(real, ours)| (real[f], ours[f]));
        let paired = mean(both.filter(|(a, b)| a.is_finite() && b.is_finite()).map(|(real, ours)| beats(ours, real)));
        let (real, ours) = (mean(of_real.iter().copied()), mean(of_ours.iter().copied()));
        Tell {
            feature: feature.name.to_owned(),
            importance: mean(trees.iter().map(|trees| trees.gains[f])),
            real,
            ours,
            shift: (ours - real) / deviation(&of_real).max(1e-9),
            paired_alone: paired.max(1.0 - paired),
        }
    };
    let mut tells: Vec<Tell> = features().into_iter().enumerate().map(tell).collect();
    tells.sort_by(|a, b| b.importance.total_cmp(&a.importance));
    (scores, tells)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::features::tests::{passage, tune};
    use super::*;

    #[test]
    fn the_area_is_counted_by_hand() {
        assert_eq!(auc(&[1.0, 2.0, 3.0], &[2.0, 4.0]), (1.5 + 3.0) / 6.0);
        assert_eq!(auc(&[1.0, 1.0], &[1.0]), 0.5);
        let scores = Scores { real: vec![-1.0, 2.0, 0.0], ours: vec![1.0, 3.0, -1.0] };
        let Verdict { accuracy, auc, paired } = scores.verdict(&[0, 1, 2]);
        assert!((accuracy.value - 3.5 / 6.0).abs() < 1e-9, "{accuracy:?}");
        assert!((auc.value - 5.5 / 9.0).abs() < 1e-9, "{auc:?}");
        assert!((paired.value - 2.0 / 3.0).abs() < 1e-9, "{paired:?}");
    }

    #[test]
    fn a_work_is_in_one_fold_only() {
        let works: Vec<usize> = (0..100).map(|i| i / 3).collect();
        let folds = folds(&works, 5);
        assert!(works.iter().zip(&folds).all(|(work, fold)| *fold == folds[work * 3]));
        assert!((0..5).all(|fold| folds.iter().filter(|&&other| other == fold).count() >= 18), "{folds:?}");
    }

    /// Answers of random notes of C major, up to so high a key.
    fn answers(seed: u64, highest: u8) -> Vec<Passage> {
        let scale = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76];
        let answer = |work: usize| {
            let mut random = ChaCha8Rng::seed_from_u64(seed << 32 | work as u64);
            let known: Vec<u8> = scale.into_iter().filter(|&key| key <= highest).collect();
            let keys: Vec<u8> = (0..16).map(|_| known[random.random_range(0..known.len())]).collect();
            Passage { work, ..passage(tune(&keys, 384, 24)) }
        };
        (0..150).map(answer).collect()
    }

    #[test]
    fn music_of_one_kind_cannot_be_told_apart_and_of_two_it_can() {
        let works: Vec<usize> = (0..150).collect();
        let (same, _) = by_features(&answers(1, 76), &answers(2, 76));
        let Verdict { paired, auc, .. } = same.verdict(&works);
        assert!((0.36..0.64).contains(&paired.value) && (0.36..0.64).contains(&auc.value), "{paired:?} {auc:?}");
        let (other, tells) = by_features(&answers(1, 76), &answers(2, 69));
        let paired = other.verdict(&works).paired;
        assert!(paired.value > 0.9 && paired.low > same.verdict(&works).paired.high, "{paired:?}");
        assert!(tells[0].importance > tells[9].importance && tells[0].paired_alone > 0.7, "{:?}", tells[0]);
    }
}
