//! The opinion of a larger network: its distributions, which say more about each note than the one that came (Hinton et al.
//! 2015, "Distilling the Knowledge in a Neural Network").

use anyhow::Result;
use candle_core::{D, Tensor};

use super::{Gradients, Loss, Objective};
use crate::data::batch::Batch;
use crate::network::Network;
use crate::network::ops::Dropout;
use crate::network::ops::stock::log_softmax;

/// The loss is the cross entropy of the student with a mixture of the teacher's distributions and the notes that came.
#[derive(Debug)]
pub struct Distillation {
    teacher: Network,
    weight: f64,
}

/// How a network stands to a teacher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// What the music costs it, in bits per note.
    pub bits_per_note: f64,
    /// Bits per note that its distributions are from the teacher's (Kullback-Leibler).
    pub divergence_bits: f64,
}

impl Distillation {
    /// A teacher whose opinion counts `weight`, 0 to 1, beside the notes that came.
    #[must_use]
    pub fn new(teacher: Network, weight: f64) -> Self {
        Self { teacher, weight }
    }

    /// The teacher.
    #[must_use]
    pub fn teacher(&self) -> &Network {
        &self.teacher
    }

    /// How a network stands to the teacher on some music.
    ///
    /// # Errors
    /// When a batch does not fit the networks.
    pub fn distance(&self, network: &Network, batches: &[Batch]) -> Result<Distance> {
        let (mut nats, mut divergence, mut n_events) = (0.0, 0.0, 0.0);
        for batch in batches {
            let (taught, learnt) = (self.teacher.logits(batch, None)?, network.logits(batch, None)?);
            for (a, (taught, learnt)) in taught.iter().zip(&learnt).enumerate() {
                let (log_p, log_q) = (log_softmax(taught)?, log_softmax(learnt)?);
                let mask = Tensor::from_slice(&batch.mask[a], batch.mask[a].len(), learnt.device())?;
                let apart = ((log_p.exp()? * (log_p - &log_q)?)?.sum(D::Minus1)? * &mask)?;
                divergence += f64::from(apart.sum_all()?.to_scalar::<f32>()?);
                let targets = Tensor::from_slice(&batch.target[a], (batch.target[a].len(), 1), learnt.device())?;
                let hard = (log_q.gather(&targets, 1)?.squeeze(1)? * &mask)?;
                nats -= f64::from(hard.sum_all()?.to_scalar::<f32>()?);
            }
            n_events += batch.n_events();
        }
        let per_note = |nats: f64| nats / n_events.max(1.0) / std::f64::consts::LN_2;
        Ok(Distance { bits_per_note: per_note(nats), divergence_bits: per_note(divergence) })
    }
}

impl Objective for Distillation {
    fn gradients(&mut self, student: &Network, batch: &Batch, dropout: Option<Dropout>) -> Result<Loss> {
        let taught = self.teacher.logits(batch, None)?;
        let mut nats = [0.0; 4];
        let mut losses = Vec::new();
        let (answers, levels) = student.logits_and_levels(batch, dropout)?;
        for (a, logits) in answers.iter().enumerate() {
            let log_q = log_softmax(logits)?;
            let mask = Tensor::from_slice(&batch.mask[a], batch.mask[a].len(), logits.device())?;
            let targets = Tensor::from_slice(&batch.target[a], (batch.target[a].len(), 1), logits.device())?;
            let hard = (log_q.gather(&targets, 1)?.squeeze(1)?.neg()? * &mask)?;
            let p = log_softmax(&taught[a].detach())?.exp()?;
            let soft = ((p * &log_q)?.sum(D::Minus1)?.neg()? * &mask)?;
            nats[a] = f64::from(hard.sum_all()?.to_scalar::<f32>()?);
            losses.push(((soft * self.weight)? + (hard * (1.0 - self.weight))?)?.sum_all()?);
        }
        let loss = ((Tensor::stack(&losses, 0)?.sum_all()? + levels)? / batch.n_events().max(1.0))?;
        Ok(Loss { nats, gradients: Gradients::Tape(loss.backward()?) })
    }
}
