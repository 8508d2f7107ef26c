//! How a style is learnt: the trainer's loop over adapters, with a look at what is held out, and an end when that gets no better.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use engine::Weights;
use engine::pack::Adapter;

use super::AdaptConfig;
use super::adapters::Adapters;
use crate::data::batch::Batch;
use crate::data::corpus::Split;
use crate::data::dataset::Dataset;
use crate::network::Network;
use crate::optim::Schedule;
use crate::train::bits::Bits;
use crate::train::log::Log;
use crate::train::{Hooks, Learner, Likelihood, Monitor, Progress, Save, Trainer, TrainerConfig};

/// Crops of a batch, and notes of a crop.
const BATCH_SIZE: usize = 12;
const SEQUENCE_LENGTH: usize = 128;
/// A look at what is held out every this many steps.
const LOOK_EVERY: u64 = 20;
/// It ends when this many looks in a row show nothing better.
const PATIENCE: u32 = 6;
/// Notes of each kind that a look takes in, and crops at once.
const LOOK_NOTES: usize = 5_000;
const LOOK_BATCH_SIZE: usize = 8;
/// Notes to find the nearest style by.
const NEAREST_NOTES: usize = 2_000;

/// Shares of the adapters that are tried, until other music is not hurt too much (Wortsman et al. 2022, "Robust
/// fine-tuning of zero-shot models").
const SHARES: [f32; 9] = [1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.15, 0.0];

/// What is learnt from.
pub(super) struct Course<'a> {
    pub(super) config: &'a AdaptConfig,
    /// The player's music.
    pub(super) own: &'a Dataset,
    /// Music that must not be forgotten.
    pub(super) general: &'a Dataset,
}

/// The best that was learnt.
pub(super) struct Learnt {
    pub(super) style: Vec<f32>,
    pub(super) adapters: Vec<Adapter>,
    /// The style of the base that comes nearest to the player's.
    pub(super) nearest: String,
    pub(super) minutes: f64,
}

/// Learns until the time is over, or the held-out music gets no better.
pub(super) fn learn(course: &Course, base: &Weights, monitor: &mut dyn Monitor) -> Result<Learnt> {
    let Course { config, own, general } = course;
    let started = Instant::now();
    let length = SEQUENCE_LENGTH.min(base.config().n_context);
    let likelihood = Likelihood::default();
    let nearest = nearest_style(course, base, &likelihood)?;
    let adapters = Adapters::new(base, nearest, config.rank, config.seed)?;
    let sample = |dataset: &Dataset| dataset.sample(Split::Valid, LOOK_NOTES, LOOK_BATCH_SIZE, length).collect();
    let own_notes = Cell::new(0);
    let mut looks = Looks::new(sample(own), sample(general), nearest, &adapters, &likelihood, monitor, &own_notes)?;
    if config.log {
        looks.begin_log(config.out.with_extension("csv"))?;
    }
    looks.monitor.stage("learning");

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to 12")]
    let n_replayed = (config.replay * BATCH_SIZE as f64).round() as usize;
    let best_valid = Some(looks.own_before);
    let mut trainer = Trainer {
        config: TrainerConfig {
            learning_rate: config.learning_rate,
            schedule: Schedule::Adapters,
            dropout: 0.0,
            dropout_seed: 0,
            // To find the nearest style took some of the time.
            max_minutes: (config.minutes - started.elapsed().as_secs_f64() / 60.0).max(f64::MIN_POSITIVE),
            max_notes: None,
            max_steps: config.max_steps,
            valid_every: LOOK_EVERY,
            log_every: LOOK_EVERY,
            patience: PATIENCE,
            checkpoint_every: Duration::MAX,
            way_out: "try again with a lower --learning-rate".to_owned(),
        },
        learner: adapters,
        objective: likelihood.clone(),
        batches: Box::new(|step| {
            let batch = own.train_batch(config.seed, step, BATCH_SIZE - n_replayed, length);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of notes")]
            own_notes.set(own_notes.get() + batch.n_events() as u64);
            let replayed = (n_replayed > 0).then(|| general.train_batch(config.seed, step, n_replayed, length));
            vec![replayed.into_iter().fold(batch, Batch::join)]
        }),
        progress: Progress { best_valid, ..Progress::default() },
    };
    trainer.train(&mut looks)?;
    let log = looks.log.take();
    log.map_or(Ok(()), |log| log.draw(&config.out.with_extension("svg")))?;

    // As much of it as other music bears. The style itself costs that nothing.
    let most_general = looks.general_before * (1.0 + config.may_forget / 100.0);
    let (style, mut learnt) = (looks.best.0, looks.best.1);
    for share in SHARES {
        let part: Vec<_> = learnt.iter().map(|adapter| scaled(adapter, share)).collect();
        trainer.learner.set(&style, &part)?;
        if share == 0.0 || bits(&likelihood, trainer.learner.network(), &looks.general)? <= most_general {
            learnt = part;
            break;
        }
    }
    let (minutes, adapters) = (started.elapsed().as_secs_f64() / 60.0, learnt);
    let nearest = base.header().styles.get(nearest).cloned().unwrap_or_default();
    Ok(Learnt { style, adapters, nearest, minutes })
}

