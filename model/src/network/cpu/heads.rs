//! The four heads: each goes forward and, as its loss is known, at once backward.

use std::ops::Range;

use super::inputs::{look_up, look_up_backward};
use super::matrix::{Then, input_gradient, linear, weight_gradient};
use super::{Buffers, Pass, sized};
use crate::network::level_mask;
use crate::network::ops;

/// A head's numbers, all (events, width).
#[derive(Debug, Default)]
pub(super) struct HeadBuffers {
    z: Vec<f32>,
    gelu: Vec<f32>,
    logits: Vec<f32>,
    /// Of each event, after a pass without gradients; 0 where the target does not count. (events)
    pub(super) nats: Vec<f32>,
}

impl HeadBuffers {
    /// After a pass without gradients: whether each target was the likeliest value, for events that count.
    pub(super) fn likeliest(&self, targets: &[u32]) -> impl Iterator<Item = bool> {
        // The loss has taken the highest logit off all of them.
        let rows = self.logits.chunks_exact(self.logits.len() / targets.len().max(1));
        rows.zip(targets).map(|(logits, &target)| logits.get(target as usize).is_some_and(|&logit| logit == 0.0))
    }
}

impl Pass<'_> {
    /// The sum of a head's masked nats. With gradients, adds its own to them and that of `h` to `buffers.narrow`.
    pub(super) fn head(
        &self,
        attribute: usize,
        events: &Range<usize>,
        buffers: &mut Buffers,
        gradients: &mut [Vec<f32>],
    ) -> f64 {
        let (d, hidden) = (self.plan.config.d_model, self.plan.config.d_head_hidden);
        let Buffers { h, narrow: dh, head: HeadBuffers { z, gelu, logits, nats }, .. } = buffers;
        let places = self.plan.head(attribute);
        let (w_hidden, w_logits, bias) =
            (self.weights[places.hidden], self.weights[places.logits], self.weights[places.bias]);
        let n = events.len();
        let z = sized(z, n * hidden);
        linear(z, Then::Replace, h, w_hidden, d);
        let lookups = self.plan.head_lookups(attribute, self.batch);
        for (i, ids) in lookups.iter().enumerate() {
            look_up(z, hidden, self.weights[places.tables + i], hidden, &ids[events.clone()], 0);
        }
        let gelu = sized(gelu, n * hidden);
        ops::gelu_forward(gelu, z);
        let logits = sized(logits, n * bias.len());
        linear(logits, Then::Replace, gelu, w_logits, hidden);
        let targets = &self.batch.target[attribute][events.clone()];
        let mask = &self.batch.mask[attribute][events.clone()];
        if gradients.is_empty() {
            return ops::cross_entropy_forward(sized(nats, n), logits, bias, targets, mask);
        }
        let nats = ops::cross_entropy_both(logits, bias, targets, mask, self.scale, &mut gradients[places.bias]);
        weight_gradient(&mut gradients[places.logits], logits, gelu, hidden);
        let dz = gelu;
        input_gradient(dz, Then::Replace, logits, w_logits, hidden);
        ops::gelu_backward(dz, z);
        for (i, ids) in lookups.iter().enumerate() {
            let table = &mut gradients[places.tables + i];
            look_up_backward(table, hidden, dz, hidden, &ids[events.clone()], 0);
        }
        weight_gradient(&mut gradients[places.hidden], dz, h, d);
        input_gradient(dh, Then::Add, dz, w_hidden, d);
        nats
    }

    /// Lets the network tell the levels of the music (see [`crate::data::batch::LEVELS`]), if it has tensors for it: adds their
    /// gradients, and that of `h` to `buffers.narrow`.
    pub(super) fn levels(&self, events: &Range<usize>, buffers: &mut Buffers, gradients: &mut [Vec<f32>]) {
        let d = self.plan.config.d_model;
        let Buffers { h, narrow: dh, head: HeadBuffers { logits, .. }, .. } = buffers;
        for (index, levels) in self.batch.levels.iter().enumerate() {
            let [w, bias] = self.plan.level(index);
            let (Some(weights), Some(biases)) = (self.weights.get(w), self.weights.get(bias)) else { return };
            let levels = &levels[events.clone()];
            let logits = sized(logits, events.len() * biases.len());
            linear(logits, Then::Replace, h, weights, d);
            let mask = level_mask(levels);
            ops::cross_entropy_both(logits, biases, levels, &mask, self.scale, &mut gradients[bias]);
            weight_gradient(&mut gradients[w], logits, h, d);
            input_gradient(dh, Then::Add, logits, weights, d);
        }
    }
}
