//! Which implementation of the operations a network uses.

use candle_core::{DType, Device, Result, Tensor};

use super::{AttentionShape, Dropout, Table, anywhere};

/// One of two implementations of all operations. Their results and gradients are the same, but for rounding and for which
/// elements a dropout's seed drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// Fused loops over f32 on a CPU.
    Cpu,
    /// Compositions of candle's operations, on any device. What flows through the layers is of this type (bf16 halves
    /// memory and time on a GPU); parameters, norms, sums and the residual stream are f32.
    Anywhere(DType),
}

impl Kernels {
    /// Those that compute in f32 on this device.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        if device.is_cpu() { Self::Cpu } else { Self::Anywhere(DType::F32) }
    }

    /// See [`super::layer_norm`].
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn layer_norm(self, x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
        match self {
            Self::Cpu => super::layer_norm(x, gain, bias),
            Self::Anywhere(dtype) => anywhere::layer_norm(x, gain, bias, dtype),
        }
    }

    /// See [`super::linear`].
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn linear(self, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        match self {
            Self::Cpu => super::linear(x, w),
            Self::Anywhere(_) => anywhere::linear(x, w),
        }
    }

    /// See [`super::attention`].
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn attention(self, qkv: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
        match self {
            Self::Cpu => super::attention(qkv, shape),
            Self::Anywhere(_) => anywhere::attention(qkv, shape),
        }
    }

    /// See [`super::gelu`].
    ///
    /// # Errors
    /// When memory or the device fails.
    pub fn gelu(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Cpu => super::gelu(x),
            Self::Anywhere(_) => anywhere::gelu(x),
        }
    }

    /// See [`super::add_dropout`].
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn add_dropout(self, x: &Tensor, y: &Tensor, dropout: Option<Dropout>) -> Result<Tensor> {
        match self {
            Self::Cpu => super::add_dropout(x, y, dropout),
            Self::Anywhere(_) => anywhere::add_dropout(x, y, dropout),
        }
    }

    /// See [`super::lookup_add`].
    ///
    /// # Errors
    /// When an id is outside its table, or shapes do not fit.
    pub fn lookup_add(self, base: &Tensor, tables: &[Table]) -> Result<Tensor> {
        match self {
            Self::Cpu => super::lookup_add(base, tables),
            Self::Anywhere(_) => anywhere::lookup_add(base, tables),
        }
    }

    /// See [`super::cross_entropy`].
    ///
    /// # Errors
    /// When a target is not a class, or shapes do not fit.
    pub fn cross_entropy(self, logits: &Tensor, bias: &Tensor, targets: &[u32], mask: &[f32]) -> Result<Tensor> {
        match self {
            Self::Cpu => super::cross_entropy(logits, bias, targets, mask),
            Self::Anywhere(_) => anywhere::cross_entropy(logits, bias, targets, mask),
        }
    }
}
