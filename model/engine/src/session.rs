//! A stream of notes.
use std::sync::Arc;

use crate::conditions::Conditions;
use crate::metre::Metre;
use crate::note::{Note, Pitch};
use crate::sample::Sampling;
use crate::weights::Weights;

/// What [`Session::next`] may answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    /// What the next note should be like.
    pub conditions: Conditions,
    /// How freely it is chosen.
    pub sampling: Sampling,
    /// Lowest pitch, inclusive.
    pub lowest: Pitch,
    /// Highest pitch, inclusive.
    pub highest: Pitch,
    /// When it begins.
    pub onset: Onset,
    /// Whether the music may end here.
    pub may_end: bool,
}

/// When the next note begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// At this tick or later.
    NotBefore(i64),
    /// At this tick.
    Exactly(i64),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A note.
    Note(Note),
    /// The music ends.
    End {
        /// When its last note has sounded.
        at_ticks: i64,
    },
}

/// A place to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark;

/// A stream of notes and the model's memory of it.
#[derive(Debug)]
pub struct Session {
    weights: Arc<Weights>,
}

impl Session {
    /// An empty session.
    #[must_use]
    pub fn new(weights: Arc<Weights>) -> Self {
        Self { weights }
    }
    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }
    /// Forgets all notes.
    pub fn reset(&mut self) {}
    /// Restarts the random stream.
    pub fn seed(&mut self, _seed: u64) {}
    /// Sets the grid.
    pub fn set_metre(&mut self, _metre: Metre) {}
    /// Tells the model what was played.
    pub fn feed(&mut self, _note: Note, _conditions: Conditions) {}
    /// Asks for the next event.
    pub fn next(&mut self, ask: &Ask) -> Event {
        let (Onset::NotBefore(at_ticks) | Onset::Exactly(at_ticks)) = ask.onset;
        Event::End { at_ticks }
    }
    /// How unlikely an event is.
    pub fn score(&mut self, _event: Event, _conditions: Conditions) -> [f32; 4] {
        [0.0; 4]
    }
    /// A place to come back to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark
    }
    /// Goes back.
    pub fn rewind(&mut self, _mark: &Mark) -> bool {
        false
    }
    /// Notes in the context.
    #[must_use]
    pub fn n_notes(&self) -> usize {
        0
    }
}
