//! The sizes that kernels, layers and files agree on.

/// Rows of a tile.
pub(crate) const TILE_ROWS: usize = 16;
/// Columns of a group.
pub(crate) const GROUP_COLUMNS: usize = 4;
/// Most events that are read together: each weight is loaded once for all of them.
pub(crate) const MAX_ROWS: usize = 8;

/// 16 rows x 4 columns of a tile; a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Group(pub(crate) [i8; TILE_ROWS * GROUP_COLUMNS]);
