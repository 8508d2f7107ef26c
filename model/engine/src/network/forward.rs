//! Steps of the network: reads events, looks back on the cache, gives logits of the next event.
//!
//! Shapes: r = rows, the events that are read together; d = d_model, k = d_kv (all keys of one position), f = d_ff,
//! e = d_head_hidden, h = d_head.
//!
//! With 8-bit weights the input of each linear layer is rounded to 8 bits too, with one scale a row, and products are
//! summed as integers. So the order of summing does not matter, and every kernel gives the same bits, for one row or many.

use crate::conditions::Conditions;
use crate::metre::Position;
use crate::network::attention::{Cache, Workspace};
use crate::network::config::ModelConfig;
use crate::network::layers::{Block, Head, Network};
use crate::network::linear::Rounded;
use crate::network::math;
use crate::network::simd::Work;
use crate::network::tiles::MAX_ROWS;
use crate::tokens::TokenEvent;
use crate::tokens::vocab::N_PITCHES;

/// An event to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchEntry {
    /// Whose it is.
    pub(crate) sequence: usize,
    /// Which of its caches it belongs to.
    pub(crate) cache: usize,
    /// Its index in that context, below n_context. The cache must hold all events before it, or this batch must.
    pub(crate) at: usize,
    pub(crate) event: TokenEvent,
    pub(crate) position: Position,
    /// Those of the event to come.
    pub(crate) conditions: Conditions,
}

/// One for whom events are read.
pub(crate) struct Sequence<'a> {
    pub(crate) caches: &'a mut [Cache],
    /// What its last event leaves for the heads. (d)
    pub(crate) state: &'a mut [f32],
}

/// The buffers of a batch.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// The residual stream. (r, d)
    x: Vec<f32>,
    /// (r, d)
    normed: Vec<f32>,
    /// Queries, keys, values. (r, d + 2k)
    qkv: Vec<f32>,
    /// (r, d)
    attended: Vec<f32>,
    /// (r, max(f, e))
    wide: Vec<f32>,
    /// The largest number of values that an attribute has.
    logits: [f32; N_PITCHES],
    rounded: Rounded,
    attention: Workspace,
}

impl Scratch {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let d = config.d_model;
        let wide = config.d_ff.max(config.d_head_hidden);
        let rows = |n: usize| vec![0.0; MAX_ROWS * n];
        Self {
            x: rows(d),
            normed: rows(d),
            qkv: rows(d + 2 * config.d_kv()),
            attended: rows(d),
            wide: rows(wide),
            logits: [0.0; N_PITCHES],
            rounded: Rounded::new(wide.max(d)),
            attention: Workspace::new(config),
        }
    }
}

