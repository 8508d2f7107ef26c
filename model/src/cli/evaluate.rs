//! `model evaluate`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use engine::answer::Controls;
use model::evaluate::{self, EvaluateConfig};
use serde::Serialize;

use super::names::SplitName;
use super::{use_threads, write_atomically};

/// What to evaluate.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  model evaluate --data prepared\n  \
    model evaluate --weights my.antiphon --data prepared --notes 20000 --json report.json\n  \
    model evaluate --weights my.antiphon --data ~/Music/midi --pictures report\n  \
    model evaluate --data prepared --notes 20000 --played\n\n\
    Fewer bits are better: one bit less means half as surprised by each note.")]
pub(super) struct EvaluateArgs {
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    weights: Option<PathBuf>,
    /// A folder that `model prepare` wrote, a folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// Which part of it to predict
    #[arg(long, value_enum, default_value = "test")]
    split: SplitName,
    /// Read recordings as they were recorded, not as the plugin's ear hears them; a prepared folder is as it was prepared
    #[arg(long)]
    without_ear: bool,
    /// A quick sample of this many notes: the first 512 of each piece, in a mixed but fixed order
    #[arg(long, alias = "max-notes")]
    notes: Option<usize>,
    /// Answers to make as the plugin does, and to compare with real music; 0 for none
    #[arg(long, default_value_t = 100)]
    answers: usize,
    /// Let the network answer alone, without what the plugin adds: density, key lock, loudness and range
    #[arg(long)]
    raw: bool,
    /// Write the results as JSON: to this file, or, without a name, instead of the table
    #[arg(long, num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// Draw the results into this folder
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Note by note, in the plugin's own arithmetic: slower, and the same to about a hundredth of a bit
    #[arg(long)]
    as_played: bool,
    /// As played, and so many percent of the way towards the earlier notes of the piece, as the plugin's Learn from me does
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    instant: Option<u8>,
    /// Measure instead what it is worth to tell each condition, or those named, as in harmony,relation; on 40,000 notes if
    /// --notes says nothing else
    #[arg(long, value_name = "NAMES", num_args = 0..=1, default_missing_value = "", value_delimiter = ',')]
    conditions: Option<Vec<String>>,
    /// Measure instead what it costs that hands play the notes, read as they come and heard as the plugin hears them: with these
    /// standard deviations against a click, in milliseconds
    #[arg(long, value_name = "MS", num_args = 0..=1, default_missing_value = "20,30", value_delimiter = ',')]
    played: Option<Vec<f64>>,
    /// Pieces to work on at once; all processor cores when not given
    #[arg(long)]
    threads: Option<usize>,
}

/// Evaluates, and prints the results.
pub(super) fn run(args: EvaluateArgs) -> Result<()> {
    use_threads(args.threads)?;
    let EvaluateArgs { weights, data, without_ear, notes, answers, raw, .. } = args;
    let cache_weight = args.instant.map(leaning).or(args.as_played.then_some(0.0));
    let config =
        EvaluateConfig { weights, data, without_ear, split: args.split.into(), notes, answers, raw, cache_weight };
    if let Some(names) = &args.conditions {
        let names: Vec<String> = names.iter().filter(|name| !name.is_empty()).cloned().collect();
        let report = evaluate::evaluate_conditions(&config, &names)?;
        return write(&report, &evaluate::conditions::table(&report), args.json.as_deref());
    }
    if let Some(sds_ms) = &args.played {
        let report = evaluate::played::evaluate_played(&config, sds_ms)?;
        return write(&report, &evaluate::played::table(&report), args.json.as_deref());
    }
    let report = evaluate::evaluate(&config)?;
    if let Some(folder) = &args.pictures {
        evaluate::pictures::draw(&report, folder)?;
    }
    write(&report, &evaluate::table::table(&report), args.json.as_deref())
}

/// Prints the table, and writes the file if one is wanted; or prints what would be in the file.
fn write(report: &impl Serialize, table: &str, json: Option<&Path>) -> Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    match json {
        Some(stdout) if stdout == Path::new("-") => println!("{text}"),
        Some(file) => {
            print!("{table}");
            write_atomically(file, text.as_bytes())?;
        }
        None => print!("{table}"),
    }
    Ok(())
}
/// The weight of what was played, as *Learn from me* sets it.
fn leaning(percent: u8) -> f32 {
    Controls { learn_from_me: f32::from(percent) / 100.0, ..Controls::default() }.cache_weight()
}
