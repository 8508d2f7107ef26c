//! Bach's chorales (Boulanger-Lewandowski et al. 2012) on the grid of a sixteenth: trains a small network on the 229
//! training pieces, keeps what does best on the 76 validation pieces, and reports the 77 test pieces.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};
use candle_core::Device;
use engine::ModelConfig;
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::average::{Average, copy};
use super::chorales::{self, Chorales, Frame, VOICES};
use super::{Row, print_rows};
use crate::network::Network;
use crate::ops::Dropout;
use crate::optimiser::AdamW;
use crate::schedule::Schedule;
use crate::shards;
use crate::step::Stepper;

const CONFIG: ModelConfig =
    ModelConfig { n_blocks: 4, d_model: 128, n_heads: 4, n_kv_heads: 2, d_ff: 512, d_head_hidden: 256, n_context: 192 };
/// Validates every this many steps.
const VALID_STEPS: u32 = 200;

/// Per voice and sixteenth, voices written one after another (Huang et al. 2019, "Music Transformer", table 3). They are
/// of the validation pieces.
const PUBLISHED: [Row; 4] = [
    Row { name: "Coconet, chronological (validation)", nats: 0.436 },
    Row { name: "Transformer (validation)", nats: 0.417 },
    Row { name: "Transformer, relative (validation)", nats: 0.357 },
    Row { name: "Music Transformer (validation)", nats: 0.335 },
];

