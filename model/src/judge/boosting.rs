//! Gradient-boosted decision trees for two classes (Friedman 2001), on histograms of quantiles (as in Chen and Guestrin 2016).
//!
//! A small implementation of our own: of the crates for it none is kept up and plain (forust-ml says no licence, gbdt is of 2021,
//! perpetual's release is a candidate), and a thousand rows need none of their speed.

/// Trees.
const N_TREES: usize = 150;
/// Questions from root to leaf.
const DEPTH: usize = 3;
/// Step of each tree.
const LEARNING_RATE: f64 = 0.08;
/// Different answers that a feature is cut into.
const N_BINS: usize = 24;
/// Holds leaves back, in examples of full uncertainty.
const LAMBDA: f64 = 1.0;
/// Least sum of second derivatives in a leaf: about ten examples at first.
const LEAST_HESSIAN: f64 = 2.5;

/// A question, or a leaf.
#[derive(Clone, Debug)]
enum Node {
    /// Values up to `threshold`, and those that are no numbers, go to the first.
    Split {
        feature: usize,
        threshold: f64,
        children: Box<[Node; 2]>,
    },
    Leaf(f64),
}

/// Trained trees.
#[derive(Clone, Debug)]
pub(super) struct Boosted {
    trees: Vec<Node>,
    /// What each feature has gained, as shares of the sum.
    pub(super) gains: Vec<f64>,
}

/// Rows in bins, with the derivatives of their loss.
struct Problem<'a> {
    /// By feature, then by row.
    bins: Vec<Vec<u8>>,
    /// Upper edges of the bins of each feature.
    edges: &'a [Vec<f64>],
    gradients: Vec<f64>,
    hessians: Vec<f64>,
}

impl Boosted {
    /// Learns to tell rows apart: (rows, features), and which of the rows are of the second class.
    pub(super) fn fit(rows: &[&[f64]], labels: &[bool]) -> Self {
        let n_features = rows.first().map_or(0, |row| row.len());
        let edges: Vec<Vec<f64>> = (0..n_features).map(|f| edges(rows.iter().map(|row| row[f]))).collect();
        let bins = edges
            .iter()
            .enumerate()
            .map(|(f, edges)| rows.iter().map(|row| u8::try_from(bin(edges, row[f])).unwrap_or(u8::MAX)).collect());
        let (n, zeros) = (rows.len(), vec![0.0; rows.len()]);
        let mut problem =
            Problem { bins: bins.collect(), edges: &edges, gradients: zeros.clone(), hessians: zeros.clone() };
        let (mut scores, mut gains, mut trees) = (zeros, vec![0.0; n_features], Vec::new());
        for _ in 0..N_TREES {
            for i in 0..n {
                let probability = sigmoid(scores[i]);
                problem.gradients[i] = probability - f64::from(labels[i]);
                problem.hessians[i] = probability * (1.0 - probability);
            }
            let tree = problem.grow(&(0..n).collect::<Vec<_>>(), DEPTH, &mut gains);
            scores.iter_mut().zip(rows).for_each(|(score, row)| *score += tree.value(row));
            trees.push(tree);
        }
        let sum: f64 = gains.iter().sum();
        gains.iter_mut().for_each(|gain| *gain /= sum.max(f64::MIN_POSITIVE));
        Self { trees, gains }
    }

    /// Log odds that a row is of the second class.
    pub(super) fn score(&self, row: &[f64]) -> f64 {
        self.trees.iter().map(|tree| tree.value(row)).sum()
    }
}

impl Node {
    fn value(&self, row: &[f64]) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Split { feature, threshold, children } => {
                children[usize::from(row[*feature] > *threshold)].value(row)
            }
        }
    }
}

