//! `model adapt`: for people, and for the plugin's window, to which `reports` tells how it goes and for which `choose` lets the user
//! choose music.

pub(super) mod choose;
mod reports;

use std::path::PathBuf;

use anyhow::Result;
use engine::pack::hex;
use model::adapt::{AdaptConfig, adapt, base};
use takes::trainer::{MadePack, Report};

use super::names::RenamedRate;
use super::terminal::Terminal;
use reports::Reports;

/// What to learn from, and how.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model adapt ~/Music/my-pieces --name \"My style\" --out my-style.antiphon\n\n\
    Some of the files are held out: they decide when to stop, and say what was gained. Beside the pack, a .csv and an\n\
    .svg show how the learning went. Put the pack into the folder Antiphon/Styles in your music folder, and choose it\n\
    in the plugin's window.")]
pub(super) struct AdaptArgs {
    /// MIDI files, or folders of them: 5 to 50 pieces
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Name of the style, as the plugin shows it
    #[arg(long)]
    name: String,
    /// The pack to write
    #[arg(long)]
    out: PathBuf,
    /// Learn from recordings as they were recorded, not as the plugin's ear hears them
    #[arg(long)]
    without_ear: bool,
    /// Learn for this long at most
    #[arg(long, default_value_t = 8.0)]
    minutes: f64,
    /// Stop after this many steps, if that comes earlier: the same pack on every machine
    #[arg(long)]
    max_steps: Option<u64>,
    /// The weights to start from; the plugin's own when not given
    #[arg(long)]
    base: Option<PathBuf>,
    /// A folder that `model prepare` wrote, with music that should not be forgotten; when not given, the weights recall
    /// some by themselves
    #[arg(long)]
    base_data: Option<PathBuf>,
    /// Who made the music, or the pack
    #[arg(long, default_value = "")]
    author: String,
    /// Licence of the pack; follows from the music's
    #[arg(long, default_value = "All rights reserved")]
    licence: String,
    /// Rank of the adapters: more can learn more, and make a larger file
    #[arg(long, default_value_t = 8)]
    rank: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 3e-3)]
    learning_rate: f64,
    /// Share of what is read that is not the player's music, against forgetting
    #[arg(long, default_value_t = 0.5)]
    replay: f64,
    /// How much worse other music may be predicted, in percent
    #[arg(long, default_value_t = 1.25)]
    may_forget: f64,
    /// Another seed makes other random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How to tell how it goes; `json` is for the plugin's window: a report a line, no table and no picture, and the end of the
    /// standard input ends it without a pack
    #[arg(long, value_enum, default_value_t = ProgressFormat::Text)]
    progress: ProgressFormat,
    #[command(flatten)]
    _rate: RenamedRate,
}

/// Who reads how it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ProgressFormat {
    /// People, in a terminal
    Text,
    /// The plugin's window
    Json,
}

/// Learns a style, and prints what was gained.
pub(super) fn run(args: AdaptArgs) -> Result<()> {
    let config = AdaptConfig {
        files: args.files,
        name: args.name,
        out: args.out,
        log: args.progress == ProgressFormat::Text,
        without_ear: args.without_ear,
        minutes: args.minutes,
        max_steps: args.max_steps,
        base: args.base,
        base_data: args.base_data,
        author: args.author,
        licence: args.licence,
        rank: args.rank,
        learning_rate: args.learning_rate,
        replay: args.replay,
        may_forget: args.may_forget,
        seed: args.seed,
    };
    if args.progress == ProgressFormat::Json {
        return for_window(&config);
    }
    let report = adapt(&config, &mut Terminal::new())?;
    print!("{report}");
    println!("{}: {} bytes", config.out.display(), report.n_bytes);
    Ok(())
}

/// The same for the plugin's window, which is told whatever happens.
fn for_window(config: &AdaptConfig) -> Result<()> {
    let mut reports = Reports::listening(Some(&config.out));
    reports.tell_whatever(|reports| {
        reports.tell(&Report::Begun { base_sha256: hex(&base(config.base.as_deref())?.checksum()) });
        let report = adapt(config, reports)?;
        Ok(Report::Made(MadePack {
            path: std::path::absolute(&config.out)?,
            name: config.name.trim().to_owned(),
            n_files: report.n_files,
            n_notes: report.n_notes,
            minutes: report.minutes,
            own_bits: report.own.map(|bits| bits.iter().sum()),
            other_bits: report.general.map(|bits| bits.iter().sum()),
            nearest: report.nearest,
        }))
    })
}