/// The hooks: looks at what is held out, and the best adapters so far.
struct Looks<'a> {
    own: Vec<Batch>,
    general: Vec<Batch>,
    /// Bits per note before anything was learnt.
    own_before: f64,
    general_before: f64,
    best: (Vec<f32>, Vec<Adapter>),
    likelihood: Likelihood,
    monitor: &'a mut dyn Monitor,
    status: String,
    log: Option<Log>,
    /// Notes of the player's music that were learnt from, each time counted.
    own_notes: &'a Cell<u64>,
}

impl<'a> Looks<'a> {
    fn new(
        own: Vec<Batch>,
        general: Vec<Batch>,
        nearest: usize,
        adapters: &Adapters,
        likelihood: &Likelihood,
        monitor: &'a mut dyn Monitor,
        own_notes: &'a Cell<u64>,
    ) -> Result<Self> {
        // Before, the player's music is read as the nearest style.
        let own_before = bits(likelihood, adapters.network(), &in_style(&own, nearest))?;
        let general_before = bits(likelihood, adapters.network(), &general)?;
        Ok(Self {
            own,
            general,
            own_before,
            general_before,
            best: adapters.learnt()?,
            likelihood: likelihood.clone(),
            monitor,
            status: String::new(),
            log: None,
            own_notes,
        })
    }

    /// Beside the pack, a table of the course; later, a picture.
    fn begin_log(&mut self, path: PathBuf) -> Result<()> {
        let mut log = Log::open(path, &["valid_bits", "general_bits"], None)?;
        log.write(&Progress::default(), Some(&[self.own_before, self.general_before]))?;
        self.log = Some(log);
        Ok(())
    }
}

impl Hooks<Adapters> for Looks<'_> {
    fn should_stop(&mut self) -> bool {
        self.monitor.should_stop()
    }

    fn on_step(&mut self, progress: &Progress) {
        self.monitor.progress(progress.share, &self.status);
    }

    fn validate(&mut self, learner: &mut Adapters, progress: &Progress) -> Result<f64> {
        let own_bits = bits(&self.likelihood, learner.network(), &self.own)?;
        let general_bits = bits(&self.likelihood, learner.network(), &self.general)?;
        if let Some(log) = &mut self.log {
            let progress = Progress { notes_seen: self.own_notes.get(), ..*progress };
            log.write(&progress, Some(&[own_bits, general_bits]))?;
        }
        self.status = format!(
            "your music {own_bits:.2} bits per note (from {:.2}, {:+.1} %), other music {:+.1} %",
            self.own_before,
            100.0 * (own_bits / self.own_before - 1.0),
            100.0 * (general_bits / self.general_before - 1.0)
        );
        Ok(own_bits)
    }

    fn checkpoint(&mut self, learner: &mut Adapters, _: &Progress, which: Save) -> Result<()> {
        if which == Save::Best {
            self.best = learner.learnt()?;
        }
        Ok(())
    }
}

/// A share of what an adapter does.
fn scaled(adapter: &Adapter, share: f32) -> Adapter {
    Adapter { b: adapter.b.iter().map(|b| share * b).collect(), a: adapter.a.clone() }
}

/// The style of the base that predicts the player's music best.
fn nearest_style(course: &Course, base: &Weights, likelihood: &Likelihood) -> Result<usize> {
    let adapters = Adapters::new(base, 0, 1, 1)?;
    let length = SEQUENCE_LENGTH.min(base.config().n_context);
    let batches: Vec<Batch> = course.own.sample(Split::Train, NEAREST_NOTES, LOOK_BATCH_SIZE, length).collect();
    let mut best = (f64::INFINITY, 0);
    for style in 0..base.header().styles.len() {
        let bits = bits(likelihood, adapters.network(), &in_style(&batches, style))?;
        if bits < best.0 {
            best = (bits, style);
        }
    }
    Ok(best.1)
}

fn in_style(batches: &[Batch], style: usize) -> Vec<Batch> {
    let mut batches = batches.to_vec();
    batches.iter_mut().for_each(|batch| batch.conditions[0].fill(u32::try_from(style).unwrap_or(0)));
    batches
}

/// Bits per note.
fn bits(likelihood: &Likelihood, network: &Network, batches: &[Batch]) -> Result<f64> {
    let mut bits = Bits::default();
    for batch in batches {
        bits.add(likelihood.nats(network, batch)?, batch);
    }
    Ok(bits.total())
}
