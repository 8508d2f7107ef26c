//! Loss and gradients on a CPU: the same arithmetic as [`Network::nats`] and candle's `backward`, without a tape.
//!
//! The batch's rows are dealt to threads. Each takes its rows forward and backward through buffers that it keeps for the
//! next step, with products in one thread, which with small matrices is faster than sharing each product among threads.
//! Gradients are added in place, then over the parts in a fixed order, so the sums do not depend on the number of threads.

mod blocks;
mod heads;
mod inputs;
mod matrix;
mod plan;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use candle_core::{Result, Storage, Tensor, bail};
use rayon::prelude::*;

use crate::batch::Batch;
use crate::network::Network;
use crate::ops::{AttentionShape, CHUNK, Dropout, vectorised};
use plan::Plan;

/// A batch is worked on in at most this many parts, each with gradients of its own.
const MAX_PARTS: usize = 16;
/// A part has at least this many events, if the batch does: smaller products are slower.
const MIN_EVENTS: usize = 512;

/// Sums of the masked nats of shift, pitch, duration and velocity.
pub type Nats = [f64; 4];

/// Gradients of all parameters by name.
pub type Gradients = BTreeMap<String, Tensor>;

/// Buffers that are kept from step to step, one set for each thread at work.
#[derive(Debug, Default)]
pub struct Workspace {
    idle: Mutex<Vec<Buffers>>,
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
    for (shape, sum) in network.config().tensors().into_iter().zip(sums) {
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
    let config = *network.config();
    check(network, batch)?;
    let mut tensors = Vec::new();
    for shape in config.tensors() {
        let Some(var) = network.parameters().get(&shape.name) else { bail!("the network has no {}", shape.name) };
        tensors.push(var.storage_and_layout());
    }
    let mut weights = Vec::new();
    for (storage, layout) in &tensors {
        let Storage::Cpu(storage) = &**storage else { bail!("these passes run on the CPU") };
        weights.push(crate::ops::cpu_slice(storage, layout)?);
    }
    let pass = Pass {
        plan: Plan { config },
        weights,
        batch,
        shape: AttentionShape::new(config.n_heads, config.n_kv_heads, config.d_head(), batch.steps),
        dropout,
        scale,
    };
    let rows = batch.rows.div_ceil(MAX_PARTS).max(MIN_EVENTS.div_ceil(batch.steps));
    let starts: Vec<usize> = (0..batch.rows).step_by(rows).collect();
    let parts: Vec<(Nats, Vec<Vec<f32>>)> = starts
        .into_par_iter()
        .map(|from| {
            let mut buffers = workspace.idle.lock().ok().and_then(|mut idle| idle.pop()).unwrap_or_default();
            let part = pass.part(from..(from + rows).min(batch.rows), is_training, &mut buffers);
            if let Ok(mut idle) = workspace.idle.lock() {
                idle.push(buffers);
            }
            part
        })
        .collect::<Result<_>>()?;
    Ok(add(parts))
}

/// Refuses what would panic or go wrong further in.
fn check(network: &Network, batch: &Batch) -> Result<()> {
    let c = network.config();
    if batch.steps > c.n_context {
        bail!("crops of {} steps do not fit a context of {}", batch.steps, c.n_context);
    }
    let n = batch.rows * batch.steps;
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
fn add(parts: Vec<(Nats, Vec<Vec<f32>>)>) -> (Nats, Vec<Vec<f32>>) {
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
    (nats, sums)
}

impl Pass<'_> {
    /// Nats and gradients of some of the batch's rows.
    fn part(&self, rows: Range<usize>, is_training: bool, buffers: &mut Buffers) -> Result<(Nats, Vec<Vec<f32>>)> {
        let config = &self.plan.config;
        let events = rows.start * self.batch.steps..rows.end * self.batch.steps;
        let n = events.len() * config.d_model;
        self.embed(events.clone(), sized(&mut buffers.x, n));
        buffers.blocks.resize_with(config.n_blocks, Default::default);
        for block in 0..config.n_blocks {
            self.block_forward(block, &events, buffers)?;
        }
        let [gain, bias] = self.plan.last_norm().map(|i| self.weights[i]);
        crate::ops::layer_norm_forward(sized(&mut buffers.h, n), &buffers.x, gain, bias);

        let mut gradients: Vec<Vec<f32>> = Vec::new();
        if is_training {
            gradients = self.weights.iter().map(|weights| vec![0f32; weights.len()]).collect();
            sized(&mut buffers.narrow, n).fill(0.0);
        }
        let mut nats = Nats::default();
        for (attribute, nats) in nats.iter_mut().enumerate() {
            *nats = self.head(attribute, &events, buffers, &mut gradients);
        }
        if !is_training {
            return Ok((nats, gradients));
        }
        sized(&mut buffers.dx, n).fill(0.0);
        let (dgain, dbias) = plan::two(&mut gradients, self.plan.last_norm());
        crate::ops::layer_norm_backward((&mut buffers.dx, dgain, dbias), &buffers.x, &buffers.narrow, gain);
        for block in (0..config.n_blocks).rev() {
            self.block_backward(block, &events, buffers, &mut gradients)?;
        }
        self.embed_backward(events, buffers, &mut gradients);
        Ok((nats, gradients))
    }
}
