//! The training loop: batches, steps, validation, checkpoints, and an end at a budget, a stop or a failure.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use engine::ModelConfig;
use indicatif::{ProgressBar, ProgressStyle};

use crate::batch::{ATTRIBUTES, Batch};
use crate::checkpoint::{self, State};
use crate::corpus::Split;
use crate::dataset::Dataset;
use crate::distil::Teacher;
use crate::loss_picture;
use crate::network::Network;
use crate::ops::Dropout;
use crate::optimiser::AdamW;
use crate::schedule;

/// A line of the log every this many steps.
const LOG_STEPS: u64 = 50;
/// A checkpoint at least this often.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(300);
/// Validation during training looks at about this many notes, the same ones every time.
const VALID_NOTES: usize = 60_000;

/// Sizes of network to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// 4 million parameters: trains on a CPU, plays anywhere.
    Nano,
    /// 25 million parameters: trains on a GPU.
    Base,
    /// To try out the commands.
    Tiny,
}

impl Size {
    fn config(self) -> ModelConfig {
        match self {
            Self::Nano => ModelConfig::NANO,
            Self::Base => ModelConfig::BASE,
            Self::Tiny => ModelConfig::TINY,
        }
    }
}

/// How to train.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  model train --data prepared --out run --minutes 90\n\n\
    Stops at its budget, when validation no longer gets better, or at Ctrl-C, always with a checkpoint in --out:\n\
    best.safetensors and last.safetensors. Go on with --resume. Next: model quantise --checkpoint run/best.safetensors")]
pub struct TrainOptions {
    /// The folder that `model prepare` wrote
    #[arg(long)]
    pub data: PathBuf,
    /// The folder for checkpoints, log.csv and loss.svg
    #[arg(long)]
    pub out: PathBuf,
    /// Size of the network
    #[arg(long, value_enum, default_value = "nano")]
    pub size: Size,
    /// Crops in a batch
    #[arg(long, default_value_t = 8)]
    pub rows: usize,
    /// Notes in a crop; the network's context when not given
    #[arg(long)]
    pub steps: Option<usize>,
    /// Highest learning rate
    #[arg(long, default_value_t = 1.5e-3)]
    pub rate: f64,
    /// Share of activations dropped against overfitting; less or none when the data is seen only a few times
    #[arg(long, default_value_t = 0.1)]
    pub dropout: f32,
    /// Train for this long; the learning rate falls in the last quarter
    #[arg(long, default_value_t = 90.0)]
    pub minutes: f64,
    /// Stop after this many notes, if that comes earlier
    #[arg(long)]
    pub max_notes: Option<u64>,
    /// Another seed makes other random choices
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Go on from last.safetensors in --out, with a new budget
    #[arg(long)]
    pub resume: bool,
    /// Threads; all cores when not given
    #[arg(long)]
    pub threads: Option<usize>,
    /// Look at validation pieces every this many steps
    #[arg(long, default_value_t = 400)]
    pub valid_every: u64,
    /// Stop when this many validations in a row bring nothing better
    #[arg(long, default_value_t = 12)]
    pub patience: u32,
}

/// Bits per note: in total, and of each attribute. Every part is divided by the number of events that count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bits {
    nats: [f64; 4],
    n_events: f64,
}

impl Bits {
    fn add(&mut self, nats: [f64; 4], batch: &Batch) {
        self.nats.iter_mut().zip(nats).for_each(|(sum, nats)| *sum += nats);
        self.n_events += n_events(batch);
    }

    fn of(&self, attribute: usize) -> f64 {
        self.nats[attribute] / self.n_events.max(1.0) / std::f64::consts::LN_2
    }

    fn total(&self) -> f64 {
        (0..4).map(|attribute| self.of(attribute)).sum()
    }
}

/// Events of a batch that count: every one has a pitch (or is an end).
fn n_events(batch: &Batch) -> f64 {
    batch.mask[1].iter().map(|&m| f64::from(m)).sum()
}

fn sums(nats: &[Tensor; 4]) -> candle_core::Result<[f64; 4]> {
    let mut sums = [0.0; 4];
    for (sum, nats) in sums.iter_mut().zip(nats) {
        *sum = f64::from(nats.sum_all()?.to_scalar::<f32>()?);
    }
    Ok(sums)
}

/// Why the loop ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Budget,
    NoLongerBetter,
    Stopped,
}

struct Run<'a> {
    options: &'a TrainOptions,
    dataset: &'a Dataset,
    steps: usize,
    valid: Vec<Batch>,
    network: Network,
    optimiser: AdamW,
    teacher: Option<&'a Teacher>,
    state: State,
    log: File,
    bar: ProgressBar,
    started: Instant,
    first_notes: u64,
}

/// Trains until the budget ends. See [`TrainOptions`].
///
/// # Errors
/// When the data or an earlier checkpoint does not fit, the disk fails, or the loss stops being a number.
pub fn run(options: &TrainOptions) -> Result<()> {
    run_with(options, None)
}

