//! One block of the transformer: attention and feed-forward, each behind a norm and added to the residual stream.

use std::ops::Range;

use candle_core::Result;

use super::matrix::{Then, input_gradient, linear, weight_gradient};
use super::{Buffers, Pass, plan, sized};
use crate::network::ops;

/// A block's numbers that its backward pass reads, all (events, width).
#[derive(Debug, Default)]
pub(super) struct BlockBuffers {
    input: Vec<f32>,
    normed1: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    middle: Vec<f32>,
    normed2: Vec<f32>,
    up: Vec<f32>,
    gelu: Vec<f32>,
}

impl Pass<'_> {
    /// Takes `buffers.x` through a block.
    pub(super) fn block_forward(&self, index: usize, events: &Range<usize>, buffers: &mut Buffers) -> Result<()> {
        let (places, shape) = (self.plan.block(index), &self.shape);
        let (d, d_ff, n) = (self.plan.config.d_model, self.plan.config.d_ff, events.len());
        let w = |place: usize| self.weights[place];
        let Buffers { x, narrow, blocks, .. } = buffers;
        let block = &mut blocks[index];

        sized(&mut block.input, n * d).copy_from_slice(x);
        ops::layer_norm_forward(sized(&mut block.normed1, n * d), x, w(places.norm1[0]), w(places.norm1[1]));
        linear(sized(&mut block.qkv, n * shape.d_qkv()), Then::Replace, &block.normed1, w(places.qkv), d);
        let rows = block.qkv.chunks_exact(shape.sequence_length * shape.d_qkv());
        let attended = sized(&mut block.attended, n * d);
        for (qkv, out) in rows.zip(attended.chunks_exact_mut(shape.sequence_length * d)) {
            shape.forward(qkv, out)?;
        }
        self.add_linear(x, attended, w(places.out), 2 * index + 2, events, narrow);

        sized(&mut block.middle, n * d).copy_from_slice(x);
        ops::layer_norm_forward(sized(&mut block.normed2, n * d), x, w(places.norm2[0]), w(places.norm2[1]));
        linear(sized(&mut block.up, n * d_ff), Then::Replace, &block.normed2, w(places.up), d);
        ops::gelu_forward(sized(&mut block.gelu, n * d_ff), &block.up);
        self.add_linear(x, &block.gelu, w(places.down), 2 * index + 3, events, narrow);
        Ok(())
    }

    /// `x += dropout(y Wᵀ)`.
    fn add_linear(
        &self,
        x: &mut [f32],
        y: &[f32],
        w: &[f32],
        layer: usize,
        events: &Range<usize>,
        scratch: &mut Vec<f32>,
    ) {
        let inputs = y.len() / events.len();
        let Some(dropout) = self.dropout else { return linear(x, Then::Add, y, w, inputs) };
        let branch = sized(scratch, x.len());
        linear(branch, Then::Replace, y, w, inputs);
        dropout.layer(layer).add(x, branch, events.start * self.plan.config.d_model);
    }

    /// The gradient of what [`Self::add_linear`] adds, given that of its result.
    fn branch_gradient<'a>(
        &self,
        dx: &'a [f32],
        layer: usize,
        events: &Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> &'a [f32] {
        let Some(dropout) = self.dropout else { return dx };
        let branch = sized(scratch, dx.len());
        branch.copy_from_slice(dx);
        dropout.layer(layer).apply_in_place(branch, events.start * self.plan.config.d_model);
        branch
    }

    /// Turns `buffers.dx` from the gradient of a block's output into that of its input.
    pub(super) fn block_backward(
        &self,
        index: usize,
        events: &Range<usize>,
        buffers: &mut Buffers,
        gradients: &mut [Vec<f32>],
    ) -> Result<()> {
        let (places, shape) = (self.plan.block(index), &self.shape);
        let (d, d_ff, n) = (self.plan.config.d_model, self.plan.config.d_ff, events.len());
        let w = |place: usize| self.weights[place];
        let Buffers { dx, narrow, wide, blocks, .. } = buffers;
        let block = &blocks[index];

        let branch = self.branch_gradient(dx, 2 * index + 3, events, narrow);
        weight_gradient(&mut gradients[places.down], branch, &block.gelu, d_ff);
        let dup = sized(wide, n * d_ff);
        input_gradient(dup, Then::Replace, branch, w(places.down), d_ff);
        ops::gelu_backward(dup, &block.up);
        weight_gradient(&mut gradients[places.up], dup, &block.normed2, d);
        let dnormed = sized(narrow, n * d);
        input_gradient(dnormed, Then::Replace, dup, w(places.up), d);
        let (dgain, dbias) = plan::two(gradients, places.norm2);
        ops::layer_norm_backward((dx, dgain, dbias), &block.middle, dnormed, w(places.norm2[0]));

        let branch = self.branch_gradient(dx, 2 * index + 2, events, narrow);
        weight_gradient(&mut gradients[places.out], branch, &block.attended, d);
        let (dattended, dqkv) = sized(wide, n * (d + shape.d_qkv())).split_at_mut(n * d);
        input_gradient(dattended, Then::Replace, branch, w(places.out), d);
        dqkv.fill(0.0);
        let rows = block
            .qkv
            .chunks_exact(shape.sequence_length * shape.d_qkv())
            .zip(dattended.chunks_exact(shape.sequence_length * d));
        for ((qkv, grad), dqkv) in rows.zip(dqkv.chunks_exact_mut(shape.sequence_length * shape.d_qkv())) {
            shape.backward(qkv, grad, dqkv)?;
        }
        weight_gradient(&mut gradients[places.qkv], dqkv, &block.normed1, d);
        let dnormed = sized(narrow, n * d);
        input_gradient(dnormed, Then::Replace, dqkv, w(places.qkv), d);
        let (dgain, dbias) = plan::two(gradients, places.norm1);
        ops::layer_norm_backward((dx, dgain, dbias), &block.input, dnormed, w(places.norm1[0]));
        Ok(())
    }
}
