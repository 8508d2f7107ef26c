//! Passages as points in a space: in the network's own, and in one that knows nothing of it.
//!
//! Reading order: this file asks the network, `outside` asks music21 through Python.

pub(crate) mod outside;

use anyhow::Result;
use engine::{Conditions, Metre, Weights};
use music::Note;
use rayon::prelude::*;

use super::features::{Passage, as_f64};
use crate::data::batch::Batch;
use crate::data::sequence::{Event, events};
use crate::data::shards::{Labels, PlacedNote};
use crate::evaluate::tokens::Tokens;
use crate::evaluate::windows;
use crate::network::Network;
use crate::network::cpu::{Workspace, guesses};

/// Some notes with their places in the bar.
pub(super) fn placed(notes: &[Note], metre: Metre) -> Vec<PlacedNote> {
    let placed =
        |&note: &Note| PlacedNote { note, position: metre.position(note.onset_ticks), labels: Labels::default() };
    notes.iter().map(placed).collect()
}

/// The network, asked what it makes of music.
#[derive(Debug)]
pub(super) struct Embedder {
    network: Network,
    workspace: Workspace,
}

impl Embedder {
    pub(super) fn new(weights: &Weights) -> Result<Self> {
        Ok(Self { network: Network::of_weights(weights)?, workspace: Workspace::default() })
    }

    /// The mean of the last hidden states after each of these notes, told nothing: `(d_model,)`. Of the first notes, as many as
    /// the context holds.
    pub(super) fn embed(&self, notes: &[Note], metre: Metre) -> Result<Vec<f64>> {
        let mut known = events(&placed(notes, metre), None);
        known.truncate(self.network.config().n_context - 1);
        let n = known.len();
        let Some(&last) = known.last() else { return Ok(vec![0.0; self.network.config().d_model]) };
        // The last note is read when another is asked for, whichever.
        known.push(last);
        let hidden = self.network.hidden(&batch(&known, 0), None)?;
        let mean = hidden.narrow(0, 1, n)?.mean(0)?.to_vec1::<f32>()?;
        Ok(mean.into_iter().map(f64::from).collect())
    }

    /// As [`Embedder::embed`], of many.
    pub(super) fn embed_all<'a>(&self, all: impl Iterator<Item = (&'a [Note], Metre)>) -> Result<Vec<Vec<f64>>> {
        let all: Vec<_> = all.collect();
        all.into_par_iter().with_max_len(1).map(|(notes, metre)| self.embed(notes, metre)).collect()
    }

    /// Perplexity of answers after their calls, for each note-on, note-off, time-shift or velocity token.
    pub(super) fn perplexity(&self, passages: &[Passage]) -> Result<f64> {
        let of = |passage: &Passage| -> Result<(f64, f64)> {
            let notes = [&passage.call[..], &passage.answer].concat();
            let all = events(&placed(&notes, passage.metre), None);
            let from = all.len().saturating_sub(self.network.config().n_context);
            let n_known = passage.call.len().saturating_sub(from);
            let (nats, _) = guesses(&self.network, &batch(&all[from..], n_known), &self.workspace)?;
            Ok((nats.iter().sum(), as_f64(usize::try_from(Tokens::count(&passage.answer).total())?)))
        };
        let sums: Vec<(f64, f64)> = passages.par_iter().with_max_len(1).map(of).collect::<Result<_>>()?;
        let (nats, tokens) = sums.into_iter().fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        Ok((nats / tokens.max(1.0)).exp())
    }
}

fn batch(events: &[Event], n_known: usize) -> Batch {
    windows::batch(events, n_known, Conditions::default())
}

/// Cosines of the angles between two points each, seen from `middle`.
pub(super) fn cosines(one: &[Vec<f64>], other: &[Vec<f64>], middle: &[f64]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).zip(middle).map(|((a, b), middle)| (a - middle) * (b - middle)).sum()
    };
    one.iter().zip(other).map(|(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)).collect()
}

/// The mean of points.
pub(super) fn middle(points: &[Vec<f64>]) -> Vec<f64> {
    let n_dimensions = points.first().map_or(0, Vec::len);
    (0..n_dimensions).map(|d| super::features::mean(points.iter().map(|point| point[d]))).collect()
}

#[cfg(test)]
mod tests {
    use engine::{ModelConfig, Precision, random_file};

    use super::super::features::tests::{passage, tune};
    use super::*;

    #[test]
    fn a_passage_is_the_mean_of_what_the_network_makes_of_its_notes() {
        let weights = Weights::parse(&random_file(ModelConfig::TINY, Precision::F32, 5).unwrap()).unwrap();
        let embedder = Embedder::new(&weights).unwrap();
        let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
        let (short, long) = (tune(&[60, 62], 0, 48), tune(&[60, 62, 64], 0, 48));
        let [one, two, three] = [&short[..1], &short, &long].map(|notes| embedder.embed(notes, metre).unwrap());
        assert_eq!(one.len(), ModelConfig::TINY.d_model);
        // What was read before does not change with what follows: the third state is three times one mean less twice the other.
        let second: Vec<f64> = two.iter().zip(&one).map(|(two, one)| 2.0 * two - one).collect();
        let third: Vec<f64> = three.iter().zip(&two).map(|(three, two)| 3.0 * three - 2.0 * two).collect();
        assert_ne!(second, third);
        let moved = embedder.embed(&tune(&[60, 62], 192, 48), metre).unwrap();
        assert!(two.iter().zip(&moved).all(|(a, b)| (a - b).abs() < 1e-5), "a bar later is the same music");
        let long = embedder.embed(&tune(&[60; 200], 0, 24), metre).unwrap();
        assert!(long.iter().all(|value| value.is_finite()), "more notes than the context holds");
        assert!(embedder.perplexity(&[passage(tune(&[60, 62], 384, 48))]).unwrap() > 1.0);
    }

    #[test]
    fn cosines_are_seen_from_the_middle() {
        let points = [vec![2.0, 1.0], vec![0.0, 1.0]];
        assert_eq!(middle(&points), [1.0, 1.0]);
        let found = cosines(&points, &[vec![5.0, 1.0], vec![2.0, 1.0]], &[1.0, 1.0]);
        assert!((found[0] - 1.0).abs() < 1e-9 && (found[1] + 1.0).abs() < 1e-9);
    }
}
