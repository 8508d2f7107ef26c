//! What it is worth to tell the network something: the bits of held-out notes with the true value of a condition, with the
//! condition left open, and with the values of other music.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use anyhow::{Result, bail, ensure};
use engine::Weights;
use engine::conditions::{N_CONDITIONS, TABLES};
use rayon::prelude::*;
use serde::Serialize;

use crate::data::batch::{ATTRIBUTES, Batch};
use crate::data::corpus::Split;
use crate::data::dataset::{Dataset, Told};
use crate::network::Network;
use crate::network::cpu::{Guess, Workspace, guesses};
use crate::train::VALID_BATCH_SIZE;

/// Told besides, in every column: what the plugin tells at least.
const ALWAYS_TOLD: [&str; 2] = ["style", "mode"];
/// Longest context: a call must be heard before its answer can relate to it.
const MOST_LENGTH: usize = 512;
/// Conditions with at most so many values are also measured value by value.
const MOST_VALUES: usize = 12;

/// Bits per note in one of three ways of telling.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bits {
    /// All attributes together.
    pub total: f64,
    /// Each attribute.
    pub attributes: BTreeMap<&'static str, f64>,
}

/// What a condition is worth, on the notes of which its value is known.
#[derive(Clone, Debug, Serialize)]
pub struct Worth {
    /// Those notes.
    pub n_notes: usize,
    /// With the true value.
    pub told: Bits,
    /// Left open.
    pub open: Bits,
    /// With values of other music.
    pub shuffled: Bits,
    /// The same for the notes of each true value, if there are few values.
    pub values: BTreeMap<u32, ValueWorth>,
}

/// What a condition is worth on the notes of one value, in bits per note.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ValueWorth {
    /// Those notes.
    pub n_notes: usize,
    /// With the true value.
    pub told: f64,
    /// Left open.
    pub open: f64,
    /// With values of other music.
    pub shuffled: f64,
}

/// What each condition is worth.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Told style and mode, on all notes.
    pub plain: Bits,
    /// By the names of [`TABLES`].
    pub conditions: BTreeMap<&'static str, Worth>,
}

/// Nats of some notes.
#[derive(Clone, Copy, Debug, Default)]
struct Nats {
    n_notes: usize,
    attributes: [f64; 4],
}

impl AddAssign for Nats {
    fn add_assign(&mut self, other: Self) {
        self.n_notes += other.n_notes;
        self.attributes.iter_mut().zip(other.attributes).for_each(|(sum, nats)| *sum += nats);
    }
}

impl Nats {
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    fn bits(&self) -> Bits {
        let per_note = |nats: f64| nats / std::f64::consts::LN_2 / self.n_notes.max(1) as f64;
        Bits {
            total: per_note(self.attributes.iter().sum()),
            attributes: ATTRIBUTES.into_iter().zip(self.attributes.map(per_note)).collect(),
        }
    }
}

/// Nats of the notes of each true value.
type ByValue = BTreeMap<u32, Nats>;

fn total(by_value: &ByValue) -> Nats {
    let mut sum = Nats::default();
    by_value.values().for_each(|&nats| sum += nats);
    sum
}

