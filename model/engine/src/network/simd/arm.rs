//! NEON, and NEON with its dot products of bytes (`dotprod`, in most processors since 2018).
#![allow(unsafe_code)]

use std::arch::aarch64::{
    int8x16_t, int16x8_t, int32x4_t, vaddq_s32, vdupq_n_s32, vget_low_s8, vget_low_s16, vld1q_s8, vmlal_high_s16,
    vmlal_s16, vmull_high_s8, vmull_high_s16, vmull_s8, vmull_s16, vpadalq_s16, vpaddq_s16, vpaddq_s32,
    vreinterpretq_s8_s32, vreinterpretq_s16_s8, vreinterpretq_s16_s32, vshlq_n_s16, vshrq_n_s16, vst1q_s32,
};
use std::arch::asm;

use super::Sums;
use crate::network::tiles::{GROUP_COLUMNS, Group, TILE_ROWS};

/// Vectors of 16 bytes in a group: four rows each.
const VECTORS: usize = TILE_ROWS / 4;

/// # Safety
/// x must hold N rows of `4 * tile.len()`, for every tile.
#[target_feature(enable = "neon")]
pub(super) unsafe fn neon<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    // SAFETY: as above.
    unsafe {
        sums_with::<K, N>(tiles, x, out, |sum, w, x| {
            // Products fit 16 bits, and so do sums of two: 2 * 127 * 127.
            let products = vpaddq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_high_s8(w, x));
            vpadalq_s16(sum, products)
        });
    }
}

/// # Safety
/// The processor must have dot products; x must hold N rows of `4 * tile.len()`, for every tile.
#[target_feature(enable = "neon,dotprod")]
pub(super) unsafe fn neon_dot<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    // SAFETY: as above.
    unsafe {
        sums_with::<K, N>(tiles, x, out, |mut sum, w, x| {
            // The intrinsic is not stable yet.
            asm!("sdot {sum:v}.4s, {w:v}.16b, {x:v}.16b", sum = inout(vreg) sum, w = in(vreg) w, x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags));
            sum
        });
    }
}

/// As [`neon`], for inputs of 16 bits.
///
/// # Safety
/// x must hold N rows of `4 * tile.len()`.
#[target_feature(enable = "neon")]
pub(super) unsafe fn neon_of_16<const N: usize>(tile: &[Group], x: &[i16], out: &mut [Sums]) {
    // SAFETY: a group is 64 bytes; x is long enough, says the caller.
    unsafe {
        let mut sums = [[vdupq_n_s32(0); VECTORS]; N];
        for (i, group) in tile.iter().enumerate() {
            let w: [int16x8_t; VECTORS] =
                std::array::from_fn(|v| vreinterpretq_s16_s8(vld1q_s8(group.0.as_ptr().add(16 * v))));
            let even = w.map(|w| vshrq_n_s16::<8>(vshlq_n_s16::<8>(w)));
            let odd = w.map(|w| vshrq_n_s16::<8>(w));
            for (row, sums) in sums.iter_mut().enumerate() {
                let four: *const [i32; 2] = x.as_ptr().add((row * tile.len() + i) * GROUP_COLUMNS).cast();
                let [first, second] = four.read_unaligned().map(|pair| vreinterpretq_s16_s32(vdupq_n_s32(pair)));
                for (sum, (even, odd)) in sums.iter_mut().zip(even.into_iter().zip(odd)) {
                    let low = vmull_s16(vget_low_s16(even), vget_low_s16(first));
                    let low = vmlal_s16(low, vget_low_s16(odd), vget_low_s16(second));
                    let high = vmlal_high_s16(vmull_high_s16(even, first), odd, second);
                    *sum = vaddq_s32(*sum, vpaddq_s32(low, high));
                }
            }
        }
        store(sums, out);
    }
}

/// # Safety
/// x must hold N rows of `4 * tile.len()`, for every tile.
#[inline(always)]
unsafe fn sums_with<const K: usize, const N: usize>(
    tiles: [&[Group]; K],
    x: &[i8],
    out: [&mut [Sums]; K],
    add_products: impl Fn(int32x4_t, int8x16_t, int8x16_t) -> int32x4_t,
) {
    let n_groups = tiles[0].len();
    // SAFETY: all tiles have as many groups, of 64 bytes; x is long enough, says the caller. NEON is part of aarch64.
    unsafe {
        let mut sums = [[[vdupq_n_s32(0); VECTORS]; N]; K];
        for i in 0..n_groups {
            for (tile, sums) in tiles.iter().zip(&mut sums) {
                let group: *const i8 = tile.as_ptr().add(i).cast();
                let w: [int8x16_t; VECTORS] = std::array::from_fn(|v| vld1q_s8(group.add(16 * v)));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let four: *const i32 = x.as_ptr().add((row * n_groups + i) * GROUP_COLUMNS).cast();
                    let x = vreinterpretq_s8_s32(vdupq_n_s32(four.read_unaligned()));
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum = add_products(*sum, w, x);
                    }
                }
            }
        }
        for (out, sums) in out.into_iter().zip(sums) {
            store(sums, out);
        }
    }
}

/// sums: (N, 16)
fn store<const N: usize>(sums: [[int32x4_t; VECTORS]; N], out: &mut [Sums]) {
    for (out, sums) in out.iter_mut().zip(sums) {
        for (v, sum) in sums.into_iter().enumerate() {
            // SAFETY: the sums are 64 bytes. NEON is part of aarch64.
            unsafe { vst1q_s32(out.as_mut_ptr().add(4 * v), sum) };
        }
    }
}
