//! The tanh form of GELU (Hendrycks and Gimpel 2016), as x σ(2u), u = √(2/π) (x + 0.044715 x³).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{CHUNK, cpu_slice, exp, slice, vectorised};

const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769;
const CUBE: f32 = 0.044_715;

struct Gelu;

#[inline(always)]
fn gate(x: f32) -> f32 {
    1.0 / (1.0 + exp(-TWICE_SQRT_2_OVER_PI * (x + CUBE * x * x * x)))
}

#[inline(always)]
fn slope(x: f32) -> f32 {
    let gate = gate(x);
    gate + x * gate * (1.0 - gate) * TWICE_SQRT_2_OVER_PI * (1.0 + 3.0 * CUBE * x * x)
}

/// GELU of every element, in one thread.
pub(crate) fn gelu_forward(y: &mut [f32], x: &[f32]) {
    vectorised(|| {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * gate(x);
        }
    });
}

/// Turns the gradient of GELU's output into that of its input `x`, in one thread.
pub(crate) fn gelu_backward(grad: &mut [f32], x: &[f32]) {
    vectorised(|| {
        for (grad, &x) in grad.iter_mut().zip(x) {
            *grad *= slope(x);
        }
    });
}

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = cpu_slice(x, layout)?;
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| gelu_forward(y, x));
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (values, grad_values) = (slice(&x_storage, x_layout)?, slice(&grad_storage, grad_layout)?);
        let mut out = grad_values.to_vec();
        out.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(out, x)| gelu_backward(out, x));
        Ok(Some(Tensor::from_vec(out, x.shape(), x.device())?))
    }
}

/// GELU of every element of a contiguous tensor.
///
/// # Errors
/// When the tensor is not contiguous f32.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() { x.apply_op1(Gelu) } else { super::stock::gelu(x) }
}
