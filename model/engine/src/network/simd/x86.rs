//! AVX2, and AVX-512 with its dot products of bytes (VNNI).
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_abs_epi8, _mm256_add_epi32, _mm256_load_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_sign_epi8,
    _mm256_slli_epi16, _mm256_srai_epi16, _mm256_storeu_si256, _mm512_add_epi32, _mm512_dpbusd_epi32,
    _mm512_dpwssd_epi32, _mm512_load_si512, _mm512_loadu_si512, _mm512_madd_epi16, _mm512_reduce_add_epi32,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_srai_epi16,
    _mm512_storeu_si512, _mm512_xor_si512,
};

use super::{Sums, Work};
use crate::network::tiles::{GROUP_COLUMNS, Group};

/// How far ahead of the sums weights are fetched, in groups of all tiles together.
const AHEAD: usize = 128;

/// # Safety
/// The processor must have AVX2; x must hold N rows of `4 * tile.len()`, for every tile.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn avx2<const K: usize, const N: usize>(tiles: [&[Group]; K], x: &[i8], out: [&mut [Sums]; K]) {
    let ones = _mm256_set1_epi16(1);
    let mut low = [[_mm256_setzero_si256(); N]; K];
    let mut high = [[_mm256_setzero_si256(); N]; K];
    let n_groups = tiles[0].len();
    for i in 0..n_groups {
        for (tile, (low, high)) in tiles.iter().zip(low.iter_mut().zip(&mut high)) {
            // SAFETY: all tiles have as many groups; prefetching may go anywhere. A group is 64 bytes, aligned to 64.
            let (w_low, w_high) = unsafe {
                let rows: *const __m256i = tile.as_ptr().add(i).cast();
                _mm_prefetch::<_MM_HINT_T0>(tile.as_ptr().wrapping_add(i + AHEAD / K).cast());
                (_mm256_load_si256(rows), _mm256_load_si256(rows.add(1)))
            };
            let (abs_low, abs_high) = (_mm256_abs_epi8(w_low), _mm256_abs_epi8(w_high));
            for row in 0..N {
                // SAFETY: x is long enough, says the caller.
                let x = _mm256_set1_epi32(unsafe { four(x, row * n_groups + i) });
                // |w| * (x with the sign of w), pairs summed in 16 bits (2 * 127 * 127 fits), then pairs of those in 32.
                let products = _mm256_maddubs_epi16(abs_low, _mm256_sign_epi8(x, w_low));
                low[row] = _mm256_add_epi32(low[row], _mm256_madd_epi16(products, ones));
                let products = _mm256_maddubs_epi16(abs_high, _mm256_sign_epi8(x, w_high));
                high[row] = _mm256_add_epi32(high[row], _mm256_madd_epi16(products, ones));
            }
        }
    }
    for (out, (low, high)) in out.into_iter().zip(low.into_iter().zip(high)) {
        store(low, high, out);
    }
}

/// As [`avx2`], for inputs of 16 bits.
///
/// # Safety
/// The processor must have AVX2; x must hold N rows of `4 * tile.len()`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn avx2_of_16<const N: usize>(tile: &[Group], x: &[i16], out: &mut [Sums]) {
    let mut low = [_mm256_setzero_si256(); N];
    let mut high = [_mm256_setzero_si256(); N];
    for (i, group) in tile.iter().enumerate() {
        let rows: *const __m256i = group.0.as_ptr().cast();
        // SAFETY: prefetching may go anywhere. A group is 64 bytes, aligned to 64.
        let (w_low, w_high) = unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(group).wrapping_add(AHEAD).cast());
            (_mm256_load_si256(rows), _mm256_load_si256(rows.add(1)))
        };
        let even = [_mm256_slli_epi16::<8>(w_low), _mm256_slli_epi16::<8>(w_high)];
        let even = [_mm256_srai_epi16::<8>(even[0]), _mm256_srai_epi16::<8>(even[1])];
        let odd = [_mm256_srai_epi16::<8>(w_low), _mm256_srai_epi16::<8>(w_high)];
        for row in 0..N {
            // SAFETY: x is long enough, says the caller.
            let [first, second] = unsafe { pairs(x, row * tile.len() + i) };
            let (first, second) = (_mm256_set1_epi32(first), _mm256_set1_epi32(second));
            for (half, sums) in [&mut low, &mut high].into_iter().enumerate() {
                let (even, odd) = (_mm256_madd_epi16(even[half], first), _mm256_madd_epi16(odd[half], second));
                sums[row] = _mm256_add_epi32(sums[row], _mm256_add_epi32(even, odd));
            }
        }
    }
    store(low, high, out);
}

