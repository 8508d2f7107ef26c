//! A small network learns from a large one: from its distributions, which say more about each note than the one that
//! came (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network").

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use candle_core::{D, Tensor};

use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, State};
use crate::corpus::Split;
use crate::dataset::Dataset;
use crate::network::Network;
use crate::ops::Dropout;
use crate::ops::stock::log_softmax;
use crate::optimiser::AdamW;
use crate::train::{self, TrainOptions};

/// Crops of validation pieces on which teacher and student are compared.
const VALID_BATCHES: usize = 12;

/// Whom to learn from, and how to train.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  model distil --teacher base/best --data prepared --out nano --size nano")]
pub struct DistilOptions {
    /// A checkpoint of `model train`, of the same data
    #[arg(long)]
    pub teacher: PathBuf,
    /// How much the teacher's opinion counts beside the notes that came, 0 to 1
    #[arg(long, default_value_t = 0.7)]
    pub weight: f64,
    /// As for `model train`
    #[command(flatten)]
    pub train: TrainOptions,
}

/// A network that others learn from.
#[derive(Debug)]
pub struct Teacher {
    network: Network,
    weight: f64,
}

/// Trains a student, and prints what it learnt beside what its teacher knows.
///
/// # Errors
/// As `model train`, and when the teacher does not fit the data.
pub fn run(options: &DistilOptions) -> Result<()> {
    ensure!((0.0..=1.0).contains(&options.weight), "--weight is {}; give 0 to 1", options.weight);
    let device = train::device(&options.train)?;
    let load = |path: &Path| -> Result<(Network, State)> {
        let checkpoint = Checkpoint::load(path, &device)?;
        Ok((checkpoint.smoothed().with_kernels(train::kernels(&options.train, &device)), checkpoint.state))
    };
    let (network, state) = load(&options.teacher)?;
    let dataset = Dataset::open(&options.train.data, &options.train.sampling)?;
    ensure!(
        state.styles == dataset.styles(),
        "{} knows other styles than {}; prepare the data as for the teacher",
        options.teacher.display(),
        options.train.data.display()
    );
    let teacher = Teacher::new(network, options.weight);
    train::run_with(&options.train, Some(&teacher))?;

    let student = load(&options.train.out.join("best"))?.0;
    let steps = teacher.network.config().n_context.min(student.config().n_context);
    let batches: Vec<Batch> = dataset.valid_batches(Split::Valid, 4, steps).take(VALID_BATCHES).collect();
    let untaught = Network::new(*student.config(), options.train.seed, &device)?;
    println!("{:<28}{:>16}{:>34}", "on validation music", "bits per note", "bits of the teacher not learnt");
    for (name, network) in [("teacher", &teacher.network), ("student", &student), ("student, before", &untaught)] {
        let (bits, divergence) = teacher.compare(network, &batches)?;
        println!("{name:<28}{bits:>16.3}{divergence:>34.3}");
    }
    Ok(())
}

impl Teacher {
    /// A teacher whose opinion counts `weight`, 0 to 1, beside the notes that came.
    #[must_use]
    pub fn new(network: Network, weight: f64) -> Self {
        Self { network, weight }
    }

    /// A step of the student towards the mixture of the teacher's distributions and the notes that came. Returns the
    /// sums of the student's nats by attribute, and the norm of the gradient.
    ///
    /// # Errors
    /// When the batch does not fit the networks.
    pub fn step(
        &self,
        optimiser: &mut AdamW,
        student: &Network,
        batch: &Batch,
        dropout: Option<Dropout>,
        rate: f64,
    ) -> Result<([f64; 4], f64)> {
        let taught = self.network.logits(batch, None)?;
        let mut sums = [0.0; 4];
        let mut losses = Vec::new();
        let (answers, levels) = student.logits_and_levels(batch, dropout)?;
        for (a, logits) in answers.iter().enumerate() {
            let log_q = log_softmax(logits)?;
            let mask = Tensor::from_slice(&batch.mask[a], batch.mask[a].len(), logits.device())?;
            let targets = Tensor::from_slice(&batch.target[a], (batch.target[a].len(), 1), logits.device())?;
            let hard = (log_q.gather(&targets, 1)?.squeeze(1)?.neg()? * &mask)?;
            let p = log_softmax(&taught[a].detach())?.exp()?;
            let soft = ((p * &log_q)?.sum(D::Minus1)?.neg()? * &mask)?;
            sums[a] = f64::from(hard.sum_all()?.to_scalar::<f32>()?);
            losses.push(((soft * self.weight)? + (hard * (1.0 - self.weight))?)?.sum_all()?);
        }
        let n_events: f64 = batch.mask[1].iter().map(|&m| f64::from(m)).sum();
        let loss = ((Tensor::stack(&losses, 0)?.sum_all()? + levels)? / n_events.max(1.0))?;
        let norm = optimiser.step(student, &loss.backward()?, rate)?;
        Ok((sums, norm))
    }

    /// Bits per note of a network, and how many bits its distributions are from the teacher's (Kullback-Leibler).
    ///
    /// # Errors
    /// When a batch does not fit the networks.
    pub fn compare(&self, network: &Network, batches: &[Batch]) -> Result<(f64, f64)> {
        let (mut nats, mut divergence, mut n_events) = (0.0, 0.0, 0.0);
        for batch in batches {
            let (taught, learnt) = (self.network.logits(batch, None)?, network.logits(batch, None)?);
            for (a, (taught, learnt)) in taught.iter().zip(&learnt).enumerate() {
                let (log_p, log_q) = (log_softmax(taught)?, log_softmax(learnt)?);
                let mask = Tensor::from_slice(&batch.mask[a], batch.mask[a].len(), learnt.device())?;
                let apart = ((log_p.exp()? * (log_p - &log_q)?)?.sum(D::Minus1)? * &mask)?;
                divergence += f64::from(apart.sum_all()?.to_scalar::<f32>()?);
                let targets = Tensor::from_slice(&batch.target[a], (batch.target[a].len(), 1), learnt.device())?;
                let hard = (log_q.gather(&targets, 1)?.squeeze(1)? * &mask)?;
                nats -= f64::from(hard.sum_all()?.to_scalar::<f32>()?);
            }
            n_events += batch.mask[1].iter().map(|&m| f64::from(m)).sum::<f64>();
        }
        let per_note = |nats: f64| nats / n_events.max(1.0) / std::f64::consts::LN_2;
        Ok((per_note(nats), per_note(divergence)))
    }
}
