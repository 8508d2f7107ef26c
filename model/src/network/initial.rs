//! First weights. They decide how soon the network learns: with every table at a deviation of 0.3, the six tables of
//! position and conditions drowned the notes, and 0.45 M notes led to 10.8 bits per note instead of 9.2 (EXPERIMENTS.md).

use engine::ModelConfig;
use engine::config::{TensorKind, TensorShape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Deviation of the embeddings of a note's attributes, of what heads know of earlier attributes, and of positions and
/// conditions.
const ATTRIBUTE: f32 = 0.7;
const EARLIER: f32 = 0.1;
const CONTEXT: f32 = 0.02;
/// Over how many values the embeddings of times, of velocities and of pitches resemble each other, as a deviation.
const SMOOTH_TIMES: f32 = 4.0;
const SMOOTH_VELOCITIES: f32 = 3.0;
const SMOOTH_PITCHES: f32 = 6.0;
const OCTAVE: usize = 12;

/// Draws first weights, tensor after tensor.
pub struct Initial {
    random: ChaCha8Rng,
}

impl Initial {
    /// The same weights for the same seed, when tensors are asked for in the same order.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Values of one tensor, row-major. Norms change nothing; linear layers have a deviation of 1 / √inputs, smaller by
    /// 1 / √(2 n_blocks) where they add to the residual stream (Radford et al. 2019); attributes begin alike where they
    /// are alike: neighbours in time, loudness and pitch, and notes an octave apart.
    pub fn values(&mut self, config: &ModelConfig, shape: &TensorShape) -> Vec<f32> {
        let n = shape.rows * shape.columns;
        let inputs = as_f32(shape.columns);
        match shape.kind {
            TensorKind::Vector => vec![if shape.name.ends_with("gain") { 1.0 } else { 0.0 }; n],
            TensorKind::Table => self.table(shape),
            // Begins near even odds.
            TensorKind::Linear if shape.name.ends_with(".logits") => self.noise(n, 0.02),
            TensorKind::Linear if shape.name.ends_with(".out") || shape.name.ends_with(".down") => {
                self.noise(n, (inputs * 2.0 * as_f32(config.n_blocks)).sqrt().recip())
            }
            TensorKind::Linear => self.noise(n, inputs.sqrt().recip()),
        }
    }

    fn table(&mut self, shape: &TensorShape) -> Vec<f32> {
        let n = shape.rows * shape.columns;
        let (place, attribute) = shape.name.rsplit_once('.').unwrap_or(("", &shape.name));
        let is_earlier = attribute.starts_with("from_") || place != "embed";
        let attribute = attribute.trim_start_matches("from_");
        let width = match attribute {
            "pitch" => SMOOTH_PITCHES,
            "velocity" => SMOOTH_VELOCITIES,
            "shift" | "duration" => SMOOTH_TIMES,
            _ => return self.noise(n, if is_earlier { EARLIER } else { CONTEXT }),
        };
        let deviation = if is_earlier { EARLIER } else { ATTRIBUTE };
        let own = if attribute == "pitch" { 0.4 } else { 0.7 };
        let mut values = self.noise(n, own * deviation);
        for (value, smooth) in values.iter_mut().zip(self.smooth(shape, width)) {
            *value += 0.7 * deviation * smooth;
        }
        if attribute == "pitch" {
            let classes = self.noise(OCTAVE * shape.columns, 0.6 * deviation);
            for (i, value) in values.iter_mut().enumerate() {
                *value += classes[i % classes.len()];
            }
        }
        values
    }

    /// Noise of deviation 1 that changes slowly from row to row.
    fn smooth(&mut self, shape: &TensorShape, width: f32) -> Vec<f32> {
        const REACH: usize = 24;
        let weights: Vec<f32> =
            (0..=2 * REACH).map(|k| (-0.5 * ((as_f32(k) - as_f32(REACH)) / width).powi(2)).exp()).collect();
        let norm = weights.iter().map(|w| w * w).sum::<f32>().sqrt();
        let noise = self.noise((shape.rows + weights.len()) * shape.columns, 1.0);
        let at = |row: usize, column: usize| noise[row * shape.columns + column];
        (0..shape.rows * shape.columns)
            .map(|i| {
                let (row, column) = (i / shape.columns, i % shape.columns);
                weights.iter().enumerate().map(|(k, w)| w * at(row + k, column)).sum::<f32>() / norm
            })
            .collect()
    }

    /// Normal numbers (Box and Muller 1958).
    fn noise(&mut self, n: usize, deviation: f32) -> Vec<f32> {
        let mut normal = || {
            let radius = (-2.0 * (1.0 - self.random.random::<f32>()).ln()).sqrt();
            radius * (std::f32::consts::TAU * self.random.random::<f32>()).cos()
        };
        (0..n).map(|_| deviation * normal()).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of layers")]
fn as_f32(n: usize) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use engine::ModelConfig;

    use super::Initial;

    fn table(name: &str) -> (usize, Vec<f32>) {
        let shape = ModelConfig::NANO.tensors().into_iter().find(|shape| shape.name == name).unwrap();
        (shape.columns, Initial::new(1).values(&ModelConfig::NANO, &shape))
    }

    fn distance((columns, values): &(usize, Vec<f32>), a: usize, b: usize) -> f32 {
        let row = |r: usize| &values[r * columns..(r + 1) * columns];
        row(a).iter().zip(row(b)).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    }

    #[test]
    fn octaves_and_neighbours_begin_alike() {
        let pitch = table("embed.pitch");
        assert!(distance(&pitch, 60, 72) < 0.9 * distance(&pitch, 60, 78));
        let shift = table("embed.shift");
        assert!(distance(&shift, 50, 51) < 0.8 * distance(&shift, 50, 90));
    }

    #[test]
    fn notes_are_louder_than_their_context() {
        let energy = |name| {
            let (_, values) = table(name);
            values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32
        };
        for condition in ["embed.beat_phase", "embed.bar_beat", "embed.style", "embed.density"] {
            assert!(energy("embed.pitch") > 100.0 * energy(condition));
        }
    }
}
