//! Looking back: what earlier events left behind (keys and values), and the mean of it that each event asks for.
//!
//! Shapes: h = d_head, g = query heads that share a key head, c = n_context padded to whole tiles, n = events so far.
//!
//! In 8 bits keys and values have a scale for each position and head. They lie as weights do (`quant.rs`): in a tile
//! of keys the rows are 16 positions, in one of values 16 columns of the head. All query heads of a group go through
//! together, so the cache is read once. Softmax weights are rounded to 15 bits, and to fewer when the context is long.

use std::f32::consts::LOG2_E;

use crate::network::config::ModelConfig;
use crate::network::error::Precision;
use crate::network::math;
use crate::network::simd::{Isa, PAIRED, Sums};
use crate::network::tiles::{GROUP_COLUMNS, Group, TILE_ROWS};

/// The most query heads of a group: [`ModelConfig::check`] allows 32 in all.
const MAX_GROUP: usize = 32;

/// Keys and values of all positions so far.
#[derive(Debug)]
pub(crate) struct Cache {
    sizes: Sizes,
    store: Store,
}

#[derive(Debug)]
enum Store {
    /// The reference, plain rows. Both: (n_blocks, n_kv_heads, c, h)
    F32 {
        keys: Vec<f32>,
        values: Vec<f32>,
    },
    Q8(Rounded),
}

#[derive(Debug)]
struct Rounded {
    /// (n_blocks, n_kv_heads, c / 16, h / 4) groups.
    keys: Vec<Group>,
    /// (n_blocks, n_kv_heads, h / 16, c / 4) groups.
    values: Vec<Group>,
    /// (n_blocks, n_kv_heads, c)
    key_scales: Vec<f32>,
    /// (n_blocks, n_kv_heads, c)
    value_scales: Vec<f32>,
}

#[derive(Clone, Copy, Debug)]
struct Sizes {
    h: usize,
    g: usize,
    n_kv: usize,
    c: usize,
}

/// The buffers of attention, for one group of query heads.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Query heads, rounded; also one key or value. (g, h)
    rounded: Vec<i8>,
    /// (g, c)
    scores: Vec<f32>,
    /// Softmax weights, rounded. (g, c)
    weights: Vec<i16>,
}

impl Workspace {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let Sizes { h, g, c, .. } = Sizes::new(config);
        Self { rounded: vec![0; g * h], scores: vec![0.0; g * c], weights: vec![0; g * c] }
    }
}

impl Sizes {
    fn new(config: &ModelConfig) -> Self {
        let n_kv = config.n_kv_heads;
        let c = config.n_context.next_multiple_of(TILE_ROWS);
        Self { h: config.d_head(), g: config.n_heads / n_kv, n_kv, c }
    }
}

impl Cache {
    pub(crate) fn new(config: &ModelConfig, precision: Precision) -> Self {
        let sizes = Sizes::new(config);
        let n_positions = config.n_blocks * sizes.n_kv * sizes.c;
        let n = n_positions * sizes.h;
        let store = match precision {
            Precision::F32 => Store::F32 { keys: vec![0.0; n], values: vec![0.0; n] },
            Precision::Q8 => {
                let groups = || vec![Group([0; TILE_ROWS * GROUP_COLUMNS]); n / (TILE_ROWS * GROUP_COLUMNS)];
                let scales = || vec![0.0; n_positions];
                Store::Q8(Rounded { keys: groups(), values: groups(), key_scales: scales(), value_scales: scales() })
            }
        };
        Self { sizes, store }
    }

    /// Becomes the same as `other`, which is of the same sizes.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        match (&mut self.store, &other.store) {
            (Store::F32 { keys, values }, Store::F32 { keys: from_keys, values: from_values }) => {
                keys.clone_from(from_keys);
                values.clone_from(from_values);
            }
            (Store::Q8(store), Store::Q8(from)) => {
                store.keys.clone_from(&from.keys);
                store.values.clone_from(&from.values);
                store.key_scales.clone_from(&from.key_scales);
                store.value_scales.clone_from(&from.value_scales);
            }
            _ => {}
        }
    }

    /// Stores keys and values of position `at` in a block, and attends to all positions up to it. queries: (n_heads, h),
    /// keys, values: (n_kv_heads, h), out: (n_heads, h); queries and keys are rotated already.
    #[inline(always)]
    pub(crate) fn attend(
        &mut self,
        isa: Isa,
        block: usize,
        at: usize,
        [queries, keys, values]: [&[f32]; 3],
        work: &mut Workspace,
        out: &mut [f32],
    ) {
        let Sizes { h, g, n_kv, c } = self.sizes;
        let heads = queries.chunks_exact(g * h).zip(keys.chunks_exact(h)).zip(values.chunks_exact(h));
        for (kv, (((queries, key), value), out)) in heads.zip(out.chunks_exact_mut(g * h)).enumerate() {
            let head = block * n_kv + kv;
            match &mut self.store {
                Store::F32 { keys, values } => {
                    let rows = head * c * h..(head + 1) * c * h;
                    let (keys, values) = (&mut keys[rows.clone()], &mut values[rows]);
                    keys[at * h..(at + 1) * h].copy_from_slice(key);
                    values[at * h..(at + 1) * h].copy_from_slice(value);
                    let (keys, values) = (&keys[..(at + 1) * h], &values[..(at + 1) * h]);
                    attend_in_floats(h, queries, keys, values, &mut work.scores, out);
                }
                Store::Q8(Rounded { keys, values, key_scales, value_scales }) => {
                    let groups = head * c * h / (TILE_ROWS * GROUP_COLUMNS);
                    let groups = groups..groups + c * h / (TILE_ROWS * GROUP_COLUMNS);
                    let scales = head * c..(head + 1) * c;
                    let mut head = Head {
                        keys: &mut keys[groups.clone()],
                        values: &mut values[groups],
                        key_scales: &mut key_scales[scales.clone()],
                        value_scales: &mut value_scales[scales],
                    };
                    head.store(at, key, value, &mut work.rounded[..h]);
                    head.attend(isa, at + 1, queries, work, out);
                }
            }
        }
    }
}

