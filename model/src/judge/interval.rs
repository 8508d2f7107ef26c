//! How sure a number is: percentile intervals of the bootstrap over works (Efron 1979; Field and Welsh 2007 for clusters), since
//! phrases of one work are more alike than phrases of two.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize};

/// Resamples. The ends of an interval are then known to a few hundredths of its width.
const N_RESAMPLES: usize = 400;

/// A number, and where 95 of 100 resamples find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Of all that was measured. Not a number where nothing could be said, as are the others; in JSON that is null.
    #[serde(deserialize_with = "number_or_none")]
    pub value: f64,
    /// The 2.5th percentile.
    #[serde(deserialize_with = "number_or_none")]
    pub low: f64,
    /// The 97.5th.
    #[serde(deserialize_with = "number_or_none")]
    pub high: f64,
}

/// Reads null as what is no number.
pub(super) fn number_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Interval {
    /// Of a statistic of places, and of how places go together.
    pub(super) fn of(works: &[usize], statistic: impl Fn(&[usize]) -> f64) -> Self {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        for (place, work) in works.iter().enumerate() {
            let group = *known.entry(work).or_insert(groups.len());
            groups.resize_with(groups.len().max(group + 1), Vec::new);
            groups[group].push(place);
        }
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let resample = |_| {
            let drawn = (0..groups.len()).flat_map(|_| &groups[random.random_range(0..groups.len())]);
            statistic(&drawn.copied().collect::<Vec<_>>())
        };
        let found: Vec<f64> = (0..N_RESAMPLES).map(resample).collect();
        Self::around(statistic(&(0..works.len()).collect::<Vec<_>>()), found)
    }

    /// A number with the 2.5th and 97.5th percentile of others.
    pub(super) fn around(value: f64, mut found: Vec<f64>) -> Self {
        found.retain(|value| value.is_finite());
        found.sort_unstable_by(f64::total_cmp);
        let at = |per_mille: usize| found.get((found.len() * per_mille / 1000).min(found.len().saturating_sub(1)));
        Self { value, low: at(25).copied().unwrap_or(value), high: at(975).copied().unwrap_or(value) }
    }

    /// Some other scale.
    pub(super) fn map(self, of: impl Fn(f64) -> f64) -> Self {
        let (one, other) = (of(self.low), of(self.high));
        Self { value: of(self.value), low: one.min(other), high: one.max(other) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::mean;
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_two_standard_errors() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let of_values = |places: &[usize]| mean(places.iter().map(|&i| values[i]));
        let single: Vec<usize> = (0..400).collect();
        let Interval { value, low, high } = Interval::of(&single, of_values);
        assert!((value - 0.5).abs() < 1e-9);
        assert!((high - low - 4.0 * 0.025).abs() < 0.02, "{low} to {high}");
        // If a hundred works of four phrases each say the same four times, there is only a hundred.
        let works: Vec<usize> = (0..400).map(|i| i / 4).collect();
        let values: Vec<f64> = works.iter().map(|work| f64::from(u8::from(work % 2 == 0))).collect();
        let wide = Interval::of(&works, |places| mean(places.iter().map(|&i| values[i])));
        assert!((wide.high - wide.low - 4.0 * 0.05).abs() < 0.04, "{wide:?}");
    }
}
