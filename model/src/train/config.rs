//! How to train a whole network on a prepared folder: plain values, which the command line fills in.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device};
use engine::ModelConfig;

use crate::data::dataset::SamplingPolicy;
use crate::network::ops::Kernels;
use crate::optim::{Schedule, WEIGHT_DECAY};

/// Sizes of network to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// All cores.
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
}

/// Numbers to compute with; the weights themselves are always f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComputeType {
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32, for GPUs: twice as fast.
    Bf16,
}

/// Where the weights of a run begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At random ones.
    #[default]
    Random,
    /// Where the checkpoint `last` in the run's own folder stopped.
    Resume,
    /// At the weights of this checkpoint, whatever music it has learnt.
    From(PathBuf),
    /// Where this checkpoint of a trunk stopped; the trunk stays as it is, and the learning rate falls from the beginning.
    Branch(PathBuf),
}

/// How to train. `Default` knows neither folder, which must be given.
#[derive(Clone, Debug)]
pub struct TrainConfig {
    /// The folder that `model prepare` wrote.
    pub data: PathBuf,
    /// The folder for the checkpoints `best` and `last`, `log.csv` and `loss.svg`.
    pub out: PathBuf,
    /// Size of the network.
    pub size: Size,
    /// Crops in a batch.
    pub batch_size: usize,
    /// Notes in a crop; the network's context when not given.
    pub sequence_length: Option<usize>,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Share of activations dropped against overfitting.
    pub dropout: f32,
    /// The run's budget in minutes.
    pub max_minutes: f64,
    /// Notes after which it stops, if that comes earlier.
    pub max_notes: Option<u64>,
    /// Of the random choices; a resumed run keeps its own.
    pub seed: u64,
    /// Where its weights begin.
    pub start: Start,
    /// Keep the learning rate full to the end.
    pub trunk: bool,
    /// Weight decay of the matrices inside the network, as a share of the learning rate.
    pub matrix_decay: f64,
    /// Which music is drawn how often.
    pub sampling: SamplingPolicy,
    /// Steps from one validation to the next.
    pub valid_every: u64,
    /// Validations in a row without anything better that end the run.
    pub patience: u32,
    /// Share of itself that the average of the weights keeps at each step; no average when not given.
    pub ema_decay: Option<f64>,
    /// Batches of one style in a step of [Reptile](super::reptile); plain steps when not given.
    pub reptile: Option<NonZeroUsize>,
    /// Where to compute.
    pub device: DeviceKind,
    /// What to compute with.
    pub compute_type: ComputeType,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::new(),
            out: PathBuf::new(),
            size: Size::Nano,
            batch_size: 8,
            sequence_length: None,
            learning_rate: 1.5e-3,
            dropout: 0.1,
            max_minutes: 90.0,
            max_notes: None,
            seed: 1,
            start: Start::Random,
            trunk: false,
            matrix_decay: WEIGHT_DECAY,
            sampling: SamplingPolicy::default(),
            valid_every: 400,
            patience: 12,
            ema_decay: None,
            reptile: None,
            device: DeviceKind::Cpu,
            compute_type: ComputeType::F32,
        }
    }
}

impl TrainConfig {
    /// Whether the values make sense.
    ///
    /// # Errors
    /// When one does not, by the name of its option.
    pub fn check(&self) -> Result<()> {
        ensure!(self.max_minutes > 0.0, "--max-minutes must be more than 0");
        ensure!((0.0..0.9).contains(&self.dropout), "--dropout must be at least 0 and below 0.9");
        ensure!(self.batch_size > 0 && self.valid_every > 0, "--batch-size and --valid-every must be at least 1");
        ensure!(self.ema_decay.is_none_or(|a| (0.0..1.0).contains(&a)), "--average must be at least 0 and below 1");
        ensure!(!(self.trunk && matches!(self.start, Start::Branch(_))), "--trunk and --branch exclude each other");
        Ok(())
    }

    /// Notes in a crop.
    ///
    /// # Errors
    /// When the network's context does not hold them.
    pub fn sequence_length(&self) -> Result<usize> {
        let n_context = self.size.config().n_context;
        let length = self.sequence_length.unwrap_or(n_context);
        ensure!((1..=n_context).contains(&length), "--sequence-length must be 1 to {n_context}");
        Ok(length)
    }

    /// Where it computes.
    ///
    /// # Errors
    /// When there is no such device, or it does not compute with such numbers.
    pub fn device(&self) -> Result<Device> {
        if self.device == DeviceKind::Cpu {
            ensure!(self.compute_type == ComputeType::F32, "--precision bf16 needs --device cuda; CPUs train in f32");
            return Ok(Device::Cpu);
        }
        // What stays f32 is multiplied by tensor cores too.
        candle_core::cuda::set_gemm_reduced_precision_f32(true);
        Device::new_cuda(0).context(
            "there is no GPU to train on; --device cuda needs an NVIDIA GPU and a build with `--features cuda` (model/cuda/build.sh)",
        )
    }

    /// What it computes by on a device.
    #[must_use]
    pub fn kernels(&self, device: &Device) -> Kernels {
        match self.compute_type {
            ComputeType::F32 => Kernels::of(device),
            ComputeType::Bf16 => Kernels::Anywhere(DType::BF16),
        }
    }

    /// How the learning rate goes.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        match (self.trunk, &self.start) {
            (true, _) => Schedule::Trunk,
            (false, Start::Branch(_)) => Schedule::Branch,
            (false, _) => Schedule::Whole,
        }
    }

    /// What a checkpoint says of this stage, in words.
    ///
    /// # Errors
    /// As [`TrainConfig::sequence_length`].
    pub fn settings(&self) -> Result<String> {
        let average = self.ema_decay.map_or(String::new(), |decay| format!(", weights averaged by {decay}"));
        let reptile = self.reptile.map_or(String::new(), |n| format!(", {n} of a style in a step of Reptile"));
        let compute_type = if self.compute_type == ComputeType::Bf16 { ", in bf16" } else { "" };
        let kind = match self.schedule() {
            Schedule::Trunk => ", never falling",
            Schedule::Branch => ", falling from the first step",
            Schedule::Whole | Schedule::Adapters => "",
        };
        Ok(format!(
            "batches of {} crops of {} notes, learning rate {}{kind}, decay of matrices {}, dropout \
             {}{average}{reptile}{compute_type}",
            self.batch_size,
            self.sequence_length()?,
            self.learning_rate,
            self.matrix_decay,
            self.dropout
        ))
    }
}
