//! How like real music the answers are, and how much of them is copied.

use std::collections::BTreeMap;

use serde::Serialize;

use super::copying::{longest_copies, percentile_95};
use super::distance::{Distance, distance};
use super::distributions::{FEATURES, Feature};
use super::music::Held;
use super::passages::{Passage, Passages};
use crate::data::shards::PlacedNote;

/// Answers beside what really follows the same calls.
#[derive(Clone, Debug, Serialize)]
pub struct Resemblance {
    /// Passages of each kind.
    pub n_passages: usize,
    /// Of each feature: the distance of the answers, and of other real music, from what really follows.
    pub features: BTreeMap<&'static str, Pair>,
    /// The longest passage copied from the training music, in notes: of 100 passages the fifth longest. None without
    /// training music.
    pub copied_notes: Option<Copied>,
    /// For pictures: shares of the answers, of what really follows and of other real music.
    #[serde(skip)]
    pub distributions: Vec<(&'static str, [Vec<f64>; 3])>,
}

/// The answers' distance, and the floor below which distances mean nothing.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pair {
    /// Of the answers.
    pub generated: Distance,
    /// Of other passages of the same pieces.
    pub real: Distance,
}

/// 95th percentiles of the longest copied passages, in notes; 0 where hardly any has six notes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Copied {
    /// Of the answers.
    pub generated: usize,
    /// Of what really follows, which nobody copied.
    pub real: usize,
    /// The longest of all in the answers.
    pub longest_generated: usize,
}

/// Compares passages with each other, and with the training music.
#[must_use]
pub fn resemblance(passages: &Passages, train: &[Held]) -> Resemblance {
    let Passages { generated, real, other_real } = passages;
    let mut features = BTreeMap::new();
    let mut distributions = Vec::new();
    for feature in FEATURES {
        let Feature { name, is_circular, .. } = feature;
        let shares = [generated, real, other_real].map(|passages| feature.distribution(passages));
        let [of_generated, of_real, of_other] = &shares;
        let generated = distance(of_real, of_generated, is_circular);
        features.insert(name, Pair { generated, real: distance(of_real, of_other, is_circular) });
        distributions.push((name, shares));
    }
    let music: Vec<&[PlacedNote]> = train.iter().map(|(_, notes)| *notes).collect();
    let copies = |passages: &[Passage]| {
        let notes: Vec<&[PlacedNote]> = passages.iter().map(|passage| &passage.notes[..]).collect();
        longest_copies(&notes, &music)
    };
    let copied_notes = (!music.is_empty()).then(|| {
        let of_generated = copies(generated);
        Copied {
            generated: percentile_95(&of_generated),
            real: percentile_95(&copies(real)),
            longest_generated: of_generated.into_iter().max().unwrap_or(0),
        }
    });
    Resemblance { n_passages: generated.len(), features, copied_notes, distributions }
}
