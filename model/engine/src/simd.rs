//! The 8-bit kernel in x86 instructions: the only unsafe code. All give the same bits as their plain twin in
//! [`crate::kernel`].
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_load_si128, _mm_madd_epi16, _mm_set1_epi32, _mm_setzero_si128, _mm_srai_epi16,
    _mm_storeu_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8, _mm256_abs_epi8, _mm256_add_epi32, _mm256_load_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_sign_epi8, _mm256_storeu_si256,
};

use crate::kernel::TileKernel;
use crate::quant::{GROUP_COLUMNS, Group, TILE_ROWS};

/// The fastest kernel that this processor can run.
pub(crate) fn best() -> TileKernel {
    if std::arch::is_x86_feature_detected!("avx2") { avx2 } else { sse2 }
}

/// Only [`best`] hands this out.
fn avx2(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS] {
    // SAFETY: `best` has made sure that the processor has AVX2.
    unsafe { tile_sums_avx2(tile, x) }
}

/// For every x86-64 processor.
pub(crate) fn sse2(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS] {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { tile_sums_sse2(tile, x) }
}

/// Neither weights nor x may hold -128, so that no sum of two products overflows 16 bits: 2 * 127 * 127 < 32,768.
#[target_feature(enable = "avx2")]
fn tile_sums_avx2(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS] {
    let ones = _mm256_set1_epi16(1);
    let mut low = _mm256_setzero_si256();
    let mut high = _mm256_setzero_si256();
    for (group, x) in tile.iter().zip(x) {
        let x = _mm256_set1_epi32(i32::from_le_bytes(x.map(i8::cast_unsigned)));
        let rows: *const __m256i = group.0.as_ptr().cast();
        // SAFETY: a group is 64 bytes, aligned to 64.
        let (w_low, w_high) = unsafe { (_mm256_load_si256(rows), _mm256_load_si256(rows.add(1))) };
        // |w| * (x with the sign of w), pairs summed in 16 bits, then pairs of those in 32.
        let products = _mm256_maddubs_epi16(_mm256_abs_epi8(w_low), _mm256_sign_epi8(x, w_low));
        low = _mm256_add_epi32(low, _mm256_madd_epi16(products, ones));
        let products = _mm256_maddubs_epi16(_mm256_abs_epi8(w_high), _mm256_sign_epi8(x, w_high));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(products, ones));
    }
    let mut sums = [0i32; TILE_ROWS];
    let out: *mut __m256i = sums.as_mut_ptr().cast();
    // SAFETY: the sums are 64 bytes; these stores need no alignment.
    unsafe {
        _mm256_storeu_si256(out, low);
        _mm256_storeu_si256(out.add(1), high);
    }
    sums
}

#[target_feature(enable = "sse2")]
fn tile_sums_sse2(tile: &[Group], x: &[[i8; GROUP_COLUMNS]]) -> [i32; TILE_ROWS] {
    // Sums of two rows each, in two halves a row.
    let mut halves = [_mm_setzero_si128(); TILE_ROWS / 2];
    for (group, x) in tile.iter().zip(x) {
        let x = _mm_set1_epi32(i32::from_le_bytes(x.map(i8::cast_unsigned)));
        let x = _mm_srai_epi16::<8>(_mm_unpacklo_epi8(x, x));
        let rows: *const __m128i = group.0.as_ptr().cast();
        for i in 0..TILE_ROWS / 4 {
            // SAFETY: a group is four times 16 bytes, aligned to 64.
            let w = unsafe { _mm_load_si128(rows.add(i)) };
            let (first, second) = (_mm_unpacklo_epi8(w, w), _mm_unpackhi_epi8(w, w));
            halves[2 * i] = _mm_add_epi32(halves[2 * i], _mm_madd_epi16(_mm_srai_epi16::<8>(first), x));
            halves[2 * i + 1] = _mm_add_epi32(halves[2 * i + 1], _mm_madd_epi16(_mm_srai_epi16::<8>(second), x));
        }
    }
    let mut all = [0i32; 2 * TILE_ROWS];
    for (out, sums) in all.as_chunks_mut::<4>().0.iter_mut().zip(halves) {
        // SAFETY: four i32 are 16 bytes; this store needs no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), sums) };
    }
    std::array::from_fn(|row| all[2 * row] + all[2 * row + 1])
}
