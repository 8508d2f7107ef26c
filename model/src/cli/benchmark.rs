//! `model benchmark`.

mod rules;
mod steering;
mod throughput;

use std::path::PathBuf;

use anyhow::{Context, Result};
use model::benchmark::harmony::{Accuracy, HarmonyConfig, harmony};
use model::benchmark::jsb::{self, JsbConfig, jsb};
use model::benchmark::maestro::{self, MaestroConfig, maestro};
use model::benchmark::performed::{PerformedConfig, PlayingReport, performed};
use model::benchmark::tempo::{REFERENCE, TempoReport, UnknownBeatReport, unknown_beat};
use model::benchmark::{Row, VOICES};

use super::names::{RenamedBatch, RenamedRate};
use super::terminal::Terminal;
use steering::SteeringArgs;
pub(super) use throughput::{ThroughputArgs, run as run_throughput};

/// Which test set.
#[derive(clap::Subcommand)]
pub(super) enum Benchmark {
    /// Train on Bach's chorales and report nats per voice and sixteenth
    Jsb(JsbArgs),
    /// Score weights on prepared MAESTRO and report nats per note-on, note-off, time-shift or velocity token
    Maestro(MaestroArgs),
    /// Say how often the chord recogniser agrees with the chord symbols of lead sheets
    Harmony(HarmonyArgs),
    /// Say how often the ear is right on performances that are aligned with their scores
    Performed(PerformedArgs),
    /// Count the rules of counterpoint in the music of each style, and say what a score of them is worth
    Rules(rules::RulesArgs),
    /// Say whether answers do what they are asked for: echo, vary or contrast, close at their end, keep to a chord
    Steering(SteeringArgs),
}

/// How to train.
#[derive(clap::Args)]
pub(super) struct JsbArgs {
    /// Jsb16thSeparated.json or jsb-chorales-16th.json
    #[arg(long)]
    data: PathBuf,
    /// Train for this long
    #[arg(long, default_value_t = 25.0)]
    minutes: f64,
    /// Stop after this many steps, if that comes earlier
    #[arg(long)]
    max_steps: Option<u64>,
    /// Chorales in a batch
    #[arg(long, default_value_t = 6)]
    batch_size: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    learning_rate: f64,
    /// Share of activations dropped against overfitting
    #[arg(long, default_value_t = 0.2)]
    dropout: f32,
    /// Another seed makes other random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the results to this file too
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(flatten)]
    _rows: RenamedBatch,
    #[command(flatten)]
    _rate: RenamedRate,
}

/// What to score.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model prepare --data maestro-v2 --without-ear --out maestro\n  \
    model train --data maestro --out maestro-run\n  \
    model quantise --checkpoint maestro-run/best --out maestro.antiphon\n  \
    model benchmark maestro --weights maestro.antiphon --data maestro\n\n\
    Weights trained on MAESTRO may be measured, not shipped (CC BY-NC-SA).")]
pub(super) struct MaestroArgs {
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    weights: Option<PathBuf>,
    /// MAESTRO as `model prepare --without-ear` wrote it
    #[arg(long)]
    data: PathBuf,
    /// A quick sample of this many notes
    #[arg(long)]
    notes: Option<usize>,
}

/// What to recognise.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model benchmark harmony --data shared/data/train/manifest.csv --only openewld\n\n\
    The chords must have been written out from their symbols: the root as bass, and bass and chord at velocities of their own.")]
pub(super) struct HarmonyArgs {
    /// A folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// Only files whose path holds this
    #[arg(long, default_value = "")]
    only: String,
    /// Velocity of the bass
    #[arg(long, default_value_t = 66)]
    bass_velocity: u8,
    /// Velocity of the chord above it
    #[arg(long, default_value_t = 56)]
    chord_velocity: u8,
}

/// What to hear.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model benchmark performed --data shared/data/bench/performed\n  \
    model benchmark performed --data shared/data/bench/performed --beat unknown\n\n\
    These performances may be measured on; nothing that is shipped is set by them.")]
pub(super) struct PerformedArgs {
    /// The folder of performances
    #[arg(long)]
    data: PathBuf,
    /// A quick look at so many performances
    #[arg(long)]
    limit: Option<usize>,
    /// Whether the ear is told where the beats are, or has to find them in phrases of 8 seconds
    #[arg(long, value_enum, default_value = "known")]
    beat: BeatGiven,
}

/// What is known of the beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum BeatGiven {
    Known,
    Unknown,
}

/// Runs a benchmark and prints its number beside the published ones.
pub(super) fn run(benchmark: Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Jsb(args) => run_jsb(args),
        Benchmark::Maestro(args) => run_maestro(args),
        Benchmark::Harmony(args) => run_harmony(args),
        Benchmark::Performed(args) => run_performed(args),
        Benchmark::Rules(args) => rules::run(args),
        Benchmark::Steering(args) => steering::run(args),
    }
}

fn run_jsb(args: JsbArgs) -> Result<()> {
    let config = JsbConfig {
        data: args.data,
        minutes: args.minutes,
        max_steps: args.max_steps,
        batch_size: args.batch_size,
        learning_rate: args.learning_rate,
        dropout: args.dropout,
        seed: args.seed,
    };
    let report = jsb(&config, &mut Terminal::new())?;
    println!(
        "{} parameters, {} steps, {} sixteenths seen in {:.1} minutes",
        report.n_parameters, report.steps, report.sixteenths_seen, report.minutes
    );
    let rows = [
        Row { name: "this network, test", nats: report.test_nats },
        Row { name: "this network, validation", nats: report.valid_nats },
    ];
    print_rows("JSB chorales, per voice and sixteenth", rows.into_iter().chain(jsb::PUBLISHED));
    for (voice, nats) in VOICES.iter().zip(report.test_voices) {
        println!("test, {voice:<58}{nats:>10.3}");
    }
    if let Some(json) = &args.json {
        std::fs::write(json, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("cannot write {}", json.display()))?;
    }
    Ok(())
}

