//! A player's own style from a handful of files: low-rank adapters and a style vector, learnt on top of weights that
//! already know music, while those are kept from forgetting the rest.

mod adapters;
mod learn;
mod music;
mod replay;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::conditions::N_STYLES;
use engine::pack::{self, hex};
use engine::{Pack, PackHeader, Weights};

use crate::data::corpus::Split;
use crate::data::dataset::{Dataset, SamplingPolicy};
use crate::data::shards;
use crate::evaluate::{load, shipped};
use crate::train::Monitor;
use learn::{Course, learn};
use music::Music;
pub use report::Report;

/// More than a pack of low rank takes up.
const ROOM_BYTES: usize = 1 << 20;

/// What to learn from, and how. `Default` knows no files, name or pack, which must be given.
#[derive(Clone, Debug)]
pub struct AdaptConfig {
    /// MIDI files, or folders of them: 5 to 50 pieces.
    pub files: Vec<PathBuf>,
    /// Name of the style, as the plugin shows it.
    pub name: String,
    /// The pack to write.
    pub out: PathBuf,
    /// Write a table and a picture of the course beside it.
    pub log: bool,
    /// Learn from recordings as they were recorded, not as the ear hears them.
    pub without_ear: bool,
    /// Minutes to learn for, at most.
    pub minutes: f64,
    /// Steps after which it stops, if that comes earlier: the same pack on every machine.
    pub max_steps: Option<u64>,
    /// The weights to start from; the plugin's own when not given.
    pub base: Option<PathBuf>,
    /// A folder that `model prepare` wrote, with music that should not be forgotten; when not given, the weights recall some by
    /// themselves.
    pub base_data: Option<PathBuf>,
    /// Who made the music, or the pack.
    pub author: String,
    /// Licence of the pack.
    pub licence: String,
    /// Rank of the adapters, 1 to 64.
    pub rank: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Share of what is read that is not the player's music, 0 to 0.9.
    pub replay: f64,
    /// How much worse other music may be predicted, in percent.
    pub may_forget: f64,
    /// Of the random choices.
    pub seed: u64,
}

impl Default for AdaptConfig {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            name: String::new(),
            out: PathBuf::new(),
            log: true,
            without_ear: false,
            minutes: 8.0,
            max_steps: None,
            base: None,
            base_data: None,
            author: String::new(),
            licence: "All rights reserved".to_owned(),
            rank: 8,
            learning_rate: 3e-3,
            replay: 0.5,
            may_forget: 1.25,
            seed: 1,
        }
    }
}

/// Learns a style, writes it as a pack, and reports what was gained. A monitor that asks for an end gets a pack of what was learnt
/// by then.
///
/// # Errors
/// When there is too little music, or a file cannot be read or written.
pub fn adapt(config: &AdaptConfig, monitor: &mut dyn Monitor) -> Result<Report> {
    ensure!(config.minutes > 0.0, "--minutes must be more than 0");
    ensure!((1..=64).contains(&config.rank), "--rank must be 1 to 64");
    ensure!((0.0..0.9).contains(&config.replay), "--replay must be at least 0 and below 0.9");
    let base = Arc::new(config.base.as_deref().map_or_else(shipped, load)?);
    let styles = &base.header().styles;
    let is_taken = styles.iter().any(|style| style.to_lowercase() == config.name.trim().to_lowercase());
    ensure!(!is_taken, "these weights have a style {} already; choose another name", config.name.trim());
    ensure!(styles.len() < N_STYLES, "these weights have {N_STYLES} styles already, and hold no more");

    // Who has no room for it should hear of that now.
    shards::ensure_room(&config.out, ROOM_BYTES)?;

    monitor.stage("reading");
    let music = Music::read(&config.files, styles, config.name.trim(), config.without_ear)?;
    for reject in &music.rejects {
        monitor.say(&format!("left out: {}: {} ({})", reject.path, reject.reason, reject.detail));
    }
    for file in &music.in_part {
        monitor.say(&format!("{}: {} ({})", file.reason, file.path, file.detail));
    }
    let own = Dataset::of(music.prepared, &SamplingPolicy::default()).with_styles_told();
    let (general, recalls) = match &config.base_data {
        Some(folder) => (replay::of_folder(folder, styles)?, false),
        None => (replay::recalled(&base, config.seed), true),
    };
    monitor.say(&format!(
        "{} files, {} notes to learn from, {} held out ({})",
        music.n_files,
        own.n_notes(Split::Train),
        own.n_notes(Split::Valid),
        music.held_out
    ));
    monitor.stage("comparing");
    let course = Course { config, own: &own, general: &general };
    let learnt = learn(&course, &base, monitor)?;

    let header = PackHeader {
        name: config.name.trim().to_owned(),
        author: config.author.clone(),
        licence: config.licence.clone(),
        sources: music.sources,
        card: String::new(),
        tokeniser: engine::weights::TOKENISER,
        base: base.header().name.clone(),
        base_sha256: hex(&base.checksum()),
        config: *base.config(),
        rank: config.rank,
    };
    let file = |card: String| pack::write(&PackHeader { card, ..header.clone() }, &learnt.style, &learnt.adapters);
    let pack = Pack::parse(&file(String::new())?).context("the pack that was made is not sound")?;
    let adapted = Arc::new(pack.apply(&base)?);
    monitor.stage("measuring");
    let mut report = Report {
        n_files: music.n_files,
        n_notes: own.n_notes(Split::Train),
        minutes: learnt.minutes,
        nearest: learnt.nearest.clone(),
        own: report::bits(&own, [&base, &adapted], [&learnt.nearest, &header.name], Split::Valid),
        general: report::general_bits(&general, [&base, &adapted], recalls),
        recalls,
        n_bytes: 0,
    };
    let file = file(report.to_string())?;
    report.n_bytes = file.len();
    shards::write_atomically(&config.out, &file)?;
    Ok(report)
}

/// The weights that a pack belongs to: a file, or the plugin's own.
///
/// # Errors
/// When the file cannot be read.
pub fn base(file: Option<&Path>) -> Result<Weights> {
    file.map_or_else(shipped, load)
}
