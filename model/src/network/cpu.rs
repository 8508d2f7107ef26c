//! Loss and gradients on a CPU: the same arithmetic as [`Network::nats`] and candle's `backward`, without a tape.
//!
//! The batch's rows are dealt to threads. Each takes its rows forward and backward through buffers that it keeps for the
//! next step, with products in one thread, which with small matrices is faster than sharing each product among threads.
//! Gradients are added in place, then over the parts in a fixed order, so the sums do not depend on the number of threads.

mod blocks;
mod guesses;
mod heads;
mod inputs;
mod matrix;
mod plan;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use candle_core::{Result, Storage, Tensor, bail};
use rayon::prelude::*;

use crate::data::batch::Batch;
use crate::network::Network;
use crate::network::ops::{AttentionShape, CHUNK, Dropout, vectorised};
use plan::Plan;

pub use guesses::{Guess, guesses};

/// A batch is worked on in at most this many parts, each with gradients of its own.
const MAX_PARTS: usize = 16;
/// A part has at least this many events, if the batch does: smaller products are slower.
const MIN_EVENTS: usize = 512;

/// Sums of the masked nats of shift, pitch, duration and velocity.
pub type Nats = [f64; 4];

/// Gradients of all parameters by name.
pub type Gradients = BTreeMap<String, Tensor>;

/// Memory that is kept from step to step: fresh memory would have to be cleared by the system, which takes a sixth of the
/// time of a step.
#[derive(Debug, Default)]
pub struct Workspace {
    /// One set for each thread at work.
    buffers: Mutex<Vec<Buffers>>,
    /// One set for each part of the batch.
    gradients: Mutex<Vec<Vec<Vec<f32>>>>,
}

/// What was kept last, or else something new.
fn take<T: Default>(kept: &Mutex<Vec<T>>) -> T {
    kept.lock().ok().and_then(|mut kept| kept.pop()).unwrap_or_default()
}

fn keep<T>(kept: &Mutex<Vec<T>>, items: impl IntoIterator<Item = T>) {
    if let Ok(mut kept) = kept.lock() {
        kept.extend(items);
    }
}

/// What the backward pass needs from the forward pass, and room for gradients. All are (events, width).
#[derive(Debug, Default)]
struct Buffers {
    blocks: Vec<blocks::BlockBuffers>,
    x: Vec<f32>,
    h: Vec<f32>,
    dx: Vec<f32>,
    narrow: Vec<f32>,
    wide: Vec<f32>,
    head: heads::HeadBuffers,
}

/// Makes room for `n` numbers without clearing those that are there already.
fn sized(buffer: &mut Vec<f32>, n: usize) -> &mut [f32] {
    buffer.resize(n, 0.0);
    buffer
}

/// Everything that the passes read.
struct Pass<'a> {
    plan: Plan,
    weights: Vec<&'a [f32]>,
    batch: &'a Batch,
    /// Of the attention, over one row of the batch.
    shape: AttentionShape,
    dropout: Option<Dropout>,
    /// Of the loss with respect to each nat.
    scale: f32,
}

/// Nats of a batch without dropout.
///
/// # Errors
/// When the batch does not fit the network, or the network is not on a CPU.
pub fn nats(network: &Network, batch: &Batch, workspace: &Workspace) -> Result<Nats> {
    Ok(run(network, batch, None, 0.0, false, workspace)?.0)
}

/// Nats of a batch, and the gradients of their sum times `scale`.
///
/// # Errors
/// When the batch does not fit the network, or the network is not on a CPU.
pub fn gradients(
    network: &Network,
    batch: &Batch,
    dropout: Option<Dropout>,
    scale: f32,
    workspace: &Workspace,
) -> Result<(Nats, Gradients)> {
    let (nats, sums) = run(network, batch, dropout, scale, true, workspace)?;
    let mut gradients = Gradients::new();
    for (shape, sum) in network.shapes().into_iter().zip(sums) {
        let Some(var) = network.parameters().get(&shape.name) else { bail!("the network has no {}", shape.name) };
        gradients.insert(shape.name, Tensor::from_vec(sum, var.shape(), var.device())?);
    }
    Ok((nats, gradients))
}

fn run(
    network: &Network,
    batch: &Batch,
    dropout: Option<Dropout>,
    scale: f32,
    is_training: bool,
    workspace: &Workspace,
) -> Result<(Nats, Vec<Vec<f32>>)> {
    let rows = batch.batch_size.div_ceil(MAX_PARTS).max(MIN_EVENTS.div_ceil(batch.sequence_length.max(1)));
    let starts: Vec<usize> = (0..batch.batch_size).step_by(rows).collect();
    let parts: Vec<(Nats, Vec<Vec<f32>>)> = with_pass(network, batch, dropout, scale, |pass| {
        let part = |from: usize| {
            let mut buffers = take(&workspace.buffers);
            let gradients = if is_training { Some(take(&workspace.gradients)) } else { None };
            let part = pass.part(from..(from + rows).min(batch.batch_size), gradients, &mut buffers);
            keep(&workspace.buffers, [buffers]);
            part
        };
        starts.into_par_iter().map(part).collect()
    })?;
    Ok(add(parts, workspace))
}

