//! The network: its sizes, its layers as they lie in memory, and a step of it in 8 bits.
//!
//! Reading order: [`config`] has the sizes and the order of tensors; `error` says why a file of them is refused; `tiles` and
//! `pages` are how they lie in memory, `quant` how they are stored; `layers` names them; `forward` is a step, with `attention` and
//! `linear` over the plain loops of `math` and the kernels of `simd`.

pub(crate) mod attention;
pub mod config;
pub(crate) mod error;
pub(crate) mod forward;
pub(crate) mod layers;
pub(crate) mod linear;
pub(crate) mod math;
pub(crate) mod pages;
pub(crate) mod quant;
pub(crate) mod simd;
pub(crate) mod tiles;
