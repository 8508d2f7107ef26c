//! How well weights predict music that they have not seen, in bits per note, beside what plain counting achieves; and how
//! like real music their answers are.

pub mod conditions;
pub mod copying;
pub mod distance;
pub mod distributions;
pub mod music;
pub mod ngram;
pub mod passages;
pub mod pictures;
pub mod played;
pub mod resemblance;
pub mod score;
pub mod table;
pub mod tokens;
pub(crate) mod windows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::{Session, Weights};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::data::batch::ATTRIBUTES;
use crate::data::corpus::Split;
use crate::data::dataset::{Dataset, SamplingPolicy};
use crate::train::VALID_NOTES;
use music::{Held, Music};
use passages::{Answerer, passages};
use resemblance::{Resemblance, resemblance};
use score::Score;
use windows::Windows;

/// Notes of each piece when not all are wanted.
const SAMPLE_NOTES: usize = 512;
/// The weights that are built into the plugin.
const SHIPPED: &[u8] = include_bytes!("../weights/nano.antiphon");

/// What to evaluate.
#[derive(Clone, Debug)]
pub struct EvaluateConfig {
    /// A weight file; the plugin's own weights when not given.
    pub weights: Option<PathBuf>,
    /// A folder that `model prepare` wrote, a folder of MIDI files, or a manifest.csv.
    pub data: PathBuf,
    /// Read recordings as they were recorded, not as the ear hears them; a prepared folder is as it was prepared.
    pub without_ear: bool,
    /// Which part of it to predict.
    pub split: Split,
    /// A quick sample of this many notes: the first 512 of each piece, in a mixed but fixed order.
    pub notes: Option<usize>,
    /// Answers to make and to compare with real music; 0 for none.
    pub answers: usize,
    /// Whether the network answers alone, without what the plugin adds: density, key lock, loudness and range.
    pub raw: bool,
    /// Note by note, in the plugin's own arithmetic, with the weight of the user cache, which learns the earlier notes of the
    /// piece; all of a window at once when not given.
    pub cache_weight: Option<f32>,
}

impl EvaluateConfig {
    /// All of the test split, without answers.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let (weights, notes, cache_weight) = (None, None, None);
        Self {
            weights,
            data: data.into(),
            without_ear: false,
            split: Split::Test,
            notes,
            answers: 0,
            raw: false,
            cache_weight,
        }
    }
}

/// The results. A piece's end event counts among its bits, not among its notes.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of the weights.
    pub bits_per_note: f64,
    /// Of the best n-gram up to order 5.
    pub ngram_bits_per_note: f64,
    /// Of frequencies alone.
    pub unigram_bits_per_note: f64,
    /// Nats for each note-on, note-off, time-shift or velocity token that the same music has ([`tokens`]).
    pub nats_per_token: f64,
    /// `e` to the power of that.
    pub perplexity_per_token: f64,
    /// Such tokens for each note.
    pub tokens_per_note: f64,
    /// Share of notes whose likeliest values were all true, each after the true ones before it.
    pub accuracy: f64,
    /// The same for each attribute alone.
    pub accuracy_by_attribute: BTreeMap<&'static str, f64>,
    /// Name in the weight file.
    pub weights: String,
    /// Which part of the data.
    pub split: Split,
    /// Notes predicted.
    pub n_notes: usize,
    /// Pieces they are from.
    pub n_pieces: usize,
    /// Of the weights, by attribute.
    pub attributes: BTreeMap<&'static str, f64>,
    /// Of the unigram, by attribute.
    pub unigram_attributes: BTreeMap<&'static str, f64>,
    /// Of the best n-gram, by attribute.
    pub ngram_attributes: BTreeMap<&'static str, f64>,
    /// Of each order of n-gram, from 1.
    pub ngram_orders: Vec<f64>,
    /// Of the weights, by style.
    pub styles: BTreeMap<String, Style>,
    /// Of generated answers.
    pub answers: Option<Resemblance>,
    /// Whether the network made them alone, without what the plugin adds.
    pub answers_are_raw: bool,
}

