//! The training: several passes over trials, each with one of our answers beside the composer's, and the weights of the pass that
//! did best on the validation trials.

use anyhow::{Result, ensure};
use candle_core::Tensor;
use engine::critic::{self, Critic, CriticConfig, CriticHeader};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::network::{CriticNetwork, largest_singular_value, mean_softplus};
use super::trials::Trial;
use super::views::{Change, TrialBatch, View};
use crate::benchmark::mean;
use crate::optim::AdamW;

/// Trials that are scored at a time.
const SCORED_TOGETHER: usize = 32;
/// Batches whose trials are sorted by length.
const SORTED_TOGETHER: usize = 16;
/// The first steps' share in which the rate rises.
const WARM_UP: f64 = 0.05;

/// What is descended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Binary cross-entropy: each answer alone is the composer's or ours.
    Bce,
    /// The composer's answer must score above ours to the same call (Bradley and Terry 1952).
    #[default]
    Pairwise,
    /// The mean of both.
    Both,
    /// The difference of the mean scores (Arjovsky et al. 2017), of a network whose matrices are held at a largest singular value of 1
    /// (Miyato et al. 2018). A gradient penalty (Gulrajani et al. 2017) would need second derivatives, which candle does not keep.
    Wasserstein,
}

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct LearnConfig {
    /// What is descended.
    pub loss: Loss,
    /// What is seen.
    pub view: View,
    /// Sizes of the network.
    pub critic: CriticConfig,
    /// Passes over the trials.
    pub passes: usize,
    /// Trials of a step.
    pub batch_size: usize,
    /// Highest learning rate; it falls to 0 like a cosine.
    pub learning_rate: f64,
    /// Of first weights and of all that is drawn.
    pub seed: u64,
}

impl Default for LearnConfig {
    fn default() -> Self {
        Self {
            loss: Loss::default(),
            view: View::default(),
            critic: CriticConfig::SHIPPED,
            passes: 8,
            batch_size: 16,
            learning_rate: 2e-3,
            seed: 1,
        }
    }
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pass {
    /// Its number, from 1.
    pub number: usize,
    /// Mean loss of its steps.
    pub loss: f64,
    /// On the validation trials.
    pub valid: Separation,
}

/// How well scores tell the composer's answers from ours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Separation {
    /// How often the composer's scores above ours to the same call; equal ones count half.
    pub paired: f64,
    /// How often one of the composer's scores above one of ours, to any calls (the area under the curve of ROC).
    pub area: f64,
    /// Mean score of the composer's, less ours: for a Wasserstein critic, its estimate of the distance.
    pub distance: f64,
}

impl Separation {
    /// Of scores: those of the composer's answer and of ours to the same call.
    #[must_use]
    pub fn of(scores: &[(f32, Vec<f32>)]) -> Self {
        let won = |real: f32, ours: f32| if real > ours { 1.0 } else { f64::from(u8::from(real == ours)) / 2.0 };
        let pairs = || scores.iter().flat_map(|(real, ours)| ours.iter().map(move |ours| (*real, *ours)));
        let all_ours: Vec<f32> = pairs().map(|(_, ours)| ours).collect();
        let area = scores.iter().flat_map(|(real, _)| all_ours.iter().map(move |ours| won(*real, *ours)));
        let reals = scores.iter().map(|(real, _)| f64::from(*real));
        Self {
            paired: mean(pairs().map(|(real, ours)| won(real, ours))),
            area: mean(area),
            distance: mean(reals) - mean(all_ours.iter().map(|&ours| f64::from(ours))),
        }
    }
}

/// A trained network, and what it knows.
#[derive(Debug)]
pub struct Learnt {
    /// With the weights of the best pass.
    pub network: CriticNetwork,
    /// The names of the styles, "any" first.
    pub styles: Vec<String>,
    /// All of them.
    pub passes: Vec<Pass>,
}

/// Trains on one set of trials, and chooses the pass on another, of other works.
///
/// # Errors
/// When a set is empty, the two share a piece, or memory fails.
pub fn learn(train: &[Trial], valid: &[Trial], config: &LearnConfig, mut on_pass: impl FnMut(Pass)) -> Result<Learnt> {
    ensure!(!train.is_empty() && !valid.is_empty(), "there are no trials to train on, or none to choose the pass on");
    let pieces: std::collections::BTreeSet<&str> = train.iter().map(|trial| &trial.piece[..]).collect();
    let shared = valid.iter().find(|trial| pieces.contains(&trial.piece[..]));
    ensure!(shared.is_none(), "training and validation share pieces; make their trials of two splits of one folder");
    let styles = styles(train);
    let network = CriticNetwork::new(config.critic, styles.len(), config.view.n_channels(), config.seed)?;
    let mut optimiser = AdamW::of(network.parameters())?;
    let mut random = ChaCha8Rng::seed_from_u64(config.seed);
    let mut directions = vec![Vec::new(); network.shapes().len()];
    let n_steps = config.passes * train.len().div_ceil(config.batch_size);
    let (mut step, mut passes, mut best) = (0, Vec::new(), None);
    for number in 1..=config.passes {
        let mut losses = Vec::new();
        for trials in batches(train, config.batch_size, &mut random) {
            let drawn: Vec<(usize, Change)> = trials
                .iter()
                .map(|trial| (random.random_range(0..trial.ours.len()), Change::draw(&mut random)))
                .collect();
            let items: Vec<(&Trial, &[usize], Change)> = trials
                .iter()
                .zip(&drawn)
                .map(|(trial, (ours, change))| (*trial, std::slice::from_ref(ours), *change))
                .collect();
            let batch = TrialBatch::new(&items, &styles, config.view);
            let loss = loss(&network.logits(&batch.calls, &batch.answers, &batch.styles)?, config.loss)?;
            let rate = config.learning_rate * schedule(step, n_steps);
            optimiser.step_of(network.parameters(), None, &loss.backward()?, rate)?;
            if config.loss == Loss::Wasserstein {
                bound(&network, &mut directions)?;
            }
            losses.push(f64::from(loss.to_scalar::<f32>()?));
            step += 1;
        }
        let valid = Separation::of(&scores(&network, &styles, valid, config.view)?);
        let pass = Pass { number, loss: mean(losses.into_iter()), valid };
        on_pass(pass);
        passes.push(pass);
        if best.as_ref().is_none_or(|(paired, _)| valid.paired > *paired) {
            let values = network.shapes().iter().map(|shape| network.values(&shape.name));
            best = Some((valid.paired, values.collect::<candle_core::Result<Vec<_>>>()?));
        }
    }
    for (shape, values) in network.shapes().iter().zip(best.map(|(_, values)| values).unwrap_or_default()) {
        network.set(shape, values)?;
    }
    Ok(Learnt { network, styles, passes })
}

