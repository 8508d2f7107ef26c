//! What music is made of, counted: how often each pitch class, interval, time, length and so on occurs. Generated music
//! that is like real music has the same distributions (Yang and Lerch 2020, "On the evaluation of generative models in
//! music").

use engine::TICKS_PER_BEAT;

use super::passages::Passage;

/// Classes of [`time_class`].
pub const N_TIME_CLASSES: usize = 24;
const MAX_INTERVAL: i16 = 24;
const MAX_POLYPHONY: usize = 12;
const SHARES: usize = 20;
const MAJOR: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
/// Natural and raised.
const MINOR: [u8; 9] = [0, 2, 3, 5, 7, 8, 9, 10, 11];

/// Something to count in passages.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// Shown in tables.
    pub name: &'static str,
    /// Different outcomes.
    pub n_bins: usize,
    /// Of the labels, to be written after the name.
    pub unit: &'static str,
    /// An outcome, to be written below a picture; empty for those without a label.
    pub label: fn(usize) -> String,
    /// Whether the last outcome is next to the first.
    pub is_circular: bool,
    /// The outcomes of a passage, each below `n_bins`.
    outcomes: fn(&Passage) -> Vec<usize>,
}

/// All that is compared.
pub const FEATURES: [Feature; 7] = [
    Feature { is_circular: true, ..feature("pitch class", "", 12, class_label, pitch_classes) },
    feature("interval of the top voice", ", in semitones", 49, interval_label, intervals),
    feature("time between onsets", ", in beats", N_TIME_CLASSES, time_label, onset_gaps),
    feature("note length", ", in beats", N_TIME_CLASSES, time_label, lengths),
    feature("notes sounding at an onset", "", MAX_POLYPHONY, |bin| (bin + 1).to_string(), polyphony),
    feature("place in the bar, in sixteenths", "", 32, |bin| every(4, bin, bin.to_string()), places),
    feature(
        "share in the key of before",
        ", in %",
        SHARES,
        |bin| every(4, bin, (bin * 100 / SHARES).to_string()),
        key_shares,
    ),
];

const fn feature(
    name: &'static str,
    unit: &'static str,
    n_bins: usize,
    label: fn(usize) -> String,
    outcomes: fn(&Passage) -> Vec<usize>,
) -> Feature {
    Feature { name, unit, n_bins, label, is_circular: false, outcomes }
}

fn every(n: usize, bin: usize, label: String) -> String {
    if bin.is_multiple_of(n) { label } else { String::new() }
}

fn class_label(bin: usize) -> String {
    ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
        .get(bin)
        .map_or(String::new(), |s| (*s).to_owned())
}

fn interval_label(bin: usize) -> String {
    let interval = i16::try_from(bin).unwrap_or(0) - MAX_INTERVAL;
    every(6, bin, format!("{interval:+}"))
}

/// Classes that hold a power of two of a beat, and no longer ones than four bars.
fn time_label(bin: usize) -> String {
    match bin {
        3..=9 if bin % 2 == 1 => format!("1/{}", 1 << ((11 - bin) / 2)),
        11..=19 if bin % 2 == 1 => (1 << ((bin - 11) / 2)).to_string(),
        _ => String::new(),
    }
}

impl Feature {
    /// How often each outcome occurs in passages: shares that add up to 1, or all 0 if nothing occurs.
    #[must_use]
    pub fn distribution(&self, passages: &[Passage]) -> Vec<f64> {
        shares(&passages.iter().map(|passage| self.counts(passage)).collect::<Vec<_>>(), self.n_bins)
    }

    /// How often each outcome occurs in a passage.
    #[must_use]
    pub fn counts(&self, passage: &Passage) -> Vec<u32> {
        let mut counts = vec![0u32; self.n_bins];
        for outcome in (self.outcomes)(passage) {
            counts[outcome.min(self.n_bins - 1)] += 1;
        }
        counts
    }
}

/// Counts of the same outcomes together, as shares that add up to 1, or all 0 if there are none.
#[must_use]
pub fn shares<'a>(counts: impl IntoIterator<Item = &'a Vec<u32>>, n_bins: usize) -> Vec<f64> {
    let mut sums = vec![0u32; n_bins];
    counts.into_iter().for_each(|counts| sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count));
    let total = f64::from(sums.iter().sum::<u32>()).max(1.0);
    sums.into_iter().map(|sum| f64::from(sum) / total).collect()
}

/// A time as one of [`N_TIME_CLASSES`]: 0 for less than two ticks, then two classes for each doubling.
#[must_use]
pub fn time_class(ticks: i64) -> u8 {
    if ticks < 2 {
        return 0;
    }
    // Twice the logarithm, in whole numbers: how often the square can be halved.
    let square = ticks.unsigned_abs().saturating_pow(2);
    u8::try_from(square.ilog2()).unwrap_or(u8::MAX).min(23)
}

fn pitch_classes(passage: &Passage) -> Vec<usize> {
    passage.notes.iter().map(|placed| usize::from(placed.note.pitch.get() % 12)).collect()
}