/// The weights on the pieces of one style.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Style {
    /// Notes predicted.
    pub n_notes: u64,
    /// As in the report.
    pub bits_per_note: f64,
    /// As in the report.
    pub accuracy: f64,
}

/// Evaluates, with a progress bar.
///
/// # Errors
/// When a file cannot be read or the split is empty.
pub fn evaluate(config: &EvaluateConfig) -> Result<Report> {
    let weights = Arc::new(config.weights.as_deref().map_or_else(shipped, load)?);
    let music = Music::open(&config.data, config.without_ear)?;
    let pieces = chosen(&music, config.split, config.notes);
    let n_notes: usize = pieces.iter().map(|(_, notes)| notes.len()).sum();
    ensure!(n_notes > 0, "{} has no {} pieces; choose another --split", config.data.display(), config.split.name());
    let scores = score_all(&weights, &music, &pieces, config.cache_weight)?;
    let mut total = Score::default();
    let mut styles: BTreeMap<String, Score> = BTreeMap::new();
    for ((piece, _), score) in pieces.iter().zip(&scores) {
        total += *score;
        *styles.entry(music.style(piece).to_owned()).or_default() += *score;
    }

    let train = music.train();
    let orders = baselines(&train, &pieces);
    let sum = |bits: &[f64; 4]| bits.iter().sum::<f64>();
    let best = orders.iter().min_by(|a, b| sum(a).total_cmp(&sum(b))).unwrap_or(&orders[0]);
    let answers = (config.answers > 0).then(|| {
        // The whole of the pieces, however few of their notes were scored.
        let answerer = if config.raw { Answerer::Network } else { Answerer::Plugin };
        let passages = passages(&weights, &music, &chosen_whole(&music, config.split), config.answers, answerer);
        resemblance(&passages, &train)
    });

    let n = as_f64(total.n_notes);
    let by_attribute = |bits: &[f64; 4]| ATTRIBUTES.into_iter().zip(bits.map(|bits| bits / n)).collect();
    let n_guesses = as_f64(total.n_guesses.max(1));
    let nats_per_token = total.total_bits() * std::f64::consts::LN_2 / as_f64(total.tokens.total().max(1));
    Ok(Report {
        bits_per_note: total.total_bits() / n,
        ngram_bits_per_note: sum(best) / n,
        unigram_bits_per_note: sum(&orders[0]) / n,
        nats_per_token,
        perplexity_per_token: nats_per_token.exp(),
        tokens_per_note: as_f64(total.tokens.total()) / n,
        accuracy: as_f64(total.n_all_right) / n_guesses,
        accuracy_by_attribute: ATTRIBUTES.into_iter().zip(total.n_right.map(|n| as_f64(n) / n_guesses)).collect(),
        weights: weights.header().name.clone(),
        split: config.split,
        n_notes,
        n_pieces: pieces.len(),
        attributes: by_attribute(&total.bits),
        unigram_attributes: by_attribute(&orders[0]),
        ngram_attributes: by_attribute(best),
        ngram_orders: orders.iter().map(|bits| sum(bits) / n).collect(),
        styles: styles.into_iter().map(|(name, score)| (name, style(&score))).collect(),
        answers: answers.filter(|answers| answers.n_passages > 0),
        answers_are_raw: config.raw,
    })
}

/// What it is worth to tell each condition, or those named, on so many notes of the split: see [`conditions::worth`].
///
/// # Errors
/// As [`evaluate`], and when a condition is unknown.
pub fn evaluate_conditions(config: &EvaluateConfig, names: &[String]) -> Result<conditions::Report> {
    let weights = config.weights.as_deref().map_or_else(shipped, load)?;
    let dataset =
        Dataset::of(Music::open(&config.data, config.without_ear)?.into_prepared(), &SamplingPolicy::default());
    conditions::worth(&weights, &dataset, config.split, config.notes.unwrap_or(VALID_NOTES), names)
}

