//! How sure a number is: percentile intervals of the bootstrap over works (Efron 1979; Field and Welsh 2007 for clusters), since
//! phrases of one work are more alike than phrases of two; of the bootstrap over two kinds of group at once (Owen 2007, "The pigeonhole
//! bootstrap"), where each listener hears each pair; and exact ones of a share (Clopper and Pearson 1934).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

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
        let groups = groups(works);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let resample = |_| {
            let drawn = (0..groups.len()).flat_map(|_| &groups[random.random_range(0..groups.len())]);
            statistic(&drawn.copied().collect::<Vec<_>>())
        };
        let found: Vec<f64> = (0..N_RESAMPLES).map(resample).collect();
        Self::around(statistic(&(0..works.len()).collect::<Vec<_>>()), found)
    }

    /// Of a statistic of places that go together in two ways which cross: by `rows`, and by `columns`. Both are drawn anew, and a place
    /// comes as often as its row times as often as its column. Wide rather than narrow.
    pub(super) fn crossed(rows: &[usize], columns: &[usize], statistic: impl Fn(&[usize]) -> f64) -> Self {
        let ways = [rows, columns].map(groups);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let resample = |_| {
            let [by_row, by_column] = [0, 1].map(|way: usize| {
                let mut n_drawn = vec![0_usize; rows.len()];
                for _ in 0..ways[way].len() {
                    ways[way][random.random_range(0..ways[way].len())].iter().for_each(|&place| n_drawn[place] += 1);
                }
                n_drawn
            });
            let times = by_row.into_iter().zip(by_column).map(|(row, column)| row * column);
            let drawn = times.enumerate().flat_map(|(place, n)| std::iter::repeat_n(place, n));
            statistic(&drawn.collect::<Vec<_>>())
        };
        let found: Vec<f64> = (0..N_RESAMPLES).map(resample).collect();
        Self::around(statistic(&(0..rows.len()).collect::<Vec<_>>()), found)
    }

    /// Of a share, `n_of_it` of `n`, if each is independent of the others.
    pub(super) fn exact(n_of_it: u32, n: u32) -> Self {
        let quantile = |share: f64, a: u32, b: u32| match (a, b) {
            (0, _) => 0.0,
            (_, 0) => 1.0,
            _ => Beta::new(a.into(), b.into()).map_or(f64::NAN, |beta| beta.inverse_cdf(share)),
        };
        let others = n.saturating_sub(n_of_it);
        Self {
            value: f64::from(n_of_it) / f64::from(n),
            low: quantile(0.025, n_of_it, others + 1),
            high: quantile(0.975, n_of_it + 1, others),
        }
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

/// How likely a fair coin is to fall as far from half and half as `n_of_it` of `n`, or farther: the sign test's p, of both sides.
pub(super) fn sign_test(n_of_it: u32, n: u32) -> f64 {
    let more = n_of_it.max(n.saturating_sub(n_of_it));
    if 2 * more <= n {
        return 1.0;
    }
    // Of n uniform numbers, at least so many are below one half when the one of that rank is.
    let tail = Beta::new(more.into(), f64::from(n - more) + 1.0).map_or(f64::NAN, |beta| beta.cdf(0.5));
    (2.0 * tail).min(1.0)
}

/// Places that go together, each group where its first place is.
fn groups(of: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    for (place, name) in of.iter().enumerate() {
        let group = *known.entry(name).or_insert(groups.len());
        groups.resize_with(groups.len().max(group + 1), Vec::new);
        groups[group].push(place);
    }
    groups
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

    #[test]
    fn shares_are_known_exactly() {
        // As R's binom.test says: 8 of 10, 0 of 5, 5 of 5.
        let close = |a: f64, b: f64| (a - b).abs() < 5e-5;
        let Interval { low, high, .. } = Interval::exact(8, 10);
        assert!(close(low, 0.4439) && close(high, 0.9748), "{low} {high}");
        let (none, all) = (Interval::exact(0, 5), Interval::exact(5, 5));
        assert!(close(none.low, 0.0) && close(none.high, 0.5218), "{none:?}");
        assert!(close(all.low, 0.4782) && close(all.high, 1.0), "{all:?}");
        assert!(close(sign_test(8, 10), 0.109_375) && close(sign_test(2, 10), 0.109_375));
        assert!(close(sign_test(5, 10), 1.0) && close(sign_test(0, 0), 1.0) && close(sign_test(5, 5), 0.0625));
    }

    #[test]
    fn what_crosses_is_as_unsure_as_its_fewer_kind() {
        // Each of 40 listeners hears the same 4 pairs, and what they say depends on the pair alone.
        let listeners: Vec<usize> = (0..160).map(|i| i / 4).collect();
        let pairs: Vec<usize> = (0..160).map(|i| i % 4).collect();
        let of = |places: &[usize]| mean(places.iter().map(|&i| f64::from(u8::from(pairs[i] < 2))));
        let (by_listener, crossed) = (Interval::of(&listeners, of), Interval::crossed(&listeners, &pairs, of));
        assert!(by_listener.high - by_listener.low < 1e-9, "{by_listener:?}");
        assert!(crossed.high - crossed.low > 0.7, "{crossed:?}");
    }
}
