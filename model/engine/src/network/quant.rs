//! How tensors are stored, in the file and in memory. In 8 bits each row has a scale: `value = scale * i8`, with i8 from
//! -127 to 127.
//!
//! Vector: f32. Table: f32 scale per row, then the rows. Linear: f32 scale per row (rows padded to 16), then tiles of 16
//! rows: for each group of 4 columns, 16 rows x 4 values. So a kernel reads the weights in one stream, and 16 sums need
//! no adding across. With [`Precision::F32`] tables and linears are plain rows of f32.

use std::ops::Range;

use crate::network::config::{TensorKind, TensorShape};
use crate::network::error::{Precision, WeightsError};
use crate::network::math;
use crate::network::pages::vec_on_huge_pages;
use crate::network::tiles::{GROUP_COLUMNS, Group, TILE_ROWS};

/// Numbers beyond this are a sign of damage or of failed training.
const MAX_SANE: f32 = 1e6;

/// Rows that are looked up.
#[derive(Debug)]
pub(crate) enum Table {
    F32 { columns: usize, values: Vec<f32> },
    Q8 { columns: usize, scales: Vec<f32>, values: Vec<i8> },
}

/// The matrix of `y = W x`.
#[derive(Debug)]
pub(crate) enum Linear {
    F32 {
        columns: usize,
        values: Vec<f32>,
    },
    /// Tiles: (rows padded to 16 / 16, columns / 4) groups, of those of the whole network.
    Q8 {
        columns: usize,
        scales: Vec<f32>,
        tiles: Range<usize>,
    },
}

impl Table {
    /// `out += table[row]`; nothing is added for a row beyond the last. Out: (columns)
    #[inline(always)]
    pub(crate) fn add_row(&self, row: usize, out: &mut [f32]) {
        match self {
            Self::F32 { columns, values } => {
                for (o, v) in out.iter_mut().zip(values.iter().skip(row * columns).take(*columns)) {
                    *o += v;
                }
            }
            Self::Q8 { columns, scales, values } => {
                let Some(&scale) = scales.get(row) else { return };
                for (o, &v) in out.iter_mut().zip(&values[row * columns..(row + 1) * columns]) {
                    *o += scale * f32::from(v);
                }
            }
        }
    }
}

