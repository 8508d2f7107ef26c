//! Bits per note, added up over batches.

use crate::batch::Batch;
use crate::step::n_events;

/// Bits per note: in total, and of each attribute. Every part is divided by the number of events that count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bits {
    nats: [f64; 4],
    pub(super) n_events: f64,
}

impl Bits {
    pub(super) fn add(&mut self, nats: [f64; 4], batch: &Batch) {
        self.nats.iter_mut().zip(nats).for_each(|(sum, nats)| *sum += nats);
        self.n_events += n_events(batch);
    }

    pub(super) fn of(&self, attribute: usize) -> f64 {
        self.nats[attribute] / self.n_events.max(1.0) / std::f64::consts::LN_2
    }

    pub(super) fn total(&self) -> f64 {
        (0..4).map(|attribute| self.of(attribute)).sum()
    }
}
