//! A player's own style from a handful of files: low-rank adapters and a style vector, learnt on top of weights that
//! already know music, while those are kept from forgetting the rest.

mod adapters;
mod learn;
mod music;
mod replay;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::conditions::N_STYLES;
use engine::pack::{self, hex};
use engine::{Pack, PackHeader, Weights};

use crate::corpus::Split;
use crate::dataset::{Dataset, SamplingPolicy};
use crate::evaluate::{load, shipped};
use crate::shards;
use learn::{Course, learn};
use music::Music;
pub use report::Report;

/// What to learn from, and how.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  model adapt ~/Music/my-pieces --name \"My style\" --out my-style.antiphon\n\n\
    Some of the files are held out: they decide when to stop, and say what was gained. Beside the pack, a .csv and an\n\
    .svg show how the learning went. Put the pack into the folder Antiphon/Styles in your music folder, and choose it\n\
    in the plugin's window.")]
pub struct AdaptOptions {
    /// MIDI files, or folders of them: 5 to 50 pieces
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Name of the style, as the plugin shows it
    #[arg(long)]
    pub name: String,
    /// The pack to write
    #[arg(long)]
    pub out: PathBuf,
    /// Learn for this long at most
    #[arg(long, default_value_t = 8.0)]
    pub minutes: f64,
    /// Stop after this many steps, if that comes earlier: the same pack on every machine
    #[arg(long)]
    pub max_steps: Option<u64>,
    /// The weights to start from; the plugin's own when not given
    #[arg(long)]
    pub base: Option<PathBuf>,
    /// A folder that `model prepare` wrote, with music that should not be forgotten; when not given, the weights recall
    /// some by themselves
    #[arg(long)]
    pub base_data: Option<PathBuf>,
    /// Who made the music, or the pack
    #[arg(long, default_value = "")]
    pub author: String,
    /// Licence of the pack; follows from the music's
    #[arg(long, default_value = "All rights reserved")]
    pub licence: String,
    /// Rank of the adapters: more can learn more, and make a larger file
    #[arg(long, default_value_t = 8)]
    pub rank: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 3e-3)]
    pub rate: f64,
    /// Share of what is read that is not the player's music, against forgetting
    #[arg(long, default_value_t = 0.5)]
    pub replay: f64,
    /// How much worse other music may be predicted, in percent
    #[arg(long, default_value_t = 1.25)]
    pub may_forget: f64,
    /// Another seed makes other random choices
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Learns a style, with a progress bar, and prints what was gained.
///
/// # Errors
/// When there is too little music, or a file cannot be read or written.
pub fn run(options: &AdaptOptions) -> Result<()> {
    let report = adapt(options)?;
    print!("{report}");
    println!("{}: {} bytes", options.out.display(), report.n_bytes);
    Ok(())
}

/// As [`run`], but prints only the progress.
///
/// # Errors
/// As [`run`].
pub fn adapt(options: &AdaptOptions) -> Result<Report> {
    ensure!(options.minutes > 0.0, "--minutes must be more than 0");
    ensure!((1..=64).contains(&options.rank), "--rank must be 1 to 64");
    ensure!((0.0..0.9).contains(&options.replay), "--replay must be at least 0 and below 0.9");
    let base = Arc::new(options.base.as_deref().map_or_else(shipped, load)?);
    let styles = &base.header().styles;
    let is_taken = styles.iter().any(|style| style.to_lowercase() == options.name.trim().to_lowercase());
    ensure!(!is_taken, "these weights have a style {} already; choose another --name", options.name.trim());
    ensure!(styles.len() < N_STYLES, "these weights have {N_STYLES} styles already, and hold no more");

    let music = Music::read(&options.files, styles, options.name.trim())?;
    for reject in &music.rejects {
        println!("left out: {}: {} ({})", reject.path, reject.reason, reject.detail);
    }
    for file in &music.in_part {
        println!("{}: {} ({})", file.reason, file.path, file.detail);
    }
    let own = Dataset::of(music.prepared, &SamplingPolicy::default()).with_styles_told();
    let (general, recalls) = match &options.base_data {
        Some(folder) => (replay::of_folder(folder, styles)?, false),
        None => (replay::recalled(&base, options.seed), true),
    };
    println!(
        "{} files, {} notes to learn from, {} held out ({})",
        music.n_files,
        own.n_notes(Split::Train),
        own.n_notes(Split::Valid),
        music.held_out
    );
    let course = Course { options, own: &own, general: &general };
    let learnt = learn(&course, &base)?;

    let header = PackHeader {
        name: options.name.trim().to_owned(),
        author: options.author.clone(),
        licence: options.licence.clone(),
        sources: music.sources,
        card: String::new(),
        tokeniser: engine::weights::TOKENISER,
        base: base.header().name.clone(),
        base_sha256: hex(&base.checksum()),
        config: *base.config(),
        rank: options.rank,
    };
    let file = |card: String| pack::write(&PackHeader { card, ..header.clone() }, &learnt.style, &learnt.adapters);
    let pack = Pack::parse(&file(String::new())?).context("the pack that was made is not sound")?;
    let adapted = Arc::new(pack.apply(&base)?);
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
    shards::write_atomically(&options.out, &file)?;
    Ok(report)
}

/// The weights that a pack belongs to: a file, or the plugin's own.
///
/// # Errors
/// When the file cannot be read.
pub fn base(file: Option<&std::path::Path>) -> Result<Weights> {
    file.map_or_else(shipped, load)
}
