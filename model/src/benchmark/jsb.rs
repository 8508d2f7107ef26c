//! Bach's chorales (Boulanger-Lewandowski et al. 2012) on the grid of a sixteenth: trains a small network on the 229
//! training pieces, keeps what does best on the 76 validation pieces, and reports the 77 test pieces.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use candle_core::Device;
use engine::ModelConfig;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Row;
use super::chorales::{self, Chorales, Frame};
use crate::network::Network;
use crate::optim::{AdamW, Ema, Schedule};
use crate::train::bits::Bits;
use crate::train::{FullNetwork, Hooks, Likelihood, Monitor, Progress, Save, Trainer, TrainerConfig};

const CONFIG: ModelConfig =
    ModelConfig { n_blocks: 4, d_model: 128, n_heads: 4, n_kv_heads: 2, d_ff: 512, d_head_hidden: 256, n_context: 192 };
/// Validates every this many steps.
const VALID_EVERY: u64 = 200;
/// How much of the average of the weights stays at each step, once there is one.
const EMA_DECAY: f64 = 0.998;

/// Per voice and sixteenth, voices written one after another (Huang et al. 2019, "Music Transformer", table 3). They are
/// of the validation pieces.
pub const PUBLISHED: [Row; 4] = [
    Row { name: "Coconet, chronological (validation)", nats: 0.436 },
    Row { name: "Transformer (validation)", nats: 0.417 },
    Row { name: "Transformer, relative (validation)", nats: 0.357 },
    Row { name: "Music Transformer (validation)", nats: 0.335 },
];

/// How to train. `Default` knows no data, which must be given.
#[derive(Clone, Debug)]
pub struct JsbConfig {
    /// Jsb16thSeparated.json or jsb-chorales-16th.json.
    pub data: PathBuf,
    /// The budget in minutes.
    pub minutes: f64,
    /// Steps after which it stops, if that comes earlier.
    pub max_steps: Option<u64>,
    /// Chorales in a batch.
    pub batch_size: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Share of activations dropped against overfitting.
    pub dropout: f32,
    /// Of the random choices.
    pub seed: u64,
}

impl Default for JsbConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::new(),
            minutes: 25.0,
            max_steps: None,
            batch_size: 6,
            learning_rate: 2e-3,
            dropout: 0.2,
            seed: 1,
        }
    }
}

/// The results: nats per voice and sixteenth.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of the test pieces.
    pub test_nats: f64,
    /// Of the validation pieces, which chose the network.
    pub valid_nats: f64,
    /// Of the test pieces, in the order of [`VOICES`](super::VOICES).
    pub test_voices: [f64; 4],
    /// Of the network.
    pub n_parameters: usize,
    /// Steps taken.
    pub steps: u64,
    /// Sixteenths trained on, counted every time they were seen.
    pub sixteenths_seen: u64,
    /// Time that it took.
    pub minutes: f64,
}

/// Trains, and measures the best network.
///
/// # Errors
/// When the data cannot be read, or the loss stops being a number.
pub fn jsb(config: &JsbConfig, monitor: &mut dyn Monitor) -> Result<Report> {
    ensure!(config.minutes > 0.0 && config.batch_size > 0, "--minutes and --batch-size must be more than 0");
    ensure!((0.0..0.9).contains(&config.dropout), "--dropout must be at least 0 and below 0.9");
    train(config, CONFIG, &Chorales::read(&config.data)?, monitor)
}

