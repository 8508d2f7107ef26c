//! Bits per note, added up over batches.

use candle_core::{Result, Tensor};

use crate::batch::Batch;

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

/// Events of a batch that count: every one has a pitch (or is an end).
pub(super) fn n_events(batch: &Batch) -> f64 {
    batch.mask[1].iter().map(|&m| f64::from(m)).sum()
}

/// The sum of each attribute's nats.
pub(super) fn sums(nats: &[Tensor; 4]) -> Result<[f64; 4]> {
    let sums = nats.iter().map(Tensor::sum_all).collect::<Result<Vec<_>>>()?;
    let sums: Vec<f32> = Tensor::stack(&sums, 0)?.to_vec1()?;
    Ok(std::array::from_fn(|attribute| sums[attribute].into()))
}
