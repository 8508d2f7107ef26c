//! Known test sets with published numbers, to see how this trainer stands. What is trained here is thrown away: the sets
//! may be measured on, not shipped. `steering` measures answers against what they are asked for,
//! `throughput` compares training with the processor's limits.

mod chorales;
pub mod harmony;
pub mod hearing;
pub mod jsb;
pub mod maestro;
pub mod performed;
pub mod rules;
pub mod steering;
pub mod tempo;
pub mod throughput;

pub use chorales::VOICES;

/// A published result.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Of what, and on which part of the set.
    pub name: &'static str,
    /// Nats per prediction.
    pub nats: f64,
}

/// 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts")]
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), value| (sum + value, n + 1));
    sum / n.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
