//! The network's operations with hand-written gradients.
//!
//! candle 0.11 has fused operations whose gradients silently stop (`LayerNorm`, `softmax_last_dim`, `rope`), and plain
//! ones that are slow on a CPU. These are fused, recompute in the backward pass what is cheap to recompute, and are
//! checked against [`stock`], which is plain candle. [`Kernels`] chooses between them and what a GPU runs.

mod anywhere;
mod attention;
mod cross_entropy;
mod dropout;
mod explicit;
mod gelu;
mod kernels;
mod layer_norm;
mod linear;
mod lookup;
pub mod stock;

use candle_core::{CpuStorage, Layout, Result, Storage, bail};

pub use attention::{AttentionShape, attention};
pub use cross_entropy::cross_entropy;
pub(crate) use cross_entropy::{cross_entropy_both, cross_entropy_forward};
pub use dropout::{Dropout, add_dropout};
pub use gelu::gelu;
pub(crate) use gelu::{gelu_backward, gelu_forward};
pub use kernels::Kernels;
pub use layer_norm::layer_norm;
pub(crate) use layer_norm::{layer_norm_backward, layer_norm_forward};
pub use linear::linear;
pub use lookup::{Table, lookup_add};

/// Elements that one thread takes at a time in element-wise loops.
pub(crate) const CHUNK: usize = 1 << 14;
/// Rows that one thread takes at a time in row-wise loops. Fixed, so that sums do not depend on the number of threads.
const ROW_CHUNK: usize = 128;

/// Runs a loop compiled for the widest vectors this processor has.
#[inline(always)]
pub(crate) fn vectorised<R>(body: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(body)
}

/// The numbers of a contiguous f32 tensor on the CPU.
pub(crate) fn cpu_slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("this operation needs a contiguous tensor"),
    }
}

/// As [`cpu_slice`], to write to.
pub(crate) fn cpu_slice_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => bail!("this operation needs contiguous f32 tensors"),
    }
}

/// As [`cpu_slice`], of what `Tensor::storage_and_layout` returns.
pub(crate) fn slice<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => cpu_slice(storage, layout),
        _ => bail!("this operation runs on the CPU"),
    }
}

/// `e^x` to about 1e-7 relative, for x in -87..88 (clamped): 2^n by the exponent bits, 2^f by its Taylor series.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding this to a small number leaves the number, rounded to an integer, in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let t = x.clamp(-87.0, 88.0) * std::f32::consts::LOG2_E;
    let shifted = t + ROUND;
    let f = t - (shifted - ROUND);
    let mut power = 1.540_353e-4f32;
    for c in [1.333_355_8e-3, 9.618_129e-3, 5.550_411e-2, 2.402_265e-1, 6.931_472e-1, 1.0] {
        power = power * f + c;
    }
    power * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// Sum of `f(i)` over `0..n`, in sixteen running sums so that it can be vectorised.
#[inline(always)]
pub(crate) fn lane_sum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; 16];
    let whole = n / 16 * 16;
    for start in (0..whole).step_by(16) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    let rest: f32 = (whole..n).map(&f).sum();
    lanes.iter().sum::<f32>() + rest
}

/// The largest of a slice, in sixteen running maxima.
#[inline(always)]
fn lane_max(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let mut chunks = values.chunks_exact(16);
    for chunk in &mut chunks {
        for (max, &v) in lanes.iter_mut().zip(chunk) {
            *max = if v > *max { v } else { *max };
        }
    }
    chunks.remainder().iter().chain(&lanes).copied().fold(f32::NEG_INFINITY, f32::max)
}
