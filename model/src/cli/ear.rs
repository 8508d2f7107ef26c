//! `model ear`.

use std::path::PathBuf;

use anyhow::Result;
use model::data::ear::note_values;
use model::data::ear::rhythm_tables::{self, RhythmConfig};
use model::data::ear::tempo_ranker;
use model::data::shards::write_atomically;

use super::use_threads;

/// What to count.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  model ear --data shared/data/train/manifest.csv --out model/music/src/rhythm/tables.bin\n  \
    model ear --data shared/data/train/manifest.csv --every 4 --notes 600 \\\n    \
    --values model/music/src/rhythm/note_values/scorer.bin\n  \
    model ear --data shared/data/train/manifest.csv --check\n\n\
    The first counts over the training split. The second, after a build, trains the network that chooses note values, on what \
    the ear now hears of it. The third, after another build, hears the validation split, played by simulated hands with \
    standard deviations of 0, 20 and 30 ms."
)]
pub(super) struct EarArgs {
    /// A folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// The file to write
    #[arg(long, required_unless_present_any = ["check", "values", "tempo"])]
    out: Option<PathBuf>,
    /// The file of the network that chooses note values, to train and write
    #[arg(long)]
    values: Option<PathBuf>,
    /// The file of the network that says which beats of a phrase are the written ones, to train and write
    #[arg(long)]
    tempo: Option<PathBuf>,
    /// Say how well the ear hears what was not counted
    #[arg(long)]
    check: bool,
    /// No files whose path holds this; may be given again
    #[arg(long, default_values = ["polish-scores-ensemble", "edition-esser-skala", "openscore-string-quartets"])]
    without: Vec<String>,
    /// Notes of one piece
    #[arg(long, default_value_t = 2000)]
    notes: usize,
    /// Only each so many-th piece, for a quick look
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Threads; all cores when not given
    #[arg(long)]
    threads: Option<usize>,
}

/// Counts, or checks.
pub(super) fn run(args: EarArgs) -> Result<()> {
    use_threads(args.threads)?;
    let config = RhythmConfig { data: args.data, without: args.without, n_notes: args.notes, every: args.every };
    if let Some(out) = &args.out {
        let (tables, counted) = rhythm_tables::count(&config)?;
        write_atomically(out, &tables.to_bytes())?;
        println!("{} pieces, {} beats, {} notes", counted.n_pieces, counted.n_beats, counted.n_notes);
    }
    if let Some(out) = &args.values {
        let (n_notes, fit) = note_values::train(&config, out)?;
        println!("{n_notes} notes, {:.4} nats; {:.2} per cent of the test notes right", fit.loss, 100.0 * fit.best);
    }
    if let Some(out) = &args.tempo {
        let (n_phrases, fit) = tempo_ranker::train(&config, out)?;
        println!(
            "{n_phrases} phrases, {:.4} nats; of the test phrases {:.1} per cent right, {:.1} but for an octave",
            fit.loss,
            100.0 * fit.best,
            100.0 * fit.good
        );
    }
    if args.check {
        for sd_ms in [0.0, 20.0, 30.0] {
            let hearing = rhythm_tables::check(&config, sd_ms)?;
            println!(
                "sd {sd_ms} ms: {} notes, {:.2} per cent of the onsets and {:.2} of the values right, chord F1 {:.4}",
                hearing.n_notes,
                100.0 * hearing.onsets(),
                100.0 * hearing.values(),
                hearing.chord_f1()
            );
        }
    }
    Ok(())
}