/// A tensor in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layer<'a> {
    Vector(&'a [f32]),
    Table(&'a Table),
    Linear(&'a Linear),
}

impl Layer<'_> {
    /// Its numbers, row-major. `groups` are those of the whole network.
    pub(crate) fn values(self, shape: &TensorShape, groups: &[Group]) -> Vec<f32> {
        match self {
            Self::Vector(values) => values.to_vec(),
            Self::Table(Table::F32 { values, .. }) | Self::Linear(Linear::F32 { values, .. }) => values.clone(),
            Self::Table(Table::Q8 { columns, scales, values }) => {
                let row = |(row, scale): (&[i8], &f32)| row.iter().map(|&v| scale * f32::from(v)).collect::<Vec<_>>();
                values.chunks(*columns).zip(scales).flat_map(row).collect()
            }
            Self::Linear(Linear::Q8 { columns, scales, tiles }) => {
                let (tiles, n_groups) = (&groups[tiles.clone()], columns / GROUP_COLUMNS);
                let value = |row: usize, column: usize| {
                    let Group(group) = &tiles[row / TILE_ROWS * n_groups + column / GROUP_COLUMNS];
                    scales[row] * f32::from(group[row % TILE_ROWS * GROUP_COLUMNS + column % GROUP_COLUMNS])
                };
                (0..shape.rows).flat_map(|row| (0..*columns).map(move |column| value(row, column))).collect()
            }
        }
    }
}

/// The next multiple of 64.
pub(crate) const fn aligned(at: u64) -> u64 {
    at.next_multiple_of(64)
}

/// Bytes of a tensor in the file.
pub(crate) fn stored_bytes(shape: &TensorShape, precision: Precision) -> u64 {
    let (rows, columns) = (shape.rows as u64, shape.columns as u64);
    let padded = rows.next_multiple_of(TILE_ROWS as u64);
    match (precision, shape.kind) {
        (Precision::F32, _) | (_, TensorKind::Vector) => 4 * rows * columns,
        (Precision::Q8, TensorKind::Table) => rows * (4 + columns),
        (Precision::Q8, TensorKind::Linear) => padded * (4 + columns),
    }
}

/// Appends a tensor to a file.
pub(crate) fn store(
    shape: &TensorShape,
    precision: Precision,
    values: &[f32],
    file: &mut Vec<u8>,
) -> Result<(), WeightsError> {
    if !values.iter().all(|&v| is_sane(v)) {
        return Err(WeightsError::Values(shape.name.clone()));
    }
    let push = |file: &mut Vec<u8>, value: f32| file.extend(value.to_le_bytes());
    if precision == Precision::F32 || shape.kind == TensorKind::Vector {
        values.iter().for_each(|&v| push(file, v));
        return Ok(());
    }
    let rows: Vec<(f32, Vec<i8>)> = values.chunks_exact(shape.columns).map(quantise_row).collect();
    rows.iter().for_each(|&(scale, _)| push(file, scale));
    if shape.kind == TensorKind::Table {
        rows.iter().for_each(|(_, row)| file.extend(row.iter().map(|v| v.cast_unsigned())));
        return Ok(());
    }
    (rows.len()..rows.len().next_multiple_of(TILE_ROWS)).for_each(|_| push(file, 0.0));
    for tile in rows.chunks(TILE_ROWS) {
        for column in (0..shape.columns).step_by(GROUP_COLUMNS) {
            for r in 0..TILE_ROWS {
                match tile.get(r) {
                    Some((_, row)) => {
                        file.extend(row[column..column + GROUP_COLUMNS].iter().map(|v| v.cast_unsigned()))
                    }
                    None => file.extend([0; GROUP_COLUMNS]),
                }
            }
        }
    }
    Ok(())
}

/// Scale and values of a row: `scale = max |w| / 127`.
fn quantise_row(row: &[f32]) -> (f32, Vec<i8>) {
    let mut values = vec![0; row.len()];
    let scale = math::quantise(row, &mut values);
    (scale, values)
}

/// Root mean square of what 8 bits change in a tensor, as a share of its own; 0 for a vector, which keeps its floats.
/// Values: (rows, columns)
#[must_use]
pub fn rounding_error(shape: &TensorShape, values: &[f32]) -> f32 {
    let (mut changed, mut all) = (0.0, 0.0);
    for row in values.chunks(shape.columns.max(1)).filter(|_| shape.kind != TensorKind::Vector) {
        let (scale, rounded) = quantise_row(row);
        for (w, rounded) in row.iter().zip(rounded) {
            changed += (w - scale * f32::from(rounded)).powi(2);
            all += w * w;
        }
    }
    if all > 0.0 { (changed / all).sqrt() } else { 0.0 }
}

pub(crate) fn is_sane(value: f32) -> bool {
    value.abs() <= MAX_SANE
}

/// Reads the tensors of a file whose length and checksum are right, in order.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    precision: Precision,
    shapes: std::vec::IntoIter<TensorShape>,
    /// Those of all linear layers so far.
    tiles: Vec<Group>,
}

impl<'a> Reader<'a> {
    /// Tensors of `shapes`, from the first multiple of 64 at or after `at`.
    pub(crate) fn new(bytes: &'a [u8], at: usize, precision: Precision, shapes: Vec<TensorShape>) -> Self {
        let tiled = shapes.iter().filter(|shape| shape.kind == TensorKind::Linear && precision == Precision::Q8);
        let n_values: usize = tiled.map(|shape| shape.rows.next_multiple_of(TILE_ROWS) * shape.columns).sum();
        let tiles = vec_on_huge_pages(n_values / (TILE_ROWS * GROUP_COLUMNS));
        Self { bytes, at, precision, shapes: shapes.into_iter(), tiles }
    }

