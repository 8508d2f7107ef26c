//! The sum of all embeddings.

use std::ops::Range;

use super::{Buffers, Pass};
use crate::network::ops::vectorised;

/// Adds to every row of `out` (n, width) the entry of a table that its id names, from `column` on.
pub(super) fn look_up(out: &mut [f32], width: usize, table: &[f32], table_width: usize, ids: &[u32], column: usize) {
    vectorised(|| {
        for (row, &id) in out.chunks_exact_mut(width).zip(ids) {
            let entry = &table[id as usize * table_width..][..table_width];
            row[column..][..table_width].iter_mut().zip(entry).for_each(|(out, &v)| *out += v);
        }
    });
}

/// Adds every row of `grad` to the gradient of the entry that was looked up for it.
pub(super) fn look_up_backward(
    table: &mut [f32],
    table_width: usize,
    grad: &[f32],
    width: usize,
    ids: &[u32],
    column: usize,
) {
    vectorised(|| {
        for (row, &id) in grad.chunks_exact(width).zip(ids) {
            let entry = &mut table[id as usize * table_width..][..table_width];
            entry.iter_mut().zip(&row[column..][..table_width]).for_each(|(sum, &g)| *sum += g);
        }
    });
}

impl Pass<'_> {
    pub(super) fn embed(&self, events: Range<usize>, x: &mut [f32]) {
        let d = self.plan.config.d_model;
        x.fill(0.0);
        for (i, (column, ids)) in self.plan.lookups(self.batch).into_iter().enumerate() {
            look_up(x, d, self.weights[i], self.table_width(i), &ids[events.clone()], column);
        }
        if let Some(dropout) = self.dropout {
            dropout.layer(1).apply_in_place(x, events.start * d);
        }
    }

    pub(super) fn embed_backward(&self, events: Range<usize>, buffers: &mut Buffers, gradients: &mut [Vec<f32>]) {
        let d = self.plan.config.d_model;
        if let Some(dropout) = self.dropout {
            dropout.layer(1).apply_in_place(&mut buffers.dx, events.start * d);
        }
        for (i, (column, ids)) in self.plan.lookups(self.batch).into_iter().enumerate() {
            let width = self.table_width(i);
            look_up_backward(&mut gradients[i], width, &buffers.dx, d, &ids[events.clone()], column);
        }
    }

    fn table_width(&self, table: usize) -> usize {
        if table < 4 { self.plan.config.d_attribute() } else { self.plan.config.d_model }
    }
}
