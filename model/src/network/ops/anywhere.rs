//! The operations as compositions of candle's own, for any device and for bf16. Each recomputes in its backward pass what
//! it does not need to keep. Sums over many numbers are in f32.

mod attention;

use std::f64::consts::PI;

use candle_core::{D, DType, Device, Result, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(super) use attention::attention;

use super::explicit::explicit;
use super::{Dropout, Table};

const EPSILON: f64 = 1e-5;
const CUBE: f64 = 0.044_715;

/// See [`super::layer_norm`]; the result is a `dtype`.
pub(super) fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor, dtype: DType) -> Result<Tensor> {
    let (z, _) = normed(&x.detach())?;
    let y = z.broadcast_mul(&gain.detach())?.broadcast_add(&bias.detach())?.to_dtype(dtype)?;
    explicit("layer-norm", &[x, gain, bias], y, |inputs, grad| {
        let [x, gain, _] = inputs else { return Ok(Vec::new()) };
        let (z, scale) = normed(x)?;
        let grad = grad.to_dtype(DType::F32)?;
        let e = grad.broadcast_mul(gain)?;
        let along = z.broadcast_mul(&(&e * &z)?.mean_keepdim(D::Minus1)?)?;
        let dx = (e.broadcast_sub(&e.mean_keepdim(D::Minus1)?)? - along)?.broadcast_mul(&scale)?;
        Ok(vec![dx.to_dtype(x.dtype())?, (&grad * &z)?.sum(0)?, grad.sum(0)?])
    })
}

/// (x - mean) / deviation of every row, and 1 / deviation.
fn normed(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let x = x.to_dtype(DType::F32)?;
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let scale = (centred.sqr()?.mean_keepdim(D::Minus1)? + EPSILON)?.sqrt()?.recip()?;
    Ok((centred.broadcast_mul(&scale)?, scale))
}

/// See [`super::linear`].
pub(super) fn linear(x: &Tensor, w: &Tensor) -> Result<Tensor> {
    super::linear(x, &w.to_dtype(x.dtype())?)
}

/// See [`super::gelu`].
pub(super) fn gelu(x: &Tensor) -> Result<Tensor> {
    explicit("gelu", &[x], x.detach().gelu()?, |inputs, grad| {
        let x = inputs[0].to_dtype(DType::F32)?;
        let (square, k) = (x.sqr()?, (2.0 / PI).sqrt());
        let tanh = (&x * square.affine(CUBE * k, k)?)?.tanh()?;
        let inner_slope = (&x * square.affine(1.5 * CUBE * k, 0.5 * k)?)?;
        let slope = (tanh.affine(0.5, 0.5)? + (inner_slope * tanh.sqr()?.affine(-1.0, 1.0)?)?)?;
        Ok(vec![(grad.to_dtype(DType::F32)? * slope)?.to_dtype(grad.dtype())?])
    })
}

/// See [`super::add_dropout`]. Drops other elements than the CPU's for the same seed.
pub(super) fn add_dropout(x: &Tensor, y: &Tensor, dropout: Option<Dropout>) -> Result<Tensor> {
    let Some(dropout) = dropout else { return x + y.to_dtype(x.dtype())? };
    let dropped = (y.detach() * factors(y, dropout)?)?.to_dtype(x.dtype())?;
    explicit("add-dropout", &[x, y], (x.detach() + dropped)?, move |inputs, grad| {
        let y = &inputs[1];
        Ok(vec![grad.clone(), (grad.to_dtype(y.dtype())? * factors(y, dropout)?)?])
    })
}

/// 0 or 1 / (1 - rate) for each element of `like`, (n, d): a hash of a random number for the row and one for the column,
/// since candle has no integer arithmetic on a GPU to hash with, and to seed its generator takes longer.
fn factors(like: &Tensor, dropout: Dropout) -> Result<Tensor> {
    let (n, d) = like.dims2()?;
    let mut random = ChaCha8Rng::seed_from_u64(dropout.seed.into());
    let mut angles = |n: usize| -> Vec<f32> { (0..n).map(|_| random.random_range(0.0..100.0)).collect() };
    let rows = Tensor::from_vec(angles(n), (n, 1), like.device())?;
    let columns = Tensor::from_vec(angles(d), (1, d), like.device())?;
    let hash = (rows.broadcast_add(&columns)?.sin()? * 43_758.55)?;
    let share = (&hash - hash.floor()?)?;
    let keep = 1.0 / (1.0 - f64::from(dropout.rate));
    share.ge(dropout.rate)?.to_dtype(like.dtype())? * keep
}

/// See [`super::lookup_add`]. The gradient is a product with one-hot rows, since adding row by row is serial on a GPU.
pub(super) fn lookup_add(base: &Tensor, tables: &[Table]) -> Result<Tensor> {
    let (_, d) = base.dims2()?;
    let mut sum = base.detach();
    let mut lookups = Vec::new();
    for Table { table, ids, column } in tables {
        let (entries, width) = table.dims2()?;
        let ids = Tensor::new(*ids, base.device())?;
        let rows = table.detach().to_dtype(base.dtype())?.index_select(&ids, 0)?;
        sum = (sum + rows.pad_with_zeros(1, *column, d - column - width)?)?;
        lookups.push((ids, entries, *column, width));
    }
    let stacked = Tensor::cat(&tables.iter().map(|t| t.table).collect::<Vec<_>>(), 0)?;
    explicit("lookup-add", &[base, &stacked], sum, move |_, grad| {
        let mut sums = Vec::new();
        for (ids, entries, column, width) in &lookups {
            let grad = grad.narrow(1, *column, *width)?.contiguous()?;
            sums.push(one_hot(ids, *entries, grad.dtype())?.t()?.matmul(&grad)?.to_dtype(DType::F32)?);
        }
        Ok(vec![grad.clone(), Tensor::cat(&sums, 0)?])
    })
}

/// (n, classes), 1 at each row's id.
fn one_hot(ids: &Tensor, classes: usize, dtype: DType) -> Result<Tensor> {
    let classes = u32::try_from(classes).map_err(candle_core::Error::wrap)?;
    ids.unsqueeze(1)?.broadcast_eq(&Tensor::arange(0, classes, ids.device())?.unsqueeze(0)?)?.to_dtype(dtype)
}

/// See [`super::cross_entropy`]; logits of any type, nats in f32.
pub(super) fn cross_entropy(logits: &Tensor, bias: &Tensor, targets: &[u32], mask: &[f32]) -> Result<Tensor> {
    let (_, classes) = logits.dims2()?;
    let device: &Device = logits.device();
    let (targets, mask) = (Tensor::new(targets, device)?, Tensor::new(mask, device)?);
    let log_p = log_softmax(&logits.detach(), &bias.detach())?;
    let nats = (log_p.gather(&targets.unsqueeze(1)?, 1)?.squeeze(1)?.neg()? * &mask)?;
    explicit("cross-entropy", &[logits, bias], nats, move |inputs, grad| {
        let p = log_softmax(&inputs[0], &inputs[1])?.exp()?;
        let weights = (grad * &mask)?.unsqueeze(1)?;
        let grad = (p - one_hot(&targets, classes, DType::F32)?)?.broadcast_mul(&weights)?;
        Ok(vec![grad.to_dtype(inputs[0].dtype())?, grad.sum(0)?])
    })
}

/// ln softmax(logits + bias) over the last dimension, in f32.
fn log_softmax(logits: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let x = logits.to_dtype(DType::F32)?.broadcast_add(bias)?;
    let shifted = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?;
    shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)
}
