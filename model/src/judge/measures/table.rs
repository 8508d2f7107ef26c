//! Measures of single passages.

use rayon::prelude::*;

use super::super::anchors::Anchor;
use super::super::features::form::Close;
use super::super::features::{Passage, features, measure};
use super::super::sets::Sets;
use super::Better::{LikeReal, Lower};
use super::{Measure, Plan, values};

const NGRAM: &[Anchor] = &[Anchor::Ngram];
const KEYS: &[Anchor] = &[Anchor::Ngram, Anchor::Transposed];

/// Features, and which anchors touch them: bars that are shuffled or moved keep their rhythms, velocities and the steps within.
const OF_FEATURES: [Plan; 19] = [
    Plan::new("motifs of the call that return", LikeReal, NGRAM),
    Plan::new("rhythm like the call's", LikeReal, NGRAM),
    Plan::new("contour like the call's", LikeReal, NGRAM),
    Plan::new("motifs said twice", LikeReal, NGRAM),
    Plan::new("like itself a bar later", LikeReal, KEYS),
    Plan::new("like itself two bars later", LikeReal, KEYS),
    Plan::new("rhythm like itself a bar later", LikeReal, NGRAM),
    Plan::new("in the key, over the call's", LikeReal, KEYS),
    Plan::new("pitch classes in common with the call", LikeReal, KEYS),
    Plan::new("last note on the tonic triad", LikeReal, &Anchor::ALL),
    Plan::new("last note, beats", LikeReal, &[Anchor::Ngram, Anchor::Shuffled]),
    Plan::new("silence at the end, beats", LikeReal, NGRAM),
    Plan::new("onsets a beat, over the call's", LikeReal, NGRAM),
    Plan::new("notes at an onset, over the call's", LikeReal, NGRAM),
    Plan::new("notes that sound, over the call's", LikeReal, NGRAM),
    Plan::new("onsets off the grid", LikeReal, NGRAM),
    Plan::new("gap entropy, bits", LikeReal, NGRAM),
    Plan::new("rules of counterpoint, nats a note", LikeReal, NGRAM),
    Plan::new("unlike the style's counterpoint, nats a note", Lower, NGRAM),
];
const DYNAMICS: Plan = Plan::new("velocity deviation, where velocities say something", LikeReal, NGRAM);
const CLOSES: Plan = Plan::new("closes: long, on the tonic triad, in time", LikeReal, &Anchor::ALL);

/// All of them.
pub(crate) fn passage_measures(sets: &Sets, works: &[usize]) -> Vec<Measure> {
    let rows: Vec<Vec<Vec<f64>>> =
        sets.columns.iter().map(|(_, passages)| passages.par_iter().map(measure).collect()).collect();
    let of_feature = |name: &str| -> Vec<Vec<f64>> {
        let place = features().iter().position(|feature| feature.name == name);
        let value = |row: &Vec<f64>| place.map_or(f64::NAN, |place| row[place]);
        rows.iter().map(|rows| rows.iter().map(value).collect()).collect()
    };
    let mut measures: Vec<Measure> =
        OF_FEATURES.par_iter().map(|plan| plan.of_values(sets, works, &of_feature(plan.name))).collect();
    let mut velocities = of_feature("velocity deviation");
    for (values, (_, passages)) in velocities.iter_mut().zip(&sets.columns) {
        values.iter_mut().zip(passages).filter(|(_, passage)| passage.is_flat).for_each(|(value, _)| *value = f64::NAN);
    }
    measures.push(DYNAMICS.of_values(sets, works, &velocities));
    let closes = |passage: &Passage| {
        let close = Close::of(&passage.answer, passage.key, passage.end_ticks);
        close.map_or(f64::NAN, |close| f64::from(close.is_close()))
    };
    measures.push(CLOSES.of_values(sets, works, &values(sets, closes)));
    measures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_features_that_are_measured_exist() {
        let names: Vec<&str> = features().iter().map(|feature| feature.name).collect();
        for plan in OF_FEATURES {
            assert!(names.contains(&plan.name), "{}", plan.name);
        }
    }
}
