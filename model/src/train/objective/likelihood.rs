//! The likelihood of the notes that came: the loss is the mean of their nats.

use std::sync::Arc;

use anyhow::Result;
use candle_core::Tensor;

use super::{Gradients, Loss, Objective};
use crate::data::batch::Batch;
use crate::network::Network;
use crate::network::cpu::{self, Nats, Workspace};
use crate::network::ops::{Dropout, Kernels};

/// On a CPU without candle's tape, elsewhere with it. Keeps its memory from step to step; a clone shares it.
#[derive(Clone, Debug, Default)]
pub struct Likelihood {
    workspace: Arc<Workspace>,
}

impl Likelihood {
    /// Sums of a batch's nats by attribute, without dropout.
    ///
    /// # Errors
    /// When the batch does not fit the network, or memory or the device fails.
    pub fn nats(&self, network: &Network, batch: &Batch) -> Result<Nats> {
        if network.kernels() == Kernels::Cpu {
            Ok(cpu::nats(network, batch, &self.workspace)?)
        } else {
            sums(&network.nats(batch, None)?)
        }
    }
}

impl Objective for Likelihood {
    fn gradients(&mut self, network: &Network, batch: &Batch, dropout: Option<Dropout>) -> Result<Loss> {
        let scale = 1.0 / batch.n_events().max(1.0);
        if network.kernels() == Kernels::Cpu {
            #[expect(clippy::cast_possible_truncation, reason = "a factor of f32 numbers")]
            let (nats, gradients) = cpu::gradients(network, batch, dropout, scale as f32, &self.workspace)?;
            return Ok(Loss { nats, gradients: Gradients::Named(gradients) });
        }
        let (nats, levels) = network.nats_and_levels(batch, dropout)?;
        let loss = ((Tensor::cat(&nats, 0)?.sum_all()? + levels)? * scale)?;
        Ok(Loss { nats: sums(&nats)?, gradients: Gradients::Tape(loss.backward()?) })
    }
}

fn sums(nats: &[Tensor; 4]) -> Result<Nats> {
    let mut sums = Nats::default();
    for (sum, nats) in sums.iter_mut().zip(nats) {
        *sum = f64::from(nats.sum_all()?.to_scalar::<f32>()?);
    }
    Ok(sums)
}
