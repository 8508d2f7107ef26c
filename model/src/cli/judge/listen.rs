//! `model listen`.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use model::judge::listen::table::table;
use model::judge::listen::{Against, MakeConfig, MergeConfig, make, merge};

use crate::cli::names::SplitName;
use crate::cli::{use_threads, write_atomically};

const PAGE: &str = "listen.html";
const KEY: &str = "key.json";

/// Let people say which answers they like better
#[derive(clap::Subcommand)]
pub(in crate::cli) enum ListenVerb {
    /// Make a page on which answers are compared by ear, and a key that says which are whose
    Make(MakeArgs),
    /// Merge what listeners have saved
    Merge(MergeArgs),
}

/// What to compare.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  model listen make --data prepared --out listen\n  \
    model listen make --data prepared --out listen --against raw --calls played --pairs 12\n  \
    model listen make --data prepared --out listen --weights new.antiphon --against old.antiphon\n\n\
    Give listeners listen.html, and keep key.json: it says which side is which. docs/listening.md says more.")]
pub(in crate::cli) struct MakeArgs {
    /// A folder that `model prepare` wrote, a folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// The folder to write listen.html and key.json into
    #[arg(long)]
    out: PathBuf,
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    weights: Option<PathBuf>,
    /// What our answers stand beside: real (the composer's), raw (the network without the plugin's help), or another weight file
    #[arg(long, default_value = "real")]
    against: String,
    /// Whose calls are answered
    #[arg(long, value_enum, default_value = "test")]
    split: SplitName,
    /// Calls as they are written, or as hands play them
    #[arg(long, value_enum, default_value = "page")]
    calls: CallsName,
    /// Pairs to compare
    #[arg(long, default_value_t = 20)]
    pairs: usize,
    /// Of them, how many come again with their sides swapped, to see who says the same twice
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Further pairs of the composer's answer and one that is spoilt, to see who listens
    #[arg(long, default_value_t = 2)]
    anchors: usize,
    /// Ask only which answer is better, and nothing from 1 to 5
    #[arg(long)]
    no_scales: bool,
    /// Decides order and sides; drawn when not given. Whoever knows it can find out which side is which
    #[arg(long)]
    seed: Option<u64>,
    /// Threads; all processor cores when not given
    #[arg(long)]
    threads: Option<usize>,
}

/// How calls sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum CallsName {
    /// As they are written
    Page,
    /// As hands play them
    Played,
}

/// What to merge.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  model listen merge --key listen/key.json results/*.json\n  \
    model listen merge --key listen/key.json results/*.json --careful --json merged.json")]
pub(in crate::cli) struct MergeArgs {
    /// The key.json that was written beside the page
    #[arg(long)]
    key: PathBuf,
    /// Files that listeners saved
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// Leave out who liked a spoilt answer better than the composer's
    #[arg(long)]
    careful: bool,
    /// Say how many listeners are needed to know the preference to so many hundredths up and down
    #[arg(long, default_value_t = 5.0)]
    width: f64,
    /// Write the results as JSON to this file too
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Makes or merges.
pub(in crate::cli) fn run(verb: ListenVerb) -> Result<()> {
    match verb {
        ListenVerb::Make(args) => run_make(args),
        ListenVerb::Merge(args) => run_merge(args),
    }
}

fn run_make(args: MakeArgs) -> Result<()> {
    use_threads(args.threads)?;
    let (page, key) = (args.out.join(PAGE), args.out.join(KEY));
    ensure!(
        !key.exists() && !page.exists(),
        "{} has a page already, which somebody may be listening to; name another folder with --out",
        args.out.display()
    );
    let against = match args.against.as_str() {
        "real" => Against::Real,
        "raw" => Against::Raw,
        path => Against::Weights(path.into()),
    };
    let MakeArgs { weights, data, out, pairs, repeats, anchors, no_scales, seed, .. } = args;
    let made = make(&MakeConfig {
        weights,
        against,
        data,
        split: args.split.into(),
        is_played: args.calls == CallsName::Played,
        n_pairs: pairs,
        n_repeats: repeats,
        n_anchors: anchors,
        has_scales: !no_scales,
        // Drawn by the system, since a seed that can be guessed tells which side is which.
        seed: seed.unwrap_or_else(|| RandomState::new().build_hasher().finish()),
    })?;
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    write_atomically(&key, made.key.json()?.as_bytes())?;
    write_atomically(&page, made.page.as_bytes())?;
    println!(
        "{}: {} pairs, {:.1} minutes of sound, {:.1} MB ({:.1} MB of FLAC)\n{}: keep this; it says which side is which",
        page.display(),
        made.key.trials.len(),
        made.seconds / 60.0,
        megabytes(made.page.len()),
        megabytes(made.sound_bytes),
        key.display(),
    );
    Ok(())
}

fn run_merge(args: MergeArgs) -> Result<()> {
    let MergeArgs { key, results, careful: is_careful, json, .. } = args;
    let found = merge(&MergeConfig { key, results, is_careful, width: args.width / 100.0 })?;
    print!("{}", table(&found));
    json.map_or(Ok(()), |path| write_atomically(&path, found.json()?.as_bytes()))
}

#[expect(clippy::cast_precision_loss, reason = "of a file")]
fn megabytes(n: usize) -> f64 {
    n as f64 / 1e6
}
