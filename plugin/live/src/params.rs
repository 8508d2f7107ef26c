//! The parameters: one table of them, and what their values mean. Whoever has the values (a plugin's framework, a page) gives them
//! to [`settings`].
//!
//! Reading order: `table` has a row for each parameter, `spec` says what a row holds, and `values` makes settings of values.

mod spec;
mod table;
mod values;

pub use spec::{Group, Kind, LAST_STYLE, Range, Spec};
pub use table::ParamId;
pub use values::settings;
