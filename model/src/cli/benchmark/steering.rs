//! `model benchmark steering`.

use std::path::PathBuf;

use crate::cli::controls::KeyLockName;
use anyhow::{Context, Result};
use engine::answer::Controls;
use model::benchmark::steering::{Fit, Manner, SteeringConfig, Texture, steering};

/// What to ask for, and of whom.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model benchmark steering --data prepared --weights my.antiphon\n\n\
    Calls and the composer's answers are phrases of the test music. Our answers are as long as the composer's, with the plugin's \
    own controls but for what is asked.")]
pub(in crate::cli) struct SteeringArgs {
    /// A weight file; the plugin's own weights when not given
    #[arg(long)]
    weights: Option<PathBuf>,
    /// A folder that `model prepare` wrote, a folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// Calls, at most
    #[arg(long, default_value_t = 240)]
    calls: usize,
    /// Of how many answers the best is taken
    #[arg(long, default_value_t = Controls::default().candidates)]
    best_of: u8,
    /// How far answers lean towards the call
    #[arg(long, default_value_t = Controls::default().learn_from_me)]
    learn: f32,
    /// How strictly to keep to the key
    #[arg(long, value_enum, default_value = "lean")]
    key_lock: KeyLockName,
    /// How freely to choose
    #[arg(long, default_value_t = Controls::default().temperature)]
    temperature: f32,
    /// Choose among the likeliest values that together have this probability
    #[arg(long, default_value_t = Controls::default().top_p)]
    top_p: f32,
    /// Write the results to this file too
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Measures and prints.
pub(in crate::cli) fn run(args: SteeringArgs) -> Result<()> {
    let SteeringArgs { weights, data, calls, best_of, learn, key_lock, temperature, top_p, json } = args;
    let controls = Controls {
        candidates: best_of,
        learn_from_me: learn,
        key_lock: key_lock.into(),
        temperature,
        rhythm_temperature: temperature,
        top_p,
        ..Controls::default()
    };
    let report = steering(&SteeringConfig { weights, data, n_calls: calls, controls })?;
    println!("{}, answers to {} calls", report.weights, report.manners.first().map_or(0, |row| row.n_answers));
    println!(
        "{:<18}{:>8}{:>8}{:>8}{:>8}{:>10}{:>8}{:>8}{:>9}{:>8}{:>9}{:>10}",
        "", "motifs", "alike", "echo", "vary", "contrast", "tonic", "long", "in time", "close", "in key", "loudness"
    );
    for row in &report.manners {
        let Manner { name, motifs, similarity, relations: [echo, vary, contrast], close, velocity_sd, .. } = row;
        let Manner { end_on_tonic, end_long, end_in_time, in_key_over_call, .. } = row;
        println!(
            "{name:<18}{motifs:>8.3}{similarity:>8.3}{echo:>8.2}{vary:>8.2}{contrast:>10.2}{end_on_tonic:>8.2}{end_long:>8.2}\
             {end_in_time:>9.2}{close:>8.2}{in_key_over_call:>+9.3}{velocity_sd:>10.1}"
        );
    }
    println!("\n{:<48}{:>10}{:>10}", "notes that belong to the chord", "on beats", "all");
    for Fit { name, on_beats, all } in &report.fits {
        println!("{name:<48}{on_beats:>10.3}{all:>10.3}");
    }
    println!("\n{:<48}{:>10}{:>10}{:>14}", "answers to calls", "off grid", "slivers", "onsets a beat");
    for Texture { name, off_grid, slivers, onsets_per_beat } in &report.textures {
        println!("{name:<48}{off_grid:>10.3}{slivers:>10.3}{onsets_per_beat:>14.2}");
    }
    if let Some(json) = &json {
        std::fs::write(json, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("cannot write {}", json.display()))?;
    }
    Ok(())
}