impl Problem<'_> {
    fn grow(&self, rows: &[usize], depth: usize, gains: &mut [f64]) -> Node {
        let sums = rows.iter().fold((0.0, 0.0), |sums, &i| add(sums, (self.gradients[i], self.hessians[i])));
        let best = if depth == 0 { None } else { self.best_split(rows, sums) };
        let Some((gain, feature, last)) = best else {
            return Node::Leaf(-LEARNING_RATE * sums.0 / (sums.1 + LAMBDA));
        };
        gains[feature] += gain;
        let (low, high): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|&&i| usize::from(self.bins[feature][i]) <= last);
        let threshold = if last == 0 { f64::NEG_INFINITY } else { self.edges[feature][last - 1] };
        let children = Box::new([low, high].map(|rows| self.grow(&rows, depth - 1, gains)));
        Node::Split { feature, threshold, children }
    }

    /// The gain, the feature and the last bin of the lower side.
    fn best_split(&self, rows: &[usize], sums: (f64, f64)) -> Option<(f64, usize, usize)> {
        let worth = |(gradient, hessian): (f64, f64)| gradient * gradient / (hessian + LAMBDA);
        let mut best: Option<(f64, usize, usize)> = None;
        for (feature, bins) in self.bins.iter().enumerate() {
            let mut histogram = [(0.0, 0.0); N_BINS + 2];
            for &i in rows {
                let bin = usize::from(bins[i]);
                histogram[bin] = add(histogram[bin], (self.gradients[i], self.hessians[i]));
            }
            let mut low = (0.0, 0.0);
            for (last, sums_of_bin) in histogram.iter().enumerate().take(self.edges[feature].len() + 1) {
                low = add(low, *sums_of_bin);
                let high = (sums.0 - low.0, sums.1 - low.1);
                if low.1 < LEAST_HESSIAN || high.1 < LEAST_HESSIAN {
                    continue;
                }
                let gain = worth(low) + worth(high) - worth(sums);
                if gain > best.map_or(1e-9, |(gain, ..)| gain) {
                    best = Some((gain, feature, last));
                }
            }
        }
        best
    }
}

fn add(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 + b.0, a.1 + b.1)
}

/// Upper edges of bins that hold about as many values each. The values above the last are a bin of their own, and what is no
/// number is one before the first.
fn edges(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..N_BINS).filter_map(|i| values.get(values.len() * i / N_BINS).copied()).collect();
    edges.dedup();
    // Nothing lies above the largest value.
    if edges.last().is_some_and(|last| values.last() == Some(last)) {
        edges.pop();
    }
    edges
}

fn bin(edges: &[f64], value: f64) -> usize {
    if value.is_nan() { 0 } else { 1 + edges.partition_point(|edge| value > *edge) }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn random(n: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| (0..4).map(|_| random.random_range(-1.0..1.0)).collect()).collect()
    }

    fn accuracy(is_second: impl Fn(&[f64]) -> bool, spoil: impl Fn(&mut Vec<f64>)) -> (f64, Vec<f64>) {
        let [train, test] = [random(600, 1), random(600, 2)].map(|mut rows| {
            rows.iter_mut().for_each(&spoil);
            rows
        });
        let labels: Vec<bool> = train.iter().map(|row| is_second(row)).collect();
        let trees = Boosted::fit(&train.iter().map(Vec::as_slice).collect::<Vec<_>>(), &labels);
        let n_right = test.iter().filter(|row| (trees.score(row) > 0.0) == is_second(row)).count();
        (f64::from(u32::try_from(n_right).unwrap()) / 600.0, trees.gains)
    }

    #[test]
    fn trees_learn_what_no_straight_line_can_tell() {
        let (right, gains) = accuracy(|row| row[1] * row[2] > 0.0, |_| {});
        assert!(right > 0.93, "{right}");
        assert!(gains[1] + gains[2] > 0.9 && (gains.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{gains:?}");
    }

    #[test]
    fn what_is_no_number_goes_one_way() {
        let (right, gains) = accuracy(
            |row| row[0].is_nan(),
            |row| {
                if row[0] > 0.4 {
                    row[0] = f64::NAN;
                }
            },
        );
        assert!(right > 0.999 && gains[0] > 0.9, "{right} {gains:?}");
    }

    #[test]
    fn nothing_to_tell_is_chance() {
        let rows = random(400, 3);
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let labels: Vec<bool> = random(400, 4).iter().map(|row| row[0] > 0.0).collect();
        let trees = Boosted::fit(&rows[..200], &labels[..200]);
        let n_right = rows[200..].iter().zip(&labels[200..]).filter(|(row, label)| (trees.score(row) > 0.0) == **label);
        let n_right = n_right.count();
        assert!((75..125).contains(&n_right), "{n_right} of 200");
    }
}