fn run_maestro(args: MaestroArgs) -> Result<()> {
    let MaestroArgs { weights, data, notes } = args;
    let report = maestro(&MaestroConfig { weights, data, notes })?;
    println!(
        "{} on {} notes of {} test pieces: {:.3} bits per note (n-gram {:.3}), {:.2} tokens a note",
        report.weights,
        report.n_notes,
        report.n_pieces,
        report.bits_per_note,
        report.ngram_bits_per_note,
        report.tokens_per_note
    );
    let this = Row { name: "these weights, test", nats: report.nats_per_token };
    print_rows("MAESTRO, per token", std::iter::once(this).chain(maestro::PUBLISHED));
    println!(
        "A comparison within limits: these weights predict steps of 1/96 s (published: 1/100), coarser ones for times \
         above a quarter of a second, and no beginnings and ends cut into crops."
    );
    Ok(())
}

fn run_harmony(args: HarmonyArgs) -> Result<()> {
    let HarmonyArgs { data, only, bass_velocity, chord_velocity } = args;
    let reports = harmony(&HarmonyConfig { data, only, bass_velocity, chord_velocity })?;
    println!("{:<30}{:>8}{:>8}{:>8}{:>8}{:>16}", "right, per cent", "beats", "root", "third", "kind", "others' roots");
    for (split, report) in reports {
        for (what, accuracy) in [("with chords", report.with_chords), ("melody alone", report.melody_alone)] {
            let Accuracy { n_beats, n_right_roots, n_right_thirds, n_right, n_others, n_other_roots } = accuracy;
            println!(
                "{:<30}{n_beats:>8}{:>8.1}{:>8.1}{:>8.1}{:>16.1}",
                format!("{}, {what}", split.name()),
                percent(n_right_roots, n_beats),
                percent(n_right_thirds, n_beats),
                percent(n_right, n_beats),
                percent(n_other_roots, n_others)
            );
        }
    }
    Ok(())
}

fn run_performed(args: PerformedArgs) -> Result<()> {
    let config = PerformedConfig { data: args.data, limit: args.limit };
    if args.beat == BeatGiven::Unknown {
        print_unknown_beat(&unknown_beat(&config)?);
        return Ok(());
    }
    let report = performed(&config)?;
    println!("{} performances; naive: the nearest sixteenth or triplet eighth", report.n_performances);
    println!(
        "{:<18}{:>8}{:>8}{:>10}{:>8}{:>14}{:>16}",
        "right, per cent", "onsets", "p10", "chord F1", "values", "naive onsets", "naive chord F1"
    );
    for PlayingReport { playing, onsets, onsets_p10, chord_f1, values, naive_onsets, naive_chord_f1 } in report.playings
    {
        let [onsets, onsets_p10, values, naive_onsets] = [onsets, onsets_p10, values, naive_onsets].map(|x| 100.0 * x);
        println!(
            "{:<18}{onsets:>8.1}{onsets_p10:>8.1}{chord_f1:>10.3}{values:>8.1}{naive_onsets:>14.1}{naive_chord_f1:>16.3}",
            playing.name()
        );
    }
    for (n_later, onsets) in report.later {
        println!("strict, decided {n_later} notes later: {:.1} per cent of the onsets right", 100.0 * onsets);
    }
    println!("{:.1} us a note", report.us_per_note);
    Ok(())
}

fn print_unknown_beat(report: &UnknownBeatReport) {
    println!(
        "{} performances, phrases of 8 seconds; onsets at the level found, and at the written one",
        report.n_performances
    );
    println!(
        "{:<36}{:>8}{:>8}{:>8}{:>8}{:>10}{:>12}{:>8}{:>8}",
        "right, per cent", "phrases", "exact", "or x2", "onsets", "written", "displaced", "bars", "of"
    );
    let print = |is_strict: bool, name: &str, report: TempoReport| {
        let playing = if is_strict { "strict" } else { "as played" };
        let TempoReport { n_phrases, exact, up_to_octave, onsets, onsets_as_written, onsets_displaced, n_bars, bars } =
            report;
        let [exact, up_to_octave, onsets, onsets_as_written, onsets_displaced] =
            [exact, up_to_octave, onsets, onsets_as_written, onsets_displaced].map(|share| 100.0 * share);
        let bars = if n_bars > 0 { format!("{:.1}", 100.0 * bars) } else { "-".to_owned() };
        let displaced = if onsets_displaced.is_finite() { format!("{onsets_displaced:.1}") } else { "-".to_owned() };
        println!(
            "{:<36}{n_phrases:>8}{exact:>8.1}{up_to_octave:>8.1}{onsets:>8.1}{onsets_as_written:>10.1}{displaced:>12}{bars:>8}{n_bars:>8}",
            format!("{playing}, {name}")
        );
    };
    for (is_strict, reference) in REFERENCE {
        print(is_strict, "weak reference", reference);
        for (_, condition, report) in report.rows.iter().filter(|row| row.0 == is_strict) {
            print(is_strict, condition.name(), *report);
        }
    }
    let (mean_ms, longest_ms) = report.ms_per_phrase;
    println!("{mean_ms:.1} ms a phrase, at most {longest_ms:.1}");
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn print_rows(title: &str, rows: impl Iterator<Item = Row>) {
    println!("\n{title:<64}{:>10}", "nats");
    for Row { name, nats } in rows {
        println!("{name:<64}{nats:>10.3}");
    }
}
