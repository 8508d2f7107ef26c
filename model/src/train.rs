//! Training: a prepared folder becomes a network, or a better one.

mod bits;
mod log;
mod run;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device};
use engine::ModelConfig;
use indicatif::{ProgressBar, ProgressStyle};

use crate::average::Average;
use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, State};
use crate::corpus::Split;
use crate::dataset::{Dataset, SamplingPolicy};
use crate::distil::Teacher;
use crate::network::Network;
use crate::ops::Kernels;
use crate::optimiser::{AdamW, WEIGHT_DECAY};
use crate::schedule::Schedule;
use crate::step::Stepper;
use log::Log;
use run::Run;

/// Validation during training looks at about this many notes, whatever is trained on, so that results compare from run
/// to run.
const VALID_NOTES: usize = 40_000;
const VALID_STEPS: usize = 256;
const VALID_ROWS: usize = 8;

/// Sizes of network to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// 4 million parameters: trains on a CPU, plays anywhere.
    Nano,
    /// 11 million parameters: some days of a CPU.
    Base,
    /// 26 million parameters: trains on a GPU.
    Large,
    /// To try out the commands.
    Tiny,
}

impl Size {
    /// The network's sizes.
    #[must_use]
    pub fn config(self) -> ModelConfig {
        match self {
            Self::Nano => ModelConfig::NANO,
            Self::Base => ModelConfig::BASE,
            Self::Large => ModelConfig::LARGE,
            Self::Tiny => ModelConfig::TINY,
        }
    }
}

/// Processors to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Place {
    /// All cores.
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
}

/// Numbers to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32, for GPUs: twice as fast.
    Bf16,
}

/// How to train.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  model train --data prepared --out run --minutes 90\n\n\
    Stops at its budget, when validation no longer gets better, or at Ctrl-C, always with two checkpoints in --out:\n\
    best and last. Go on with --resume. Next: model quantise --checkpoint run/best")]
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
    #[arg(long, alias = "minutes", default_value_t = 90.0)]
    pub max_minutes: f64,
    /// Stop after this many notes, if that comes earlier
    #[arg(long)]
    pub max_notes: Option<u64>,
    /// Another seed makes other random choices; a resumed run keeps its own
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Go on from the checkpoint `last` in --out, with a new budget
    #[arg(long)]
    pub resume: bool,
    /// Begin with the weights of this checkpoint, whatever music it has learnt, instead of random ones
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Keep the learning rate full to the end, for a run that is gone on with and branched from
    #[arg(long, conflicts_with = "branch")]
    pub trunk: bool,
    /// Go on from this checkpoint of a trunk (its `last`), which stays as it is, with a learning rate that falls from the
    /// beginning to the end of the budget
    #[arg(long, value_name = "CHECKPOINT", conflicts_with_all = ["resume", "from"])]
    pub branch: Option<PathBuf>,
    /// Weight decay of the matrices inside the network, as a share of the learning rate
    #[arg(long, default_value_t = WEIGHT_DECAY)]
    pub matrix_decay: f64,
    /// Which music is drawn how often
    #[command(flatten)]
    pub sampling: SamplingPolicy,
    /// Threads; all cores when not given
    #[arg(long)]
    pub threads: Option<usize>,
    /// Look at validation pieces every this many steps
    #[arg(long, default_value_t = 400)]
    pub valid_every: u64,
    /// Stop when this many validations in a row bring nothing better
    #[arg(long, default_value_t = 12)]
    pub patience: u32,
    /// Measure and play an average of the weights that keeps this share of itself at every step, such as 0.999
    #[arg(long)]
    pub average: Option<f64>,
    /// Prepare the weights for `model adapt` (Reptile; an experiment, see EXPERIMENTS.md): a step trains this many batches
    /// of one style alone, and the weights go a part of that way, all of it at first and less and less
    #[arg(long)]
    pub reptile: Option<NonZeroUsize>,
    /// Where to compute; cuda needs a build with `--features cuda`
    #[arg(long, value_enum, default_value = "cpu")]
    pub device: Place,
    /// Numbers to compute with; the weights themselves are always f32
    #[arg(long, value_enum, default_value = "f32")]
    pub precision: Precision,
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
    ensure!(options.max_minutes > 0.0, "--max-minutes must be more than 0");
    ensure!((0.0..0.9).contains(&options.dropout), "--dropout must be at least 0 and below 0.9");
    ensure!(options.rows > 0 && options.valid_every > 0, "--rows and --valid-every must be at least 1");
    ensure!(options.average.is_none_or(|a| (0.0..1.0).contains(&a)), "--average must be at least 0 and below 1");
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    }
    let device = device(options)?;
    let dataset = Dataset::open(&options.data, &options.sampling)?;
    let valid_steps = VALID_STEPS.min(options.size.config().n_context);
    let valid: Vec<Batch> = dataset.sample(Split::Valid, VALID_NOTES, VALID_ROWS, valid_steps).collect();
    ensure!(!valid.is_empty(), "{} holds no validation pieces; prepare more files", options.data.display());

    std::fs::create_dir_all(&options.out).with_context(|| format!("cannot make {}", options.out.display()))?;
    let at = start(options, &dataset, &device)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        // The first time, the loop ends at its next step.
        if asked.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
    })
    .context("cannot listen to Ctrl-C")?;
    println!(
        "{:.1} M parameters, {} notes to train on, {} styles; {} minutes from step {}",
        millions(at.state.config.n_parameters()),
        dataset.n_notes(Split::Train),
        at.state.styles.len(),
        options.max_minutes,
        at.state.step
    );
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {percent} %, {eta} left, {msg}")?);
    let log = Log::open(&options.out, options.resume.then_some(at.state.step))?;
    let (steps, first_notes, first_minutes) = (steps(options), at.state.notes_seen, at.state.minutes);
    Run {
        options,
        dataset: &dataset,
        steps,
        valid,
        teacher,
        at,
        stepper: Stepper::default(),
        log,
        bar,
        started: Instant::now(),
        first_notes,
        first_minutes,
    }
    .train(&stop)
}