/// As [`run`]; with a teacher, the network learns from its opinion too.
///
/// # Errors
/// As [`run`].
pub fn run_with(options: &TrainOptions, teacher: Option<&Teacher>) -> Result<()> {
    ensure!(options.minutes > 0.0, "--minutes must be more than 0");
    ensure!((0.0..0.9).contains(&options.dropout), "--dropout must be at least 0 and below 0.9");
    ensure!(options.rows > 0 && options.valid_every > 0, "--rows and --valid-every must be at least 1");
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    }
    let dataset = Dataset::open(&options.data)?;
    std::fs::create_dir_all(&options.out).with_context(|| format!("cannot make {}", options.out.display()))?;
    let (network, optimiser, state) = start(options, &dataset)?;
    let steps = options.steps.unwrap_or(state.config.n_context);
    ensure!((1..=state.config.n_context).contains(&steps), "--steps must be 1 to {}", state.config.n_context);

    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("cannot listen to Ctrl-C")?;

    let stride = (dataset.n_notes(Split::Valid) / VALID_NOTES).max(1);
    let valid: Vec<Batch> = dataset.valid_batches(Split::Valid, options.rows, steps).step_by(stride).collect();
    ensure!(!valid.is_empty(), "{} holds no validation pieces; prepare more files", options.data.display());
    println!(
        "{:.1} M parameters, {} notes to train on, {} styles; {} minutes from step {}",
        millions(state.config.n_parameters()),
        dataset.n_notes(Split::Train),
        state.styles.len(),
        options.minutes,
        state.step
    );
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {percent} %, {eta} left, {msg}")?);
    let first_notes = state.notes_seen;
    let log = open_log(&options.out.join("log.csv"), options.resume)?;
    let started = Instant::now();
    Run { options, dataset: &dataset, steps, valid, network, optimiser, teacher, state, log, bar, started, first_notes }
        .train(&stop)
}

#[expect(clippy::cast_precision_loss, reason = "to be read")]
fn millions(n: usize) -> f64 {
    n as f64 / 1e6
}

/// A new network, or the last checkpoint if it fits.
fn start(options: &TrainOptions, dataset: &Dataset) -> Result<(Network, AdamW, State)> {
    let last = options.out.join("last.safetensors");
    let config = options.size.config();
    if options.resume {
        let (network, optimiser, state) = checkpoint::load(&last, &Device::Cpu)?;
        if state.config != config {
            bail!("{} is a network of {:?}, not {config:?}; choose its --size", last.display(), state.config);
        }
        if state.fingerprint != dataset.fingerprint() {
            bail!(
                "{} was trained on other data (fingerprint {}, now {}); give the same --data, or another --out to start anew",
                last.display(),
                state.fingerprint,
                dataset.fingerprint()
            );
        }
        return Ok((network, optimiser, state));
    }
    if last.exists() {
        bail!("{} is there already; go on with --resume, or give another --out", last.display());
    }
    let network = Network::new(config, options.seed, &Device::Cpu)?;
    let optimiser = AdamW::new(&network)?;
    let state = State {
        config,
        step: 0,
        notes_seen: 0,
        best_valid_bits: None,
        seed: options.seed,
        styles: dataset.styles().to_vec(),
        fingerprint: dataset.fingerprint().to_owned(),
        options: format!(
            "batches of {} crops, learning rate {}, dropout {}",
            options.rows, options.rate, options.dropout
        ),
    };
    Ok((network, optimiser, state))
}

fn open_log(path: &Path, resume: bool) -> Result<File> {
    let is_new = !(resume && path.exists());
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(!is_new).truncate(is_new);
    let mut log = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    if is_new {
        writeln!(
            log,
            "step,notes,minutes,rate,train_bits,valid_bits,{}",
            ATTRIBUTES.map(|a| format!("valid_{a}")).join(",")
        )?;
    }
    Ok(log)
}

