//! The 8-bit linear layer: the inner loop of everything.

use crate::quant::{GROUP_COLUMNS, Group, TILE_ROWS};

/// Sums of one tile. tile: (columns / 4) groups, x: (columns / 4, 4)
pub(crate) type TileKernel = fn(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS];

/// `out = W x`. tiles: (rows padded to 16 / 16, columns / 4), scales: (padded rows), x: (columns), out: (rows)
pub(crate) fn linear(tiles: &[Group], scales: &[f32], x: &[i8], x_scale: f32, out: &mut [f32]) {
    linear_with(tile_sums, tiles, scales, x, x_scale, out);
}

fn linear_with(kernel: TileKernel, tiles: &[Group], scales: &[f32], x: &[i8], x_scale: f32, out: &mut [f32]) {
    let x = x.as_chunks::<GROUP_COLUMNS>().0;
    let rows = tiles.chunks_exact(x.len()).zip(scales.chunks_exact(TILE_ROWS));
    for (out, (tile, scales)) in out.chunks_mut(TILE_ROWS).zip(rows) {
        for ((o, sum), scale) in out.iter_mut().zip(kernel(tile, x)).zip(scales) {
            #[expect(clippy::cast_precision_loss, reason = "within 2^27; rounded the same everywhere")]
            let sum = sum as f32;
            *o = sum * (scale * x_scale);
        }
    }
}

/// The plain kernel, which every other must equal bit for bit.
pub(crate) fn tile_sums(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS] {
    let mut sums = [0i32; TILE_ROWS];
    for (group, x) in tile.iter().zip(x) {
        for (sum, w) in sums.iter_mut().zip(group.0.as_chunks::<GROUP_COLUMNS>().0) {
            for (w, x) in w.iter().zip(x) {
                *sum += i32::from(*w) * i32::from(*x);
            }
        }
    }
    sums
}
