//! Words of the command line for values of the library.

use model::data::corpus::Split;
use model::data::dataset::{Favour, SamplingPolicy};
use model::train::{ComputeType, DeviceKind, Size};

/// Sizes of network to choose from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum SizeName {
    /// 4 million parameters: trains on a CPU, plays anywhere.
    Nano,
    /// 11 million parameters: some days of a CPU.
    Base,
    /// 26 million parameters: trains on a GPU.
    Large,
    /// To try out the commands.
    Tiny,
}

impl From<SizeName> for Size {
    fn from(name: SizeName) -> Self {
        match name {
            SizeName::Nano => Self::Nano,
            SizeName::Base => Self::Base,
            SizeName::Large => Self::Large,
            SizeName::Tiny => Self::Tiny,
        }
    }
}

/// Size of a network and shape of its batches.
#[derive(clap::Args)]
pub(super) struct ShapeArgs {
    /// Size of the network
    #[arg(long, value_enum, default_value = "nano")]
    pub(super) size: SizeName,
    /// Crops in a batch
    #[arg(long, default_value_t = 8)]
    pub(super) batch_size: usize,
    /// Notes in a crop; the network's context when not given
    #[arg(long)]
    pub(super) sequence_length: Option<usize>,
    #[command(flatten)]
    _rows: RenamedBatch,
    #[command(flatten)]
    _steps: RenamedLength,
}

/// Parts of the data to choose from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum SplitName {
    /// Trained on
    Train,
    /// Decides when training stops
    Valid,
    /// Looked at only to report
    Test,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Valid => Self::Valid,
            SplitName::Test => Self::Test,
        }
    }
}

/// Processors to choose from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum DeviceName {
    /// All cores.
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
}

impl From<DeviceName> for DeviceKind {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Cpu => Self::Cpu,
            DeviceName::Cuda => Self::Cuda,
        }
    }
}

/// Numbers to choose from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum PrecisionName {
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32, for GPUs: twice as fast.
    Bf16,
}

impl From<PrecisionName> for ComputeType {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::Bf16 => Self::Bf16,
        }
    }
}

/// Which music is drawn how often. The default knows no favourites.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SamplingArgs {
    /// Draw styles by their notes to this power: 1 as they are, less for more of the rare ones
    #[arg(long, default_value_t = SamplingPolicy::default().style_power)]
    style_power: f64,
    /// Draw a style so many times as often, for example "Mozart=2"; may be given several times
    #[arg(long, value_name = "STYLE=TIMES")]
    favour: Vec<Favour>,
    /// Draw played music so many times as often as written music
    #[arg(long, default_value_t = SamplingPolicy::default().expressive_weight)]
    expressive_weight: f64,
    /// Draw music of more voices than this (notes that begin together, on average) a quarter as often
    #[arg(long, default_value_t = SamplingPolicy::default().thick_voices)]
    thick_voices: f32,
    /// Begin this share of the crops with a call whose answer is known to echo, vary or contrast with it
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pairs: f64,
    /// Play the beginning of this share of the crops with simulated hands, and read it as the ear hears it
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    played: f64,
}

/// From 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{text} is not a share from 0 to 1"))
}

impl From<SamplingArgs> for SamplingPolicy {
    fn from(args: SamplingArgs) -> Self {
        let SamplingArgs { style_power, favour, expressive_weight, thick_voices, pairs, played } = args;
        Self { style_power, favour, expressive_weight, thick_voices, pairs, played }
    }
}

/// An option that was called otherwise: an error says how it is called now. `--rows` of earlier versions.
#[derive(clap::Args)]
pub(super) struct RenamedBatch {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = is_now("--batch-size"))]
    rows: Option<String>,
}

/// As [`RenamedBatch`].
#[derive(clap::Args)]
pub(super) struct RenamedLength {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = is_now("--sequence-length"))]
    steps: Option<String>,
}

/// As [`RenamedBatch`].
#[derive(clap::Args)]
pub(super) struct RenamedRate {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = is_now("--learning-rate"))]
    rate: Option<String>,
}

/// Refuses every value.
fn is_now(name: &'static str) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync + 'static {
    move |_| Err(format!("it is called {name} now"))
}