fn train(config: &JsbConfig, size: ModelConfig, chorales: &Chorales, monitor: &mut dyn Monitor) -> Result<Report> {
    let length = size.n_context;
    let network = Network::new(size, config.seed, &Device::Cpu)?;
    let likelihood = Likelihood::default();
    let mut keeper = Keeper { valid: &chorales.valid, best: network.copy()?, likelihood: likelihood.clone(), monitor };
    let mut learner = FullNetwork::new(network.clone(), AdamW::new(&network)?);
    learner.ema = Some((Ema::new(&network)?, EMA_DECAY));
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut trainer = Trainer {
        config: TrainerConfig {
            learning_rate: config.learning_rate,
            schedule: Schedule::Whole,
            dropout: config.dropout,
            dropout_seed: 0,
            max_minutes: config.minutes,
            max_notes: None,
            max_steps: config.max_steps,
            valid_every: VALID_EVERY,
            log_every: VALID_EVERY,
            patience: u32::MAX,
            checkpoint_every: Duration::MAX,
            way_out: "try a lower --learning-rate".to_owned(),
        },
        learner,
        objective: likelihood,
        batches: Box::new(|_| {
            vec![chorales::batch(&chorales.random_crops(&mut rng, config.batch_size, length), length)]
        }),
        progress: Progress::default(),
    };
    trainer.train(&mut keeper)?;
    let test_voices = nats(&keeper.likelihood, &keeper.best, &chorales.test)?;
    let Progress { step, notes_seen, minutes, best_valid, .. } = trainer.progress;
    Ok(Report {
        test_nats: test_voices.iter().sum::<f64>() / 4.0,
        valid_nats: best_valid.unwrap_or(f64::NAN),
        test_voices,
        n_parameters: size.n_parameters(),
        steps: step,
        sixteenths_seen: notes_seen,
        minutes,
    })
}

/// The hooks: nats of the validation pieces, and the network that did best on them.
struct Keeper<'a> {
    valid: &'a [Vec<Frame>],
    best: Network,
    likelihood: Likelihood,
    monitor: &'a mut dyn Monitor,
}

impl Hooks<FullNetwork> for Keeper<'_> {
    fn should_stop(&mut self) -> bool {
        self.monitor.should_stop()
    }

    fn on_step(&mut self, progress: &Progress) {
        self.monitor.progress(progress.share, "");
    }

    fn validate(&mut self, learner: &mut FullNetwork, progress: &Progress) -> Result<f64> {
        let valid = nats(&self.likelihood, &learner.smoothed(), self.valid)?.iter().sum::<f64>() / 4.0;
        let Progress { step, notes_seen, minutes, recent, .. } = progress;
        let train = (0..4).map(|voice| recent.nats_of(voice)).sum::<f64>() / 4.0;
        self.monitor.say(&format!(
            "step {step}, {notes_seen} sixteenths, {minutes:.1} minutes: train {train:.4}, validation {valid:.4}"
        ));
        Ok(valid)
    }

    fn checkpoint(&mut self, learner: &mut FullNetwork, _: &Progress, which: Save) -> Result<()> {
        if which == Save::Best {
            self.best = learner.smoothed().copy()?;
        }
        Ok(())
    }
}

/// Nats per sixteenth of each voice.
fn nats(likelihood: &Likelihood, network: &Network, pieces: &[Vec<Frame>]) -> Result<[f64; 4]> {
    let length = network.config().n_context;
    let mut sum = Bits::default();
    for crops in chorales::windows(pieces, length).chunks(8) {
        let batch = chorales::batch(crops, length);
        sum.add(likelihood.nats(network, &batch)?, &batch);
    }
    Ok(std::array::from_fn(|voice| sum.nats_of(voice)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Unwatched;

    /// A bass that answers the soprano, over a soprano that goes round.
    fn song(n: u8, from: u8) -> Vec<Frame> {
        (0..n).map(|i| [60 + (i / 2 + from) % 5 * 2, 58, 52, 40 + (i / 2 + from) % 5]).collect()
    }

    #[test]
    fn a_pattern_is_learnt_and_reported() {
        let songs = |n: u8| (0..n).map(|i| song(40 + i, i)).collect::<Vec<_>>();
        let chorales = Chorales { train: songs(12), valid: songs(3), test: songs(4) };
        let options = JsbConfig {
            minutes: 5.0,
            max_steps: Some(60),
            batch_size: 2,
            learning_rate: 1e-2,
            dropout: 0.05,
            seed: 3,
            ..JsbConfig::default()
        };
        let config = ModelConfig { n_context: 16, ..ModelConfig::TINY };
        let report = train(&options, config, &chorales, &mut Unwatched).unwrap();
        // Even odds would be 4.5 nats.
        assert!(report.test_nats < 2.5 && report.steps == 60, "{report:?}");
        let mean = report.test_voices.iter().sum::<f64>() / 4.0;
        assert!((mean - report.test_nats).abs() < 1e-9);
    }
}
