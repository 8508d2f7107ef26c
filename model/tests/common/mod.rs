//! Batches of random values.

use engine::conditions;
use engine::metre::{N_BAR_BEATS, N_BEAT_PHASES};
use engine::vocab::{N_DURATIONS, N_PITCH_INPUTS, N_PITCHES, N_SHIFTS, N_VELOCITIES, N_VELOCITY_INPUTS};
use model::data::batch::{Batch, LEVELS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Every value may appear, a fifth of the targets does not count.
pub(crate) fn random_batch(batch_size: usize, sequence_length: usize, seed: u64) -> Batch {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let n = batch_size * sequence_length;
    let mut below = |limit: usize| {
        (0..n).map(|_| random.random_range(0..u32::try_from(limit).expect("tables have few rows"))).collect::<Vec<_>>()
    };
    let mut batch = Batch {
        batch_size,
        sequence_length,
        event: [below(N_SHIFTS), below(N_PITCH_INPUTS), below(N_DURATIONS), below(N_VELOCITY_INPUTS)],
        position: [below(N_BEAT_PHASES), below(N_BAR_BEATS)],
        conditions: conditions::TABLES.map(|(_, n)| below(n)),
        levels: LEVELS.map(|(_, n)| below(n)),
        target: [below(N_SHIFTS), below(N_PITCHES), below(N_DURATIONS), below(N_VELOCITIES)],
        target_position: [below(N_BEAT_PHASES), below(N_BAR_BEATS)],
        mask: Default::default(),
    };
    for mask in &mut batch.mask {
        *mask = (0..n).map(|_| if random.random::<f32>() < 0.2 { 0.0 } else { 1.0 }).collect();
    }
    batch
}
