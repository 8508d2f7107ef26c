//! Adds looked-up rows of several tables to a tensor in one pass.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{ROW_CHUNK, cpu_slice, slice, vectorised};

/// A table and what to look up in it.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// (entries, width)
    pub table: &'a Tensor,
    /// Which entry for each row of the output.
    pub ids: &'a [u32],
    /// First output column that the entry is added to.
    pub column: usize,
}

/// Lookups in tables stacked into one tensor of (all entries, width).
struct Lookup {
    /// Of each table: its number of entries, the ids and the first output column.
    tables: Vec<(usize, Vec<u32>, usize)>,
}

impl CustomOp2 for Lookup {
    fn name(&self) -> &'static str {
        "lookup-add"
    }

    fn cpu_fwd(
        &self,
        base: &CpuStorage,
        bl: &Layout,
        stacked: &CpuStorage,
        sl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, d) = bl.shape().dims2()?;
        let (_, width) = sl.shape().dims2()?;
        let stacked = cpu_slice(stacked, sl)?;
        let mut out = cpu_slice(base, bl)?.to_vec();
        out.par_chunks_mut(d * ROW_CHUNK).enumerate().for_each(|(chunk, out)| {
            vectorised(|| {
                for (i, row) in out.chunks_exact_mut(d).enumerate() {
                    let mut first = 0;
                    for (entries, ids, column) in &self.tables {
                        let entry = first + ids[chunk * ROW_CHUNK + i] as usize;
                        let values = &stacked[entry * width..][..width];
                        row[*column..][..width].iter_mut().zip(values).for_each(|(out, &v)| *out += v);
                        first += entries;
                    }
                }
            });
        });
        Ok((CpuStorage::F32(out), bl.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, stacked: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (_, d) = grad.dims2()?;
        let (entries, width) = stacked.dims2()?;
        let (storage, layout) = grad.storage_and_layout();
        let grads = slice(&storage, layout)?;
        let mut sums = vec![0f32; entries * width];
        let mut parts = Vec::new();
        let mut rest = sums.as_mut_slice();
        for (entries, ids, column) in &self.tables {
            let (part, later) = rest.split_at_mut(entries * width);
            parts.push((part, ids, *column));
            rest = later;
        }
        parts.into_par_iter().for_each(|(part, ids, column)| {
            vectorised(|| {
                for (row, &id) in grads.chunks_exact(d).zip(ids) {
                    let sum = &mut part[id as usize * width..][..width];
                    sum.iter_mut().zip(&row[column..][..width]).for_each(|(sum, &g)| *sum += g);
                }
            });
        });
        let table_grad = Tensor::from_vec(sums, stacked.shape(), stacked.device())?;
        Ok((Some(grad.clone()), Some(table_grad)))
    }
}

/// `base` (n, d) plus, for every table, the entry that its ids name, added from its `column` on. All tables have one
/// width.
///
/// # Errors
/// When an id is outside its table, or shapes do not fit.
pub fn lookup_add(base: &Tensor, tables: &[Table]) -> Result<Tensor> {
    let (n, d) = base.dims2()?;
    let mut kept = Vec::new();
    for Table { table, ids, column } in tables {
        let (entries, width) = table.dims2()?;
        if ids.len() != n || column + width > d || ids.iter().any(|&id| id as usize >= entries) {
            candle_core::bail!("lookups of {} in {entries} entries do not fit {n} rows of {d}", ids.len());
        }
        kept.push((entries, ids.to_vec(), *column));
    }
    if !base.device().is_cpu() {
        return super::stock::lookup_add(base, tables);
    }
    let stacked = Tensor::cat(&tables.iter().map(|t| t.table).collect::<Vec<_>>(), 0)?;
    base.apply_op2(&stacked, Lookup { tables: kept })
}
