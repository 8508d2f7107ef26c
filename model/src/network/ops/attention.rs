//! Causal grouped-query attention (Ainslie et al. 2023) with rotary positions (Su et al. 2021).
//!
//! Works through blocks of queries that fit a processor's cache, and recomputes the attention weights in the backward
//! pass instead of keeping them (as Dao et al. 2022 do).

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use rayon::prelude::*;

use super::{cpu_slice, exp, lane_max, lane_sum, slice, vectorised};

/// Queries that are worked on at a time.
const BLOCK: usize = 64;

/// Sizes of an attention layer and its table of rotations.
#[derive(Clone, Debug)]
pub struct AttentionShape {
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub d_head: usize,
    /// Positions per row.
    pub sequence_length: usize,
    /// cos and sin of every (position, frequency), each (sequence_length, d_head / 2).
    pub rotations: Arc<(Vec<f32>, Vec<f32>)>,
}

impl AttentionShape {
    /// With the rotations of base 10,000.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small integers; a rounded angle")]
    pub fn new(n_heads: usize, n_kv_heads: usize, d_head: usize, sequence_length: usize) -> Self {
        let half = d_head / 2;
        let angles =
            (0..sequence_length * half).map(|i| (i / half) as f64 * 10_000f64.powf(-((i % half) as f64) / half as f64));
        let rotations = angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip();
        Self { n_heads, n_kv_heads, d_head, sequence_length, rotations: Arc::new(rotations) }
    }

    /// Width of a position in the input: queries, keys, values.
    #[must_use]
    pub fn d_qkv(&self) -> usize {
        (self.n_heads + 2 * self.n_kv_heads) * self.d_head
    }

    /// Width of a position in the output.
    #[must_use]
    pub fn d_out(&self) -> usize {
        self.n_heads * self.d_head
    }

    #[expect(clippy::cast_precision_loss, reason = "a head's width is below 2^24")]
    pub(super) fn scale(&self) -> f32 {
        1.0 / (self.d_head as f32).sqrt()
    }

    /// Copies columns from `first` of (sequence_length, d_qkv) into (sequence_length, d_head), rotated.
    fn rotated(&self, qkv: &[f32], first: usize) -> Vec<f32> {
        let mut out = vec![0f32; self.sequence_length * self.d_head];
        for (out, row) in out.chunks_exact_mut(self.d_head).zip(qkv.chunks_exact(self.d_qkv())) {
            out.copy_from_slice(&row[first..first + self.d_head]);
        }
        self.rotate(&mut out, 1.0);
        out
    }

    /// Rotates (sequence_length, d_head) in place by its positions; back again with `direction` -1.
    fn rotate(&self, values: &mut [f32], direction: f32) {
        let half = self.d_head / 2;
        let (cos, sin) = &*self.rotations;
        vectorised(|| {
            for (t, row) in values.chunks_exact_mut(2 * half).enumerate() {
                let (low, high) = row.split_at_mut(half);
                let (cos, sin) = (&cos[t * half..][..half], &sin[t * half..][..half]);
                for i in 0..half {
                    let (a, b, s) = (low[i], high[i], direction * sin[i]);
                    low[i] = a * cos[i] - b * s;
                    high[i] = b * cos[i] + a * s;
                }
            }
        });
    }

