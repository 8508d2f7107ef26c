//! The course of learning a style: steps, a look at what is held out, and an end when that gets no better.

use std::fmt::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use engine::Weights;
use engine::pack::Adapter;
use indicatif::{ProgressBar, ProgressStyle};

use super::AdaptOptions;
use super::adapters::Adapters;
use crate::batch::Batch;
use crate::corpus::Split;
use crate::dataset::Dataset;
use crate::loss_picture;
use crate::shards;
use crate::step::n_events;

/// Crops of a batch, and notes of a crop.
const ROWS: usize = 12;
const STEPS: usize = 128;
/// Steps in which the rate rises.
const WARM_UP: f64 = 20.0;
/// A look at what is held out every this many steps.
const LOOK_EVERY: u64 = 20;
/// It ends when this many looks in a row show nothing better.
const PATIENCE: u32 = 6;
/// Notes of each kind that a look takes in.
const LOOK_NOTES: usize = 5_000;
/// Notes to find the nearest style by.
const NEAREST_NOTES: usize = 2_000;

/// Shares of the adapters that are tried, until other music is not hurt too much (Wortsman et al. 2022, "Robust
/// fine-tuning of zero-shot models").
const SHARES: [f32; 9] = [1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.15, 0.0];

/// What is learnt from.
pub(super) struct Course<'a> {
    pub(super) options: &'a AdaptOptions,
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
pub(super) fn learn(course: &Course, base: &Weights) -> Result<Learnt> {
    let Course { options, own, general } = course;
    let n_steps = STEPS.min(base.config().n_context);
    let started = Instant::now();
    let nearest = nearest_style(course, base)?;
    let mut adapters = Adapters::new(base, nearest, options.rank, options.seed)?;
    let looks = |dataset: &Dataset| dataset.sample(Split::Valid, LOOK_NOTES, 8, n_steps).collect::<Vec<_>>();
    let (own_looks, general_looks) = (looks(own), looks(general));
    // Before, the player's music is read as the nearest style.
    let (own_before, general_before) =
        (bits(&adapters, &in_style(&own_looks, nearest))?, bits(&adapters, &general_looks)?);
    let most_general = general_before * (1.0 + options.may_forget / 100.0);

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to 12")]
    let n_replayed = (options.replay * ROWS as f64).round() as usize;
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {percent} %, at most {eta} left, {msg}")?);
    let mut log = String::from("step,notes,minutes,rate,train_bits,valid_bits,general_bits\n");
    let _ = writeln!(log, "0,0,0,0,,{own_before:.4},{general_before:.4}");
    let mut best = (own_before, adapters.learnt()?);
    let (mut notes_seen, mut recent, mut worse_in_a_row) = (0.0, (0.0, 0.0), 0);
    for step in 0.. {
        let time = started.elapsed().as_secs_f64() / 60.0 / options.minutes;
        #[expect(clippy::cast_precision_loss, reason = "a few thousand steps")]
        let progress = options.max_steps.map_or(time, |most| time.max(step as f64 / most.max(1) as f64));
        #[expect(clippy::cast_precision_loss, reason = "a few thousand steps")]
        let warm_up = ((step + 1) as f64 / WARM_UP).min(1.0);
        let rate = options.rate * warm_up * (1.0 - progress).max(0.02);
        let mut batch = own.train_batch(options.seed, step, ROWS - n_replayed, n_steps);
        let n_own = n_events(&batch);
        if n_replayed > 0 {
            batch = batch.join(general.train_batch(options.seed, step, n_replayed, n_steps));
        }
        let nats: f64 = adapters.step(&batch, rate)?.iter().sum();
        notes_seen += n_own;
        recent = (recent.0 + nats, recent.1 + n_events(&batch));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        bar.set_position((progress * 1000.0) as u64);
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        let is_over = minutes >= options.minutes || options.max_steps.is_some_and(|most| step + 1 >= most);
        if (step + 1) % LOOK_EVERY > 0 && !is_over {
            continue;
        }
        let (own_bits, general_bits) = (bits(&adapters, &own_looks)?, bits(&adapters, &general_looks)?);
        let train_bits = recent.0 / recent.1 / std::f64::consts::LN_2;
        let _ = writeln!(
            log,
            "{},{notes_seen},{minutes:.2},{rate:.2e},{train_bits:.4},{own_bits:.4},{general_bits:.4}",
            step + 1
        );
        recent = (0.0, 0.0);
        bar.set_message(format!(
            "your music {own_bits:.2} bits per note (from {own_before:.2}), other music {:+.1} %",
            100.0 * (general_bits / general_before - 1.0)
        ));
        if own_bits < best.0 {
            best = (own_bits, adapters.learnt()?);
            worse_in_a_row = 0;
        } else {
            worse_in_a_row += 1;
        }
        if is_over || worse_in_a_row >= PATIENCE {
            break;
        }
    }
    bar.finish_and_clear();
    draw(options, &log)?;
    // As much of it as other music bears. The style itself costs that nothing.
    let (style, mut learnt) = best.1;
    for share in SHARES {
        let part: Vec<_> = learnt.iter().map(|adapter| scaled(adapter, share)).collect();
        adapters.set(&style, &part)?;
        if share == 0.0 || bits(&adapters, &general_looks)? <= most_general {
            learnt = part;
            break;
        }
    }
    let (minutes, adapters) = (started.elapsed().as_secs_f64() / 60.0, learnt);
    let nearest = base.header().styles.get(nearest).cloned().unwrap_or_default();
    Ok(Learnt { style, adapters, nearest, minutes })
}

/// A share of what an adapter does.
fn scaled(adapter: &Adapter, share: f32) -> Adapter {
    Adapter { b: adapter.b.iter().map(|b| share * b).collect(), a: adapter.a.clone() }
}

/// Beside the pack, a table and a picture of the course.
fn draw(options: &AdaptOptions, log: &str) -> Result<()> {
    let (table, picture) = (options.out.with_extension("csv"), options.out.with_extension("svg"));
    shards::write_atomically(&table, log.as_bytes())?;
    loss_picture::draw(&table, &picture).with_context(|| format!("cannot draw {}", picture.display()))
}

/// The style of the base that predicts the player's music best.
fn nearest_style(course: &Course, base: &Weights) -> Result<usize> {
    let adapters = Adapters::new(base, 0, 1, 1)?;
    let batches: Vec<Batch> =
        course.own.sample(Split::Train, NEAREST_NOTES, 8, STEPS.min(base.config().n_context)).collect();
    let mut best = (f64::INFINITY, 0);
    for style in 0..base.header().styles.len() {
        let bits = bits(&adapters, &in_style(&batches, style))?;
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
fn bits(adapters: &Adapters, batches: &[Batch]) -> Result<f64> {
    let (mut nats, mut n) = (0.0, 0.0);
    for batch in batches {
        nats += adapters.nats(batch)?.iter().sum::<f64>();
        n += n_events(batch);
    }
    Ok(nats / f64::max(n, 1.0) / std::f64::consts::LN_2)
}