/// How to train.
#[derive(Clone, Debug, clap::Args)]
pub struct JsbOptions {
    /// Jsb16thSeparated.json or jsb-chorales-16th.json
    #[arg(long)]
    pub data: PathBuf,
    /// Train for this long
    #[arg(long, default_value_t = 25.0)]
    pub minutes: f64,
    /// Stop after this many steps, if that comes earlier
    #[arg(long)]
    pub max_steps: Option<u32>,
    /// Chorales in a batch
    #[arg(long, default_value_t = 6)]
    pub rows: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    pub rate: f64,
    /// Share of activations dropped against overfitting
    #[arg(long, default_value_t = 0.2)]
    pub dropout: f32,
    /// Another seed makes other random choices
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write the results to this file too
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// The results: nats per voice and sixteenth.
#[derive(Debug, Serialize)]
struct Report {
    test_nats: f64,
    valid_nats: f64,
    test_voices: [f64; 4],
    n_parameters: usize,
    steps: u32,
    sixteenths_seen: usize,
    minutes: f64,
}

/// Trains and prints.
pub(super) fn run(options: &JsbOptions) -> Result<()> {
    ensure!(options.minutes > 0.0 && options.rows > 0, "--minutes and --rows must be more than 0");
    ensure!((0.0..0.9).contains(&options.dropout), "--dropout must be at least 0 and below 0.9");
    let chorales = Chorales::read(&options.data)?;
    let report = train(options, CONFIG, &chorales)?;
    println!(
        "{} parameters, {} steps, {} sixteenths seen in {:.1} minutes",
        report.n_parameters, report.steps, report.sixteenths_seen, report.minutes
    );
    let rows = [
        Row { name: "this network, test", nats: report.test_nats },
        Row { name: "this network, validation", nats: report.valid_nats },
    ];
    print_rows("JSB chorales, per voice and sixteenth", &rows.into_iter().chain(PUBLISHED).collect::<Vec<_>>());
    for (voice, nats) in VOICES.iter().zip(report.test_voices) {
        println!("test, {voice:<58}{nats:>10.3}");
    }
    if let Some(json) = &options.json {
        shards::write_atomically(json, &serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(())
}

fn train(options: &JsbOptions, config: ModelConfig, chorales: &Chorales) -> Result<Report> {
    let steps = config.n_context;
    let network = Network::new(config, options.seed, &Device::Cpu)?;
    let mut optimiser = AdamW::new(&network)?;
    let mut average = Average::new(&network)?;
    let stepper = Stepper::default();
    let mut best = (f64::INFINITY, copy(&network)?);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let started = Instant::now();
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {percent} %, {eta} left, {msg}")?);

    let (mut step, mut seen, mut recent) = (0u32, 0.0, (0.0, 0.0));
    loop {
        let time = started.elapsed().as_secs_f64() / (60.0 * options.minutes);
        let progress = options.max_steps.map_or(time, |max| time.max(f64::from(step) / f64::from(max.max(1))));
        if progress >= 1.0 || step > 0 && step.is_multiple_of(VALID_STEPS) {
            let valid = nats(&stepper, average.network(), &chorales.valid)?.iter().sum::<f64>() / 4.0;
            bar.suspend(|| {
                let train = recent.0 / recent.1;
                let minutes = started.elapsed().as_secs_f64() / 60.0;
                println!(
                    "step {step}, {seen} sixteenths, {minutes:.1} minutes: train {train:.4}, validation {valid:.4}"
                );
            });
            recent = (0.0, 0.0);
            if valid < best.0 {
                best = (valid, copy(average.network())?);
            }
        }
        if progress >= 1.0 {
            break;
        }
        let batch = chorales::batch(&chorales.random_crops(&mut rng, options.rows, steps), steps);
        let counted: f64 = batch.mask.iter().flatten().map(|&m| f64::from(m)).sum();
        let dropout = (options.dropout > 0.0).then_some(Dropout { rate: options.dropout, seed: step });
        let rate = options.rate * Schedule::Whole.factor(step.into(), progress);
        let (nats, norm) = stepper.step(&mut optimiser, &network, &batch, dropout, rate)?;
        ensure!(norm.is_finite(), "the loss is no longer a number at step {step}; try a lower --rate");
        average.follow(&network)?;
        recent = (recent.0 + nats.iter().sum::<f64>(), recent.1 + counted);
        seen += counted / 4.0;
        step += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        bar.set_position((1000.0 * progress) as u64);
    }
    bar.finish_and_clear();
    let (valid_nats, network) = best;
    let test_voices = nats(&stepper, &network, &chorales.test)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let sixteenths_seen = seen as usize;
    Ok(Report {
        test_nats: test_voices.iter().sum::<f64>() / 4.0,
        valid_nats,
        test_voices,
        n_parameters: config.n_parameters(),
        steps: step,
        sixteenths_seen,
        minutes: started.elapsed().as_secs_f64() / 60.0,
    })
}

/// Nats per sixteenth of each voice.
fn nats(stepper: &Stepper, network: &Network, pieces: &[Vec<Frame>]) -> Result<[f64; 4]> {
    let steps = network.config().n_context;
    let (mut sums, mut counted) = ([0.0; 4], 0.0);
    for crops in chorales::windows(pieces, steps).chunks(8) {
        let batch = chorales::batch(crops, steps);
        counted += batch.mask[0].iter().map(|&m| f64::from(m)).sum::<f64>();
        sums.iter_mut().zip(stepper.nats(network, &batch)?).for_each(|(sum, nats)| *sum += nats);
    }
    Ok(sums.map(|sum| sum / counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bass that answers the soprano, over a soprano that goes round.
    fn song(n: u8, from: u8) -> Vec<Frame> {
        (0..n).map(|i| [60 + (i / 2 + from) % 5 * 2, 58, 52, 40 + (i / 2 + from) % 5]).collect()
    }

    #[test]
    fn a_pattern_is_learnt_and_reported() {
        let songs = |n: u8| (0..n).map(|i| song(40 + i, i)).collect::<Vec<_>>();
        let chorales = Chorales { train: songs(12), valid: songs(3), test: songs(4) };
        let options = JsbOptions {
            data: PathBuf::new(),
            minutes: 5.0,
            max_steps: Some(60),
            rows: 2,
            rate: 1e-2,
            dropout: 0.05,
            seed: 3,
            json: None,
        };
        let config = ModelConfig { n_context: 16, ..ModelConfig::TINY };
        let report = train(&options, config, &chorales).unwrap();
        // Even odds would be 4.5 nats.
        assert!(report.test_nats < 2.5 && report.steps == 60, "{report:?}");
        let mean = report.test_voices.iter().sum::<f64>() / 4.0;
        assert!((mean - report.test_nats).abs() < 1e-9);
    }
}