impl Network {
    /// Reads at most [`MAX_ROWS`] events; those of one sequence together, those of one cache in order.
    pub(crate) fn forward(&self, sequences: &mut [Sequence<'_>], scratch: &mut Scratch, rows: &[BatchEntry]) {
        self.isa.wide(Forward { network: self, sequences, scratch, rows });
    }

    #[inline(always)]
    fn forward_rows(&self, sequences: &mut [Sequence<'_>], scratch: &mut Scratch, rows: &[BatchEntry]) {
        let d = self.config.d_model;
        let x = &mut scratch.x[..rows.len() * d];
        for (row, x) in rows.iter().zip(x.chunks_exact_mut(d)) {
            x.fill(0.0);
            let parts = x.chunks_exact_mut(self.config.d_attribute());
            for ((table, value), part) in self.attributes.iter().zip(row.event.values()).zip(parts) {
                table.add_row(usize::from(value), part);
            }
            let places = [row.position.beat_phase, row.position.bar_beat];
            for (table, value) in
                self.position.iter().zip(places).chain(self.conditions.iter().zip(row.conditions.values()))
            {
                table.add_row(usize::from(value), x);
            }
        }
        for (index, block) in self.blocks.iter().enumerate() {
            self.block(block, index, sequences, scratch, rows);
        }
        for (i, (row, x)) in rows.iter().zip(scratch.x.chunks_exact(d)).enumerate() {
            if rows.get(i + 1).is_none_or(|next| next.sequence != row.sequence) {
                math::layer_norm(x, &self.norm.gain, &self.norm.bias, sequences[row.sequence].state);
            }
        }
    }

    #[inline(always)]
    fn block(
        &self,
        block: &Block,
        index: usize,
        sequences: &mut [Sequence<'_>],
        scratch: &mut Scratch,
        rows: &[BatchEntry],
    ) {
        let (d, k, h) = (self.config.d_model, self.config.d_kv(), self.config.d_head());
        let n = rows.len();
        let Scratch { x, normed, qkv, attended, wide, rounded, attention, .. } = scratch;
        let (x, normed) = (&mut x[..n * d], &mut normed[..n * d]);
        let (qkv, attended) = (&mut qkv[..n * (d + 2 * k)], &mut attended[..n * d]);
        let wide = &mut wide[..n * self.config.d_ff];

        for (x, out) in x.chunks_exact(d).zip(normed.chunks_exact_mut(d)) {
            math::layer_norm(x, &block.norm1.gain, &block.norm1.bias, out);
        }
        block.qkv.apply(self, normed, rounded, qkv);
        for ((row, qkv), out) in rows.iter().zip(qkv.chunks_exact_mut(d + 2 * k)).zip(attended.chunks_exact_mut(d)) {
            let (rotated, values) = qkv.split_at_mut(d + k);
            let rotations = &self.rotations[row.at * h / 2..(row.at + 1) * h / 2];
            rotated.chunks_exact_mut(h).for_each(|head| rotate(head, rotations));
            let (queries, keys) = rotated.split_at(d);
            sequences[row.sequence].caches[row.cache].attend(
                self.isa,
                index,
                row.at,
                [queries, keys, values],
                attention,
                out,
            );
        }
        block.out.apply(self, attended, rounded, normed);
        add(x, normed);

        for (x, out) in x.chunks_exact(d).zip(normed.chunks_exact_mut(d)) {
            math::layer_norm(x, &block.norm2.gain, &block.norm2.bias, out);
        }
        block.up.apply(self, normed, rounded, wide);
        math::gelu(wide);
        block.down.apply(self, wide, rounded, normed);
        add(x, normed);
    }

    /// Logits of an attribute after the event that left `state`, given the values of the `earlier` attributes of the same
    /// event and (for all but the shift) the position of its onset. Returns (values of the attribute).
    pub(crate) fn logits<'a>(
        &self,
        state: &[f32],
        scratch: &'a mut Scratch,
        earlier: &[u8],
        onset: Position,
    ) -> &'a mut [f32] {
        let Scratch { wide, rounded, logits, .. } = scratch;
        let head = &self.heads[earlier.len()];
        let logits = &mut logits[..head.bias.len()];
        let z = &mut wide[..self.config.d_head_hidden];
        self.isa.wide(HeadTask { network: self, head, state, earlier, onset, z, rounded, logits: &mut *logits });
        logits
    }
}

/// Work of [`Network::forward`].
struct Forward<'a, 'r> {
    network: &'a Network,
    sequences: &'a mut [Sequence<'r>],
    scratch: &'a mut Scratch,
    rows: &'a [BatchEntry],
}

impl Work for Forward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.network.forward_rows(self.sequences, self.scratch, self.rows);
    }
}

/// Work of [`Network::logits`].
struct HeadTask<'a> {
    network: &'a Network,
    head: &'a Head,
    state: &'a [f32],
    earlier: &'a [u8],
    onset: Position,
    z: &'a mut [f32],
    rounded: &'a mut Rounded,
    logits: &'a mut [f32],
}

impl Work for HeadTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { network, head, state, earlier, onset, z, rounded, logits } = self;
        head.hidden.apply(network, state, rounded, z);
        for (table, &value) in head.from_earlier.iter().zip(earlier) {
            table.add_row(usize::from(value), z);
        }
        for (table, value) in head.from_position.iter().flatten().zip([onset.beat_phase, onset.bar_beat]) {
            table.add_row(usize::from(value), z);
        }
        math::gelu(z);
        head.logits.apply(network, z, rounded, logits);
        add(logits, &head.bias);
    }
}

/// Turns pairs (i, i + h/2) of a head. head: (h), rotations: (h / 2)
#[inline(always)]
fn rotate(head: &mut [f32], rotations: &[[f32; 2]]) {
    let (first, second) = head.split_at_mut(rotations.len());
    for ((a, b), [cos, sin]) in first.iter_mut().zip(second).zip(rotations) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

/// x += y. x, y: (n)
#[inline(always)]
fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
