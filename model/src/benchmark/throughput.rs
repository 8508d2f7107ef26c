//! Training steps on request, to be timed: `cargo xtask bench train` runs this beside PyTorch. With `--rounds` it times itself,
//! beside what the machine makes of plain matrix products in the same run.

mod work;

use std::io::BufRead;
use std::time::Instant;

use anyhow::{Result, ensure};
use candle_core::Device;
use engine::conditions;
use engine::metre::{N_BAR_BEATS, N_BEAT_PHASES};
use engine::vocab::{N_DURATIONS, N_PITCH_INPUTS, N_PITCHES, N_SHIFTS, N_VELOCITIES, N_VELOCITY_INPUTS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::data::batch::{Batch, LEVELS};
use crate::network::Network;
use crate::optim::AdamW;
use crate::train::{Likelihood, Objective, Size};

/// What to train.
#[derive(Clone, Copy, Debug)]
pub struct ThroughputConfig {
    /// Size of the network.
    pub size: Size,
    /// Crops in a batch.
    pub batch_size: usize,
    /// Notes in a crop; the network's context when not given.
    pub sequence_length: Option<usize>,
    /// Instead of waiting for lines, take so many steps in turn with plain matrix products.
    pub rounds: Option<usize>,
}

/// Prints the sizes, then takes a step for each line that it reads, and prints its seconds and its loss, until the input ends. See
/// [`ThroughputConfig`].
///
/// # Errors
/// When the sizes make no batch, or memory fails.
pub fn run(options: &ThroughputConfig) -> Result<()> {
    let config = options.size.config();
    let length = options.sequence_length.unwrap_or(config.n_context);
    ensure!(options.batch_size > 0, "--batch-size must be at least 1");
    ensure!((1..=config.n_context).contains(&length), "--sequence-length must be 1 to {}", config.n_context);
    let network = Network::new(config, 1, &Device::Cpu)?;
    let mut optimiser = AdamW::new(&network)?;
    let mut likelihood = Likelihood::default();
    let batch = random_batch(options.batch_size, length);
    let sizes = json!({
        "event": [N_SHIFTS, N_PITCH_INPUTS, N_DURATIONS, N_VELOCITY_INPUTS],
        "position": [N_BEAT_PHASES, N_BAR_BEATS],
        "conditions": conditions::TABLES.map(|(_, n)| n),
        "levels": LEVELS.map(|(_, n)| n),
        "target": [N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES],
    });
    let described = json!({
        "config": config, "parameters": config.n_parameters(), "batch_size": options.batch_size,
        "sequence_length": length, "threads": rayon::current_num_threads(), "sizes": sizes,
    });
    println!("{described}");
    if let Some(rounds) = options.rounds {
        let mut step = || likelihood.step(&mut optimiser, &network, &batch, None, 1e-4).map(|_| ());
        return work::compare(&config, &batch, rounds, &mut step);
    }
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let (nats, _) = likelihood.step(&mut optimiser, &network, &batch, None, 1e-4)?;
        println!("{} {}", start.elapsed().as_secs_f64(), nats.iter().sum::<f64>() / batch.n_events());
    }
    Ok(())
}

/// Every value may appear, and all count.
pub(crate) fn random_batch(batch_size: usize, sequence_length: usize) -> Batch {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let n = batch_size * sequence_length;
    let mut below = |limit: usize| -> Vec<u32> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        (0..n).map(|_| random.random_range(0..limit)).collect()
    };
    Batch {
        batch_size,
        sequence_length,
        event: [N_SHIFTS, N_PITCH_INPUTS, N_DURATIONS, N_VELOCITY_INPUTS].map(&mut below),
        position: [N_BEAT_PHASES, N_BAR_BEATS].map(&mut below),
        conditions: conditions::TABLES.map(|(_, n)| below(n)),
        levels: LEVELS.map(|(_, n)| below(n)),
        target: [N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES].map(&mut below),
        target_position: [N_BEAT_PHASES, N_BAR_BEATS].map(&mut below),
        mask: std::array::from_fn(|_| vec![1.0; n]),
    }
}
