//! One training batch, as plain index arrays: what the dataset makes and the network reads.

use engine::conditions::{N_CONDITIONS, N_DENSITIES, N_DIFFICULTIES, N_POLYPHONIES};
use engine::{Conditions, Position};

use crate::data::sequence::Event;

/// The four attributes, in the order in which they are predicted.
pub const ATTRIBUTES: [&str; 4] = ["shift", "pitch", "duration", "velocity"];

/// Conditions whose levels are also predicted, from what the heads read: a network that must tell a level does not forget
/// that it was told it (Ramoneda et al. 2025, arXiv 2509.16913). What predicts them is thrown away after training.
pub const LEVELS: [(&str, usize); 3] =
    [("density", N_DENSITIES), ("polyphony", N_POLYPHONIES), ("difficulty", N_DIFFICULTIES)];

/// `batch_size` crops of `sequence_length` events each. Every array is row-major, (batch size, sequence length).
///
/// Step `t` feeds one event and predicts the next: `target[a][i]` is what should follow `event[a][i]`. A crop begins
/// with the begin event ([`engine::vocab::BEGIN`] as pitch, all else 0), placed at its first note's position. Conditions
/// at step `t` describe the *target*, so that a player who turns a knob is heard in the very next note.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Crops.
    pub batch_size: usize,
    /// Events per crop.
    pub sequence_length: usize,
    /// The event that is fed: shift, pitch, duration, velocity values.
    pub event: [Vec<u32>; 4],
    /// Position of the fed event: beat phase, bar beat.
    pub position: [Vec<u32>; 2],
    /// Conditions of the target, in the order of [`engine::conditions::TABLES`]; 0 where they are left open.
    pub conditions: [Vec<u32>; N_CONDITIONS],
    /// Levels of the music around the target that the network learns to tell, by the names of [`LEVELS`]; 0 where unknown.
    pub levels: [Vec<u32>; 3],
    /// The event to predict.
    pub target: [Vec<u32>; 4],
    /// Position of the event to predict (an input of the pitch, duration and velocity heads).
    pub target_position: [Vec<u32>; 2],
    /// 1 where the target's attribute counts in the loss, 0 where it does not: padding, the shift of a crop's first
    /// note, the duration and velocity of an end event, velocities that say nothing.
    pub mask: [Vec<f32>; 4],
}

/// One step of a row: what is fed, and what should follow.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The event before.
    pub fed: Event,
    /// The event to predict.
    pub target: Event,
    /// What the network is told of the target.
    pub told: Conditions,
    /// Levels of the music around it, see [`Batch::levels`].
    pub levels: [u8; 3],
    /// Which attributes of the target count.
    pub counts: [bool; 4],
}

impl Batch {
    /// Adds a step to the row that is being filled; one that nothing is in, and that does not count, at the end of a short crop.
    pub fn push(&mut self, step: Option<&Step>) {
        let nothing = Event { values: [0; 4], position: Position { beat_phase: 0, bar_beat: 0 } };
        let Step { fed, target, told, levels, counts } = step.copied().unwrap_or(Step {
            fed: nothing,
            target: nothing,
            told: Conditions::default(),
            levels: [0; 3],
            counts: [false; 4],
        });
        for (a, counts) in counts.into_iter().enumerate() {
            self.event[a].push(fed.values[a].into());
            self.target[a].push(target.values[a].into());
            self.mask[a].push(if counts { 1.0 } else { 0.0 });
        }
        self.conditions.iter_mut().zip(told.values()).for_each(|(ids, value)| ids.push(value.into()));
        self.levels.iter_mut().zip(levels).for_each(|(ids, level)| ids.push(level.into()));
        for (positions, of) in [(&mut self.position, fed.position), (&mut self.target_position, target.position)] {
            positions[0].push(of.beat_phase.into());
            positions[1].push(of.bar_beat.into());
        }
    }

    /// Events that count: every one has a pitch, or is an end.
    #[must_use]
    pub fn n_events(&self) -> f64 {
        self.mask[1].iter().map(|&m| f64::from(m)).sum()
    }

    /// The rows of both, which must have crops of one length.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        debug_assert_eq!(self.sequence_length, other.sequence_length, "crops of one length");
        self.batch_size += other.batch_size;
        let ids = self.event.iter_mut().chain(&mut self.position).chain(&mut self.conditions).chain(&mut self.target);
        let more = other.event.into_iter().chain(other.position).chain(other.conditions).chain(other.target);
        ids.chain(&mut self.target_position)
            .chain(&mut self.levels)
            .zip(more.chain(other.target_position).chain(other.levels))
            .for_each(|(ids, more)| ids.extend(more));
        self.mask.iter_mut().zip(other.mask).for_each(|(mask, more)| mask.extend(more));
        self
    }
}
