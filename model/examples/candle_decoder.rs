//! The engine's network in candle's 8-bit layers (Q8_0), one note at a time on one thread: the peer of
//! `cargo xtask bench engine`, which runs it. Weights are random; only time is measured.
//!
//! It is written as candle's own decoders are, with the fastest of what candle offers: fused norms, softmax and RoPE,
//! a cache of floats that is allocated once, and one matrix product for all query heads of a key head.
//!
//! Arguments: n_blocks d_model n_heads n_kv_heads d_ff d_head_hidden rounds, then contexts. Prints
//! `context median_us p99_us` lines.

use std::time::Instant;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Result, Tensor, bail};
use candle_nn::ops::{layer_norm, softmax_last_dim};

const N_VALUES: [usize; 4] = [128, 129, 128, 32];

struct Sizes {
    n_blocks: usize,
    d: usize,
    n_heads: usize,
    n_kv: usize,
    f: usize,
    e: usize,
}

struct Block {
    norms: [Tensor; 4],
    qkv: QMatMul,
    out: QMatMul,
    up: QMatMul,
    down: QMatMul,
    /// (1, n_kv, c, h)
    keys: Tensor,
    values: Tensor,
}

struct Decoder {
    sizes: Sizes,
    blocks: Vec<Block>,
    heads: Vec<(QMatMul, QMatMul)>,
    /// (c, h / 2)
    cos: Tensor,
    sin: Tensor,
}

fn matrix(rows: usize, columns: usize) -> Result<QMatMul> {
    let weights = Tensor::randn(0f32, 0.05, (rows, columns), &Device::Cpu)?;
    QMatMul::from_qtensor(QTensor::quantize(&weights, GgmlDType::Q8_0)?)
}

impl Decoder {
    fn new(sizes: Sizes, c: usize) -> Result<Self> {
        let (d, h) = (sizes.d, sizes.d / sizes.n_heads);
        let vector = |value: f32| Tensor::full(value, d, &Device::Cpu);
        let cache = || Tensor::zeros((1, sizes.n_kv, c, h), candle_core::DType::F32, &Device::Cpu);
        let block = || -> Result<Block> {
            Ok(Block {
                norms: [vector(1.0)?, vector(0.0)?, vector(1.0)?, vector(0.0)?],
                qkv: matrix(d + 2 * sizes.n_kv * h, d)?,
                out: matrix(d, d)?,
                up: matrix(sizes.f, d)?,
                down: matrix(d, sizes.f)?,
                keys: cache()?,
                values: cache()?,
            })
        };
        let blocks = (0..sizes.n_blocks).map(|_| block()).collect::<Result<_>>()?;
        // Q8_0 works in blocks of 32; the pitch head is padded as any tool would.
        let head = |n: &usize| Ok((matrix(sizes.e, d)?, matrix(n.next_multiple_of(32), sizes.e)?));
        let heads = N_VALUES.iter().map(head).collect::<Result<_>>()?;
        let angles = Tensor::rand(0f32, 6.0, (c, h / 2), &Device::Cpu)?;
        Ok(Self { sizes, blocks, heads, cos: angles.cos()?, sin: angles.sin()? })
    }

    /// A note: a step of the network, and the four heads.
    fn step(&self, x: &Tensor, at: usize) -> Result<f32> {
        let Sizes { d, n_heads, n_kv, .. } = self.sizes;
        let h = d / n_heads;
        let (cos, sin) = (self.cos.narrow(0, at, 1)?, self.sin.narrow(0, at, 1)?);
        let mut x = x.clone();
        for block in &self.blocks {
            let [gain1, bias1, gain2, bias2] = &block.norms;
            let qkv = block.qkv.forward(&layer_norm(&x, gain1, bias1, 1e-5)?)?;
            let part = |start: usize, n: usize| qkv.narrow(1, start * h, n * h)?.reshape((1, n, 1, h))?.contiguous();
            let query = candle_nn::rotary_emb::rope(&part(0, n_heads)?, &cos, &sin)?;
            let key = candle_nn::rotary_emb::rope(&part(n_heads, n_kv)?, &cos, &sin)?;
            block.keys.slice_set(&key, 2, at)?;
            block.values.slice_set(&part(n_heads + n_kv, n_kv)?, 2, at)?;
            let query = (query.reshape((1, n_kv, n_heads / n_kv, h))? * (1.0 / f64::from(u32::try_from(h)?).sqrt()))?;
            let (keys, values) = (block.keys.narrow(2, 0, at + 1)?, block.values.narrow(2, 0, at + 1)?);
            let weights = softmax_last_dim(&query.matmul(&keys.t()?)?)?;
            let attended = weights.matmul(&values)?.reshape((1, d))?;
            x = (x + block.out.forward(&attended)?)?;
            let wide = block.up.forward(&layer_norm(&x, gain2, bias2, 1e-5)?)?.gelu()?;
            x = (x + block.down.forward(&wide)?)?;
        }
        let mut sum = 0.0;
        for (hidden, logits) in &self.heads {
            let logits = logits.forward(&hidden.forward(&x)?.gelu()?)?;
            sum += logits.flatten_all()?.to_vec1::<f32>()?[0];
        }
        Ok(sum)
    }
}

fn main() -> Result<()> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let [n_blocks, d, n_heads, n_kv, f, e, rounds, contexts @ ..] = &numbers[..] else {
        bail!("give n_blocks d_model n_heads n_kv_heads d_ff d_head_hidden rounds, then contexts")
    };
    let sizes = Sizes { n_blocks: *n_blocks, d: *d, n_heads: *n_heads, n_kv: *n_kv, f: *f, e: *e };
    let c = contexts.iter().max().unwrap_or(&0) + 1;
    let x = Tensor::randn(0f32, 1.0, (1, *d), &Device::Cpu)?;
    let decoder = Decoder::new(sizes, c)?;
    for &context in contexts {
        // Weights are repacked at the first steps.
        for _ in 0..3 {
            decoder.step(&x, context)?;
        }
        let mut us = Vec::new();
        for _ in 0..(*rounds).max(1) {
            let start = Instant::now();
            std::hint::black_box(decoder.step(&x, context)?);
            us.push(start.elapsed().as_secs_f64() * 1e6);
        }
        us.sort_by(f64::total_cmp);
        println!("{context} {:.1} {:.1}", us[us.len() / 2], us[us.len() * 99 / 100]);
    }
    Ok(())
}
