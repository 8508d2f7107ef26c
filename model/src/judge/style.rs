//! Which style music is of: a classifier that has read real training music only, and what it makes of answers.
//!
//! Style accuracy asks whether an answer to Bach is taken for Bach; real music's own accuracy is the most that can be expected. The
//! inception score (Salimans et al. 2016) asks only whether the classifier is sure and not always of the same style, and confident
//! nonsense can do well in it, so it is shown beside real music's too.

use engine::conditions::N_STYLES;
use rayon::prelude::*;

use super::calls::passage;
use super::embedding::placed;
use super::features::{Passage, as_f64, measure};
use crate::data::phrases::phrase_pairs;
use crate::evaluate::distributions::FEATURES;
use crate::evaluate::music::Music;
use crate::evaluate::passages;

/// Training passages of each style, and of each piece.
const MOST_OF_STYLE: usize = 160;
const MOST_OF_PIECE: usize = 4;
/// Steps of Adam on all passages at once.
const N_STEPS: usize = 250;
const LEARNING_RATE: f64 = 0.02;
/// Weight of the squares of the weights in the loss.
const RIDGE: f64 = 2e-3;

/// Multinomial logistic regression on what passages are like and what is counted in them.
#[derive(Debug)]
pub(super) struct StyleClassifier {
    /// Names of its classes.
    styles: Vec<String>,
    /// Mean and deviation of each input.
    scale: Vec<(f64, f64)>,
    /// (inputs + 1, classes); the last row is the bias.
    weights: Vec<Vec<f64>>,
}

/// A passage as the counts of `evaluate` take it.
pub(super) fn counted(passage: &Passage) -> passages::Passage {
    passages::Passage { notes: placed(&passage.answer, passage.metre), key: Some(passage.key) }
}

/// Features, and the roots of distributions, which have about one variance (Hellinger).
fn inputs(passage: &Passage) -> Vec<f64> {
    let mut inputs = measure(passage);
    let counted = [counted(passage)];
    for feature in FEATURES {
        inputs.extend(feature.distribution(&counted).into_iter().map(f64::sqrt));
    }
    inputs
}

impl StyleClassifier {
    /// Learns from training music, as much of each style; `None` if there are fewer than two styles.
    pub(super) fn learn(music: &Music) -> Option<Self> {
        let train = music.train();
        let mut of_style: Vec<Vec<&_>> = vec![Vec::new(); N_STYLES.max(music.styles().len())];
        for held in train.iter().filter(|(piece, _)| !piece.is_free) {
            of_style[usize::from(held.0.style)].push(held);
        }
        let mut passages = Vec::new();
        for pieces in &of_style {
            // Spread over the pieces of the style.
            let step = pieces.len().div_ceil(MOST_OF_STYLE).max(1);
            let of_pieces = pieces.iter().step_by(step).flat_map(|(piece, notes)| {
                let pairs = phrase_pairs(notes, MOST_OF_PIECE);
                pairs.iter().map(|pair| passage(pair, piece, music.style(piece), 0)).collect::<Vec<_>>()
            });
            passages.extend(of_pieces.take(MOST_OF_STYLE));
        }
        let mut styles: Vec<String> = passages.iter().map(|passage| passage.style.clone()).collect();
        styles.sort();
        styles.dedup();
        (styles.len() > 1).then(|| Self::fit(styles, &passages))
    }

    fn fit(styles: Vec<String>, passages: &[Passage]) -> Self {
        let mut rows: Vec<Vec<f64>> = passages.par_iter().map(inputs).collect();
        let n_inputs = rows.first().map_or(0, Vec::len);
        let scale = (0..n_inputs).map(|i| {
            let values: Vec<f64> = rows.iter().map(|row| row[i]).filter(|value| value.is_finite()).collect();
            let deviation = super::features::deviation(&values);
            let is_told = deviation.is_finite() && deviation > 1e-9;
            (super::features::mean(values), if is_told { deviation } else { f64::INFINITY })
        });
        let scale: Vec<(f64, f64)> = scale.collect();
        let mut classifier = Self { styles, scale, weights: Vec::new() };
        rows.iter_mut().for_each(|row| *row = classifier.scaled(row));
        let classes: Vec<usize> = passages.iter().filter_map(|passage| classifier.class(&passage.style)).collect();
        // Styles with little music count as much as others.
        let n_classes = classifier.styles.len();
        let count = |class: usize| classes.iter().filter(|&&other| other == class).count();
        let share: Vec<f64> = (0..n_classes).map(|class| 1.0 / as_f64(count(class) * n_classes)).collect();
        let zeros = vec![vec![0.0; n_classes]; n_inputs + 1];
        classifier.weights.clone_from(&zeros);
        let (mut means, mut squares) = (zeros.clone(), zeros.clone());
        for step in 1..=N_STEPS {
            let mut gradients = zeros.clone();
            let probabilities: Vec<Vec<f64>> = rows.par_iter().map(|row| classifier.probabilities(row)).collect();
            for ((row, probabilities), &class) in rows.iter().zip(&probabilities).zip(&classes) {
                for (gradients, value) in gradients.iter_mut().zip(row) {
                    for (c, gradient) in gradients.iter_mut().enumerate() {
                        *gradient += share[class] * value * (probabilities[c] - f64::from(c == class));
                    }
                }
            }
            let power = i32::try_from(step).unwrap_or(i32::MAX);
            let (one, two) = (1.0 - 0.9f64.powi(power), 1.0 - 0.999f64.powi(power));
            for (i, weights) in classifier.weights.iter_mut().enumerate() {
                for (c, weight) in weights.iter_mut().enumerate() {
                    let gradient = gradients[i][c] + RIDGE * *weight * f64::from(i < n_inputs);
                    means[i][c] = 0.9 * means[i][c] + 0.1 * gradient;
                    squares[i][c] = 0.999 * squares[i][c] + 0.001 * gradient * gradient;
                    *weight -= LEARNING_RATE * (means[i][c] / one) / ((squares[i][c] / two).sqrt() + 1e-8);
                }
            }
        }
        classifier
    }

