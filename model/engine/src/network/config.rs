//! The sizes of a network, and the order of its tensors.

use serde::{Deserialize, Serialize};

use crate::conditions;
use crate::metre::{N_BAR_BEATS, N_BEAT_PHASES};
use crate::tokens::vocab::{N_DURATIONS, N_PITCH_INPUTS, N_PITCHES, N_SHIFTS, N_VELOCITIES, N_VELOCITY_INPUTS};

/// Sizes of a network. Everything else (tensor shapes, file length, buffers) follows from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Transformer blocks.
    pub n_blocks: usize,
    /// Width of the residual stream; four times the width of an attribute's embedding.
    pub d_model: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads, shared by groups of query heads (Ainslie et al. 2023, grouped-query attention).
    pub n_kv_heads: usize,
    /// Width of the feed-forward layer.
    pub d_ff: usize,
    /// Width of the hidden layer of each attribute's head.
    pub d_head_hidden: usize,
    /// Notes that the model can look back on.
    pub n_context: usize,
}

impl ModelConfig {
    /// The small network: plays on any machine, trains on a CPU.
    pub const NANO: Self =
        Self { n_blocks: 5, d_model: 256, n_heads: 4, n_kv_heads: 2, d_ff: 1024, d_head_hidden: 256, n_context: 512 };
    /// The full network: about 11 M parameters, which is what two cores can train in some days. Its feed-forward layers are
    /// as narrow as the residual stream (model/EXPERIMENTS.md says why).
    pub const BASE: Self =
        Self { n_blocks: 8, d_model: 512, n_heads: 8, n_kv_heads: 2, d_ff: 512, d_head_hidden: 256, n_context: 1024 };
    /// As many blocks, with a wide feed-forward: about 26 M parameters, for those who train on a GPU.
    pub const LARGE: Self =
        Self { n_blocks: 8, d_model: 512, n_heads: 8, n_kv_heads: 2, d_ff: 2048, d_head_hidden: 512, n_context: 1024 };
    /// For tests: runs in microseconds.
    pub const TINY: Self =
        Self { n_blocks: 2, d_model: 64, n_heads: 2, n_kv_heads: 1, d_ff: 128, d_head_hidden: 64, n_context: 64 };

    /// Width of one attention head.
    #[must_use]
    pub const fn d_head(&self) -> usize {
        self.d_model / self.n_heads
    }

    /// Width of all keys (or values) of one position.
    #[must_use]
    pub const fn d_kv(&self) -> usize {
        self.n_kv_heads * self.d_head()
    }

    /// Width of one attribute's embedding.
    #[must_use]
    pub const fn d_attribute(&self) -> usize {
        self.d_model / 4
    }

