//! WebAssembly's 128 bits, and its relaxed dot products of bytes. A browser that does not know an instruction refuses the whole module,
//! so what there is was decided when it was built (feature `relaxed-simd`), and calling it is safe: the page brings one of each.
#![allow(unsafe_code)]

use std::arch::wasm32::{
    i8x16_abs, i8x16_shr, i8x16_sub, i16x8_extend_low_i8x16, i16x8_load_extend_i8x8, i16x8_shl, i16x8_shr, i32x4_add,
    i32x4_dot_i16x8, i32x4_shuffle, i32x4_splat, v128, v128_load, v128_load32_splat, v128_store, v128_xor,
};

use super::{Sums, Work};
use crate::network::tiles::{GROUP_COLUMNS, Group};

/// Vectors of 4 rows x 4 columns in a group.
const QUARTERS: usize = 4;

/// Widens weights to 16 bits. x must hold N rows of `4 * tile.len()`, for every tile.
#[target_feature(enable = "simd128")]
pub(super) fn simd128<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    for (tile, out) in tiles.into_iter().zip(out) {
        if N == 1 {
            // All rows at once: there are registers for their sums, and each input is widened once.
            rows_of::<N, QUARTERS>(tile, x, out, 0);
        } else {
            for quarter in 0..QUARTERS {
                rows_of::<N, 1>(tile, x, out, quarter);
            }
        }
    }
}

/// Q quarters of a tile, from one on.
#[target_feature(enable = "simd128")]
#[inline]
fn rows_of<const N: usize, const Q: usize>(tile: &[Group], x: &[i8], out: &mut [Sums], first: usize) {
    // Of two rows each: sums of the columns 0 and 1, and of 2 and 3.
    let mut sums = [[[i32x4_splat(0); 2]; Q]; N];
    for (i, group) in tile.iter().enumerate() {
        let mut w = [[i32x4_splat(0); 2]; Q];
        for (q, w) in w.iter_mut().enumerate() {
            // SAFETY: a group has 4 quarters of 16 bytes; these loads need no alignment.
            *w = unsafe {
                let rows = group.0.as_ptr().add(16 * (first + q));
                [i16x8_load_extend_i8x8(rows), i16x8_load_extend_i8x8(rows.add(8))]
            };
        }
        for (n, sums) in sums.iter_mut().enumerate() {
            // SAFETY: x is long enough, says the caller.
            let x = i16x8_extend_low_i8x16(unsafe { four(x, n * tile.len() + i) });
            for (sums, w) in sums.iter_mut().zip(&w) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(*w, x));
                }
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (q, [a, b]) in sums.into_iter().enumerate() {
            let sum = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
            store(sum, first + q, out);
        }
    }
}

/// As [`simd128`], by the relaxed dot product. That is the same everywhere as long as no value of one side has more than 7 bits: so
/// |w| is multiplied by x with the sign of w, of which no two products pass 16 bits.
#[cfg(feature = "relaxed-simd")]
#[target_feature(enable = "simd128,relaxed-simd")]
pub(super) fn relaxed<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    use std::arch::wasm32::i32x4_relaxed_dot_i8x16_i7x16_add;
    for (tile, out) in tiles.into_iter().zip(out) {
        let mut sums = [[i32x4_splat(0); QUARTERS]; N];
        for (i, group) in tile.iter().enumerate() {
            for q in 0..QUARTERS {
                // SAFETY: a group has 4 quarters of 16 bytes; this load needs no alignment.
                let w = unsafe { v128_load(group.0.as_ptr().add(16 * q).cast()) };
                let (abs, sign) = (i8x16_abs(w), i8x16_shr(w, 7));
                for (n, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: x is long enough, says the caller.
                    let x = unsafe { four(x, n * tile.len() + i) };
                    let signed = i8x16_sub(v128_xor(x, sign), sign);
                    sums[q] = i32x4_relaxed_dot_i8x16_i7x16_add(signed, abs, sums[q]);
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(sums) {
            for (q, sum) in sums.into_iter().enumerate() {
                store(sum, q, out);
            }
        }
    }
}

/// For inputs of 16 bits. x must hold N rows of `4 * tile.len()`.
#[target_feature(enable = "simd128")]
pub(super) fn simd128_of_16<const N: usize>(tile: &[Group], x: &[i16], out: &mut [Sums]) {
    let mut sums = [[i32x4_splat(0); QUARTERS]; N];
    for (i, group) in tile.iter().enumerate() {
        for q in 0..QUARTERS {
            // SAFETY: a group has 4 quarters of 16 bytes; this load needs no alignment.
            let w = unsafe { v128_load(group.0.as_ptr().add(16 * q).cast()) };
            let (even, odd) = (i16x8_shr(i16x8_shl(w, 8), 8), i16x8_shr(w, 8));
            for (n, sums) in sums.iter_mut().enumerate() {
                // SAFETY: x is long enough, says the caller; these loads need no alignment.
                let [first, second] = unsafe {
                    let pair: *const u32 = x.as_ptr().add((n * tile.len() + i) * GROUP_COLUMNS).cast();
                    [v128_load32_splat(pair), v128_load32_splat(pair.add(1))]
                };
                let products = i32x4_add(i32x4_dot_i16x8(even, first), i32x4_dot_i16x8(odd, second));
                sums[q] = i32x4_add(sums[q], products);
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (q, sum) in sums.into_iter().enumerate() {
            store(sum, q, out);
        }
    }
}

/// Four values of x, four times.
///
/// # Safety
/// x must hold `4 * (index + 1)` values.
#[target_feature(enable = "simd128")]
#[inline]
unsafe fn four(x: &[i8], index: usize) -> v128 {
    // SAFETY: see above; the load needs no alignment.
    unsafe { v128_load32_splat(x.as_ptr().add(index * GROUP_COLUMNS).cast()) }
}

/// Stores the sums of a quarter.
#[target_feature(enable = "simd128")]
#[inline]
fn store(sum: v128, quarter: usize, out: &mut Sums) {
    let four = &mut out.as_chunks_mut::<4>().0[quarter];
    // SAFETY: four sums are 16 bytes; this store needs no alignment.
    unsafe { v128_store(four.as_mut_ptr().cast(), sum) };
}

/// Runs `work`, compiled for vectors where it is inlined.
#[target_feature(enable = "simd128")]
pub(super) fn with_simd128<W: Work>(work: W) -> W::Output {
    work.run()
}
