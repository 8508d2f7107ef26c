//! `cargo xtask bench plugin`: the release plugin in a small host, beside the limits it must keep.

mod jam;
mod machine;
mod measure;
mod music;
mod packs;
mod preview;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use host::{Clap, Entry};
use serde_json::json;

use crate::build;
use music::LIVE;

/// Options of `cargo xtask bench plugin`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also write the figures here, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Seconds of music for each figure that is taken live
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Phrases for the figures of memory
    #[arg(long, default_value_t = 1000)]
    phrases: u32,
    /// Only a performance in real time, of so many minutes
    #[arg(long, value_name = "MINUTES")]
    soak: Option<u32>,
    /// Only a jam over a loop of four bars in real time, of so many minutes
    #[arg(long, value_name = "MINUTES", conflicts_with = "soak")]
    jam: Option<u32>,
    /// Only what `process()` takes
    #[arg(long, conflicts_with_all = ["soak", "jam"])]
    process: bool,
    /// Only the figures of style packs
    #[arg(long, conflicts_with_all = ["soak", "jam", "process"])]
    packs: bool,
    /// A built Antiphon.clap to measure, instead of building one
    #[arg(long)]
    plugin: Option<PathBuf>,
}

/// A figure, and what it may be at most.
struct Row {
    what: String,
    unit: &'static str,
    measured: f64,
    limit: Option<f64>,
}

fn row(what: impl Into<String>, unit: &'static str, measured: f64, limit: impl Into<Option<f64>>) -> Row {
    Row { what: what.into(), unit, measured, limit: limit.into() }
}

impl Row {
    fn is_kept(&self) -> bool {
        self.limit.is_none_or(|limit| self.measured <= limit)
    }
}

/// Measures, and prints the table.
///
/// # Errors
/// When the plugin cannot be built or run, or a file not be written. A limit that is not kept is shown, not an error.
pub(crate) fn run(options: &Options) -> Result<()> {
    let plugin = match &options.plugin {
        Some(plugin) => plugin.canonicalize().with_context(|| format!("there is no {}", plugin.display()))?,
        None => build::bundle()?.clap,
    };
    let rows = match (options.soak, options.jam) {
        (Some(minutes), _) => {
            machine::become_audio_thread();
            measure::soak(&Entry::from_file(&plugin)?, minutes.max(1))?
        }
        (_, Some(minutes)) => {
            machine::become_audio_thread();
            jam::jam(&Entry::from_file(&plugin)?, minutes.max(1))?
        }
        _ if options.process => {
            machine::become_audio_thread();
            let entry = Entry::from_file(&plugin)?;
            let mut rows = measure::blocks(&entry, f64::from(options.seconds))?;
            rows.extend(preview::preview(&entry, f64::from(options.seconds))?);
            rows
        }
        _ if options.packs => packs(&Entry::from_file(&plugin)?, options)?,
        _ => all(&plugin, options)?,
    };
    println!("\n{:<58}{:>12}{:>12}", "", "measured", "at most");
    for row in &rows {
        let limit = row.limit.map_or(String::new(), |limit| format!("{limit} {}", row.unit));
        let mark = if row.is_kept() { "" } else { "   MISSED" };
        println!("{:<58}{:>12}{limit:>12}{mark}", row.what, format!("{:.4} {}", Short(row.measured), row.unit));
    }
    if let Some(path) = &options.json {
        let json: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "what": row.what, "unit": row.unit, "measured": row.measured, "limit": row.limit,
                    "is_kept": row.is_kept() })
            })
            .collect();
        std::fs::write(path, serde_json::to_string_pretty(&json)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Every figure but the soak's.
fn all(plugin: &Path, options: &Options) -> Result<Vec<Row>> {
    let seconds = f64::from(options.seconds);
    let mut rows = opening(plugin)?;
    let entry = Entry::from_file(plugin)?;
    // First, so that nothing lies in memory that other measurements have left.
    println!("memory ...");
    rows.extend(measure::memory(&entry, options.phrases)?);
    // The load begins before this thread has the priority that it would inherit.
    let load = Load::start()?;
    machine::become_audio_thread();
    println!("late notes under load ...");
    rows.extend(late_under_load(&entry, seconds)?);
    drop(load);
    rows.extend(packs(&entry, options)?);
    println!("calls and answers ...");
    rows.extend(measure::blocks(&entry, seconds)?);
    println!("preview sound ...");
    rows.extend(preview::preview(&entry, seconds)?);
    println!("hand-overs ...");
    rows.extend(measure::hand_over(&entry, seconds)?);
    println!("sixteen instances ...");
    rows.extend(measure::sixteen(&entry, seconds)?);
    Ok(rows)
}

/// The figures of style packs.
fn packs(entry: &Entry, options: &Options) -> Result<Vec<Row>> {
    println!("style packs ...");
    let packs = packs::Packs::new()?;
    let load = machine::as_main_thread(Load::start)?;
    let mut rows = packs::late(entry, f64::from(options.seconds), &packs)?;
    drop(load);
    rows.push(packs.step_time());
    Ok(rows)
}

/// Writes a number with three digits that matter.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.0.abs() {
            size if size >= 100.0 || self.0 == 0.0 => write!(f, "{:.0}", self.0),
            size if size >= 10.0 => write!(f, "{:.1}", self.0),
            size if size >= 1.0 => write!(f, "{:.2}", self.0),
            _ => write!(f, "{:.3}", self.0),
        }
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The first scan of this process, which finds nothing of the plugin in memory, and instances after it.
fn opening(plugin: &Path) -> Result<Vec<Row>> {
    let begun = Instant::now();
    let entry = Entry::from_file(plugin)?;
    let scan_ms = milliseconds(begun);
    let mut instances_ms = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        let clap = Clap::new(&entry, LIVE)?;
        instances_ms.push(milliseconds(begun));
        drop(clap);
    }
    let longest = instances_ms.iter().copied().fold(0.0, f64::max);
    Ok(vec![row("scan", "ms", scan_ms, 100.0), row("instance, longest of 20", "ms", longest, 50.0)])
}

/// Notes that come late while another program wants all of a processor.
fn late_under_load(entry: &Entry, seconds: f64) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for tempo in [60.0, 120.0, 240.0] {
        let late = measure::late(entry, tempo, seconds)?;
        ensure!(late.n_meant > 0, "the plugin did not answer; does it have weights? (see model/weights)");
        rows.push(row(
            format!("late by 20 ms or more, of {} notes at {tempo} BPM under load", late.n_meant),
            "%",
            late.percent_dropped(),
            0.1,
        ));
        rows.push(row(format!("  late at all, at {tempo} BPM"), "%", late.percent_late(), None));
    }
    Ok(rows)
}

/// A program that computes for nothing, as long as this lives.
struct Load(Child);

impl Load {
    fn start() -> Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
        Ok(Self(shell.spawn().context("cannot run sh, which is to keep a processor busy")?))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