#[expect(clippy::cast_precision_loss, reason = "to be read")]
fn millions(n: usize) -> f64 {
    n as f64 / 1e6
}

/// Where these options compute.
pub(crate) fn device(options: &TrainOptions) -> Result<Device> {
    if options.device == Place::Cpu {
        ensure!(options.precision == Precision::F32, "--precision bf16 needs --device cuda; CPUs train in f32");
        return Ok(Device::Cpu);
    }
    // What stays f32 is multiplied by tensor cores too.
    candle_core::cuda::set_gemm_reduced_precision_f32(true);
    Device::new_cuda(0).context(
        "there is no GPU to train on; --device cuda needs an NVIDIA GPU and a build with `--features cuda` (model/cuda/build.sh)",
    )
}

/// What these options compute with.
pub(crate) fn kernels(options: &TrainOptions, device: &Device) -> Kernels {
    match options.precision {
        Precision::F32 => Kernels::of(device),
        Precision::Bf16 => Kernels::Anywhere(DType::BF16),
    }
}

/// Notes in a crop.
fn steps(options: &TrainOptions) -> usize {
    options.steps.unwrap_or(options.size.config().n_context)
}

/// What the state keeps of the options.
fn settings(options: &TrainOptions) -> String {
    let average = options.average.map_or(String::new(), |decay| format!(", weights averaged by {decay}"));
    let reptile = options.reptile.map_or(String::new(), |n| format!(", {n} of a style in a step of Reptile"));
    let precision = if options.precision == Precision::Bf16 { ", in bf16" } else { "" };
    let kind = match schedule(options) {
        Schedule::Whole => "",
        Schedule::Trunk => ", never falling",
        Schedule::Branch => ", falling from the first step",
    };
    format!(
        "batches of {} crops of {} notes, learning rate {}{kind}, decay of matrices {}, dropout \
         {}{average}{reptile}{precision}",
        options.rows,
        steps(options),
        options.rate,
        options.matrix_decay,
        options.dropout
    )
}

