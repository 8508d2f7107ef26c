//! A small network learns from a large one: `train` with [`Distillation`] for its objective.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::data::batch::Batch;
use crate::data::corpus::Split;
use crate::data::dataset::Dataset;
use crate::network::Network;
use crate::train::checkpoint::{Checkpoint, State};
use crate::train::objective::{Distance, Distillation};
use crate::train::{Monitor, TrainConfig, train_by};

/// Crops of validation pieces on which teacher and student are compared.
const VALID_BATCHES: usize = 12;

/// Whom to learn from, and how to train.
#[derive(Clone, Debug)]
pub struct DistilConfig {
    /// A checkpoint of `model train`, of the same data.
    pub teacher: PathBuf,
    /// How much the teacher's opinion counts beside the notes that came, 0 to 1.
    pub weight: f64,
    /// As for `model train`.
    pub train: TrainConfig,
}

/// What a student learnt, beside what its teacher knows.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The teacher itself.
    pub teacher: Distance,
    /// The best student.
    pub student: Distance,
    /// A student of the same size with random weights.
    pub untaught: Distance,
}

/// Trains a student.
///
/// # Errors
/// As [`train`](crate::train::train()), and when the teacher does not fit the data.
pub fn distil(config: &DistilConfig, monitor: &mut dyn Monitor) -> Result<Report> {
    ensure!((0.0..=1.0).contains(&config.weight), "--weight is {}; give 0 to 1", config.weight);
    let device = config.train.device()?;
    let load = |path: &Path| -> Result<(Network, State)> {
        let checkpoint = Checkpoint::load(path, &device)?;
        Ok((checkpoint.smoothed().with_kernels(config.train.kernels(&device)), checkpoint.state))
    };
    let (network, state) = load(&config.teacher)?;
    let dataset = Dataset::open(&config.train.data, &config.train.sampling)?;
    ensure!(
        state.styles == dataset.styles(),
        "{} knows other styles than {}; prepare the data as for the teacher",
        config.teacher.display(),
        config.train.data.display()
    );
    let n_context = network.config().n_context;
    train_by(&config.train, Distillation::new(network.clone(), config.weight), monitor)?;

    let student = load(&config.train.out.join("best"))?.0;
    let length = n_context.min(student.config().n_context);
    let batches: Vec<Batch> = dataset.valid_batches(Split::Valid, 4, length).take(VALID_BATCHES).collect();
    let untaught = Network::new(*student.config(), config.train.seed, &device)?;
    let teacher = Distillation::new(network.clone(), config.weight);
    Ok(Report {
        teacher: teacher.distance(&network, &batches)?,
        student: teacher.distance(&student, &batches)?,
        untaught: teacher.distance(&untaught, &batches)?,
    })
}
