//! Dropout (Srivastava et al. 2014) whose mask is a hash of a seed and the element's index, so that nothing is stored.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{CHUNK, cpu_slice, slice, vectorised};

/// Which elements to drop.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// Share of elements to drop, below 1.
    pub rate: f32,
    /// Another seed gives another mask.
    pub seed: u32,
}

impl Dropout {
    /// What element `index` is multiplied by: 0, or 1 / (1 - rate). The hash is the finaliser of MurmurHash3.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of 2^32, which need not be exact"
    )]
    pub(super) fn factor(self, index: u32) -> f32 {
        let threshold = (self.rate * u32::MAX as f32) as u32;
        let mut h = index.wrapping_mul(0x9E37_79B9) ^ self.seed;
        h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
        h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
        h ^= h >> 16;
        let keep = 1.0 / (1.0 - self.rate);
        if h >= threshold { keep } else { 0.0 }
    }

    /// The dropout of one layer: other elements in each.
    #[must_use]
    pub fn layer(self, layer: usize) -> Self {
        let layer = u32::try_from(layer).unwrap_or(u32::MAX);
        Self { seed: self.seed.wrapping_mul(0x9E37_79B1) ^ (layer << 20), ..self }
    }

    /// `x += dropout(y)` in one thread, where `x` begins at element `first` of the whole.
    pub(crate) fn add(self, x: &mut [f32], y: &[f32], first: usize) {
        vectorised(|| {
            let mut index = first_index(first);
            for (x, &y) in x.iter_mut().zip(y) {
                *x += y * self.factor(index);
                index = index.wrapping_add(1);
            }
        });
    }

    /// Drops elements of `x` in one thread, where `x` begins at element `first` of the whole.
    pub(crate) fn apply_in_place(self, x: &mut [f32], first: usize) {
        vectorised(|| {
            let mut index = first_index(first);
            for x in x {
                *x *= self.factor(index);
                index = index.wrapping_add(1);
            }
        });
    }

    /// Calls `set(output, input, factor)` on all elements of `output`, with the same element of `input`.
    fn apply(self, output: &mut [f32], input: &[f32], set: impl Fn(&mut f32, f32, f32) + Sync) {
        output.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK)).enumerate().for_each(|(i, (output, input))| {
            vectorised(|| {
                let mut index = first_index(i * CHUNK);
                for (output, &input) in output.iter_mut().zip(input) {
                    set(output, input, self.factor(index));
                    index = index.wrapping_add(1);
                }
            });
        });
    }
}

/// Beyond 2^32 elements the mask would repeat; no batch is that large.
fn first_index(first: usize) -> u32 {
    u32::try_from(first).unwrap_or(0)
}

impl CustomOp2 for Dropout {
    fn name(&self) -> &'static str {
        "add-dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, y: &CpuStorage, yl: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut out = cpu_slice(x, xl)?.to_vec();
        self.apply(&mut out, cpu_slice(y, yl)?, |out, y, factor| *out += y * factor);
        Ok((CpuStorage::F32(out), xl.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (storage, layout) = grad.storage_and_layout();
        let values = slice(&storage, layout)?;
        let mut out = vec![0f32; values.len()];
        self.apply(&mut out, values, |out, grad, factor| *out = grad * factor);
        let y_grad = Tensor::from_vec(out, y.shape(), y.device())?;
        Ok((Some(grad.clone()), Some(y_grad)))
    }
}

/// `x + dropout(y)`; just `x + y` without dropout. Both contiguous, of one shape.
///
/// # Errors
/// When the shapes differ.
pub fn add_dropout(x: &Tensor, y: &Tensor, dropout: Option<Dropout>) -> Result<Tensor> {
    match dropout {
        None => x + y,
        Some(dropout) if x.device().is_cpu() => x.apply_op2(y, dropout),
        Some(dropout) => super::stock::add_dropout(x, y, dropout),
    }
}