/// Checks the batch and does some work on it.
fn with_pass<T>(
    network: &Network,
    batch: &Batch,
    dropout: Option<Dropout>,
    scale: f32,
    work: impl FnOnce(&Pass) -> Result<T>,
) -> Result<T> {
    let config = *network.config();
    check(network, batch)?;
    let mut tensors = Vec::new();
    for shape in network.shapes() {
        let Some(var) = network.parameters().get(&shape.name) else { bail!("the network has no {}", shape.name) };
        tensors.push(var.storage_and_layout());
    }
    let mut weights = Vec::new();
    for (storage, layout) in &tensors {
        let Storage::Cpu(storage) = &**storage else { bail!("these passes run on the CPU") };
        weights.push(crate::network::ops::cpu_slice(storage, layout)?);
    }
    work(&Pass {
        plan: Plan { config },
        weights,
        batch,
        shape: AttentionShape::new(config.n_heads, config.n_kv_heads, config.d_head(), batch.sequence_length),
        dropout,
        scale,
    })
}

/// Refuses what would panic or go wrong further in.
fn check(network: &Network, batch: &Batch) -> Result<()> {
    let c = network.config();
    if batch.sequence_length > c.n_context {
        bail!("crops of {} notes do not fit a context of {}", batch.sequence_length, c.n_context);
    }
    let n = batch.batch_size * batch.sequence_length;
    let plan = Plan { config: *c };
    for (ids, limit) in plan.limits(batch) {
        if ids.len() != n || ids.iter().any(|&id| id as usize >= limit) {
            bail!("{} values, each below {limit}, do not fit {n} events", ids.len());
        }
    }
    if n == 0 || batch.mask.iter().any(|mask| mask.len() != n) {
        bail!("the masks do not fit {n} events");
    }
    Ok(())
}

/// Adds up what the parts found, in their order.
fn add(parts: Vec<(Nats, Vec<Vec<f32>>)>, workspace: &Workspace) -> (Nats, Vec<Vec<f32>>) {
    let mut parts = parts.into_iter();
    let Some((mut nats, mut sums)) = parts.next() else { return (Nats::default(), Vec::new()) };
    let others: Vec<(Nats, Vec<Vec<f32>>)> = parts.collect();
    for (others, _) in &others {
        nats.iter_mut().zip(others).for_each(|(sum, nats)| *sum += nats);
    }
    sums.par_iter_mut().enumerate().for_each(|(tensor, sum)| {
        sum.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, sum)| {
            for (_, gradients) in &others {
                let gradient = &gradients[tensor][chunk * CHUNK..][..sum.len()];
                vectorised(|| sum.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += g));
            }
        });
    });
    keep(&workspace.gradients, others.into_iter().map(|(_, gradients)| gradients).filter(|g| !g.is_empty()));
    (nats, sums)
}

impl Pass<'_> {
    /// Takes some events up to the last norm, into `buffers.h`.
    fn hidden(&self, events: &Range<usize>, buffers: &mut Buffers) -> Result<()> {
        let config = &self.plan.config;
        let n = events.len() * config.d_model;
        self.embed(events.clone(), sized(&mut buffers.x, n));
        buffers.blocks.resize_with(config.n_blocks, Default::default);
        for block in 0..config.n_blocks {
            self.block_forward(block, events, buffers)?;
        }
        let [gain, bias] = self.plan.last_norm().map(|i| self.weights[i]);
        crate::network::ops::layer_norm_forward(sized(&mut buffers.h, n), &buffers.x, gain, bias);
        Ok(())
    }

    /// Nats of some of the batch's rows, and their gradients when there are some to fill.
    fn part(
        &self,
        rows: Range<usize>,
        gradients: Option<Vec<Vec<f32>>>,
        buffers: &mut Buffers,
    ) -> Result<(Nats, Vec<Vec<f32>>)> {
        let config = &self.plan.config;
        let events = rows.start * self.batch.sequence_length..rows.end * self.batch.sequence_length;
        let n = events.len() * config.d_model;
        self.hidden(&events, buffers)?;

        let is_training = gradients.is_some();
        let mut gradients = gradients.unwrap_or_default();
        if is_training {
            gradients.resize_with(self.weights.len(), Vec::new);
            for (gradient, weights) in gradients.iter_mut().zip(&self.weights) {
                gradient.clear();
                gradient.resize(weights.len(), 0.0);
            }
            sized(&mut buffers.narrow, n).fill(0.0);
        }
        let mut nats = Nats::default();
        for (attribute, nats) in nats.iter_mut().enumerate() {
            *nats = self.head(attribute, &events, buffers, &mut gradients);
        }
        if !is_training {
            return Ok((nats, gradients));
        }
        self.levels(&events, buffers, &mut gradients);
        sized(&mut buffers.dx, n).fill(0.0);
        let gain = self.weights[self.plan.last_norm()[0]];
        let (dgain, dbias) = plan::two(&mut gradients, self.plan.last_norm());
        crate::network::ops::layer_norm_backward((&mut buffers.dx, dgain, dbias), &buffers.x, &buffers.narrow, gain);
        for block in (0..config.n_blocks).rev() {
            self.block_backward(block, &events, buffers, &mut gradients)?;
        }
        self.embed_backward(events, buffers, &mut gradients);
        Ok((nats, gradients))
    }
}
