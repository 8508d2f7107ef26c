//! Where each parameter is in the order of `ModelConfig::tensors`, and which ids it is looked up with.

use engine::ModelConfig;
use engine::conditions::{self, N_CONDITIONS};
use engine::metre::{N_BAR_BEATS, N_BEAT_PHASES};
use engine::vocab::{N_DURATIONS, N_PITCH_INPUTS, N_PITCHES, N_SHIFTS, N_VELOCITIES, N_VELOCITY_INPUTS};

use crate::data::batch::{Batch, LEVELS};

/// Tables of the event's attributes, added side by side.
const ATTRIBUTE_TABLES: usize = 4;
/// All tables of the input.
const TABLES: usize = ATTRIBUTE_TABLES + 2 + N_CONDITIONS;
/// Tensors of a block.
const BLOCK: usize = 8;

/// Parameters by their places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) config: ModelConfig,
}

/// A block's parameters.
pub(super) struct Block {
    pub(super) norm1: [usize; 2],
    pub(super) qkv: usize,
    pub(super) out: usize,
    pub(super) norm2: [usize; 2],
    pub(super) up: usize,
    pub(super) down: usize,
}

/// A head's parameters.
pub(super) struct Head {
    pub(super) hidden: usize,
    /// The first of the tables of [`Plan::head_lookups`].
    pub(super) tables: usize,
    pub(super) logits: usize,
    pub(super) bias: usize,
}

impl Plan {
    pub(super) fn block(&self, index: usize) -> Block {
        let first = TABLES + BLOCK * index;
        Block {
            norm1: [first, first + 1],
            qkv: first + 2,
            out: first + 3,
            norm2: [first + 4, first + 5],
            up: first + 6,
            down: first + 7,
        }
    }

    /// Gain and bias.
    pub(super) fn last_norm(&self) -> [usize; 2] {
        let first = TABLES + BLOCK * self.config.n_blocks;
        [first, first + 1]
    }

    pub(super) fn head(&self, attribute: usize) -> Head {
        let n_tables = |attribute: usize| if attribute == 0 { 0 } else { attribute + 2 };
        let earlier: usize = (0..attribute).map(|earlier| 3 + n_tables(earlier)).sum();
        let hidden = self.last_norm()[1] + 1 + earlier;
        let tables = hidden + 1;
        let logits = tables + n_tables(attribute);
        Head { hidden, tables, logits, bias: logits + 1 }
    }

    /// Logits and bias of what predicts a level.
    pub(super) fn level(&self, index: usize) -> [usize; 2] {
        let first = self.head(ATTRIBUTE_TABLES - 1).bias + 1 + 2 * index;
        [first, first + 1]
    }

    /// The first output column and the ids of each table of the input, which are the first parameters.
    pub(super) fn lookups<'a>(&self, batch: &'a Batch) -> [(usize, &'a [u32]); TABLES] {
        let ids = batch.event.iter().chain(&batch.position).chain(&batch.conditions);
        let mut lookups = [(0, [].as_slice()); TABLES];
        for (i, (lookup, ids)) in lookups.iter_mut().zip(ids).enumerate() {
            *lookup = (if i < ATTRIBUTE_TABLES { i * self.config.d_attribute() } else { 0 }, ids);
        }
        lookups
    }

    /// The ids of each table of a head.
    pub(super) fn head_lookups<'a>(&self, attribute: usize, batch: &'a Batch) -> Vec<&'a [u32]> {
        if attribute == 0 {
            return Vec::new();
        }
        batch.target[..attribute].iter().chain(&batch.target_position).map(Vec::as_slice).collect()
    }

    /// All ids of a batch, each with the number that they must be below.
    pub(super) fn limits<'a>(&self, batch: &'a Batch) -> impl Iterator<Item = (&'a Vec<u32>, usize)> {
        let positions = [N_BEAT_PHASES, N_BAR_BEATS];
        batch
            .event
            .iter()
            .zip([N_SHIFTS, N_PITCH_INPUTS, N_DURATIONS, N_VELOCITY_INPUTS])
            .chain(batch.position.iter().zip(positions))
            .chain(batch.conditions.iter().zip(conditions::TABLES.map(|(_, n)| n)))
            .chain(batch.target.iter().zip([N_SHIFTS, N_PITCHES, N_DURATIONS, N_VELOCITIES]))
            .chain(batch.target_position.iter().zip(positions))
            .chain(batch.levels.iter().zip(LEVELS.map(|(_, n)| n)))
    }
}

/// Two gradients at once, the first one's place being the lower.
pub(super) fn two(gradients: &mut [Vec<f32>], [first, second]: [usize; 2]) -> (&mut [f32], &mut [f32]) {
    let (head, tail) = gradients.split_at_mut(second);
    (&mut head[first], &mut tail[0])
}