/// The bits of a sample, told style and mode, and what each of the named conditions is worth there (all of them when none is
/// named).
///
/// # Errors
/// When there is no condition of a name, or no music.
pub fn worth(weights: &Weights, dataset: &Dataset, split: Split, n_notes: usize, names: &[String]) -> Result<Report> {
    for name in names {
        if !TABLES.iter().any(|(known, _)| known == name) {
            bail!("there is no condition {name}; give some of {}", TABLES.map(|(name, _)| name).join(", "));
        }
    }
    let network = Network::of_weights(weights)?;
    let length = MOST_LENGTH.min(weights.config().n_context);
    let mut batches: Vec<Batch> = dataset.sample_told(split, n_notes, VALID_BATCH_SIZE, length, Told::All).collect();
    // The music may number its styles otherwise than the network.
    let styles: Vec<u32> = dataset.styles().iter().map(|name| weights.style_index(name).unwrap_or(0).into()).collect();
    for style in batches.iter_mut().flat_map(|batch| &mut batch.conditions[0]) {
        *style = styles.get(*style as usize).copied().unwrap_or(0);
    }
    ensure!(!batches.is_empty(), "there are no {} pieces to measure on", split.name());
    let everything: Vec<Vec<u32>> =
        batches.iter().map(|batch| batch.mask[1].iter().map(|&mask| u32::from(mask > 0.0)).collect()).collect();
    // Of each note, told only what is always told: what every other condition is left open against.
    let plain = measure(&network, &batches, &everything, usize::MAX, &everything)?;
    let mut all = BTreeMap::new();
    for (index, (name, n_values)) in TABLES.into_iter().enumerate() {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let own = known(&batches, index);
        let of = |values: &[Vec<u32>]| measure(&network, &batches, values, index, &own);
        let told = by_value(&of(&own)?, &own);
        let open = if ALWAYS_TOLD.contains(&name) {
            let untold: Vec<Vec<u32>> = own.iter().map(|own| vec![0; own.len()]).collect();
            by_value(&of(&untold)?, &own)
        } else {
            by_value(&plain, &own)
        };
        let shuffled = by_value(&of(&shuffled(&own))?, &own);
        let n_notes = total(&told).n_notes;
        if n_notes == 0 {
            continue;
        }
        let of_value = |sums: &ByValue, value: &u32| sums.get(value).copied().unwrap_or_default().bits().total;
        let value = |(value, nats): (&u32, &Nats)| {
            let (open, shuffled) = (of_value(&open, value), of_value(&shuffled, value));
            (*value, ValueWorth { n_notes: nats.n_notes, told: nats.bits().total, open, shuffled })
        };
        let values = if n_values <= MOST_VALUES { told.iter().map(value).collect() } else { BTreeMap::new() };
        let [told, open, shuffled] = [told, open, shuffled].map(|sums| total(&sums).bits());
        all.insert(name, Worth { n_notes, told, open, shuffled, values });
    }
    let plain = total(&by_value(&plain, &everything)).bits();
    Ok(Report { plain, conditions: all })
}

/// The true values of a condition, a list for each batch; 0 where it is not known, or where nothing counts.
fn known(batches: &[Batch], index: usize) -> Vec<Vec<u32>> {
    let of_batch = |batch: &Batch| {
        let values = batch.conditions.get(index).into_iter().flatten().zip(&batch.mask[1]);
        values.map(|(&value, &mask)| if mask > 0.0 { value } else { 0 }).collect()
    };
    batches.iter().map(of_batch).collect()
}

/// As many known values at the same places, but those of music half the sample away.
fn shuffled(own: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut known: Vec<u32> = own.iter().flatten().copied().filter(|&value| value != 0).collect();
    let half = known.len() / 2;
    known.rotate_left(half);
    let mut known = known.into_iter();
    let mut other = |&value: &u32| if value == 0 { 0 } else { known.next().unwrap_or(0) };
    own.iter().map(|own| own.iter().map(&mut other).collect()).collect()
}

/// What each note of each batch costs, with only this condition told as `values` say, and what is always told. Batches in which
/// no note is wanted are passed over.
fn measure(
    network: &Network,
    batches: &[Batch],
    values: &[Vec<u32>],
    index: usize,
    wanted: &[Vec<u32>],
) -> Result<Vec<Vec<Guess>>> {
    let workspace = Workspace::default();
    let of_batch = |((batch, values), wanted): ((&Batch, &Vec<u32>), &Vec<u32>)| {
        if wanted.iter().all(|&value| value == 0) {
            return Ok(Vec::new());
        }
        Ok(guesses(network, &with(batch, index, values), &workspace)?.1)
    };
    batches.par_iter().zip(values).zip(wanted).map(of_batch).collect()
}

/// The nats of the notes of each value in `by`, except 0.
fn by_value(guesses: &[Vec<Guess>], by: &[Vec<u32>]) -> ByValue {
    let mut sums = ByValue::new();
    let notes = guesses.iter().zip(by).flat_map(|(guesses, by)| guesses.iter().zip(by));
    for (guess, &value) in notes.filter(|(_, value)| **value != 0) {
        *sums.entry(value).or_default() += Nats { n_notes: 1, attributes: guess.nats.map(f64::from) };
    }
    sums
}

