//! How well the events of a batch are predicted, one by one.

use candle_core::Result;

use super::{Nats, Workspace, keep, take, with_pass};
use crate::data::batch::Batch;
use crate::network::Network;

/// How well one event was predicted, by attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guess {
    /// What its value cost; 0 where it does not count.
    pub nats: [f32; 4],
    /// Whether its value was the likeliest of all. Says nothing where it does not count.
    pub is_likeliest: [bool; 4],
}

/// Sums of a batch's masked nats, and how well each event was predicted. In one thread: give each thread batches of its own.
///
/// # Errors
/// When the batch does not fit the network, or the network is not on a CPU.
pub fn guesses(network: &Network, batch: &Batch, workspace: &Workspace) -> Result<(Nats, Vec<Guess>)> {
    with_pass(network, batch, None, 0.0, |pass| {
        let events = 0..batch.batch_size * batch.sequence_length;
        let mut buffers = take(&workspace.buffers);
        pass.hidden(&events, &mut buffers)?;
        let mut guesses = vec![Guess::default(); events.len()];
        let mut nats = Nats::default();
        for (attribute, nats) in nats.iter_mut().enumerate() {
            *nats = pass.head(attribute, &events, &mut buffers, &mut []);
            let targets = &batch.target[attribute];
            let of_events = buffers.head.nats.iter().zip(buffers.head.likeliest(targets));
            for (guess, (&nats, is_likeliest)) in guesses.iter_mut().zip(of_events) {
                (guess.nats[attribute], guess.is_likeliest[attribute]) = (nats, is_likeliest);
            }
        }
        keep(&workspace.buffers, [buffers]);
        Ok((nats, guesses))
    })
}
