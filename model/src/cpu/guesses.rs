//! How well the events of a batch are predicted, one by one.

use candle_core::Result;

use super::{Nats, Workspace, keep, take, with_pass};
use crate::batch::Batch;
use crate::network::Network;

/// Sums of a batch's masked nats, and for each event which of its attributes had the likeliest value of all (said only of
/// those that count). In one thread: give each thread batches of its own.
///
/// # Errors
/// When the batch does not fit the network, or the network is not on a CPU.
pub fn guesses(network: &Network, batch: &Batch, workspace: &Workspace) -> Result<(Nats, Vec<[bool; 4]>)> {
    with_pass(network, batch, None, 0.0, |pass| {
        let events = 0..batch.batch_size * batch.sequence_length;
        let mut buffers = take(&workspace.buffers);
        pass.hidden(&events, &mut buffers)?;
        let mut right = vec![[false; 4]; events.len()];
        let mut nats = Nats::default();
        for (attribute, nats) in nats.iter_mut().enumerate() {
            *nats = pass.head(attribute, &events, &mut buffers, &mut []);
            for (right, is_likeliest) in right.iter_mut().zip(buffers.head.likeliest(&batch.target[attribute])) {
                right[attribute] = is_likeliest;
            }
        }
        keep(&workspace.buffers, [buffers]);
        Ok((nats, right))
    })
}
