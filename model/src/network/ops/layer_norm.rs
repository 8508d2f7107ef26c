//! Layer normalisation (Ba et al. 2016) over the last dimension, with gain and bias.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{ROW_CHUNK, cpu_slice, lane_sum, slice, vectorised};

const EPSILON: f32 = 1e-5;

struct LayerNorm;

/// Mean and 1 / standard deviation of a row.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a width is below 2^24")]
fn moments(row: &[f32]) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = lane_sum(row.len(), |i| row[i]) / n;
    let variance = lane_sum(row.len(), |i| (row[i] - mean) * (row[i] - mean)) / n;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        gain: &CpuStorage,
        gain_l: &Layout,
        bias: &CpuStorage,
        bias_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, gain, bias) = (cpu_slice(x, xl)?, cpu_slice(gain, gain_l)?, cpu_slice(bias, bias_l)?);
        let d = gain.len();
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(d * ROW_CHUNK)
            .zip(x.par_chunks(d * ROW_CHUNK))
            .for_each(|(y, x)| layer_norm_forward(y, x, gain, bias));
        Ok((CpuStorage::F32(y), xl.shape().clone()))
    }

    /// With z = (x - mean) / deviation and e = grad · gain: dx = (e - mean(e) - z mean(e z)) / deviation.
    fn bwd(
        &self,
        x: &Tensor,
        gain: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (gain_storage, gain_layout) = gain.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let values = slice(&x_storage, x_layout)?;
        let gains = slice(&gain_storage, gain_layout)?;
        let grads = slice(&grad_storage, grad_layout)?;
        let d = gains.len();
        let mut dx = vec![0f32; values.len()];
        let partial_sums: Vec<(Vec<f32>, Vec<f32>)> = dx
            .par_chunks_mut(d * ROW_CHUNK)
            .zip(values.par_chunks(d * ROW_CHUNK))
            .zip(grads.par_chunks(d * ROW_CHUNK))
            .map(|((dx, x), grad)| {
                let (mut dgain, mut dbias) = (vec![0f32; d], vec![0f32; d]);
                layer_norm_backward((dx, &mut dgain, &mut dbias), x, grad, gains);
                (dgain, dbias)
            })
            .collect();
        let (mut dgain, mut dbias) = (vec![0f32; d], vec![0f32; d]);
        for (gain_part, bias_part) in &partial_sums {
            dgain.iter_mut().zip(gain_part).for_each(|(sum, part)| *sum += part);
            dbias.iter_mut().zip(bias_part).for_each(|(sum, part)| *sum += part);
        }
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), x.device())?),
            Some(Tensor::from_vec(dgain, gain.shape(), x.device())?),
            Some(Tensor::from_vec(dbias, bias.shape(), x.device())?),
        ))
    }
}

/// Layer normalisation of rows, in one thread.
pub(crate) fn layer_norm_forward(y: &mut [f32], x: &[f32], gain: &[f32], bias: &[f32]) {
    let d = gain.len();
    vectorised(|| {
        for (y, x) in y.chunks_exact_mut(d).zip(x.chunks_exact(d)) {
            let (mean, scale) = moments(x);
            for (((y, &x), &gain), &bias) in y.iter_mut().zip(x).zip(gain).zip(bias) {
                *y = (x - mean) * scale * gain + bias;
            }
        }
    });
}

/// Adds to `dx`, and to the gain's and the bias's gradient, what these rows bring, in one thread.
#[expect(clippy::cast_precision_loss, reason = "a width is below 2^24")]
pub(crate) fn layer_norm_backward(
    (dx, dgain, dbias): (&mut [f32], &mut [f32], &mut [f32]),
    x: &[f32],
    grad: &[f32],
    gain: &[f32],
) {
    let d = gain.len();
    let (dgain, dbias) = (&mut dgain[..d], &mut dbias[..d]);
    vectorised(|| {
        for ((dx, x), grad) in dx.chunks_exact_mut(d).zip(x.chunks_exact(d)).zip(grad.chunks_exact(d)) {
            let (mean, scale) = moments(x);
            let e_mean = lane_sum(d, |i| grad[i] * gain[i]) / d as f32;
            let ez_mean = lane_sum(d, |i| grad[i] * gain[i] * (x[i] - mean)) * scale / d as f32;
            for i in 0..d {
                let z = (x[i] - mean) * scale;
                dx[i] += scale * (grad[i] * gain[i] - e_mean - z * ez_mean);
                dgain[i] += grad[i] * z;
                dbias[i] += grad[i];
            }
        }
    });
}

/// x (n, d), gain (d), bias (d) to (n, d); x contiguous.
///
/// # Errors
/// When the shapes do not fit.
pub fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() { x.apply_op3(gain, bias, LayerNorm) } else { super::stock::layer_norm(x, gain, bias) }
}