    /// Refuses sizes that make no network, or one larger than this engine is willing to hold.
    ///
    /// # Errors
    /// A sentence that names the size at fault.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!("{name} is {value}; it must be {low} to {high}"))
            }
        };
        within("n_blocks", self.n_blocks, 1, 32)?;
        within("d_model", self.d_model, 32, 2048)?;
        within("n_heads", self.n_heads, 1, 32)?;
        within("n_kv_heads", self.n_kv_heads, 1, self.n_heads)?;
        within("d_ff", self.d_ff, 32, 8192)?;
        within("d_head_hidden", self.d_head_hidden, 32, 2048)?;
        within("n_context", self.n_context, 16, 4096)?;
        for (name, value) in [("d_model", self.d_model), ("d_ff", self.d_ff), ("d_head_hidden", self.d_head_hidden)] {
            if value % 32 != 0 {
                return Err(format!("{name} is {value}; it must be a multiple of 32"));
            }
        }
        if !self.d_model.is_multiple_of(self.n_heads) || !self.d_head().is_multiple_of(16) {
            return Err(format!(
                "{} heads do not divide a width of {} into multiples of 16",
                self.n_heads, self.d_model
            ));
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            return Err(format!("{} key heads do not divide {} query heads", self.n_kv_heads, self.n_heads));
        }
        Ok(())
    }

    /// All tensors in the order in which weight files hold them. Vectors have one row.
    #[must_use]
    pub fn tensors(&self) -> Vec<TensorShape> {
        use TensorKind::{Linear, Table, Vector};
        let (d, hidden) = (self.d_model, self.d_head_hidden);
        let mut all = Vec::new();
        let mut add = |name: String, kind, rows, columns| all.push(TensorShape { name, kind, rows, columns });

        for (name, rows) in
            [("shift", N_SHIFTS), ("pitch", N_PITCH_INPUTS), ("duration", N_DURATIONS), ("velocity", N_VELOCITY_INPUTS)]
        {
            add(format!("embed.{name}"), Table, rows, self.d_attribute());
        }
        let places = [("beat_phase", N_BEAT_PHASES), ("bar_beat", N_BAR_BEATS)];
        for (name, rows) in places.into_iter().chain(conditions::TABLES) {
            add(format!("embed.{name}"), Table, rows, d);
        }
        for b in 0..self.n_blocks {
            add(format!("blocks.{b}.norm1.gain"), Vector, 1, d);
            add(format!("blocks.{b}.norm1.bias"), Vector, 1, d);
            add(format!("blocks.{b}.qkv"), Linear, d + 2 * self.d_kv(), d);
            add(format!("blocks.{b}.out"), Linear, d, d);
            add(format!("blocks.{b}.norm2.gain"), Vector, 1, d);
            add(format!("blocks.{b}.norm2.bias"), Vector, 1, d);
            add(format!("blocks.{b}.up"), Linear, self.d_ff, d);
            add(format!("blocks.{b}.down"), Linear, d, self.d_ff);
        }
        add("norm.gain".into(), Vector, 1, d);
        add("norm.bias".into(), Vector, 1, d);
        let attributes =
            [("shift", N_SHIFTS), ("pitch", N_PITCHES), ("duration", N_DURATIONS), ("velocity", N_VELOCITIES)];
        for (i, (name, values)) in attributes.into_iter().enumerate() {
            add(format!("heads.{name}.hidden"), Linear, hidden, d);
            for (earlier, earlier_values) in &attributes[..i] {
                add(format!("heads.{name}.from_{earlier}"), Table, *earlier_values, hidden);
            }
            if i > 0 {
                add(format!("heads.{name}.from_beat_phase"), Table, N_BEAT_PHASES, hidden);
                add(format!("heads.{name}.from_bar_beat"), Table, N_BAR_BEATS, hidden);
            }
            add(format!("heads.{name}.logits"), Linear, values, hidden);
            add(format!("heads.{name}.bias"), Vector, 1, values);
        }
        all
    }

    /// Number of parameters.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.tensors().iter().map(|t| t.rows * t.columns).sum()
    }
}

/// How a tensor is used, which decides how it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorKind {
    /// `y = W x`, W (rows, columns): 8 bits, a scale per row.
    Linear,
    /// One row is looked up: 8 bits, a scale per row.
    Table,
    /// Norm gains and biases: 32-bit floats.
    Vector,
}

/// Name and shape of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorShape {
    /// Dotted path, the same in checkpoints.
    pub name: String,
    /// How it is used.
    pub kind: TensorKind,
    /// Rows: outputs of a linear layer, entries of a table, 1 for a vector.
    pub rows: usize,
    /// Columns: inputs of a linear layer, width of an entry.
    pub columns: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_sizes_are_sound() {
        for config in [ModelConfig::NANO, ModelConfig::BASE, ModelConfig::LARGE, ModelConfig::TINY] {
            config.check().unwrap();
        }
        assert!((3_500_000..5_000_000).contains(&ModelConfig::NANO.n_parameters()));
        assert!((10_000_000..13_000_000).contains(&ModelConfig::BASE.n_parameters()));
        assert!((22_000_000..28_000_000).contains(&ModelConfig::LARGE.n_parameters()));
    }
}
