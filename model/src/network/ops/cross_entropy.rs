//! Softmax and negative log likelihood in one pass.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{ROW_CHUNK, cpu_slice, exp, lane_max, lane_sum, slice, vectorised};

struct CrossEntropy {
    targets: Vec<u32>,
    mask: Vec<f32>,
}

/// Fills `shifted` with logits + bias - their maximum and returns the log of the sum of their exponentials.
#[inline(always)]
fn log_sum(shifted: &mut [f32], logits: &[f32], bias: &[f32]) -> f32 {
    shifted.copy_from_slice(logits);
    log_sum_in_place(shifted, bias)
}

/// The masked nats of each row, 0 where they do not count, and their sum; in one thread. Overwrites the logits.
pub(crate) fn cross_entropy_forward(
    nats: &mut [f32],
    logits: &mut [f32],
    bias: &[f32],
    targets: &[u32],
    mask: &[f32],
) -> f64 {
    let mut sum = 0.0;
    vectorised(|| {
        let rows = logits.chunks_exact_mut(bias.len()).zip(targets).zip(mask);
        for (nats, ((logits, &target), &mask)) in nats.iter_mut().zip(rows) {
            *nats = 0.0;
            if mask != 0.0 {
                let log_sum = log_sum_in_place(logits, bias);
                *nats = mask * (log_sum - logits[target as usize]);
                sum += f64::from(*nats);
            }
        }
    });
    sum
}

/// The sum of the masked nats, in one thread. Turns the logits into the gradient of `scale` times that sum, and adds to
/// the bias's.
pub(crate) fn cross_entropy_both(
    logits: &mut [f32],
    bias: &[f32],
    targets: &[u32],
    mask: &[f32],
    scale: f32,
    dbias: &mut [f32],
) -> f64 {
    let mut sum = 0.0;
    vectorised(|| {
        for ((logits, &target), &mask) in logits.chunks_exact_mut(bias.len()).zip(targets).zip(mask) {
            if mask == 0.0 {
                logits.fill(0.0);
                continue;
            }
            let weight = mask * scale;
            let log_sum = log_sum_in_place(logits, bias);
            sum += f64::from(mask * (log_sum - logits[target as usize]));
            logits.iter_mut().for_each(|l| *l = weight * exp(*l - log_sum));
            logits[target as usize] -= weight;
            dbias.iter_mut().zip(&*logits).for_each(|(sum, &g)| *sum += g);
        }
    });
    sum
}

/// As [`log_sum`], with the logits' own place to work in.
#[inline(always)]
fn log_sum_in_place(logits: &mut [f32], bias: &[f32]) -> f32 {
    logits.iter_mut().zip(bias).for_each(|(l, &b)| *l += b);
    let max = lane_max(logits);
    logits.iter_mut().for_each(|l| *l -= max);
    lane_sum(logits.len(), |i| exp(logits[i])).ln()
}

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, ll: &Layout, bias: &CpuStorage, bl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, classes) = ll.shape().dims2()?;
        let (logits, bias) = (cpu_slice(logits, ll)?, cpu_slice(bias, bl)?);
        let mut nats = vec![0f32; n];
        nats.par_chunks_mut(ROW_CHUNK).zip(logits.par_chunks(ROW_CHUNK * classes)).enumerate().for_each(
            |(chunk, (nats, logits))| {
                vectorised(|| {
                    let mut shifted = vec![0f32; classes];
                    for (i, (nats, logits)) in nats.iter_mut().zip(logits.chunks_exact(classes)).enumerate() {
                        let row = chunk * ROW_CHUNK + i;
                        if self.mask[row] != 0.0 {
                            let log_sum = log_sum(&mut shifted, logits, bias);
                            *nats = self.mask[row] * (log_sum - shifted[self.targets[row] as usize]);
                        }
                    }
                });
            },
        );
        Ok((CpuStorage::F32(nats), n.into()))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, classes) = logits.dims2()?;
        let grad = grad.contiguous()?;
        let (logits_storage, logits_layout) = logits.storage_and_layout();
        let (bias_storage, bias_layout) = bias.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let values = slice(&logits_storage, logits_layout)?;
        let biases = slice(&bias_storage, bias_layout)?;
        let grads = slice(&grad_storage, grad_layout)?;
        let mut out = vec![0f32; values.len()];
        let bias_parts: Vec<Vec<f32>> = out
            .par_chunks_mut(ROW_CHUNK * classes)
            .zip(values.par_chunks(ROW_CHUNK * classes))
            .enumerate()
            .map(|(chunk, (out, logits))| {
                vectorised(|| {
                    let mut bias_grad = vec![0f32; classes];
                    for (i, (out, logits)) in
                        out.chunks_exact_mut(classes).zip(logits.chunks_exact(classes)).enumerate()
                    {
                        let row = chunk * ROW_CHUNK + i;
                        let weight = self.mask[row] * grads[row];
                        if weight == 0.0 {
                            continue;
                        }
                        let log_sum = log_sum(out, logits, biases);
                        out.iter_mut().for_each(|o| *o = weight * exp(*o - log_sum));
                        out[self.targets[row] as usize] -= weight;
                        bias_grad.iter_mut().zip(&*out).for_each(|(sum, &g)| *sum += g);
                    }
                    bias_grad
                })
            })
            .collect();
        let mut bias_grad = vec![0f32; classes];
        for part in &bias_parts {
            bias_grad.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        Ok((
            Some(Tensor::from_vec(out, logits.shape(), logits.device())?),
            Some(Tensor::from_vec(bias_grad, bias.shape(), logits.device())?),
        ))
    }
}

/// Nats of each row's target: `mask · -ln softmax(logits + bias)[target]`. Logits (n, classes), bias (classes), both
/// contiguous, to (n).
///
/// # Errors
/// When a target is not a class, or shapes do not fit.
pub fn cross_entropy(logits: &Tensor, bias: &Tensor, targets: &[u32], mask: &[f32]) -> Result<Tensor> {
    let (n, classes) = logits.dims2()?;
    if targets.len() != n || mask.len() != n || targets.iter().any(|&t| t as usize >= classes) {
        candle_core::bail!("{} targets do not fit logits of {n} rows and {classes} classes", targets.len());
    }
    if !logits.device().is_cpu() {
        return super::stock::cross_entropy(logits, bias, targets, mask);
    }
    logits.apply_op2(bias, CrossEntropy { targets: targets.to_vec(), mask: mask.to_vec() })
}