/// # Safety
/// The processor must have these instructions; x must hold N rows of `4 * tile.len()`, for every tile.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn avx512_vnni<const K: usize, const N: usize>(
    tiles: [&[Group]; K],
    x: &[i8],
    out: [&mut [Sums]; K],
) {
    // The instruction takes one side without sign: w + 128. What that adds, 128 times the sum of x, is taken off before.
    let n_groups = tiles[0].len();
    let mut sums = [[_mm512_setzero_si512(); N]; K];
    for (row, x) in x.chunks_exact(n_groups * GROUP_COLUMNS).enumerate() {
        let start = _mm512_set1_epi32(-128 * total(x));
        sums.iter_mut().for_each(|sums| sums[row] = start);
    }
    let flip = _mm512_set1_epi8(i8::MIN);
    for i in 0..n_groups {
        for (tile, sums) in tiles.iter().zip(&mut sums) {
            // SAFETY: all tiles have as many groups; prefetching may go anywhere. A group is 64 bytes, aligned to 64.
            let w = unsafe {
                _mm_prefetch::<_MM_HINT_T0>(tile.as_ptr().wrapping_add(i + AHEAD / K).cast());
                _mm512_load_si512(tile.as_ptr().add(i).cast())
            };
            let w = _mm512_xor_si512(w, flip);
            for (row, sum) in sums.iter_mut().enumerate() {
                // SAFETY: x is long enough, says the caller.
                let x = _mm512_set1_epi32(unsafe { four(x, row * n_groups + i) });
                // A sum of its own, then added: a chain of dot products would wait for each before.
                *sum = _mm512_add_epi32(*sum, _mm512_dpbusd_epi32(_mm512_setzero_si512(), w, x));
            }
        }
    }
    for (out, sum) in out.into_iter().flatten().zip(sums.into_iter().flatten()) {
        // SAFETY: the sums are 64 bytes; this store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
}

/// Sum of all values.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn total(x: &[i8]) -> i32 {
    let ones = _mm512_set1_epi8(1);
    let (chunks, rest) = x.as_chunks::<64>();
    let sums = chunks.iter().fold(_mm512_setzero_si512(), |sums, chunk| {
        // SAFETY: a chunk is 64 bytes; this load needs no alignment.
        _mm512_dpbusd_epi32(sums, ones, unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) })
    });
    _mm512_reduce_add_epi32(sums) + rest.iter().map(|&x| i32::from(x)).sum::<i32>()
}

/// As [`avx512_vnni`], for inputs of 16 bits.
///
/// # Safety
/// The processor must have these instructions; x must hold N rows of `4 * tile.len()`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn avx512_vnni_of_16<const N: usize>(tile: &[Group], x: &[i16], out: &mut [Sums]) {
    let mut sums = [_mm512_setzero_si512(); N];
    for (i, group) in tile.iter().enumerate() {
        // SAFETY: prefetching may go anywhere. A group is 64 bytes, aligned to 64.
        let w = unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(group).wrapping_add(AHEAD).cast());
            _mm512_load_si512(group.0.as_ptr().cast())
        };
        let even = _mm512_srai_epi16::<8>(_mm512_slli_epi16::<8>(w));
        let odd = _mm512_srai_epi16::<8>(w);
        for (row, sum) in sums.iter_mut().enumerate() {
            // SAFETY: x is long enough, says the caller.
            let [first, second] = unsafe { pairs(x, row * tile.len() + i) };
            let (first, second) = (_mm512_set1_epi32(first), _mm512_set1_epi32(second));
            let products = _mm512_dpwssd_epi32(_mm512_madd_epi16(even, first), odd, second);
            *sum = _mm512_add_epi32(*sum, products);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: the sums are 64 bytes; this store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
}

/// Runs `work`, compiled for AVX2 where it is inlined.
///
/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run()
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

/// Four values of x, as two pairs.
///
/// # Safety
/// x must hold `4 * (index + 1)` values.
#[inline(always)]
unsafe fn pairs(x: &[i16], index: usize) -> [i32; 2] {
    // SAFETY: see above; the read needs no alignment.
    unsafe {
        let pair: *const i32 = x.as_ptr().add(index * GROUP_COLUMNS).cast();
        [pair.read_unaligned(), pair.add(1).read_unaligned()]
    }
}

/// Stores the sums of rows 0 to 7 and 8 to 15 of a tile. sums: (N, 16)
#[target_feature(enable = "avx2")]
#[inline]
fn store<const N: usize>(low: [__m256i; N], high: [__m256i; N], sums: &mut [Sums]) {
    for (sums, (low, high)) in sums.iter_mut().zip(low.into_iter().zip(high)) {
        let out: *mut __m256i = sums.as_mut_ptr().cast();
        // SAFETY: the sums are 64 bytes; these stores need no alignment.
        unsafe {
            _mm256_storeu_si256(out, low);
            _mm256_storeu_si256(out.add(1), high);
        }
    }
}
