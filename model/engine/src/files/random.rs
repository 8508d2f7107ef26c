//! Networks that were never trained, for tests and benchmarks.

use oorandom::Rand32;

use crate::files::weights::{self, Header, Precision, TOKENISER, WeightsError};
use crate::network::config::{ModelConfig, TensorKind, TensorShape};

/// A weight file of random numbers, about as large as training makes them: always the same for the same arguments. It
/// has four styles, one of them "Ragtime".
///
/// # Errors
/// If the sizes are refused by [`ModelConfig::check`].
pub fn random_file(config: ModelConfig, precision: Precision, seed: u64) -> Result<Vec<u8>, WeightsError> {
    let header = Header {
        config,
        precision,
        name: "Random".into(),
        styles: ["Any style", "J. S. Bach, chorales", "C. P. E. Bach", "Ragtime"].map(String::from).to_vec(),
        licence: "CC0-1.0".into(),
        credits: String::new(),
        training: "none".into(),
        tokeniser: TOKENISER,
    };
    let mut random = Rand32::new(seed);
    weights::write(&header, &mut |shape| Ok(values(shape, &mut random)))
}

fn values(shape: &TensorShape, random: &mut Rand32) -> Vec<f32> {
    #[expect(clippy::cast_precision_loss, reason = "at most 8192")]
    let (middle, spread) = match shape.kind {
        TensorKind::Linear => (0.0, 3.0 / (shape.columns as f32).sqrt()),
        TensorKind::Table => (0.0, 0.7),
        TensorKind::Vector if shape.name.ends_with("gain") => (1.0, 0.2),
        TensorKind::Vector => (0.0, 0.2),
    };
    (0..shape.rows * shape.columns).map(|_| middle + spread * (2.0 * random.rand_float() - 1.0)).collect()
}