/// The batch with only this condition told, and what is always told.
fn with(batch: &Batch, index: usize, values: &[u32]) -> Batch {
    let mut batch = batch.clone();
    for (c, ids) in batch.conditions.iter_mut().enumerate().take(N_CONDITIONS) {
        if c == index {
            ids.copy_from_slice(values);
        } else if !ALWAYS_TOLD.contains(&TABLES[c].0) {
            ids.fill(0);
        }
    }
    batch
}

/// The results as a table.
#[must_use]
pub fn table(report: &Report) -> String {
    let Report { plain, conditions } = report;
    let bits = |bits: &Bits| {
        let parts: String = bits.attributes.iter().map(|(name, bits)| format!(" {name} {bits:.3}")).collect();
        format!("{:.3} ({})", bits.total, parts.trim_start())
    };
    let row = |name: &str, n_notes: usize, [told, open, shuffled]: [f64; 3]| {
        format!("{name:<14}{n_notes:>9}{told:>9.3}{open:>9.3}{shuffled:>9.3}\n")
    };
    let mut text = format!("told {}: {}\n", ALWAYS_TOLD.join(" and "), bits(plain));
    text += &format!("{:<14}{:>9}{:>9}{:>9}{:>9}\n", "told also", "notes", "true", "open", "shuffled");
    for (name, Worth { n_notes, told, open, shuffled, values }) in conditions {
        text += &row(name, *n_notes, [told.total, open.total, shuffled.total]);
        text += &format!("{:14}true {}\n{:14}open {}\n", "", bits(told), "", bits(open));
        for (value, of) in values {
            text += &row(&format!("  value {value}"), of.n_notes, [of.told, of.open, of.shuffled]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        let mut batch = Batch { batch_size: 2, sequence_length: 3, ..Batch::default() };
        batch.conditions = std::array::from_fn(|c| (1..=6).map(|i| if c == 5 && i == 2 { 0 } else { i }).collect());
        batch.mask = std::array::from_fn(|_| vec![1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        batch
    }

    #[test]
    fn only_one_condition_is_told_and_only_where_it_is_known() {
        let own = known(&[batch()], 5);
        assert_eq!(own, [[1, 0, 3, 4, 5, 0]], "the last one does not count");
        let told = with(&batch(), 5, &own[0]);
        assert_eq!(told.conditions[5], [1, 0, 3, 4, 5, 0]);
        assert_eq!(told.conditions[8], [0; 6], "harmony is open");
        assert_eq!(told.conditions[0], [1, 2, 3, 4, 5, 6], "style is told");
        assert_eq!(shuffled(&own), [[4, 0, 5, 1, 3, 0]], "the known values, elsewhere");
    }

    #[test]
    fn the_notes_of_each_value_add_up_to_what_the_network_pays() {
        let config = engine::ModelConfig { n_context: 64, ..engine::ModelConfig::TINY };
        let weights = Weights::parse(&engine::random_file(config, engine::Precision::F32, 5).unwrap()).unwrap();
        let network = Network::of_weights(&weights).unwrap();
        let zeros = || vec![0u32; 6];
        let batch = Batch {
            event: std::array::from_fn(|_| vec![1; 6]),
            position: std::array::from_fn(|_| zeros()),
            levels: std::array::from_fn(|_| zeros()),
            target: std::array::from_fn(|a| (0..6).map(|i| i + u32::from(a == 1)).collect()),
            target_position: std::array::from_fn(|_| zeros()),
            conditions: std::array::from_fn(|_| vec![1; 6]),
            ..batch()
        };
        let by = vec![vec![1, 1, 2, 2, 2, 0]];
        let sums = by_value(&measure(&network, std::slice::from_ref(&batch), &by, 5, &by).unwrap(), &by);
        assert_eq!(sums.iter().map(|(value, nats)| (*value, nats.n_notes)).collect::<Vec<_>>(), [(1, 2), (2, 3)]);
        let whole = crate::network::cpu::nats(&network, &with(&batch, 5, &by[0]), &Workspace::default()).unwrap();
        for (a, b) in total(&sums).attributes.into_iter().zip(whole) {
            assert!((a - b).abs() < 1e-4 * b, "{a} {b}");
        }
    }
}