    /// Rows `from..to` and the columns of one head, out of (sequence_length, width).
    fn view<'a>(
        &self,
        data: &'a [f32],
        width: usize,
        first: usize,
        from: usize,
        to: usize,
    ) -> Result<ArrayView2<'a, f32>> {
        ArrayView2::from_shape((to - from, self.d_head).strides((width, 1)), &data[from * width + first..])
            .map_err(candle_core::Error::wrap)
    }

    /// As `view`, to write to.
    fn view_mut<'a>(
        &self,
        data: &'a mut [f32],
        width: usize,
        first: usize,
        from: usize,
        to: usize,
    ) -> Result<ArrayViewMut2<'a, f32>> {
        ArrayViewMut2::from_shape((to - from, self.d_head).strides((width, 1)), &mut data[from * width + first..])
            .map_err(candle_core::Error::wrap)
    }

    /// Attention weights of queries `from..to` over keys `0..to`, in `weights` as (to - from, to).
    fn weights<'a>(
        &self,
        q: &[f32],
        k: &[f32],
        from: usize,
        to: usize,
        weights: &'a mut [f32],
    ) -> Result<&'a mut [f32]> {
        let weights = &mut weights[..(to - from) * to];
        let queries = self.view(q, self.d_head, 0, from, to)?;
        let keys = self.view(k, self.d_head, 0, 0, to)?;
        let mut scores = matrix_mut(weights, to)?;
        general_mat_mul(self.scale(), &queries, &keys.t(), 0.0, &mut scores);
        vectorised(|| {
            for (i, row) in weights.chunks_exact_mut(to).enumerate() {
                let (past, future) = row.split_at_mut(from + i + 1);
                let max = lane_max(past);
                past.iter_mut().for_each(|w| *w = exp(*w - max));
                let scale = 1.0 / lane_sum(past.len(), |j| past[j]);
                past.iter_mut().for_each(|w| *w *= scale);
                future.fill(0.0);
            }
        });
        Ok(weights)
    }

    /// One row of the batch: qkv (sequence_length, d_qkv) to out (sequence_length, d_out).
    pub(crate) fn forward(&self, qkv: &[f32], out: &mut [f32]) -> Result<()> {
        let (d, sequence_length) = (self.d_head, self.sequence_length);
        let group = self.n_heads / self.n_kv_heads;
        let mut scratch = vec![0f32; BLOCK * sequence_length];
        for kv in 0..self.n_kv_heads {
            let k = self.rotated(qkv, (self.n_heads + kv) * d);
            let v_column = (self.n_heads + self.n_kv_heads + kv) * d;
            for head in kv * group..(kv + 1) * group {
                let q = self.rotated(qkv, head * d);
                for from in (0..sequence_length).step_by(BLOCK) {
                    let to = (from + BLOCK).min(sequence_length);
                    let weights = self.weights(&q, &k, from, to, &mut scratch)?;
                    let values = self.view(qkv, self.d_qkv(), v_column, 0, to)?;
                    let mut result = self.view_mut(out, self.d_out(), head * d, from, to)?;
                    general_mat_mul(1.0, &matrix(weights, to)?, &values, 0.0, &mut result);
                }
            }
        }
        Ok(())
    }

    /// One row of the batch: the gradient of qkv from that of out. `dqkv` holds zeros before.
    pub(crate) fn backward(&self, qkv: &[f32], grad: &[f32], dqkv: &mut [f32]) -> Result<()> {
        let (d, sequence_length) = (self.d_head, self.sequence_length);
        let group = self.n_heads / self.n_kv_heads;
        let (mut scratch, mut grad_scratch) =
            (vec![0f32; BLOCK * sequence_length], vec![0f32; BLOCK * sequence_length]);
        for kv in 0..self.n_kv_heads {
            let k_column = (self.n_heads + kv) * d;
            let v_column = (self.n_heads + self.n_kv_heads + kv) * d;
            let k = self.rotated(qkv, k_column);
            let mut dk = vec![0f32; sequence_length * d];
            for head in kv * group..(kv + 1) * group {
                let q = self.rotated(qkv, head * d);
                let mut dq = vec![0f32; sequence_length * d];
                for from in (0..sequence_length).step_by(BLOCK) {
                    let to = (from + BLOCK).min(sequence_length);
                    let weights = self.weights(&q, &k, from, to, &mut scratch)?;
                    let out_grad = self.view(grad, self.d_out(), head * d, from, to)?;
                    let mut dv = self.view_mut(dqkv, self.d_qkv(), v_column, 0, to)?;
                    general_mat_mul(1.0, &matrix(weights, to)?.t(), &out_grad, 1.0, &mut dv);
                    let scores_grad = &mut grad_scratch[..weights.len()];
                    let values = self.view(qkv, self.d_qkv(), v_column, 0, to)?;
                    general_mat_mul(self.scale(), &out_grad, &values.t(), 0.0, &mut matrix_mut(scores_grad, to)?);
                    vectorised(|| {
                        for (weights, grad) in weights.chunks_exact(to).zip(scores_grad.chunks_exact_mut(to)) {
                            let mean = lane_sum(to, |j| weights[j] * grad[j]);
                            grad.iter_mut().zip(weights).for_each(|(g, &w)| *g = w * (*g - mean));
                        }
                    });
                    let scores_grad = matrix(scores_grad, to)?;
                    let keys = self.view(&k, d, 0, 0, to)?;
                    general_mat_mul(1.0, &scores_grad, &keys, 0.0, &mut self.view_mut(&mut dq, d, 0, from, to)?);
                    let queries = self.view(&q, d, 0, from, to)?;
                    general_mat_mul(1.0, &scores_grad.t(), &queries, 1.0, &mut self.view_mut(&mut dk, d, 0, 0, to)?);
                }
                self.unrotate_into(&mut dq, dqkv, head * d);
            }
            self.unrotate_into(&mut dk, dqkv, k_column);
        }
        Ok(())
    }

    /// Rotates a gradient (sequence_length, d_head) back and copies it to columns from `first` of (sequence_length, d_qkv).
    fn unrotate_into(&self, values: &mut [f32], dqkv: &mut [f32], first: usize) {
        self.rotate(values, -1.0);
        for (row, values) in dqkv.chunks_exact_mut(self.d_qkv()).zip(values.chunks_exact(self.d_head)) {
            row[first..first + self.d_head].copy_from_slice(values);
        }
    }
}

