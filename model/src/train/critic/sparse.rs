//! The first convolution, over pictures that are mostly empty: only what is there is multiplied. A dense product of the same numbers took
//! two thirds of a training step.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use engine::critic::config::LAYER_ROWS;
use engine::critic::roll::{GROUP_COLUMNS, N_OCTAVES};
use rayon::prelude::*;

use crate::network::ops::{cpu_slice, slice};

const N_ROWS: usize = LAYER_ROWS[0];
/// Pictures whose gradients are added up together, so that the order of sums does not depend on threads.
const TOGETHER: usize = 8;

/// What is in a cell: its row, its column, its channel, and the value.
pub(super) type Cell = (u16, u16, u16, f32);

/// Pictures of music: piano rolls, or whatever else has eight rows.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Of each picture, what is not 0.
    pub(super) cells: Arc<Vec<Vec<Cell>>>,
    /// Groups of 16 columns that each picture has.
    pub(super) n_groups: Vec<usize>,
    pub(super) n_channels: usize,
}

impl Pictures {
    /// Pictures of a tensor.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_groups.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_groups.is_empty()
    }

    /// Columns of the widest.
    fn columns(&self) -> usize {
        GROUP_COLUMNS * self.n_groups.iter().copied().max().unwrap_or(1).max(1)
    }

    /// weight: (outputs, rows seen by pair of columns by column of the pair by channel) to (n, rows, pairs of columns, outputs), without
    /// bias.
    ///
    /// # Errors
    /// When the weight's shape is another.
    pub(super) fn convolve(&self, weight: &Tensor) -> Result<Tensor> {
        if weight.dim(1)? != N_ROWS * 4 * self.n_channels {
            candle_core::bail!("a weight of {:?} for {} channels", weight.shape(), self.n_channels);
        }
        weight.apply_op1(Convolution(self.clone()))
    }
}

struct Convolution(Pictures);

impl Convolution {
    const ROWS_OUT: usize = N_OCTAVES + 1 - N_ROWS;

    fn pairs(&self) -> usize {
        self.0.columns() / 2
    }

    /// Calls `f` with each output place of a picture that sees the cell, and the column of the weight through which it does.
    #[inline]
    fn seen(&self, (row, column, channel, _): Cell, mut f: impl FnMut(usize, usize)) {
        let (row, column, channel, n_channels) =
            (usize::from(row), usize::from(column), usize::from(channel), self.0.n_channels);
        let within = column % 2 * n_channels + channel;
        for r in 0..N_ROWS {
            let Some(row_out) = row.checked_sub(r).filter(|row| *row < Self::ROWS_OUT) else { continue };
            for next in 0..2 {
                let Some(pair) = (column / 2).checked_sub(next) else { continue };
                f(row_out * self.pairs() + pair, (2 * r + next) * 2 * n_channels + within);
            }
        }
    }
}

impl CustomOp1 for Convolution {
    fn name(&self) -> &'static str {
        "sparse-convolution"
    }

    fn cpu_fwd(&self, weight: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n_outputs, n_inputs) = layout.shape().dims2()?;
        let weight = cpu_slice(weight, layout)?;
        let mut by_input = vec![0f32; weight.len()];
        for (o, row) in weight.chunks_exact(n_inputs).enumerate() {
            row.iter().enumerate().for_each(|(i, &value)| by_input[i * n_outputs + o] = value);
        }
        let n_places = Self::ROWS_OUT * self.pairs();
        let mut out = vec![0f32; self.0.len() * n_places * n_outputs];
        out.par_chunks_mut((n_places * n_outputs).max(1)).zip(self.0.cells.par_iter()).for_each(|(out, cells)| {
            for &cell in cells {
                self.seen(cell, |place, input| {
                    let row = &by_input[input * n_outputs..][..n_outputs];
                    let sums = &mut out[place * n_outputs..][..n_outputs];
                    sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += cell.3 * weight);
                });
            }
        });
        Ok((CpuStorage::F32(out), (self.0.len(), Self::ROWS_OUT, self.pairs(), n_outputs).into()))
    }

    fn bwd(&self, weight: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (n_outputs, n_inputs) = weight.dims2()?;
        let gradient = gradient.contiguous()?;
        let (storage, layout) = gradient.storage_and_layout();
        let gradients = slice(&storage, layout)?;
        let n_values = Self::ROWS_OUT * self.pairs() * n_outputs;
        let parts: Vec<Vec<f32>> = self
            .0
            .cells
            .par_chunks(TOGETHER)
            .zip(gradients.par_chunks((TOGETHER * n_values).max(1)))
            .map(|(pictures, gradients)| {
                let mut sums = vec![0f32; n_inputs * n_outputs];
                for (cells, gradients) in pictures.iter().zip(gradients.chunks_exact(n_values)) {
                    for &cell in cells {
                        self.seen(cell, |place, input| {
                            let sums = &mut sums[input * n_outputs..][..n_outputs];
                            let gradients = &gradients[place * n_outputs..][..n_outputs];
                            sums.iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += cell.3 * gradient);
                        });
                    }
                }
                sums
            })
            .collect();
        let mut by_input = vec![0f32; n_inputs * n_outputs];
        for part in parts {
            by_input.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        Ok(Some(Tensor::from_vec(by_input, (n_inputs, n_outputs), weight.device())?.t()?.contiguous()?))
    }
}
