//! Antiphon's own files: networks, and packs that add a style to one.
//!
//! Reading order: `container` is what they have in common; [`weights`] and [`pack`] are the two kinds; [`random`] makes networks
//! that were never trained, for tests and benchmarks.

pub(crate) mod container;
pub mod pack;
pub mod random;
pub mod weights;