fn matrix(data: &[f32], columns: usize) -> Result<ArrayView2<'_, f32>> {
    ArrayView2::from_shape((data.len() / columns, columns), data).map_err(candle_core::Error::wrap)
}

fn matrix_mut(data: &mut [f32], columns: usize) -> Result<ArrayViewMut2<'_, f32>> {
    ArrayViewMut2::from_shape((data.len() / columns, columns), data).map_err(candle_core::Error::wrap)
}

impl CustomOp1 for AttentionShape {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, _) = layout.shape().dims2()?;
        let qkv = cpu_slice(qkv, layout)?;
        let mut out = vec![0f32; n * self.d_out()];
        out.par_chunks_mut(self.sequence_length * self.d_out())
            .zip(qkv.par_chunks(self.sequence_length * self.d_qkv()))
            .try_for_each(|(out, qkv)| self.forward(qkv, out))?;
        Ok((CpuStorage::F32(out), (n, self.d_out()).into()))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let (storage, layout) = qkv.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (values, grads) = (slice(&storage, layout)?, slice(&grad_storage, grad_layout)?);
        let mut out = vec![0f32; values.len()];
        out.par_chunks_mut(self.sequence_length * self.d_qkv())
            .zip(values.par_chunks(self.sequence_length * self.d_qkv()))
            .zip(grads.par_chunks(self.sequence_length * self.d_out()))
            .try_for_each(|((out, qkv), grad)| self.backward(qkv, grad, out))?;
        Ok(Some(Tensor::from_vec(out, qkv.shape(), qkv.device())?))
    }
}

/// qkv (rows · sequence_length, d_qkv), each position's query heads, key heads, value heads, to (rows · sequence_length, d_out).
///
/// # Errors
/// When the shapes do not fit.
pub fn attention(qkv: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
    let (n, width) = qkv.dims2()?;
    if width != shape.d_qkv() || n % shape.sequence_length != 0 {
        candle_core::bail!("attention over {} notes does not fit ({n}, {width})", shape.sequence_length);
    }
    if qkv.device().is_cpu() { qkv.apply_op1(shape.clone()) } else { super::stock::attention(qkv, shape) }
}