/// Trials in random batches of about one length, since the longest of a batch says how long it takes.
fn batches<'a>(trials: &'a [Trial], batch_size: usize, random: &mut ChaCha8Rng) -> Vec<Vec<&'a Trial>> {
    let mut order: Vec<&Trial> = trials.iter().collect();
    order.shuffle(random);
    for some in order.chunks_mut(SORTED_TOGETHER * batch_size) {
        some.sort_by_key(|trial| trial.end_ticks - trial.start_ticks);
    }
    let mut batches: Vec<Vec<&Trial>> = order.chunks(batch_size).map(<[_]>::to_vec).collect();
    batches.shuffle(random);
    batches
}

/// Names of the styles of trials, after "any".
fn styles(trials: &[Trial]) -> Vec<String> {
    let names: std::collections::BTreeSet<&str> = trials.iter().map(|trial| &trial.style[..]).collect();
    let any = crate::data::corpus::ANY_STYLE;
    std::iter::once(any).chain(names.into_iter().filter(|name| *name != any)).map(str::to_owned).collect()
}

/// The rate's share of the highest.
fn schedule(step: usize, n_steps: usize) -> f64 {
    let at = super::as_f64(step) / super::as_f64(n_steps.max(1));
    (at / WARM_UP).min(1.0) * (1.0 + (std::f64::consts::PI * at).cos()) / 2.0
}

/// logits: (2, calls), the composer's first.
fn loss(logits: &Tensor, loss: Loss) -> candle_core::Result<Tensor> {
    let n = logits.dim(0)? / 2;
    let (real, ours) = (logits.narrow(0, 0, n)?, logits.narrow(0, n, n)?);
    let bce = || (mean_softplus(&real.neg()?)? + mean_softplus(&ours)?)? / 2.0;
    let pairwise = || mean_softplus(&(&ours - &real)?);
    match loss {
        Loss::Bce => bce(),
        Loss::Pairwise => pairwise(),
        Loss::Both => (bce()? + pairwise()?)? / 2.0,
        Loss::Wasserstein => (ours - real)?.mean(0),
    }
}

/// Holds the matrices at a largest singular value of 1, at most. A convolution's windows overlap, so that its own norm may be a few
/// times that: the estimate of the distance is so many times too large, the same for all that is compared.
fn bound(network: &CriticNetwork, directions: &mut [Vec<f32>]) -> Result<()> {
    for (shape, direction) in network.shapes().iter().zip(directions) {
        if !shape.name.ends_with(".weight") {
            continue;
        }
        let mut values = network.values(&shape.name)?;
        let largest = largest_singular_value(&values, shape.columns, direction);
        if largest > 1.0 {
            values.iter_mut().for_each(|value| *value /= largest);
            network.set(shape, values)?;
        }
    }
    Ok(())
}

/// Scores of the composer's answers, and of ours, in the order of the trials.
///
/// # Errors
/// When memory fails.
pub fn scores(
    network: &CriticNetwork,
    styles: &[String],
    trials: &[Trial],
    view: View,
) -> Result<Vec<(f32, Vec<f32>)>> {
    let mut scored = Vec::with_capacity(trials.len());
    for trials in trials.chunk_by(|a, b| a.ours.len() == b.ours.len()).flat_map(|same| same.chunks(SCORED_TOGETHER)) {
        let places: Vec<usize> = (0..trials[0].ours.len()).collect();
        let items: Vec<(&Trial, &[usize], Change)> =
            trials.iter().map(|trial| (trial, &places[..], Change::default())).collect();
        let batch = TrialBatch::new(&items, styles, view);
        let logits: Vec<f32> = network.logits(&batch.calls, &batch.answers, &batch.styles)?.to_vec1()?;
        let rows: Vec<&[f32]> = logits.chunks_exact(trials.len()).collect();
        scored.extend((0..trials.len()).map(|i| (rows[0][i], rows[1..].iter().map(|row| row[i]).collect())));
    }
    Ok(scored)
}

/// The file of what was learnt.
///
/// # Errors
/// When its numbers are not sane.
pub fn file(learnt: &Learnt, config: &LearnConfig, training: &str, rule_weight: f32) -> Result<Vec<u8>> {
    ensure!(config.view == View::Tonic, "the engine reads piano rolls from the tonic on, and no other picture");
    let header = CriticHeader {
        config: config.critic,
        styles: learnt.styles.clone(),
        rule_weight,
        licence: "CC BY-SA 4.0".to_owned(),
        training: training.to_owned(),
    };
    let file = critic::write(&header, &mut |shape| Ok::<_, anyhow::Error>(learnt.network.values(&shape.name)?))?;
    Critic::parse(&file)?;
    Ok(file)
}
