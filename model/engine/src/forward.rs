//! One step of the network: reads an event, looks back on the cache, gives logits of the next event.
//!
//! Shapes: d = d_model, k = d_kv (all keys of one position), f = d_ff, e = d_head_hidden, h = d_head,
//! c = n_context padded to whole [`STRIP`]s, b = n_blocks, g = query heads that share a key head.
//!
//! With 8-bit weights the input of each linear layer is rounded to 8 bits too, with one scale, and products are summed
//! as integers. So the order of summing does not matter, and every kernel gives the same bits.

use crate::conditions::Conditions;
use crate::config::ModelConfig;
use crate::kernel;
use crate::math;
use crate::metre::Position;
use crate::network::{Block, Network};
use crate::quant::Linear;
use crate::tokens::TokenEvent;
use crate::vocab::N_PITCHES;

/// Positions whose keys lie together, transposed, so that scores come out side by side. Head widths are multiples of it.
const STRIP: usize = 16;

/// Keys and values of all positions so far.
#[derive(Debug)]
pub(crate) struct Cache {
    /// (b, n_kv_heads, c / STRIP, h, STRIP)
    keys: Vec<f32>,
    /// (b, n_kv_heads, c, h)
    values: Vec<f32>,
}

/// The buffers of a step.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// The residual stream. (d)
    x: Vec<f32>,
    /// (d)
    normed: Vec<f32>,
    /// Queries, keys, values. (d + 2k)
    qkv: Vec<f32>,
    /// (d)
    attended: Vec<f32>,
    /// (c)
    scores: Vec<f32>,
    /// (max(f, e))
    wide: Vec<f32>,
    /// The input of a linear layer, rounded. (max(d, f, e))
    rounded: Vec<i8>,
    /// (N_PITCHES), the most values an attribute has.
    logits: [f32; N_PITCHES],
}

impl Cache {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let n = config.n_blocks * config.d_kv() * config.n_context.next_multiple_of(STRIP);
        Self { keys: vec![0.0; n], values: vec![0.0; n] }
    }
}

impl Scratch {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let d = config.d_model;
        let wide = config.d_ff.max(config.d_head_hidden);
        Self {
            x: vec![0.0; d],
            normed: vec![0.0; d],
            qkv: vec![0.0; d + 2 * config.d_kv()],
            attended: vec![0.0; d],
            scores: vec![0.0; config.n_context.next_multiple_of(STRIP)],
            wide: vec![0.0; wide],
            rounded: vec![0; wide.max(d)],
            logits: [0.0; N_PITCHES],
        }
    }
}

impl Linear {
    /// `out = W x`. x: (columns), rounded: (columns or more), out: (rows)
    fn apply(&self, x: &[f32], rounded: &mut [i8], out: &mut [f32]) {
        match self {
            Self::F32 { columns, values } => {
                for (o, row) in out.iter_mut().zip(values.chunks_exact(*columns)) {
                    *o = math::dot(row, x);
                }
            }
            Self::Q8 { columns, scales, tiles } => {
                let rounded = &mut rounded[..*columns];
                let scale = math::quantise(x, rounded);
                kernel::linear(tiles, scales, rounded, scale, out);
            }
        }
    }
}

impl Network {
    /// Reads the event at index `at` of the context (below n_context), with the conditions of the event to come. The
    /// cache must hold the `at` events before it.
    pub(crate) fn step(
        &self,
        cache: &mut Cache,
        scratch: &mut Scratch,
        at: usize,
        event: TokenEvent,
        position: Position,
        conditions: Conditions,
    ) {
        let x = &mut scratch.x;
        x.fill(0.0);
        let parts = x.chunks_exact_mut(self.config.d_attribute());
        for ((table, value), part) in self.attributes.iter().zip(event.values()).zip(parts) {
            table.add_row(usize::from(value), part);
        }
        let places = [position.beat_phase, position.bar_beat];
        let wishes = [conditions.style, conditions.mode, conditions.density, conditions.polyphony];
        for (table, value) in self.position.iter().zip(places).chain(self.conditions.iter().zip(wishes)) {
            table.add_row(usize::from(value), x);
        }
        for (index, block) in self.blocks.iter().enumerate() {
            self.block(block, index, cache, scratch, at);
        }
        math::layer_norm(&scratch.x, &self.norm.gain, &self.norm.bias, &mut scratch.normed);
    }

    fn block(&self, block: &Block, index: usize, cache: &mut Cache, scratch: &mut Scratch, at: usize) {
        let Scratch { x, normed, qkv, attended, scores, wide, rounded, .. } = scratch;
        math::layer_norm(x, &block.norm1.gain, &block.norm1.bias, normed);
        block.qkv.apply(normed, rounded, qkv);
        self.attention(index, cache, qkv, scores, attended, at);
        block.out.apply(attended, rounded, normed);
        add(x, normed);

        math::layer_norm(x, &block.norm2.gain, &block.norm2.bias, normed);
        let wide = &mut wide[..self.config.d_ff];
        block.up.apply(normed, rounded, wide);
        math::gelu(wide);
        block.down.apply(wide, rounded, normed);
        add(x, normed);
    }

