//! Training steps on request, to be timed: `cargo xtask bench train` runs this beside PyTorch. With `--rounds` it times itself,
//! beside what the machine makes of plain matrix products in the same run.

mod work;

use std::io::BufRead;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use engine::conditions;
use engine::metre::{N_BAR_BEATS, N_BEAT_PHASES};
use engine::vocab::{N_DURATIONS, N_PITCH_INPUTS, N_PITCHES, N_SHIFTS, N_VELOCITIES, N_VELOCITY_INPUTS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::batch::{Batch, LEVELS};
use crate::network::Network;
use crate::optimiser::AdamW;
use crate::step::{Stepper, n_events};
use crate::train::Size;

/// What to train.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Prints the network's sizes, then waits: for every line that it reads, it takes one step (forward, \
    backward, clipping, Muon and AdamW) on a batch of random notes, and prints its seconds and its loss."
)]
pub struct BenchOptions {
    /// Size of the network
    #[arg(long, value_enum, default_value = "nano")]
    pub size: Size,
    /// Crops in a batch
    #[arg(long, default_value_t = 8)]
    pub rows: usize,
    /// Notes in a crop; the network's context when not given
    #[arg(long)]
    pub steps: Option<usize>,
    /// Threads; all cores when not given
    #[arg(long)]
    pub threads: Option<usize>,
    /// Instead of waiting for lines, take so many steps in turn with plain matrix products, and say what share of the
    /// machine's rate training reaches
    #[arg(long)]
    pub rounds: Option<usize>,
}

/// Takes steps until the input ends. See [`BenchOptions`].
///
/// # Errors
/// When the sizes make no batch, or memory fails.
pub fn run(options: &BenchOptions) -> Result<()> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    }
    let config = options.size.config();
    let steps = options.steps.unwrap_or(config.n_context);
    ensure!(options.rows > 0, "--rows must be at least 1");
    ensure!((1..=config.n_context).contains(&steps), "--steps must be 1 to {}", config.n_context);
    let network = Network::new(config, 1, &Device::Cpu)?;
    let mut optimiser = AdamW::new(&network)?;
    let stepper = Stepper::default();
    let batch = random_batch(options.rows, steps);
    let sizes = json!({
        "event": [N_SHIFTS, N_PITCH_INPUTS, N_DURATIONS, N_VELOCITY_INPUTS],
        "position": [N_BEAT_PHASES, N_BAR_BEATS],
        "conditions": conditions::TABLES.map(|(_, n)| n),
        "levels": LEVELS.map(|(_, n)| n),
        "target": [N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES],
    });
    let described = json!({
        "config": config, "parameters": config.n_parameters(), "rows": options.rows, "steps": steps,
        "threads": rayon::current_num_threads(), "sizes": sizes,
    });
    println!("{described}");
    if let Some(rounds) = options.rounds {
        let mut step = || stepper.step(&mut optimiser, &network, &batch, None, 1e-4).map(|_| ());
        return work::compare(&config, &batch, rounds, &mut step);
    }
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let (nats, _) = stepper.step(&mut optimiser, &network, &batch, None, 1e-4)?;
        println!("{} {}", start.elapsed().as_secs_f64(), nats.iter().sum::<f64>() / n_events(&batch));
    }
    Ok(())
}

/// Every value may appear, and all count.
fn random_batch(rows: usize, steps: usize) -> Batch {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let n = rows * steps;
    let mut below = |limit: usize| -> Vec<u32> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        (0..n).map(|_| random.random_range(0..limit)).collect()
    };
    Batch {
        rows,
        steps,
        event: [N_SHIFTS, N_PITCH_INPUTS, N_DURATIONS, N_VELOCITY_INPUTS].map(&mut below),
        position: [N_BEAT_PHASES, N_BAR_BEATS].map(&mut below),
        conditions: conditions::TABLES.map(|(_, n)| below(n)),
        levels: LEVELS.map(|(_, n)| below(n)),
        target: [N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES].map(&mut below),
        target_position: [N_BEAT_PHASES, N_BAR_BEATS].map(&mut below),
        mask: std::array::from_fn(|_| vec![1.0; n]),
    }
}