/// Keys and values of one head, as [`Store::Q8`] has them.
struct Head<'a> {
    keys: &'a mut [Group],
    values: &'a mut [Group],
    key_scales: &'a mut [f32],
    value_scales: &'a mut [f32],
}

impl Head<'_> {
    /// key, value, rounded: (h)
    #[inline(always)]
    fn store(&mut self, at: usize, key: &[f32], value: &[f32], rounded: &mut [i8]) {
        let n_groups = rounded.len() / GROUP_COLUMNS;
        self.key_scales[at] = math::quantise(key, rounded);
        let tile = &mut self.keys[at / TILE_ROWS * n_groups..][..n_groups];
        for (group, four) in tile.iter_mut().zip(rounded.as_chunks::<GROUP_COLUMNS>().0) {
            group.0.as_chunks_mut::<GROUP_COLUMNS>().0[at % TILE_ROWS] = *four;
        }
        self.value_scales[at] = math::quantise(value, rounded);
        let tiles = self.values.chunks_exact_mut(self.key_scales.len() / GROUP_COLUMNS);
        for (tile, sixteen) in tiles.zip(rounded.as_chunks::<TILE_ROWS>().0) {
            let group = &mut tile[at / GROUP_COLUMNS].0;
            for (row, value) in group.as_chunks_mut::<GROUP_COLUMNS>().0.iter_mut().zip(sixteen) {
                row[PAIRED[at % GROUP_COLUMNS]] = *value;
            }
        }
    }

    /// Attends to the first n positions. queries, out: (g, h)
    #[inline(always)]
    fn attend(&self, isa: Isa, n: usize, queries: &[f32], work: &mut Workspace, out: &mut [f32]) {
        let Workspace { rounded, scores, weights } = work;
        let c = self.key_scales.len();
        let g = scores.len() / c;
        let h = rounded.len() / g;
        let mut scales = [0.0; MAX_GROUP];
        let scales = &mut scales[..g];
        let mut sums = [[0; TILE_ROWS]; MAX_GROUP];
        let sums: &mut [Sums] = &mut sums[..g];

        for ((query, rounded), scale) in queries.chunks_exact(h).zip(rounded.chunks_exact_mut(h)).zip(&mut *scales) {
            *scale = math::quantise(query, rounded) * per_root(h) * LOG2_E;
        }
        let tiles = self.keys.chunks_exact(h / GROUP_COLUMNS).zip(self.key_scales.as_chunks::<TILE_ROWS>().0);
        for (index, (tile, key_scales)) in tiles.take(n.div_ceil(TILE_ROWS)).enumerate() {
            isa.sums(tile, rounded, sums);
            for ((scores, sums), scale) in scores.chunks_exact_mut(c).zip(&*sums).zip(&*scales) {
                for ((score, sum), key_scale) in scores[index * TILE_ROWS..].iter_mut().zip(sums).zip(key_scales) {
                    *score = as_f32(*sum) * (key_scale * scale);
                }
            }
        }

        // Values have scales too: they go into the weights.
        let n_padded = n.next_multiple_of(GROUP_COLUMNS);
        let weights = &mut weights[..g * n_padded];
        let all = scores.chunks_exact_mut(c).zip(weights.chunks_exact_mut(n_padded)).zip(&mut *scales);
        for ((scores, weights), scale) in all {
            let scores = &mut scores[..n];
            let most = math::max(scores);
            for score in &mut *scores {
                *score = math::exp2(*score - most);
            }
            let total = math::sum(scores);
            for (score, value_scale) in scores.iter_mut().zip(&*self.value_scales) {
                *score *= value_scale;
            }
            weights[n..].fill(0);
            *scale = math::quantise_finely(scores, &mut weights[..n]) / total;
        }
        for (index, tile) in self.values.chunks_exact(c / GROUP_COLUMNS).enumerate() {
            isa.sums(&tile[..n_padded / GROUP_COLUMNS], weights, sums);
            for ((out, sums), scale) in out.chunks_exact_mut(h).zip(&*sums).zip(&*scales) {
                for (out, sum) in out[index * TILE_ROWS..].iter_mut().zip(sums) {
                    *out = as_f32(*sum) * scale;
                }
            }
        }
    }
}

/// queries, out: (g, h), keys, values: (n, h), scores: (n or more)
#[inline(always)]
fn attend_in_floats(h: usize, queries: &[f32], keys: &[f32], values: &[f32], scores: &mut [f32], out: &mut [f32]) {
    for (query, out) in queries.chunks_exact(h).zip(out.chunks_exact_mut(h)) {
        let scores = &mut scores[..keys.len() / h];
        for (score, key) in scores.iter_mut().zip(keys.chunks_exact(h)) {
            *score = math::dot(query, key) * per_root(h);
        }
        let most = math::max(scores);
        scores.iter_mut().for_each(|score| *score = math::exp(*score - most));
        let scale = 1.0 / math::sum(scores);
        out.fill(0.0);
        for (weight, value) in scores.iter().zip(values.chunks_exact(h)) {
            for (out, value) in out.iter_mut().zip(value) {
                *out += weight * scale * value;
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 2048")]
fn per_root(h: usize) -> f32 {
    1.0 / (h as f32).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "rounded the same everywhere")]
#[inline(always)]
fn as_f32(sum: i32) -> f32 {
    sum as f32
}
