//! A listening test: a page on which people say which of two answers they like better without knowing whose they are, and what all of
//! them said, merged.
//!
//! Like the rest of the judge it reports, and chooses nothing. What is compared has passed the judge's quantiser and range
//! (`calls::fair`), sounds on the same piano, equally loud and for equally long.
//!
//! Reading order: `scenes` makes calls with two answers each, `order` puts them into trials, repeats and anchors, [`key`] says which side
//! is which, `sound` renders them, and `page` is what a listener opens. `returned` reads what listeners send back, [`preference`] and
//! [`findings`] count it, and [`table`] writes it down.

pub mod findings;
pub mod key;
mod order;
mod page;
pub mod preference;
mod returned;
mod scenes;
mod sound;
pub mod table;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::data::corpus::Split;
use findings::Findings;
use key::Key;

/// Most pairs on a page: more than anybody listens to.
const MOST_PAIRS: usize = 200;
/// A key is read up to here.
const MOST_KEY_BYTES: u64 = 1 << 20;

/// What our answers stand beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// What the composer wrote.
    Real,
    /// The same network without the plugin's help ([`engine::answer::Controls::raw`]).
    Raw,
    /// Another weight file.
    Weights(PathBuf),
}

/// A page to make.
#[derive(Clone, Debug)]
pub struct MakeConfig {
    /// A weight file; the plugin's own weights when not given.
    pub weights: Option<PathBuf>,
    /// What its answers stand beside.
    pub against: Against,
    /// A folder that `model prepare` wrote, or music to prepare.
    pub data: PathBuf,
    /// Whose calls are answered.
    pub split: Split,
    /// Calls sound and are heard as hands play them, not as they are written.
    pub is_played: bool,
    /// Pairs.
    pub n_pairs: usize,
    /// Pairs that come a second time with their sides swapped.
    pub n_repeats: usize,
    /// Pairs of the composer's answer and one that is bad for certain.
    pub n_anchors: usize,
    /// Coherence, originality and "does it answer?" are asked of each answer.
    pub has_scales: bool,
    /// Decides order and sides. Who knows it can find out which side is which.
    pub seed: u64,
}

/// A page and its key.
#[derive(Clone, Debug)]
pub struct Made {
    /// HTML that needs nothing else.
    pub page: String,
    /// Stays with who made the page.
    pub key: Key,
    /// To listen to each answer once, after its call.
    pub seconds: f64,
    /// Of the page, sound that was encoded.
    pub sound_bytes: usize,
}

/// Makes a page; the same for the same configuration, weights and data.
///
/// # Errors
/// When files cannot be read, there are too few calls, or too many pairs are asked for.
pub fn make(config: &MakeConfig) -> Result<Made> {
    let MakeConfig { n_pairs, n_repeats, n_anchors, .. } = *config;
    ensure!((1..=MOST_PAIRS).contains(&n_pairs), "{n_pairs} pairs; a page has 1 to {MOST_PAIRS}");
    ensure!(n_repeats <= n_pairs, "{n_repeats} of {n_pairs} pairs cannot come a second time; ask for fewer repeats");
    ensure!(n_anchors <= MOST_PAIRS, "{n_anchors} anchors; a page has at most {MOST_PAIRS}");
    let made = scenes::scenes(config)?;
    let mut random = ChaCha8Rng::seed_from_u64(config.seed);
    let order = order::order(n_pairs, n_anchors, n_repeats, &mut random);
    let key = Key::new(config, &made, &order);
    let sounds: Vec<_> = made.scenes.par_iter().map(sound::sound).collect::<Result<_>>()?;
    let seconds = order.iter().map(|trial| 2.0 * sounds[trial.scene].seconds()).sum();
    let sound_bytes = sounds.iter().map(sound::Sounds::n_bytes).sum();
    Ok(Made { page: page::page(&key, &order, &sounds)?, key, seconds, sound_bytes })
}

/// What listeners sent back.
#[derive(Clone, Debug)]
pub struct MergeConfig {
    /// What [`make`] wrote beside the page.
    pub key: PathBuf,
    /// Listeners' files.
    pub results: Vec<PathBuf>,
    /// Who liked a bad anchor better is left out.
    pub is_careful: bool,
    /// Half of the width that the interval of the preference should have, as a share.
    pub width: f64,
}

/// Merges.
///
/// # Errors
/// When the key cannot be read, or no listener's file can.
pub fn merge(config: &MergeConfig) -> Result<Findings> {
    ensure!(config.width > 0.0 && config.width < 0.5, "a width of {}; say a share between 0 and 0.5", config.width);
    let key = Key::parse(&returned::read_bounded(&config.key, MOST_KEY_BYTES)?)?;
    let (listeners, left_out) = returned::read(&key, &config.results);
    ensure!(
        !listeners.is_empty(),
        "none of the {} files has an answer to this page:\n  {}",
        config.results.len(),
        left_out.join("\n  ")
    );
    Ok(findings::find(&key, listeners, left_out, config.is_careful, config.width))
}