/// How the learning rate goes.
fn schedule(options: &TrainOptions) -> Schedule {
    match (options.trunk, &options.branch) {
        (true, _) => Schedule::Trunk,
        (false, Some(_)) => Schedule::Branch,
        (false, None) => Schedule::Whole,
    }
}

/// A new network, already saved, or the last checkpoint if it fits.
fn start(options: &TrainOptions, dataset: &Dataset, device: &Device) -> Result<Checkpoint> {
    let config = options.size.config();
    ensure!((1..=config.n_context).contains(&steps(options)), "--steps must be 1 to {}", config.n_context);
    // Earlier versions wrote a single file.
    let places = ["last", "last.safetensors"].map(|name| options.out.join(name));
    let last = places.iter().find(|place| place.exists());
    let mut at = match (last, options.resume) {
        (Some(last), true) => resume(last, config, dataset, device)?,
        (Some(last), false) => {
            bail!("{} is there already; go on with --resume, or give another --out", last.display())
        }
        (None, true) => bail!("there is no {} to go on from; leave out --resume to begin", places[0].display()),
        (None, false) if options.branch.is_some() => {
            let trunk = options.branch.as_deref().unwrap_or(&places[0]);
            let mut at = resume(trunk, config, dataset, device)?;
            (at.average, at.state.best_valid_bits) = (None, None);
            at
        }
        (None, false) => {
            let (network, notes_seen, before) = match &options.from {
                None => (Network::new(config, options.seed, device)?, 0, String::new()),
                Some(from) => {
                    let Checkpoint { network, state, .. } = load(from, config, device)?;
                    (network, state.notes_seen, format!("{} notes of other music", state.notes_seen))
                }
            };
            let state = State {
                config,
                step: 0,
                notes_seen,
                minutes: 0.0,
                sampling: options.sampling.clone(),
                best_valid_bits: None,
                valid_sample: String::new(),
                seed: options.seed,
                styles: dataset.styles().to_vec(),
                fingerprint: dataset.fingerprint().to_owned(),
                options: before,
            };
            Checkpoint { optimiser: AdamW::new(&network)?, network, average: None, state }
        }
    };
    at.optimiser.set_matrix_decay(options.matrix_decay);
    at.state.sampling = options.sampling.clone();
    at.network = at.network.with_kernels(kernels(options, device));
    at.average = match (options.average, at.average) {
        (None, _) => None,
        (Some(_), Some(average)) => Some(average),
        (Some(_), None) => Some(Average::new(&at.network)?),
    };
    at.state.begin_stage(&settings(options));
    // What was best on another sample may not be best on this one.
    let sample = format!("{VALID_NOTES} notes in crops of {}", VALID_STEPS.min(config.n_context));
    if at.state.valid_sample != sample {
        at.state.best_valid_bits = None;
        at.state.valid_sample = sample;
    }
    if !options.resume {
        // Better now than after minutes: the disk is there, and there is something to go back to.
        at.save(&places[0])?;
    }
    Ok(at)
}

/// A checkpoint of a network of these sizes.
fn load(path: &std::path::Path, config: ModelConfig, device: &Device) -> Result<Checkpoint> {
    let at = Checkpoint::load(path, device)?;
    if at.state.config != config {
        bail!("{} is a network of {:?}, not {config:?}; choose its --size", path.display(), at.state.config);
    }
    Ok(at)
}

fn resume(last: &std::path::Path, config: ModelConfig, dataset: &Dataset, device: &Device) -> Result<Checkpoint> {
    let at = load(last, config, device)?;
    if at.state.fingerprint != dataset.fingerprint() {
        bail!(
            "{} was trained on other data (fingerprint {}, now {}); give the same --data, or another --out to start anew",
            last.display(),
            at.state.fingerprint,
            dataset.fingerprint()
        );
    }
    Ok(at)
}