/// The highest note of each onset, with its time.
fn tops(passage: &Passage) -> Vec<(i64, u8)> {
    let mut tops: Vec<(i64, u8)> = Vec::new();
    for note in passage.notes.iter().map(|placed| placed.note) {
        match tops.last_mut() {
            Some((onset_ticks, key)) if *onset_ticks == note.onset_ticks => *key = (*key).max(note.pitch.get()),
            _ => tops.push((note.onset_ticks, note.pitch.get())),
        }
    }
    tops
}

fn intervals(passage: &Passage) -> Vec<usize> {
    let interval = |pair: &[(i64, u8)]| {
        let interval = (i16::from(pair[1].1) - i16::from(pair[0].1)).clamp(-MAX_INTERVAL, MAX_INTERVAL);
        usize::try_from(interval + MAX_INTERVAL).unwrap_or(0)
    };
    tops(passage).windows(2).map(interval).collect()
}

fn onset_gaps(passage: &Passage) -> Vec<usize> {
    tops(passage).windows(2).map(|pair| time_class(pair[1].0 - pair[0].0).into()).collect()
}

fn lengths(passage: &Passage) -> Vec<usize> {
    passage.notes.iter().map(|placed| time_class(placed.note.duration_ticks.into()).into()).collect()
}

fn polyphony(passage: &Passage) -> Vec<usize> {
    let sounding = |&(onset_ticks, _): &(i64, u8)| {
        let notes = passage.notes.iter().map(|placed| placed.note);
        notes.filter(|note| note.onset_ticks <= onset_ticks && note.end_ticks() > onset_ticks).count()
    };
    tops(passage).iter().map(|top| sounding(top).clamp(1, MAX_POLYPHONY) - 1).collect()
}

fn places(passage: &Passage) -> Vec<usize> {
    let ticks = passage.notes.iter().filter_map(|placed| placed.position.in_bar_ticks());
    ticks.map(|ticks| usize::try_from(ticks).unwrap_or(0) * 4 / TICKS_PER_BEAT as usize).collect()
}

fn key_shares(passage: &Passage) -> Vec<usize> {
    let Some(key) = passage.key else { return Vec::new() };
    let scale = if key.is_minor { &MINOR[..] } else { &MAJOR[..] };
    let is_inside = |pitch: u8| scale.contains(&((pitch + 12 - key.tonic) % 12));
    let n_inside = passage.notes.iter().filter(|placed| is_inside(placed.note.pitch.get())).count();
    vec![(n_inside * SHARES / passage.notes.len().max(1)).min(SHARES - 1)]
}

#[cfg(test)]
mod tests {
    use engine::key::Key;
    use engine::{Metre, Note, Pitch, Velocity};

    use super::*;
    use crate::data::shards::{Labels, PlacedNote};

    fn passage(notes: &[(i64, u32, u8)]) -> Passage {
        let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
        let placed = |&(onset_ticks, duration_ticks, key): &(i64, u32, u8)| {
            let note =
                Note { onset_ticks, duration_ticks, pitch: Pitch::new(key).unwrap(), velocity: Velocity::MEDIUM };
            PlacedNote { note, position: metre.position(onset_ticks), labels: Labels::default() }
        };
        Passage { notes: notes.iter().map(placed).collect(), key: Some(Key { tonic: 7, is_minor: false }) }
    }

    #[test]
    fn each_feature_counts_what_it_says() {
        // G and B for a beat, A above the still sounding B, then a far F an eighth later.
        let passage = passage(&[(0, 48, 55), (0, 96, 59), (48, 24, 69), (72, 24, 41)]);
        let outcomes: Vec<Vec<usize>> = FEATURES.iter().map(|feature| (feature.outcomes)(&passage)).collect();
        assert_eq!(outcomes[0], [7, 11, 9, 5]);
        assert_eq!(outcomes[1], [34, 0], "up ten; down 28, which counts as 24");
        assert_eq!(outcomes[2], [11, 9]);
        assert_eq!(outcomes[3], [11, 13, 9, 9]);
        assert_eq!(outcomes[4], [1, 1, 1], "two sound at each onset");
        assert_eq!(outcomes[5], [0, 0, 4, 6]);
        assert_eq!(outcomes[6], [15], "three of four notes in G major");
        for feature in FEATURES {
            let sum: f64 = feature.distribution(std::slice::from_ref(&passage)).iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{}", feature.name);
        }
    }

    #[test]
    fn time_classes_rise_two_in_each_doubling() {
        assert_eq!([0, 1, 2, 3, 4, 6, 8, 48, 96, 5000].map(time_class), [0, 0, 2, 3, 4, 5, 6, 11, 13, 23]);
        let labels = [(3, "1/16"), (6, "1/8"), (24, "1/2"), (48, "1"), (96, "2"), (16 * 48, "16"), (32, "")];
        for (ticks, label) in labels {
            assert_eq!(time_label(time_class(ticks).into()), label, "{ticks} ticks");
        }
    }
}
