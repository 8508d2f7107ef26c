//! What it is worth to tell the network something: the bits of held-out notes with the true value of a condition, with the
//! condition left open, and with the values of other music.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use engine::Weights;
use engine::conditions::{N_CONDITIONS, TABLES};
use serde::Serialize;

use crate::batch::{ATTRIBUTES, Batch};
use crate::corpus::Split;
use crate::cpu::{self, Workspace};
use crate::dataset::{Dataset, Told};
use crate::network::Network;
use crate::train::{VALID_BATCH_SIZE, VALID_LENGTH, bits};

/// Told besides, in every column: what the plugin tells at least.
const ALWAYS_TOLD: [&str; 2] = ["style", "mode"];

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
}

/// The bits of a sample as training validates, and what each of the named conditions is worth there (all of them when none is
/// named).
///
/// # Errors
/// When there is no condition of a name, or no music.
pub fn worth(
    weights: &Weights,
    dataset: &Dataset,
    split: Split,
    n_notes: usize,
    names: &[String],
) -> Result<(Bits, BTreeMap<&'static str, Worth>)> {
    for name in names {
        if !TABLES.iter().any(|(known, _)| known == name) {
            bail!("there is no condition {name}; give some of {}", TABLES.map(|(name, _)| name).join(", "));
        }
    }
    let network = Network::of_weights(weights)?;
    let length = VALID_LENGTH.min(weights.config().n_context);
    let mut batches: Vec<Batch> = dataset.sample_told(split, n_notes, VALID_BATCH_SIZE, length, Told::All).collect();
    // The music may number its styles otherwise than the network.
    let styles: Vec<u32> = dataset.styles().iter().map(|name| weights.style_index(name).unwrap_or(0).into()).collect();
    for style in batches.iter_mut().flat_map(|batch| &mut batch.conditions[0]) {
        *style = styles.get(*style as usize).copied().unwrap_or(0);
    }
    ensure!(!batches.is_empty(), "there are no {} pieces to measure on", split.name());
    let workspace = Workspace::default();
    let measure = |batches: &mut dyn Iterator<Item = Batch>| -> Result<(Bits, usize)> {
        let mut sums = bits::Bits::default();
        for batch in batches {
            sums.add(cpu::nats(&network, &batch, &workspace)?, &batch);
        }
        let attributes = (0..).map(|attribute| sums.of(attribute));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let n = sums.n_events() as usize;
        Ok((Bits { total: sums.total(), attributes: ATTRIBUTES.into_iter().zip(attributes).collect() }, n))
    };
    let (plain, _) = measure(&mut batches.iter().map(|batch| with(batch, usize::MAX, Values::Open)))?;
    let mut all = BTreeMap::new();
    for (index, (name, _)) in TABLES.into_iter().enumerate() {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let of = |values: Values| measure(&mut batches.iter().map(|batch| with(batch, index, values)));
        let (told, n_notes) = of(Values::True)?;
        if n_notes > 0 {
            all.insert(name, Worth { n_notes, told, open: of(Values::Open)?.0, shuffled: of(Values::Shuffled)?.0 });
        }
    }
    Ok((plain, all))
}

/// What a condition's values are replaced by.
#[derive(Clone, Copy)]
enum Values {
    True,
    Open,
    /// Those of the next row of the batch.
    Shuffled,
}

/// The batch with only this condition, and what is always told. Only notes count of which it is known what the condition is,
/// in their own row and in the next one.
fn with(batch: &Batch, index: usize, values: Values) -> Batch {
    let mut batch = batch.clone();
    let own = batch.conditions.get(index).cloned().unwrap_or_default();
    let n = batch.batch_size * batch.sequence_length;
    let other: Vec<u32> = (0..own.len()).map(|i| own[(i + batch.sequence_length) % n]).collect();
    for (c, ids) in batch.conditions.iter_mut().enumerate().take(N_CONDITIONS) {
        if !ALWAYS_TOLD.contains(&TABLES[c].0) {
            ids.fill(0);
        }
    }
    let Some(ids) = batch.conditions.get_mut(index) else { return batch };
    match values {
        Values::True => ids.clone_from(&own),
        Values::Open => ids.fill(0),
        Values::Shuffled => ids.clone_from(&other),
    }
    for mask in &mut batch.mask {
        for (mask, (own, other)) in mask.iter_mut().zip(own.iter().zip(&other)) {
            if *own == 0 || *other == 0 {
                *mask = 0.0;
            }
        }
    }
    batch
}

/// The results as a table.
#[must_use]
pub fn table(plain: &Bits, all: &BTreeMap<&'static str, Worth>) -> String {
    let bits = |bits: &Bits| {
        let parts: String = bits.attributes.iter().map(|(name, bits)| format!(" {name} {bits:.3}")).collect();
        format!("{:.3} ({})", bits.total, parts.trim_start())
    };
    let mut text = format!("as training validates, told {}: {}\n", ALWAYS_TOLD.join(" and "), bits(plain));
    text += &format!("{:<12}{:>9}{:>9}{:>9}{:>9}\n", "told also", "notes", "true", "open", "shuffled");
    for (name, Worth { n_notes, told, open, shuffled }) in all {
        text += &format!("{name:<12}{n_notes:>9}{:>9.3}{:>9.3}{:>9.3}\n", told.total, open.total, shuffled.total);
        text += &format!("{:12}true {}\n{:12}open {}\n", "", bits(told), "", bits(open));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        let mut batch = Batch { batch_size: 2, sequence_length: 3, ..Batch::default() };
        batch.conditions = std::array::from_fn(|c| (1..=6).map(|i| if c == 5 && i == 2 { 0 } else { i }).collect());
        batch.mask = std::array::from_fn(|_| vec![1.0; 6]);
        batch
    }

    #[test]
    fn only_one_condition_is_told_and_only_where_it_is_known() {
        let bars_left = with(&batch(), 5, Values::True);
        assert_eq!(bars_left.conditions[5], [1, 0, 3, 4, 5, 6]);
        assert_eq!(bars_left.conditions[8], [0; 6], "harmony is open");
        assert_eq!(bars_left.conditions[0], [1, 2, 3, 4, 5, 6], "style is told");
        assert_eq!(bars_left.mask[1], [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        let shuffled = with(&batch(), 5, Values::Shuffled);
        assert_eq!((shuffled.conditions[5].as_slice(), shuffled.mask), ([4, 5, 6, 1, 0, 3].as_slice(), bars_left.mask));
    }
}