    /// The tiles of all linear layers read.
    pub(crate) fn take_tiles(&mut self) -> Vec<Group> {
        std::mem::take(&mut self.tiles)
    }

    /// The next tensor, a vector.
    pub(crate) fn vector(&mut self) -> Result<Vec<f32>, WeightsError> {
        let shape = self.next_shape(TensorKind::Vector)?;
        self.floats(&shape, shape.columns)
    }

    /// The next tensors, all tables.
    pub(crate) fn tables<const N: usize>(&mut self) -> Result<[Table; N], WeightsError> {
        let tables = (0..N).map(|_| self.table()).collect::<Result<Vec<_>, _>>()?;
        match tables.try_into() {
            Ok(tables) => Ok(tables),
            Err(_) => unreachable!("as many tables as were asked for"),
        }
    }

    /// The next tensor, a table.
    pub(crate) fn table(&mut self) -> Result<Table, WeightsError> {
        let shape = self.next_shape(TensorKind::Table)?;
        let (rows, columns) = (shape.rows, shape.columns);
        Ok(match self.precision {
            Precision::F32 => Table::F32 { columns, values: self.floats(&shape, rows * columns)? },
            Precision::Q8 => Table::Q8 {
                columns,
                scales: self.floats(&shape, rows)?,
                values: self.integers(&shape, rows * columns)?.iter().map(|b| b.cast_signed()).collect(),
            },
        })
    }

    /// The next tensor, a linear layer.
    pub(crate) fn linear(&mut self) -> Result<Linear, WeightsError> {
        let shape = self.next_shape(TensorKind::Linear)?;
        let (rows, columns) = (shape.rows, shape.columns);
        if self.precision == Precision::F32 {
            return Ok(Linear::F32 { columns, values: self.floats(&shape, rows * columns)? });
        }
        let padded = rows.next_multiple_of(TILE_ROWS);
        let scales = self.floats(&shape, padded)?;
        let (groups, _) = self.integers(&shape, padded * columns)?.as_chunks::<{ TILE_ROWS * GROUP_COLUMNS }>();
        let start = self.tiles.len();
        self.tiles.extend(groups.iter().map(|group| Group(group.map(u8::cast_signed))));
        Ok(Linear::Q8 { columns, scales, tiles: start..self.tiles.len() })
    }

    fn next_shape(&mut self, kind: TensorKind) -> Result<TensorShape, WeightsError> {
        self.at = self.at.next_multiple_of(64);
        let shape = self.shapes.next().filter(|shape| shape.kind == kind);
        shape.ok_or_else(|| WeightsError::Header("its tensors are not those of this network".into()))
    }

    fn floats(&mut self, shape: &TensorShape, n: usize) -> Result<Vec<f32>, WeightsError> {
        let (floats, _) = self.take(shape, 4 * n)?.as_chunks::<4>();
        let values: Vec<f32> = floats.iter().map(|&b| f32::from_le_bytes(b)).collect();
        if values.iter().all(|&v| is_sane(v)) { Ok(values) } else { Err(WeightsError::Values(shape.name.clone())) }
    }

    fn integers(&mut self, shape: &TensorShape, n: usize) -> Result<&'a [u8], WeightsError> {
        let bytes = self.take(shape, n)?;
        if bytes.contains(&i8::MIN.cast_unsigned()) {
            return Err(WeightsError::Values(shape.name.clone()));
        }
        Ok(bytes)
    }

    fn take(&mut self, shape: &TensorShape, n: usize) -> Result<&'a [u8], WeightsError> {
        let slice = self.bytes.get(self.at..self.at + n).ok_or_else(|| WeightsError::Values(shape.name.clone()))?;
        self.at += n;
        Ok(slice)
    }
}
