//! Bits per note, added up over batches.

use crate::data::batch::Batch;
use crate::network::cpu::Nats;

/// Bits per note: in total, and of each attribute. Every part is divided by the number of events that count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bits {
    nats: Nats,
    n_events: f64,
}

impl Bits {
    /// Adds a batch, given the sums of its nats.
    pub fn add(&mut self, nats: Nats, batch: &Batch) {
        self.nats.iter_mut().zip(nats).for_each(|(sum, nats)| *sum += nats);
        self.n_events += batch.n_events();
    }

    /// Events that were added.
    #[must_use]
    pub fn n_events(&self) -> f64 {
        self.n_events
    }

    /// Bits of one attribute, in the order of [`crate::data::batch::ATTRIBUTES`].
    #[must_use]
    pub fn of(&self, attribute: usize) -> f64 {
        self.nats_of(attribute) / std::f64::consts::LN_2
    }

    /// The same in nats.
    #[must_use]
    pub fn nats_of(&self, attribute: usize) -> f64 {
        self.nats[attribute] / self.n_events.max(1.0)
    }

    /// Bits of a whole note.
    #[must_use]
    pub fn total(&self) -> f64 {
        (0..4).map(|attribute| self.of(attribute)).sum()
    }
}
