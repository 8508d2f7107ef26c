//! `model judge`, and [`listen`] for the ears.

pub(super) mod listen;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use engine::answer::Controls;
use model::judge::report::table::table;
use model::judge::report::{card, pictures};
use model::judge::{JudgeConfig, Setting, judge, weights};

use super::controls::ControlArgs;
use super::names::SplitName;
use super::{use_threads, write_atomically};

/// What to judge.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  model judge --data prepared\n  model judge --data prepared --python venv/bin/python --json judge.json --pictures report\n  \
    model judge --data prepared --key-lock off --temperature 1\n\n\
    Of two answers to one call, how often is ours told from the composer's? By chance, half of the time. The last example judges answers \
    with these controls beside those with the plugin's defaults. For music21: python3 -m venv venv; venv/bin/pip install music21"
)]
pub(super) struct JudgeArgs {
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    weights: Option<PathBuf>,
    /// A folder that `model prepare` wrote, a folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// Whose calls are answered
    #[arg(long, value_enum, default_value = "test")]
    split: SplitName,
    /// Calls to answer, at most
    #[arg(long, default_value_t = 360)]
    answers: usize,
    /// A Python that has music21, to measure also in a space that no network of ours has made
    #[arg(long)]
    python: Option<PathBuf>,
    /// Write the results as JSON to this file too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Draw the results into this folder
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Write the results into this model card, between the lines that are there for it
    #[arg(long)]
    card: Option<PathBuf>,
    /// Threads; all processor cores when not given
    #[arg(long)]
    threads: Option<usize>,
    /// Answers with these controls are judged beside the plugin's own
    #[command(flatten)]
    controls: ControlArgs,
}

/// Judges, and prints the results.
pub(super) fn run(args: JudgeArgs) -> Result<()> {
    use_threads(args.threads)?;
    let mut settings = vec![Setting { name: "ours".to_owned(), controls: Controls::default() }];
    let controls = args.controls.controls(&weights(args.weights.as_deref())?)?;
    ensure!(controls.style == 0, "leave --style out: each call is answered in the style of its piece");
    if controls != Controls::default() {
        settings.push(Setting { name: "as asked".to_owned(), controls });
    }
    // Before the work, so that it is not for nothing.
    let old_card = args
        .card
        .as_ref()
        .map(|path| fs::read_to_string(path).with_context(|| format!("cannot open the card {}", path.display())));
    let old_card = old_card.transpose()?;
    let JudgeArgs { weights, data, answers, python, .. } = args;
    let report = judge(&JudgeConfig { weights, data, split: args.split.into(), n_calls: answers, settings, python })?;
    print!("{}", table(&report));
    let json = report.json()?;
    if let Some(path) = &args.json {
        write_atomically(path, json.as_bytes())?;
    }
    if let Some(folder) = &args.pictures {
        pictures::draw(&report, folder)?;
    }
    if let Some((path, old)) = args.card.as_ref().zip(old_card) {
        // As the JSON has it, so that the card can be checked against that.
        let report = model::judge::report::Report::parse(&json)?;
        write_atomically(path, card::update(&old, &report)?.as_bytes())?;
    }
    Ok(())
}
