//! One step of training, on a CPU without candle's tape, elsewhere with it.

use candle_core::{Result, Tensor};

use crate::batch::Batch;
use crate::cpu::{self, Nats, Workspace};
use crate::network::Network;
use crate::ops::{Dropout, Kernels};
use crate::optimiser::AdamW;

/// Takes steps, and keeps their memory.
#[derive(Debug, Default)]
pub struct Stepper {
    workspace: Workspace,
}

impl Stepper {
    /// One step down the gradient of the mean nats of an event. Returns the sums of the nats, and the gradient's norm:
    /// when that is not finite, nothing was changed.
    ///
    /// # Errors
    /// When the batch does not fit the network, or memory or the device fails.
    pub fn step(
        &self,
        optimiser: &mut AdamW,
        network: &Network,
        batch: &Batch,
        dropout: Option<Dropout>,
        rate: f64,
    ) -> Result<(Nats, f64)> {
        let scale = 1.0 / n_events(batch).max(1.0);
        if network.kernels() == Kernels::Cpu {
            #[expect(clippy::cast_possible_truncation, reason = "a factor of f32 numbers")]
            let (nats, gradients) = cpu::gradients(network, batch, dropout, scale as f32, &self.workspace)?;
            return Ok((nats, optimiser.step(network, &gradients, rate)?));
        }
        let (nats, levels) = network.nats_and_levels(batch, dropout)?;
        let loss = ((Tensor::cat(&nats, 0)?.sum_all()? + levels)? * scale)?;
        Ok((sums(&nats)?, optimiser.step(network, &loss.backward()?, rate)?))
    }

    /// Sums of a batch's nats, without dropout.
    ///
    /// # Errors
    /// When the batch does not fit the network, or memory or the device fails.
    pub fn nats(&self, network: &Network, batch: &Batch) -> Result<Nats> {
        if network.kernels() == Kernels::Cpu {
            cpu::nats(network, batch, &self.workspace)
        } else {
            sums(&network.nats(batch, None)?)
        }
    }
}

/// Events of a batch that count: every one has a pitch (or is an end).
#[must_use]
pub fn n_events(batch: &Batch) -> f64 {
    batch.mask[1].iter().map(|&m| f64::from(m)).sum()
}

fn sums(nats: &[Tensor; 4]) -> Result<Nats> {
    let mut sums = Nats::default();
    for (sum, nats) in sums.iter_mut().zip(nats) {
        *sum = f64::from(nats.sum_all()?.to_scalar::<f32>()?);
    }
    Ok(sums)
}
