//! `y = W x`: a linear layer, of several rows at once.

use crate::network::layers::Network;
use crate::network::math;
use crate::network::quant::Linear;
use crate::network::simd::{STREAMS, Sums};
use crate::network::tiles::{GROUP_COLUMNS, Group, MAX_ROWS, TILE_ROWS};

/// The input of a layer in 8 bits.
#[derive(Debug)]
pub(crate) struct Rounded {
    /// (r, columns)
    values: Vec<i8>,
    /// (r)
    scales: [f32; MAX_ROWS],
}

impl Rounded {
    /// Room for the input of layers of at most so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self { values: vec![0; MAX_ROWS * columns], scales: [0.0; MAX_ROWS] }
    }
}

impl Linear {
    /// `out = W x` for each row. x: (r, columns), out: (r, W's rows)
    #[inline(always)]
    pub(crate) fn apply(&self, network: &Network, x: &[f32], rounded: &mut Rounded, out: &mut [f32]) {
        match self {
            Self::F32 { columns, values } => {
                let n_out = values.len() / columns;
                for (x, out) in x.chunks_exact(*columns).zip(out.chunks_exact_mut(n_out)) {
                    for (o, row) in out.iter_mut().zip(values.chunks_exact(*columns)) {
                        *o = math::dot(row, x);
                    }
                }
            }
            Self::Q8 { columns, scales, tiles } => {
                let n_rows = x.len() / columns;
                let values = &mut rounded.values[..x.len()];
                let rows = x.chunks_exact(*columns).zip(values.chunks_exact_mut(*columns));
                for ((x, values), scale) in rows.zip(&mut rounded.scales) {
                    *scale = math::quantise(x, values);
                }
                let layer = Tiles {
                    n_groups: columns / GROUP_COLUMNS,
                    n_out: out.len() / n_rows,
                    tiles: &network.tiles[tiles.clone()],
                    scales: scales.as_chunks().0,
                    x_scales: &rounded.scales,
                };
                let mut sums = [[[0; TILE_ROWS]; MAX_ROWS]; STREAMS];
                let n_together = layer.scales.len() / STREAMS;
                for first in 0..n_together {
                    let indices: [usize; STREAMS] = std::array::from_fn(|stream| stream * n_together + first);
                    let few = sums.each_mut().map(|sums| &mut sums[..n_rows]);
                    network.isa.sums_of_streams(indices.map(|index| layer.tile(index)), values, few);
                    for (index, sums) in indices.into_iter().zip(&sums) {
                        layer.store(index, sums, out);
                    }
                }
                for index in n_together * STREAMS..layer.scales.len() {
                    network.isa.sums(layer.tile(index), values, &mut sums[0][..n_rows]);
                    layer.store(index, &sums[0], out);
                }
            }
        }
    }
}

/// A layer of 8 bits: n tiles, and what turns their sums into numbers.
struct Tiles<'a> {
    /// In a tile: columns / 4.
    n_groups: usize,
    /// W's rows.
    n_out: usize,
    /// (n, n_groups)
    tiles: &'a [Group],
    /// (n, 16)
    scales: &'a [[f32; TILE_ROWS]],
    /// (r or more)
    x_scales: &'a [f32],
}

impl<'a> Tiles<'a> {
    #[inline(always)]
    fn tile(&self, index: usize) -> &'a [Group] {
        &self.tiles[index * self.n_groups..(index + 1) * self.n_groups]
    }

    /// Stores the sums of a tile. sums: (r or more, 16), out: (r, W's rows)
    #[inline(always)]
    fn store(&self, index: usize, sums: &[Sums], out: &mut [f32]) {
        for ((out, sums), x_scale) in out.chunks_exact_mut(self.n_out).zip(sums).zip(self.x_scales) {
            let rows = sums.iter().zip(&self.scales[index]);
            for (o, (sum, scale)) in out[index * TILE_ROWS..].iter_mut().zip(rows) {
                #[expect(clippy::cast_precision_loss, reason = "within 2^27; rounded the same everywhere")]
                let sum = *sum as f32;
                *o = sum * (scale * x_scale);
            }
        }
    }
}
