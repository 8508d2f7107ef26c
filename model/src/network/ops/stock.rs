//! The same operations in plain candle: the reference of the gradient tests, and what runs on a GPU.

use candle_core::{D, Result, Tensor};

use super::{AttentionShape, Dropout, Table};

/// See [`super::gelu`].
///
/// # Errors
/// As candle's.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    let inner = ((x + (x.powf(3.0)? * 0.044_715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
    (x * 0.5)? * (inner.tanh()? + 1.0)?
}

/// See [`super::layer_norm`].
///
/// # Errors
/// As candle's.
pub fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?.broadcast_mul(gain)?.broadcast_add(bias)
}

/// See [`super::add_dropout`].
///
/// # Errors
/// As candle's.
pub fn add_dropout(x: &Tensor, y: &Tensor, dropout: Dropout) -> Result<Tensor> {
    let n = u32::try_from(y.elem_count()).map_err(candle_core::Error::wrap)?;
    let mask: Vec<f32> = (0..n).map(|i| dropout.factor(i)).collect();
    x + (y * Tensor::from_vec(mask, y.shape(), y.device())?)?
}

/// See [`super::lookup_add`]. A product with one-hot rows, whose gradient is fast on a GPU.
///
/// # Errors
/// As candle's.
pub fn lookup_add(base: &Tensor, tables: &[Table]) -> Result<Tensor> {
    let (n, d) = base.dims2()?;
    let mut sum = base.clone();
    for Table { table, ids, column } in tables {
        let (entries, width) = table.dims2()?;
        let mut one_hot = vec![0f32; n * entries];
        for (i, &id) in ids.iter().enumerate() {
            one_hot[i * entries + id as usize] = 1.0;
        }
        let rows = Tensor::from_vec(one_hot, (n, entries), base.device())?.matmul(table)?;
        sum = (sum + rows.pad_with_zeros(1, *column, d - column - width)?)?;
    }
    Ok(sum)
}

/// Logarithm of the softmax over the last dimension, from operations whose gradients are whole.
///
/// # Errors
/// As candle's.
pub fn log_softmax(x: &Tensor) -> Result<Tensor> {
    let shifted = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?;
    shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)
}

/// See [`super::cross_entropy`].
///
/// # Errors
/// As candle's.
pub fn cross_entropy(logits: &Tensor, bias: &Tensor, targets: &[u32], mask: &[f32]) -> Result<Tensor> {
    let device = logits.device();
    let targets = Tensor::new(targets, device)?.unsqueeze(1)?;
    let log_p = log_softmax(&logits.broadcast_add(bias)?)?.gather(&targets, 1)?.squeeze(1)?;
    log_p.neg()? * Tensor::new(mask, device)?
}

/// See [`super::attention`].
///
/// # Errors
/// As candle's.
pub fn attention(qkv: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
    let (device, sequence_length, d) = (qkv.device(), shape.sequence_length, shape.d_head);
    let (heads, kv_heads) = (shape.n_heads, shape.n_kv_heads);
    let rows = qkv.dim(0)? / sequence_length;
    // (rows, heads, sequence_length, d)
    let heads_of = |first: usize, n: usize| -> Result<Tensor> {
        qkv.narrow(1, first * d, n * d)?.reshape((rows, sequence_length, n, d))?.transpose(1, 2)?.contiguous()
    };
    let (cos, sin) = &*shape.rotations;
    let cos = Tensor::from_slice(cos, (sequence_length, d / 2), device)?;
    let sin = Tensor::from_slice(sin, (sequence_length, d / 2), device)?;
    let rotate = |x: Tensor| -> Result<Tensor> {
        let (low, high) = (x.narrow(3, 0, d / 2)?, x.narrow(3, d / 2, d / 2)?);
        let turned_low = (low.broadcast_mul(&cos)? - high.broadcast_mul(&sin)?)?;
        let turned_high = (high.broadcast_mul(&cos)? + low.broadcast_mul(&sin)?)?;
        Tensor::cat(&[turned_low, turned_high], 3)
    };
    // Every key head once for each query head that shares it.
    let shared =
        |x: Tensor| -> Result<Tensor> {
            x.unsqueeze(2)?
                .broadcast_as((rows, kv_heads, heads / kv_heads, sequence_length, d))?
                .contiguous()?
                .reshape((rows, heads, sequence_length, d))
        };
    let q = rotate(heads_of(0, heads)?)?;
    let k = shared(rotate(heads_of(heads, kv_heads)?)?)?;
    let v = shared(heads_of(heads + kv_heads, kv_heads)?)?;
    let future: Vec<f32> = (0..sequence_length * sequence_length)
        .map(|i| if i % sequence_length > i / sequence_length { -1e30 } else { 0.0 })
        .collect();
    let future = Tensor::from_vec(future, (sequence_length, sequence_length), device)?;
    let scores = (q.matmul(&k.t()?.contiguous()?)? * f64::from(shape.scale()))?.broadcast_add(&future)?;
    let out = log_softmax(&scores)?.exp()?.matmul(&v)?;
    out.transpose(1, 2)?.reshape((rows * sequence_length, heads * d))
}
