//! Attention in blocks of queries, so that the future that a block cannot see is not worked on, and the scores of all rows
//! and heads fit into memory. The query heads that share keys are one matrix.

use candle_core::{D, DType, Device, Result, Tensor};

use super::super::AttentionShape;
use super::super::explicit::explicit;

/// Queries that are worked on at a time.
const BLOCK: usize = 256;

/// See [`super::super::attention`].
pub(in crate::network::ops) fn attention(qkv: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
    let out = Heads::new(&qkv.detach(), shape)?.forward()?;
    let shape = shape.clone();
    explicit("attention", &[qkv], out, move |inputs, grad| Ok(vec![Heads::new(&inputs[0], &shape)?.backward(grad)?]))
}

/// Queries (rows · kv heads, group, sequence_length, d), keys and values (rows · kv heads, sequence_length, d), rotated. `group` is the number
/// of query heads that share a key head.
struct Heads<'a> {
    shape: &'a AttentionShape,
    rotation: Rotation,
    q: Tensor,
    k: Tensor,
    v: Tensor,
}

impl<'a> Heads<'a> {
    fn new(qkv: &Tensor, shape: &'a AttentionShape) -> Result<Self> {
        let (n, _) = qkv.dims2()?;
        let (rows, d) = (n / shape.sequence_length, shape.d_head);
        let (kv, group) = (shape.n_kv_heads, shape.n_heads / shape.n_kv_heads);
        let rotation = Rotation::new(shape, qkv.device())?;
        let columns = |first: usize, heads: usize| qkv.narrow(1, first * d, heads * d);
        let q = columns(0, shape.n_heads)?
            .reshape((rows, shape.sequence_length, kv, group, d))?
            .permute((0, 2, 3, 1, 4))?;
        let shared = |first: usize| -> Result<Tensor> {
            let heads = columns(first, kv)?.reshape((rows, shape.sequence_length, kv, d))?.transpose(1, 2)?;
            heads.contiguous()?.reshape((rows * kv, shape.sequence_length, d))
        };
        let q = rotation.turn(&q.contiguous()?.reshape((rows * kv, group, shape.sequence_length, d))?, 1.0)?;
        let k = rotation.turn(&shared(shape.n_heads)?, 1.0)?;
        let v = shared(shape.n_heads + kv)?;
        Ok(Self { shape, rotation, q, k, v })
    }

    /// Queries `from..to` as (rows · kv heads, group · (to - from), d), and their attention weights over keys `0..to`.
    fn block(&self, from: usize, to: usize) -> Result<(Tensor, Tensor)> {
        let (batch, group, _, d) = self.q.dims4()?;
        let q = self.q.narrow(2, from, to - from)?.contiguous()?.reshape((batch, group * (to - from), d))?;
        let scores = q.matmul(&self.k.narrow(1, 0, to)?.t()?)?.to_dtype(DType::F32)?;
        let future: Vec<f32> = (from..to).flat_map(|i| (0..to).map(move |j| if j > i { -1e30 } else { 0.0 })).collect();
        let future = Tensor::from_vec(future, (1, 1, to - from, to), q.device())?;
        let scores = (scores * f64::from(self.shape.scale()))?.reshape((batch, group, to - from, to))?;
        let scores = scores.broadcast_add(&future)?;
        let weights = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
        let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
        Ok((q, weights.reshape((batch, group * (to - from), to))?))
    }

    fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let sequence_length = self.shape.sequence_length;
        (0..sequence_length).step_by(BLOCK).map(move |from| (from, (from + BLOCK).min(sequence_length)))
    }

    /// (rows · sequence_length, d_out)
    fn forward(&self) -> Result<Tensor> {
        let (batch, group, sequence_length, d) = self.q.dims4()?;
        let mut out = Vec::new();
        for (from, to) in self.blocks() {
            let (q, weights) = self.block(from, to)?;
            let values = self.v.narrow(1, 0, to)?.contiguous()?;
            out.push(weights.to_dtype(q.dtype())?.matmul(&values)?.reshape((batch, group, to - from, d))?);
        }
        let kv = self.shape.n_kv_heads;
        let out =
            Tensor::cat(&out, 2)?.reshape((batch / kv, kv, group, sequence_length, d))?.permute((0, 3, 1, 2, 4))?;
        out.contiguous()?.reshape((batch / kv * sequence_length, self.shape.d_out()))
    }

    /// The gradient of qkv, (rows · sequence_length, d_qkv), from that of the result.
    fn backward(&self, grad: &Tensor) -> Result<Tensor> {
        let (batch, group, sequence_length, d) = self.q.dims4()?;
        let kv = self.shape.n_kv_heads;
        let grad = grad.reshape((batch / kv, sequence_length, kv, group, d))?.permute((0, 2, 3, 1, 4))?;
        let grad = grad.contiguous()?.reshape((batch, group, sequence_length, d))?;
        let mut dq = Vec::new();
        let (mut dk, mut dv) = (self.k.zeros_like()?, self.v.zeros_like()?);
        let whole = |part: &Tensor, to: usize| part.pad_with_zeros(1, 0, sequence_length - to);
        for (from, to) in self.blocks() {
            let (q, weights) = self.block(from, to)?;
            let dtype = q.dtype();
            let grad = grad.narrow(2, from, to - from)?.contiguous()?.reshape((batch, group * (to - from), d))?;
            dv = (dv + whole(&weights.to_dtype(dtype)?.t()?.matmul(&grad)?, to)?)?;
            let dw = grad.matmul(&self.v.narrow(1, 0, to)?.t()?)?.to_dtype(DType::F32)?;
            let mean = (&weights * &dw)?.sum_keepdim(D::Minus1)?;
            let dscores = ((weights * dw.broadcast_sub(&mean)?)? * f64::from(self.shape.scale()))?.to_dtype(dtype)?;
            let keys = self.k.narrow(1, 0, to)?.contiguous()?;
            dq.push(dscores.matmul(&keys)?.reshape((batch, group, to - from, d))?);
            dk = (dk + whole(&dscores.t()?.matmul(&q)?, to)?)?;
        }
        let dq = self.rotation.turn(&Tensor::cat(&dq, 2)?, -1.0)?;
        let dq = dq.reshape((batch / kv, kv, group, sequence_length, d))?.permute((0, 3, 1, 2, 4))?;
        let rows_of = |x: &Tensor| x.reshape((batch / kv, kv, sequence_length, d))?.transpose(1, 2);
        let dk = rows_of(&self.rotation.turn(&dk, -1.0)?)?;
        let dv = rows_of(&dv)?;
        let flat = |x: &Tensor| x.contiguous()?.reshape((batch / kv * sequence_length, ()));
        Tensor::cat(&[flat(&dq)?, flat(&dk)?, flat(&dv)?], 1)
    }
}

/// cos and sin, (sequence_length, d / 2).
struct Rotation {
    cos: Tensor,
    sin: Tensor,
}

impl Rotation {
    fn new(shape: &AttentionShape, device: &Device) -> Result<Self> {
        let (cos, sin) = &*shape.rotations;
        let size = (shape.sequence_length, shape.d_head / 2);
        Ok(Self { cos: Tensor::from_slice(cos, size, device)?, sin: Tensor::from_slice(sin, size, device)? })
    }

    /// Rotates (..., sequence_length, d) by its positions; back again with `direction` -1.
    fn turn(&self, x: &Tensor, direction: f64) -> Result<Tensor> {
        let sin = (&self.sin * direction)?;
        let half = x.dim(D::Minus1)? / 2;
        let wide = x.to_dtype(DType::F32)?;
        let (low, high) = (wide.narrow(D::Minus1, 0, half)?, wide.narrow(D::Minus1, half, half)?);
        let turned_low = (low.broadcast_mul(&self.cos)? - high.broadcast_mul(&sin)?)?;
        let turned_high = (high.broadcast_mul(&self.cos)? + low.broadcast_mul(&sin)?)?;
        Tensor::cat(&[turned_low, turned_high], D::Minus1)?.to_dtype(x.dtype())
    }
}