    /// Stores this position's keys and values and attends to all so far. qkv: (d + 2k), scores: (c), out: (d)
    fn attention(
        &self,
        block: usize,
        cache: &mut Cache,
        qkv: &mut [f32],
        scores: &mut [f32],
        out: &mut [f32],
        at: usize,
    ) {
        let (h, n_kv) = (self.config.d_head(), self.config.n_kv_heads);
        let (queries, others) = qkv.split_at_mut(self.config.d_model);
        let (keys, values) = others.split_at_mut(self.config.d_kv());
        let rotations = &self.rotations[at * h / 2..(at + 1) * h / 2];
        queries.chunks_exact_mut(h).chain(keys.chunks_exact_mut(h)).for_each(|head| rotate(head, rotations));

        let n_scores = at + 1;
        let head_size = h * scores.len();
        let group = self.config.d_model / n_kv;
        #[expect(clippy::cast_precision_loss, reason = "at most 2048")]
        let scale = 1.0 / (h as f32).sqrt();
        for kv in 0..n_kv {
            let head = (block * n_kv + kv) * head_size..(block * n_kv + kv + 1) * head_size;
            let (all_keys, all_values) = (&mut cache.keys[head.clone()], &mut cache.values[head]);
            let strip = &mut all_keys[at / STRIP * h * STRIP..];
            for (column, key) in strip.chunks_exact_mut(STRIP).zip(&keys[kv * h..(kv + 1) * h]) {
                column[at % STRIP] = *key;
            }
            all_values[at * h..(at + 1) * h].copy_from_slice(&values[kv * h..(kv + 1) * h]);

            let heads = queries[kv * group..(kv + 1) * group].chunks_exact(h);
            for (query, out) in heads.zip(out[kv * group..(kv + 1) * group].chunks_exact_mut(h)) {
                let strips = scores[..n_scores.next_multiple_of(STRIP)].chunks_exact_mut(STRIP);
                for (scores, keys) in strips.zip(all_keys.chunks_exact(h * STRIP)) {
                    strip_scores(query, keys, scale, scores);
                }
                soften(&mut scores[..n_scores]);
                for (index, part) in out.chunks_exact_mut(STRIP).enumerate() {
                    mix_values(&scores[..n_scores], &all_values[index * STRIP..], h, part);
                }
            }
        }
    }

    /// Logits of an attribute after the last step, given the values of the `earlier` attributes of the same event and
    /// (for all but the shift) the position of its onset. Returns (values of the attribute).
    pub(crate) fn logits<'a>(&self, scratch: &'a mut Scratch, earlier: &[u8], onset: Position) -> &'a mut [f32] {
        let Scratch { normed, wide, rounded, logits, .. } = scratch;
        let head = &self.heads[earlier.len()];
        let z = &mut wide[..self.config.d_head_hidden];
        head.hidden.apply(normed, rounded, z);
        for (table, &value) in head.from_earlier.iter().zip(earlier) {
            table.add_row(usize::from(value), z);
        }
        for (table, value) in head.from_position.iter().flatten().zip([onset.beat_phase, onset.bar_beat]) {
            table.add_row(usize::from(value), z);
        }
        math::gelu(z);
        let logits = &mut logits[..head.bias.len()];
        head.logits.apply(z, rounded, logits);
        add(logits, &head.bias);
        logits
    }
}

/// Turns pairs (i, i + h/2) of a head. head: (h), rotations: (h / 2)
fn rotate(head: &mut [f32], rotations: &[[f32; 2]]) {
    let (first, second) = head.split_at_mut(rotations.len());
    for ((a, b), [cos, sin]) in first.iter_mut().zip(second).zip(rotations) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

/// Scores of one strip. query: (h), keys: (h, STRIP), scores: (STRIP)
fn strip_scores(query: &[f32], keys: &[f32], scale: f32, scores: &mut [f32]) {
    let mut sums = [0.0f32; STRIP];
    for (q, keys) in query.iter().zip(keys.as_chunks::<STRIP>().0) {
        for (sum, key) in sums.iter_mut().zip(keys) {
            *sum += q * key;
        }
    }
    for (score, sum) in scores.iter_mut().zip(sums) {
        *score = sum * scale;
    }
}

/// Softmax. scores: (n)
fn soften(scores: &mut [f32]) {
    let most = math::max(scores);
    scores.iter_mut().for_each(|s| *s = math::exp(*s - most));
    let scale = 1.0 / math::sum(scores);
    scores.iter_mut().for_each(|s| *s *= scale);
}

/// The mean of one part of all values, by weight. weights: (n), values: (n, h) from the part on, out: (STRIP)
fn mix_values(weights: &[f32], values: &[f32], h: usize, out: &mut [f32]) {
    let mut sums = [0.0f32; STRIP];
    for (weight, value) in weights.iter().zip(values.chunks(h)) {
        if let Some(value) = value.first_chunk::<STRIP>() {
            for (sum, v) in sums.iter_mut().zip(value) {
                *sum += weight * v;
            }
        }
    }
    out.copy_from_slice(&sums);
}

/// x += y. x, y: (n)
fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