/// Reads a weight file.
///
/// # Errors
/// When it cannot be opened, or is refused.
pub fn load(path: &Path) -> Result<Weights> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot open the weights {}", path.display()))?;
    Weights::parse(&bytes).with_context(|| format!("{} is not a sound weight file", path.display()))
}

/// The weights of a file, or those that are built into the plugin.
///
/// # Errors
/// When the file cannot be read.
pub fn weights_or_shipped(path: Option<&Path>) -> Result<Weights> {
    path.map_or_else(shipped, load)
}

/// The weights that are built into the plugin.
pub(crate) fn shipped() -> Result<Weights> {
    Weights::parse(SHIPPED).context("the weights built into this program are damaged")
}

fn style(score: &Score) -> Style {
    Style {
        n_notes: score.n_notes,
        bits_per_note: score.total_bits() / as_f64(score.n_notes.max(1)),
        accuracy: as_f64(score.n_all_right) / as_f64(score.n_guesses.max(1)),
    }
}

/// All pieces of a split in an order that mixes sources and styles, the same every time.
pub(crate) fn chosen_whole(music: &Music, split: Split) -> Vec<Held<'_>> {
    let mut pieces = music.held_out(split);
    pieces.sort_by_cached_key(|(piece, _)| <[u8; 32]>::from(Sha256::digest(&piece.path)));
    pieces
}

/// As [`chosen_whole`]; or the beginnings of some, up to `n_notes`.
fn chosen(music: &Music, split: Split, n_notes: Option<usize>) -> Vec<Held<'_>> {
    let mut pieces = chosen_whole(music, split);
    if let Some(mut left) = n_notes {
        for (_, notes) in &mut pieces {
            *notes = &notes[..notes.len().min(SAMPLE_NOTES).min(left)];
            left -= notes.len();
        }
        pieces.retain(|(_, notes)| !notes.is_empty());
    }
    pieces
}

/// The score of each piece, on all cores: as played, with such a weight of the user cache, or window by window.
fn score_all(weights: &Arc<Weights>, music: &Music, pieces: &[Held], cache_weight: Option<f32>) -> Result<Vec<Score>> {
    let windows = Windows::new(weights)?;
    let n_notes: usize = pieces.iter().map(|(_, notes)| notes.len()).sum();
    let bar = ProgressBar::new(n_notes as u64)
        .with_style(ProgressStyle::with_template("scoring {pos}/{len} notes {wide_bar} {per_sec}, {eta} left")?);
    // The longest first, so that no core is left alone with one at the end.
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(pieces[i].1.len()));
    let mut scored: Vec<(usize, Score)> = order
        .into_par_iter()
        .with_max_len(1)
        .map_init(
            || Session::new(Arc::clone(weights)),
            |session, i| {
                let (piece, notes) = pieces[i];
                let conditions = score::conditions(weights, piece, music.style(piece));
                let score = match cache_weight {
                    Some(weight) => score::played(session, piece, notes, conditions, weight),
                    None => windows.score(piece, notes, conditions)?,
                };
                bar.inc(notes.len() as u64);
                Ok((i, score))
            },
        )
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    scored.sort_by_key(|(i, _)| *i);
    Ok(scored.into_iter().map(|(_, score)| score).collect())
}

/// Bits of each order of n-gram. Without training music each half of the pieces is predicted from the other.
fn baselines(train: &[Held], pieces: &[Held]) -> [[f64; 4]; ngram::MAX_ORDER] {
    let events =
        |pieces: &[Held]| -> Vec<_> { pieces.iter().map(|(piece, notes)| score::events(piece, notes)).collect() };
    let pieces = events(pieces);
    if !train.is_empty() {
        return ngram::bits(&events(train), &pieces);
    }
    let (one, other) = pieces.split_at(pieces.len() / 2);
    let (mut bits, more) = (ngram::bits(one, other), ngram::bits(other, one));
    bits.as_flattened_mut().iter_mut().zip(more.as_flattened()).for_each(|(bits, more)| *bits += more);
    bits
}

#[expect(clippy::cast_precision_loss, reason = "counts of notes")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}