impl Run<'_> {
    fn train(mut self, stop: &AtomicBool) -> Result<()> {
        let mut recent = Bits::default();
        let mut last_checkpoint = Instant::now();
        let mut worse_in_a_row = 0;
        let end = loop {
            let progress = self.progress();
            if stop.load(Ordering::Relaxed) {
                break End::Stopped;
            }
            if progress >= 1.0 {
                break End::Budget;
            }
            let rate = self.options.rate * schedule::factor(self.state.step, progress);
            self.step(rate, &mut recent)?;
            self.show(progress, &recent);
            let validates = self.state.step.is_multiple_of(self.options.valid_every);
            if validates {
                let is_better = self.validate(rate, &recent)?;
                worse_in_a_row = if is_better { 0 } else { worse_in_a_row + 1 };
            } else if self.state.step.is_multiple_of(LOG_STEPS) {
                self.write_log(rate, &recent, None)?;
            }
            if validates || last_checkpoint.elapsed() > CHECKPOINT_EVERY {
                self.save("last.safetensors")?;
                last_checkpoint = Instant::now();
            }
            if worse_in_a_row >= self.options.patience {
                break End::NoLongerBetter;
            }
            if self.state.step.is_multiple_of(LOG_STEPS) {
                recent = Bits::default();
            }
        };
        if end != End::Stopped && recent.n_events > 0.0 {
            self.validate(0.0, &recent)?;
        }
        self.save("last.safetensors")?;
        self.bar.finish_and_clear();
        println!(
            "{} after {} steps and {} notes; best validation {:.3} bits per note, in {}",
            match end {
                End::Budget => "Done",
                End::NoLongerBetter => "Validation no longer gets better: done",
                End::Stopped => "Stopped",
            },
            self.state.step,
            self.state.notes_seen,
            self.state.best_valid_bits.unwrap_or(f64::NAN),
            self.options.out.join("best.safetensors").display()
        );
        Ok(())
    }

    /// How much of the budget is used, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    fn progress(&self) -> f64 {
        let time = self.started.elapsed().as_secs_f64() / (60.0 * self.options.minutes);
        let seen = (self.state.notes_seen - self.first_notes) as f64;
        self.options.max_notes.map_or(time, |max| time.max(seen / (max.max(1) as f64)))
    }

    fn step(&mut self, rate: f64, recent: &mut Bits) -> Result<()> {
        let batch = self.dataset.train_batch(self.state.seed, self.state.step, self.options.rows, self.steps);
        #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
        let dropout_seed = (self.state.step ^ (self.state.seed << 16)) as u32;
        let rate_dropped = self.options.dropout;
        let dropout = (rate_dropped > 0.0).then_some(Dropout { rate: rate_dropped, seed: dropout_seed });
        let (sums, norm) = match self.teacher {
            Some(teacher) => teacher.step(&mut self.optimiser, &self.network, &batch, dropout, rate)?,
            None => {
                let nats = self.network.nats(&batch, dropout)?;
                let loss = (Tensor::cat(&nats, 0)?.sum_all()? / n_events(&batch).max(1.0))?;
                (sums(&nats)?, self.optimiser.step(&self.network, &loss.backward()?, rate)?)
            }
        };
        if !norm.is_finite() || !sums.iter().sum::<f64>().is_finite() {
            bail!(
                "the loss is no longer a number at step {}; the last checkpoint is good: go on with --resume and a lower --rate than {}",
                self.state.step,
                self.options.rate
            );
        }
        recent.add(sums, &batch);
        self.state.step += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of notes")]
        let n_notes = n_events(&batch) as u64;
        self.state.notes_seen += n_notes;
        Ok(())
    }

    fn show(&self, progress: f64, recent: &Bits) {
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let per_second = (self.state.notes_seen - self.first_notes) as f64 / self.started.elapsed().as_secs_f64();
        self.bar.set_message(format!("{:.3} bits per note, {per_second:.0} notes/s", recent.total()));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        self.bar.set_position((progress * 1000.0) as u64);
    }

    /// Measures, logs, and keeps the best. Returns whether this is the best.
    fn validate(&mut self, rate: f64, recent: &Bits) -> Result<bool> {
        let mut bits = Bits::default();
        for batch in &self.valid {
            bits.add(sums(&self.network.nats(batch, None)?)?, batch);
        }
        self.write_log(rate, recent, Some(&bits))?;
        loss_picture::draw(&self.options.out.join("log.csv"), &self.options.out.join("loss.svg"))?;
        let (total, best) = (bits.total(), self.state.best_valid_bits.unwrap_or(f64::INFINITY));
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let line = format!(
            "step {}, {:.1} M notes, {:.1} minutes: train {:.3}, validation {total:.3} bits per note ({})",
            self.state.step,
            self.state.notes_seen as f64 / 1e6,
            self.started.elapsed().as_secs_f64() / 60.0,
            recent.total(),
            std::array::from_fn::<_, 4, _>(|a| format!("{} {:.3}", ATTRIBUTES[a], bits.of(a))).join(", ")
        );
        self.bar.suspend(|| println!("{line}"));
        let is_better = total < best;
        if is_better {
            self.state.best_valid_bits = Some(total);
            self.save("best.safetensors")?;
        }
        Ok(is_better)
    }

    fn write_log(&mut self, rate: f64, recent: &Bits, valid: Option<&Bits>) -> Result<()> {
        let State { step, notes_seen, .. } = self.state;
        let minutes = self.started.elapsed().as_secs_f64() / 60.0;
        let valid = valid.map_or(",,,,".into(), |bits| {
            format!("{:.4},{:.4},{:.4},{:.4},{:.4}", bits.total(), bits.of(0), bits.of(1), bits.of(2), bits.of(3))
        });
        writeln!(self.log, "{step},{notes_seen},{minutes:.2},{rate:.3e},{:.4},{valid}", recent.total())?;
        Ok(())
    }

    fn save(&self, name: &str) -> Result<()> {
        checkpoint::save(&self.options.out.join(name), &self.network, &self.optimiser, &self.state)
    }
}