    fn class(&self, style: &str) -> Option<usize> {
        self.styles.iter().position(|name| name == style)
    }

    /// Of mean 0 and deviation 1, what cannot be said being the mean; and a 1 for the bias.
    fn scaled(&self, row: &[f64]) -> Vec<f64> {
        let scaled = row.iter().zip(&self.scale).map(|(value, (mean, deviation))| {
            // Rare outcomes would otherwise be many deviations away.
            if value.is_finite() { ((value - mean) / deviation).clamp(-5.0, 5.0) } else { 0.0 }
        });
        scaled.chain([1.0]).collect()
    }

    fn probabilities(&self, scaled: &[f64]) -> Vec<f64> {
        let mut logits = vec![0.0; self.styles.len()];
        for (weights, value) in self.weights.iter().zip(scaled) {
            logits.iter_mut().zip(weights).for_each(|(logit, weight)| *logit += weight * value);
        }
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        logits.iter_mut().for_each(|logit| *logit = (*logit - most).exp());
        let sum: f64 = logits.iter().sum();
        logits.into_iter().map(|share| share / sum).collect()
    }

    /// What it makes of each passage.
    pub(super) fn opinions(&self, passages: &[Passage]) -> Vec<Opinion> {
        let of = |passage: &Passage| {
            let probabilities = self.probabilities(&self.scaled(&inputs(passage)));
            let best = (0..probabilities.len()).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
            let is_right = self.class(&passage.style).map(|class| best == Some(class));
            Opinion { probabilities, is_right }
        };
        passages.par_iter().map(of).collect()
    }
}

/// What the classifier makes of a passage.
#[derive(Clone, Debug)]
pub(super) struct Opinion {
    /// Of each style.
    probabilities: Vec<f64>,
    /// Whether the likeliest style is the true one; `None` of a style that it does not know.
    pub(super) is_right: Option<bool>,
}

/// e to the power of the mean divergence, in nats, of opinions from the mean opinion: 1 to the number of styles.
pub(super) fn inception_score(opinions: &[Opinion], places: &[usize]) -> f64 {
    let n_classes = opinions.first().map_or(0, |opinion| opinion.probabilities.len());
    let of = |class: usize| places.iter().map(move |&i| opinions[i].probabilities[class]);
    let divergence: f64 = (0..n_classes)
        .map(|class| {
            let mean = super::features::mean(of(class));
            super::features::mean(of(class).map(|share| if share > 0.0 { share * (share / mean).ln() } else { 0.0 }))
        })
        .sum();
    divergence.exp()
}

#[cfg(test)]
mod tests {
    use super::super::features::tests::{passage, tune};
    use super::*;

    #[test]
    fn styles_that_differ_are_told_apart() {
        let of = |style: &str, keys: [u8; 4], from: usize| -> Vec<Passage> {
            let one = |i: usize| {
                let keys: Vec<u8> = (0..16).map(|k| keys[(k * (i + from) + i) % 4]).collect();
                Passage { style: style.to_owned(), ..passage(tune(&keys, 384, 24)) }
            };
            (1..30).map(one).collect()
        };
        let all = |from| [of("White", [60, 62, 64, 65], from), of("Black", [61, 63, 66, 68], from)].concat();
        let classifier = StyleClassifier::fit(vec!["Black".to_owned(), "White".to_owned()], &all(1));
        let opinions = classifier.opinions(&all(3));
        let n_right = opinions.iter().filter(|opinion| opinion.is_right == Some(true)).count();
        assert!(n_right > 46, "{n_right} of {}", opinions.len());
        let places: Vec<usize> = (0..opinions.len()).collect();
        let score = inception_score(&opinions, &places);
        assert!((1.2..=2.0).contains(&score), "{score}");
        // Sure, but always of the same.
        assert!(inception_score(&opinions, &places[..29]) < score);
        let unknown = Passage { style: "Grey".to_owned(), ..passage(tune(&[60], 384, 48)) };
        assert_eq!(classifier.opinions(&[unknown])[0].is_right, None);
    }
}
