//! How far two distributions over the same outcomes are apart.

use serde::Serialize;

/// What is added to every outcome before logarithms are taken, so that none is impossible.
const SMOOTHING: f64 = 1e-4;

/// Three views of one difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// Area that both have in common: 1 for equal ones, 0 for such as share nothing.
    pub overlap: f64,
    /// How many outcomes far the average part of one must be moved to make it the other (Wasserstein-1).
    pub wasserstein: f64,
    /// Nats lost by expecting `other` when `real` comes (Kullback-Leibler).
    pub kl: f64,
}

/// The distance of `other` from `real`, both shares of the same outcomes. In a circle the last outcome is next to the
/// first.
#[must_use]
pub fn distance(real: &[f64], other: &[f64], is_circular: bool) -> Distance {
    let pairs = || real.iter().zip(other);
    let mut carried: Vec<f64> = pairs()
        .scan(0.0, |sum, (real, other)| {
            *sum += other - real;
            Some(*sum)
        })
        .collect();
    if is_circular {
        // What is carried past the end is free to choose; the median makes the whole way shortest.
        let mut sorted = carried.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        carried.iter_mut().for_each(|carried| *carried -= median);
    }
    Distance {
        overlap: pairs().map(|(real, other)| real.min(*other)).sum(),
        wasserstein: carried.iter().map(|carried| carried.abs()).sum(),
        kl: pairs().map(|(real, other)| real * ((real + SMOOTHING) / (other + SMOOTHING)).ln()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_distributions_are_no_way_apart() {
        let even = [0.25; 4];
        assert_eq!(distance(&even, &even, false), Distance { overlap: 1.0, wasserstein: 0.0, kl: 0.0 });
    }

    #[test]
    fn the_way_is_shorter_round_the_circle() {
        let (first, last) = ([1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]);
        let line = distance(&first, &last, false);
        assert_eq!((line.overlap, line.wasserstein), (0.0, 4.0));
        assert_eq!(distance(&first, &last, true).wasserstein, 1.0);
        assert!(line.kl > 5.0);
    }

    #[test]
    fn half_of_it_moved_by_one_is_a_half() {
        let half = distance(&[0.5, 0.5, 0.0], &[0.5, 0.0, 0.5], false);
        assert!((half.overlap - 0.5).abs() < 1e-9 && (half.wasserstein - 0.5).abs() < 1e-9);
    }
}
