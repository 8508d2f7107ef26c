//! WebAssembly's 128 bits, and its relaxed dot products of bytes. A browser that does not know an instruction refuses the whole module,
//! so what there is was decided when it was built (the second with feature `relaxed-simd`): the page brings one of each.
#![allow(unsafe_code)]

use std::arch::wasm32::{
    i16x8_extend_low_i8x16, i16x8_load_extend_i8x8, i16x8_shl, i16x8_shr, i32x4_add, i32x4_dot_i16x8, i32x4_shuffle,
    i32x4_splat, v128, v128_load, v128_load32_splat, v128_store,
};

use super::Sums;
use crate::network::tiles::{GROUP_COLUMNS, Group};

/// Vectors of 4 rows x 4 columns in a group.
const QUARTERS: usize = 4;
/// Half of them, which is what is widened to 16 bits.
const EIGHTHS: usize = 8;

/// Widens weights to 16 bits, in the instruction that loads them. x must hold N rows of `4 * tile.len()`, for every tile.
#[inline(always)]
pub(super) fn simd128<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    for (tile, out) in tiles.into_iter().zip(out) {
        for (n, out) in out.iter_mut().enumerate() {
            // Each of two rows: sums of the columns 0 and 1, and of 2 and 3.
            let mut sums = [i32x4_splat(0); EIGHTHS];
            for (i, group) in tile.iter().enumerate() {
                // SAFETY: x is long enough, says the caller.
                let x = i16x8_extend_low_i8x16(unsafe { four(x, n * tile.len() + i) });
                for e in 0..EIGHTHS {
                    // SAFETY: a group has 8 times 8 bytes; this load needs no alignment.
                    let w = unsafe { i16x8_load_extend_i8x8(group.0.as_ptr().add(8 * e)) };
                    sums[e] = i32x4_add(sums[e], i32x4_dot_i16x8(w, x));
                }
            }
            for q in 0..QUARTERS {
                let (a, b) = (sums[2 * q], sums[2 * q + 1]);
                let sum = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
                store(sum, q, out);
            }
        }
    }
}

/// As [`simd128`], by the relaxed dot product. That is the same everywhere as long as one side has no more than 7 bits: so what is
/// above 0 of x is multiplied, and what is below, and one is taken from the other. No two products pass 16 bits.
#[cfg(feature = "relaxed-simd")]
#[target_feature(enable = "relaxed-simd")]
pub(super) fn relaxed<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    use std::arch::wasm32::{i8x16_max, i8x16_neg, i8x16_splat, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_sub};
    let zero = i8x16_splat(0);
    for k in 0..K {
        let tile = tiles[k];
        for n in 0..N {
            let (mut above, mut below) = ([i32x4_splat(0); QUARTERS], [i32x4_splat(0); QUARTERS]);
            for i in 0..tile.len() {
                // SAFETY: x is long enough, says the caller.
                let x = unsafe { four(x, n * tile.len() + i) };
                let (plus, minus) = (i8x16_max(x, zero), i8x16_max(i8x16_neg(x), zero));
                for q in 0..QUARTERS {
                    // SAFETY: a group has 4 quarters of 16 bytes; this load needs no alignment.
                    let w = unsafe { v128_load(tile[i].0.as_ptr().add(16 * q).cast()) };
                    above[q] = i32x4_relaxed_dot_i8x16_i7x16_add(w, plus, above[q]);
                    below[q] = i32x4_relaxed_dot_i8x16_i7x16_add(w, minus, below[q]);
                }
            }
            for q in 0..QUARTERS {
                store(i32x4_sub(above[q], below[q]), q, &mut out[k][n]);
            }
        }
    }
}

/// For inputs of 16 bits. x must hold N rows of `4 * tile.len()`.
#[inline(always)]
pub(super) fn simd128_of_16<const N: usize>(tile: &[Group], x: &[i16], out: &mut [Sums]) {
    for (n, out) in out.iter_mut().enumerate() {
        let mut sums = [i32x4_splat(0); QUARTERS];
        for (i, group) in tile.iter().enumerate() {
            // SAFETY: x is long enough, says the caller; these loads need no alignment.
            let [first, second] = unsafe {
                let pair: *const u32 = x.as_ptr().add((n * tile.len() + i) * GROUP_COLUMNS).cast();
                [v128_load32_splat(pair), v128_load32_splat(pair.add(1))]
            };
            for q in 0..QUARTERS {
                // SAFETY: a group has 4 quarters of 16 bytes; this load needs no alignment.
                let w = unsafe { v128_load(group.0.as_ptr().add(16 * q).cast()) };
                let (even, odd) = (i16x8_shr(i16x8_shl(w, 8), 8), i16x8_shr(w, 8));
                let products = i32x4_add(i32x4_dot_i16x8(even, first), i32x4_dot_i16x8(odd, second));
                sums[q] = i32x4_add(sums[q], products);
            }
        }
        for q in 0..QUARTERS {
            store(sums[q], q, out);
        }
    }
}

/// Four values of x, four times.
///
/// # Safety
/// x must hold `4 * (index + 1)` values.
#[inline(always)]
unsafe fn four(x: &[i8], index: usize) -> v128 {
    // SAFETY: see above; the load needs no alignment.
    unsafe { v128_load32_splat(x.as_ptr().add(index * GROUP_COLUMNS).cast()) }
}

/// Stores the sums of a quarter.
#[inline(always)]
fn store(sum: v128, quarter: usize, out: &mut Sums) {
    let four = &mut out.as_chunks_mut::<4>().0[quarter];
    // SAFETY: four sums are 16 bytes; this store needs no alignment.
    unsafe { v128_store(four.as_mut_ptr().cast(), sum) };
}
