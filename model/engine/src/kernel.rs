//! The 8-bit linear layer: the inner loop of everything.

use crate::quant::{GROUP_COLUMNS, Group, TILE_ROWS};

/// Sums of one tile. tile: (columns / 4) groups, x: (columns / 4, 4)
pub(crate) type TileKernel = fn(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS];

/// `out = W x`. tiles: (rows padded to 16 / 16, columns / 4), scales: (padded rows), x: (columns), out: (rows)
pub(crate) fn linear(tiles: &[Group], scales: &[f32], x: &[i8], x_scale: f32, out: &mut [f32]) {
    let kernel = best();
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

#[cfg(target_arch = "x86_64")]
fn best() -> TileKernel {
    crate::simd::best()
}

#[cfg(not(target_arch = "x86_64"))]
fn best() -> TileKernel {
    tile_sums
}

/// The plain kernel, which every other must equal bit for bit.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn tile_sums(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS] {
    let mut sums = [0i32; TILE_ROWS];
    for (group, x) in tile.iter().zip(x) {
        for (sum, w) in sums.iter_mut().zip(group.0.as_chunks::<GROUP_COLUMNS>().0) {
            *sum += w.iter().zip(x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum::<i32>();
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use oorandom::Rand32;

    use super::*;

    fn value(random: &mut Rand32, is_extreme: bool) -> i8 {
        let size = if is_extreme { 127 } else { i8::try_from(random.rand_range(0..128)).unwrap() };
        if random.rand_u32().is_multiple_of(2) { size } else { -size }
    }

    #[test]
    fn kernels_agree_with_sums_done_by_hand() {
        let mut random = Rand32::new(8);
        for round in 0..200 {
            let columns = 32 * (1 + round % 64);
            // Every third round only the largest numbers.
            let mut next = || value(&mut random, round % 3 == 0);
            let x: Vec<i8> = (0..columns).map(|_| next()).collect();
            let tile: Vec<Group> = (0..columns / 4).map(|_| Group(std::array::from_fn(|_| next()))).collect();
            let by_hand: [i32; TILE_ROWS] = std::array::from_fn(|row| {
                (0..columns).map(|c| i32::from(tile[c / 4].0[row * 4 + c % 4]) * i32::from(x[c])).sum()
            });
            let x = x.as_chunks::<GROUP_COLUMNS>().0;
            assert_eq!(tile_sums(&tile, x), by_hand);
            assert_eq!(best()(&tile, x), by_hand);
            #[cfg(target_arch = "x86_64")]
            assert_eq!(crate::simd::sse2(&tile, x), by_hand);
        }
    }
}
