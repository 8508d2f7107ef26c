//! How far two clouds of points are apart, as Gaussians: the Frechet distance (Heusel et al. 2017; for symbolic music Retkowski et
//! al. 2024), with covariances shrunk as there (Ledoit and Wolf 2004), extrapolated to endless samples (Chong and Forsyth 2020).

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::features::{as_f64, mean};
use super::interval::Interval;

/// Samples of different sizes, as shares of all.
const SHARES: [(usize, usize); 4] = [(1, 3), (1, 2), (2, 3), (5, 6)];
/// Orders in which points are drawn.
const N_ORDERS: u64 = 4;

/// Mean and covariance.
#[derive(Clone, Debug)]
pub(super) struct Gaussian {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl Gaussian {
    /// Of points, (points, dimensions). The covariance is drawn to a multiple of the identity as far as there are too few of them.
    pub(super) fn of(points: &[&[f64]]) -> Self {
        let (n, d) = (points.len(), points.first().map_or(0, |point| point.len()));
        let mut rows = DMatrix::from_fn(n, d, |i, j| points[i][j]);
        let mean = rows.row_mean().transpose();
        rows.row_iter_mut().for_each(|mut row| row -= mean.transpose());
        let sample = rows.transpose() * &rows / as_f64(n);
        let scale = sample.trace() / as_f64(d);
        let identity = DMatrix::identity(d, d) * scale;
        let spread = (&sample - &identity).norm_squared();
        let fourth: f64 = rows.row_iter().map(|row| row.norm_squared().powi(2)).sum();
        let error = (fourth / as_f64(n) - sample.norm_squared()) / as_f64(n);
        let shrinkage = if spread > 0.0 { (error / spread).clamp(0.0, 1.0) } else { 1.0 };
        Self { mean, covariance: identity * shrinkage + sample * (1.0 - shrinkage) }
    }

    /// The squared Frechet (Wasserstein-2) distance of two Gaussians (Dowson and Landau 1982).
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let half = self.covariance.clone().symmetric_eigen();
        let roots = DMatrix::from_diagonal(&half.eigenvalues.map(|value| value.max(0.0).sqrt()));
        let root = &half.eigenvectors * roots * half.eigenvectors.transpose();
        let product = &root * &other.covariance * &root;
        let product = (&product + product.transpose()) * 0.5;
        let common: f64 = product.symmetric_eigenvalues().iter().map(|value| value.max(0.0).sqrt()).sum();
        let means = (&self.mean - &other.mean).norm_squared();
        (means + self.covariance.trace() + other.covariance.trace() - 2.0 * common).max(0.0)
    }
}

/// The distance of two samples of one size, extrapolated to endless ones: a straight line in 1/n, at 0. The interval is what
/// different draws say.
pub(super) fn frechet(one: &[Vec<f64>], other: &[Vec<f64>]) -> Interval {
    let n = one.len().min(other.len());
    let at = |places: &[usize]| {
        let of = |points: &[Vec<f64>]| Gaussian::of(&places.iter().map(|&i| &points[i][..]).collect::<Vec<_>>());
        of(one).distance(&of(other))
    };
    let mut places: Vec<usize> = (0..n).collect();
    let whole = at(&places);
    let mut found = Vec::new();
    for seed in 0..N_ORDERS {
        places.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut line = vec![(1.0 / as_f64(n), whole)];
        for (part, of) in SHARES {
            let n_drawn = (n * part / of).max(2).min(n);
            line.push((1.0 / as_f64(n_drawn), at(&places[..n_drawn])));
        }
        found.push(at_zero(&line));
    }
    Interval::around(mean(found.iter().copied()), found)
}

/// Where the straight line of least squares meets 0.
fn at_zero(points: &[(f64, f64)]) -> f64 {
    let (x, y) = (mean(points.iter().map(|point| point.0)), mean(points.iter().map(|point| point.1)));
    let covariance = mean(points.iter().map(|point| (point.0 - x) * (point.1 - y)));
    let variance = mean(points.iter().map(|point| (point.0 - x).powi(2)));
    if variance > 0.0 { y - covariance / variance * x } else { y }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn gaussian(mean: &[f64], covariance: &[f64]) -> Gaussian {
        let d = mean.len();
        Gaussian { mean: DVector::from_row_slice(mean), covariance: DMatrix::from_row_slice(d, d, covariance) }
    }

    /// The sum of twelve dice is nearly normal.
    fn points(n: usize, seed: u64, scale: f64, at: f64) -> Vec<Vec<f64>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || (0..12).map(|_| random.random_range(-0.5..0.5)).sum::<f64>();
        (0..n).map(|_| vec![at + scale * normal(), normal(), normal()]).collect()
    }

    #[test]
    fn known_gaussians_have_the_known_distance() {
        let one = gaussian(&[0.0, 0.0], &[4.0, 0.0, 0.0, 1.0]);
        assert!(one.distance(&one) < 1e-9);
        // Squares of (3, 4), of 2 - 1, and of 1 - 3.
        let other = gaussian(&[3.0, 4.0], &[1.0, 0.0, 0.0, 9.0]);
        assert!((one.distance(&other) - (25.0 + 1.0 + 4.0)).abs() < 1e-9);
        assert!((other.distance(&one) - 30.0).abs() < 1e-9);
        // Turned by 45 degrees: traces 5 and 5, and the root of the product has trace 2 sqrt(det) + ... as below.
        let turned = gaussian(&[0.0, 0.0], &[2.5, 1.5, 1.5, 2.5]);
        let trace_of_root = (4.0f64 * 2.5 + 2.5 + 2.0 * (4.0f64 * 4.0).sqrt()).sqrt();
        assert!((one.distance(&turned) - (10.0 - 2.0 * trace_of_root)).abs() < 1e-9);
    }

    #[test]
    fn few_points_do_not_look_further_apart_than_many() {
        let truth = 4.0 + 1.0;
        for n in [300, 1500] {
            let found = frechet(&points(n, 1, 1.0, 0.0), &points(n, 2, 2.0, 2.0)).value;
            assert!((found - truth).abs() < 0.25 * truth, "{n}: {found}");
        }
        let same = frechet(&points(200, 1, 1.0, 0.0), &points(200, 2, 1.0, 0.0)).value;
        assert!(same.abs() < 0.1, "{same}");
    }

    #[test]
    fn a_line_is_met_at_zero() {
        assert!((at_zero(&[(1.0, 5.0), (2.0, 7.0), (4.0, 11.0)]) - 3.0).abs() < 1e-9);
    }
}
