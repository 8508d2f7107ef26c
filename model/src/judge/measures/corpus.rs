//! How much of an answer stands in the training music: whole passages, runs of five notes, and the nearest phrase.

use std::collections::{BTreeMap, HashSet};

use engine::conditions::similarity;
use music::Note;
use rayon::prelude::*;

use super::super::anchors::Anchor;
use super::super::embedding::placed;
use super::super::features::{Passage, as_f64, mean};
use super::super::interval::Interval;
use super::super::sets::Sets;
use super::{Better, Measure, Plan};
use crate::data::phrases::{phrase_pairs, plain};
use crate::data::shards::PlacedNote;
use crate::evaluate::copying::{Step, longest_copies, percentile_95, steps};
use crate::evaluate::music::{Held, Music};

const NGRAM: &[Anchor] = &[Anchor::Ngram];
const COPIES: Plan = Plan::new("longest passage of the training music, notes", Better::LikeReal, NGRAM);
const MOST_COPIED: Plan = Plan::new("longest passage of the training music, 95th percentile", Better::LikeReal, NGRAM);
const KNOWN: Plan = Plan::new("runs of five notes that training music has", Better::LikeReal, NGRAM);
const NEAREST: Plan = Plan::new("like the nearest training phrase", Better::LikeReal, NGRAM);

/// Notes of training music whose runs are known.
const RUN_NOTES: usize = 1_500_000;
/// Steps of a run.
const RUN: usize = 4;
/// Training phrases of each style.
const MOST_PHRASES: usize = 120;

/// Training music, to compare with.
#[derive(Debug)]
pub(crate) struct Corpus<'a> {
    pieces: Vec<Held<'a>>,
    runs: HashSet<[Step; RUN]>,
    /// By style.
    phrases: BTreeMap<&'a str, Vec<Vec<Note>>>,
}

impl<'a> Corpus<'a> {
    /// `None` without training music.
    pub(crate) fn of(music: &'a Music) -> Option<Self> {
        let pieces = music.train();
        let (mut runs, mut n_left) = (HashSet::new(), RUN_NOTES);
        for (_, notes) in pieces.iter().step_by(3) {
            let notes = &notes[..notes.len().min(n_left)];
            n_left -= notes.len();
            runs.extend(runs_of(notes));
        }
        let mut phrases: BTreeMap<&str, Vec<Vec<Note>>> = BTreeMap::new();
        for (piece, notes) in &pieces {
            let known = phrases.entry(music.style(piece)).or_default();
            if known.len() < MOST_PHRASES {
                known.extend(phrase_pairs(notes, 1).iter().map(|pair| plain(pair.answer)));
            }
        }
        (!pieces.is_empty()).then_some(Self { pieces, runs, phrases })
    }

    /// The measures that need training music.
    pub(crate) fn measures(&self, sets: &Sets, works: &[usize]) -> Vec<Measure> {
        let music: Vec<&[PlacedNote]> = self.pieces.iter().map(|(_, notes)| *notes).collect();
        let copies = sets.columns.iter().map(|(_, passages)| {
            let notes: Vec<Vec<PlacedNote>> = passages.iter().map(|p| placed(&p.answer, p.metre)).collect();
            longest_copies(&notes.iter().map(Vec::as_slice).collect::<Vec<_>>(), &music)
        });
        let copies: Vec<Vec<usize>> = copies.collect();
        let lengths: Vec<Vec<f64>> = copies.iter().map(|of| of.iter().map(|&n| as_f64(n)).collect()).collect();
        let most = |copies: &[usize], places: &[usize]| {
            as_f64(percentile_95(&places.iter().map(|&i| copies[i]).collect::<Vec<_>>()))
        };
        let figures: Vec<Interval> =
            sets.compared().map(|column| Interval::of(works, |places| most(&copies[column], places))).collect();
        let all: Vec<usize> = (0..works.len()).collect();
        let each = |of: &(dyn Fn(&Passage) -> f64 + Sync)| -> Vec<Vec<f64>> {
            sets.columns.iter().map(|(_, passages)| passages.par_iter().map(of).collect()).collect()
        };
        vec![
            COPIES.of_values(sets, works, &lengths),
            MOST_COPIED.of_columns(sets, Some(most(&copies[0], &all)), &figures),
            KNOWN.of_values(sets, works, &each(&|passage| self.known_runs(passage))),
            NEAREST.of_values(sets, works, &each(&|passage| self.nearest(passage))),
        ]
    }

    fn known_runs(&self, passage: &Passage) -> f64 {
        let runs = runs_of(&placed(&passage.answer, passage.metre));
        mean(runs.map(|run| f64::from(self.runs.contains(&run))).collect::<Vec<_>>())
    }

    /// 1 less the edit distance, of rhythm and contour, to the nearest of some phrases of its style.
    fn nearest(&self, passage: &Passage) -> f64 {
        let phrases = self.phrases.get(passage.style.as_str()).into_iter().flatten();
        let alike = phrases.filter_map(|phrase| similarity(phrase, &passage.answer));
        alike.map(|found| f64::from(f32::midpoint(found.rhythm, found.contour))).fold(f64::NAN, f64::max)
    }
}

fn runs_of(notes: &[PlacedNote]) -> impl Iterator<Item = [Step; RUN]> + use<> {
    let steps = steps(notes);
    (0..steps.len().saturating_sub(RUN - 1)).map(move |i| std::array::from_fn(|k| steps[i + k]))
}
