//! AVX2, and AVX-512 with its dot products of bytes (VNNI).
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_abs_epi8, _mm256_add_epi32, _mm256_load_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_sign_epi8,
    _mm256_storeu_si256, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_load_si512, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_si512, _mm512_sub_epi32, _mm512_xor_si512,
};

use super::Sums;
use crate::quant::{GROUP_COLUMNS, Group, TILE_ROWS};

/// How far ahead of the sums weights are fetched, in groups: a page, where the processor's own prefetching stops.
const AHEAD: usize = 64;

/// # Safety
/// The processor must have AVX2; x must hold N rows of `4 * tile.len()`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn avx2<const N: usize>(tile: &[Group], x: &[i8]) -> [Sums; N] {
    let ones = _mm256_set1_epi16(1);
    let mut low = [_mm256_setzero_si256(); N];
    let mut high = [_mm256_setzero_si256(); N];
    for (i, group) in tile.iter().enumerate() {
        let rows: *const __m256i = group.0.as_ptr().cast();
        // SAFETY: prefetching may go anywhere. A group is 64 bytes, aligned to 64.
        let (w_low, w_high) = unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(group).wrapping_add(AHEAD).cast());
            (_mm256_load_si256(rows), _mm256_load_si256(rows.add(1)))
        };
        let (abs_low, abs_high) = (_mm256_abs_epi8(w_low), _mm256_abs_epi8(w_high));
        for row in 0..N {
            // SAFETY: x is long enough, says the caller.
            let x = _mm256_set1_epi32(unsafe { four(x, row * tile.len() + i) });
            // |w| * (x with the sign of w), pairs summed in 16 bits (2 * 127 * 127 fits), then pairs of those in 32.
            let products = _mm256_maddubs_epi16(abs_low, _mm256_sign_epi8(x, w_low));
            low[row] = _mm256_add_epi32(low[row], _mm256_madd_epi16(products, ones));
            let products = _mm256_maddubs_epi16(abs_high, _mm256_sign_epi8(x, w_high));
            high[row] = _mm256_add_epi32(high[row], _mm256_madd_epi16(products, ones));
        }
    }
    let mut sums = [[0; TILE_ROWS]; N];
    for (row, sums) in sums.iter_mut().enumerate() {
        let out: *mut __m256i = sums.as_mut_ptr().cast();
        // SAFETY: the sums are 64 bytes; these stores need no alignment.
        unsafe {
            _mm256_storeu_si256(out, low[row]);
            _mm256_storeu_si256(out.add(1), high[row]);
        }
    }
    sums
}

/// # Safety
/// The processor must have these instructions; x must hold N rows of `4 * tile.len()`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn avx512_vnni<const N: usize>(tile: &[Group], x: &[i8]) -> [Sums; N] {
    // The instruction takes one side without sign: w + 128. What that adds, 128 times the sum of x, is summed aside.
    let (flip, ones) = (_mm512_set1_epi8(i8::MIN), _mm512_set1_epi8(1));
    let mut sums = [_mm512_setzero_si512(); N];
    let mut x_sums = [_mm512_setzero_si512(); N];
    for (i, group) in tile.iter().enumerate() {
        // SAFETY: prefetching may go anywhere. A group is 64 bytes, aligned to 64.
        let w = unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(group).wrapping_add(AHEAD).cast());
            _mm512_load_si512(group.0.as_ptr().cast())
        };
        let w = _mm512_xor_si512(w, flip);
        for row in 0..N {
            // SAFETY: x is long enough, says the caller.
            let x = _mm512_set1_epi32(unsafe { four(x, row * tile.len() + i) });
            // A sum of its own, then added: a chain of dot products would wait for each before.
            let products = _mm512_dpbusd_epi32(_mm512_setzero_si512(), w, x);
            sums[row] = _mm512_add_epi32(sums[row], products);
            x_sums[row] = _mm512_dpbusd_epi32(x_sums[row], ones, x);
        }
    }
    let mut out = [[0; TILE_ROWS]; N];
    for (row, out) in out.iter_mut().enumerate() {
        let sum = _mm512_sub_epi32(sums[row], _mm512_slli_epi32::<7>(x_sums[row]));
        // SAFETY: the sums are 64 bytes; this store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
    out
}

/// Runs `work`, compiled for AVX2 where it is inlined.
///
/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Four values of x.
///
/// # Safety
/// x must hold `4 * (index + 1)` values.
#[inline(always)]
unsafe fn four(x: &[i8], index: usize) -> i32 {
    // SAFETY: see above; the read needs no alignment.
    unsafe { x.as_ptr().add(index * GROUP_COLUMNS).cast::<i32>().read_unaligned() }
}
