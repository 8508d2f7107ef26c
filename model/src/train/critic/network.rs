//! The critic's network in candle, under the names that its file has. `engine::critic` computes the same, roll by roll.

use std::collections::BTreeMap;

use candle_core::{D, Device, Result, Tensor, Var};
use engine::config::{TensorKind, TensorShape};
use engine::critic::CriticConfig;
use engine::critic::config::LAYER_ROWS;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::sparse::Pictures;

/// The network.
#[derive(Debug)]
pub struct CriticNetwork {
    config: CriticConfig,
    shapes: Vec<TensorShape>,
    parameters: BTreeMap<String, Var>,
}

/// What was found in pictures, each a row: mean and highest, (n, 2 width), and the last group, (n, width).
struct Pools {
    mean_and_most: Tensor,
    last: Tensor,
}

impl CriticNetwork {
    /// First weights: of a deviation that keeps the size of what passes rectifiers (He et al. 2015). `n_channels` other than a
    /// roll's make a network that no file holds.
    ///
    /// # Errors
    /// When memory fails.
    pub fn new(config: CriticConfig, n_styles: usize, n_channels: usize, seed: u64) -> Result<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || {
            let (u, angle): (f32, f32) = (random.random_range(0.0..1.0), random.random_range(0.0..1.0));
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
        };
        let mut shapes = config.tensors(n_styles);
        shapes[0].columns = LAYER_ROWS[0] * 4 * n_channels;
        let mut parameters = BTreeMap::new();
        for shape in &shapes {
            #[expect(clippy::cast_precision_loss, reason = "thousands")]
            let spread = match (&shape.name[..], shape.kind) {
                ("logit.weight", _) => (1.0 / shape.columns as f32).sqrt(),
                ("hidden.style", _) | (_, TensorKind::Vector) => 0.0,
                // Most cells of a roll are empty.
                ("layers.0.weight", _) => (20.0 / shape.columns as f32).sqrt(),
                _ => (2.0 / shape.columns as f32).sqrt(),
            };
            let values: Vec<f32> = (0..shape.rows * shape.columns).map(|_| spread * normal()).collect();
            let tensor = Tensor::from_vec(values, (shape.rows, shape.columns), &Device::Cpu)?;
            parameters.insert(shape.name.clone(), Var::from_tensor(&tensor)?);
        }
        Ok(Self { config, shapes, parameters })
    }

    /// All of them, by name; each is (rows, columns).
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Var> {
        &self.parameters
    }

    /// In the order of the file.
    #[must_use]
    pub fn shapes(&self) -> &[TensorShape] {
        &self.shapes
    }

    /// Sets a parameter, as it is in a file.
    ///
    /// # Errors
    /// When there is none of that name, or it has another length.
    pub fn set(&self, shape: &TensorShape, values: Vec<f32>) -> Result<()> {
        let Some(var) = self.parameters.get(&shape.name) else { candle_core::bail!("no parameter {}", shape.name) };
        var.set(&Tensor::from_vec(values, (shape.rows, shape.columns), var.device())?)
    }

    /// A parameter's values, row-major.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn values(&self, name: &str) -> Result<Vec<f32>> {
        self.parameter(name)?.flatten_all()?.to_vec1()
    }

    /// Logits (n) of answers, answer `i` to call `i % n_calls` in the style of that index, `styles[i % n_calls]`.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn logits(&self, calls: &Pictures, answers: &Pictures, styles: &[usize]) -> Result<Tensor> {
        let (of_calls, of_answers) = (self.pools(calls)?, self.pools(answers)?);
        let times = answers.len() / calls.len().max(1);
        let of_calls = of_calls.mean_and_most.repeat((times, 1))?;
        let pools = Tensor::cat(&[of_answers.mean_and_most, of_answers.last, of_calls], 1)?;
        let table = self.parameter("hidden.style")?;
        let (n_styles, device) = (table.dim(0)?, table.device());
        let one_hot = styles.iter().flat_map(|&style| (0..n_styles).map(move |s| f32::from(u8::from(s == style))));
        let one_hot = Tensor::from_vec(one_hot.collect::<Vec<f32>>(), (styles.len(), n_styles), device)?;
        let of_styles = one_hot.matmul(table)?.repeat((times, 1))?;
        let hidden = (self.linear("hidden", &pools)? + of_styles)?.relu()?;
        let logits = hidden.matmul(&self.parameter("logit.weight")?.t()?)?;
        logits.broadcast_add(self.parameter("logit.bias")?)?.squeeze(1)
    }

    fn pools(&self, pictures: &Pictures) -> Result<Pools> {
        let first = pictures.convolve(self.parameter("layers.0.weight")?)?;
        let mut x = first.broadcast_add(self.parameter("layers.0.bias")?)?.relu()?;
        for (i, n_rows) in LAYER_ROWS.into_iter().enumerate() {
            if i > 0 {
                x = self.convolve(i, n_rows, &x)?;
            }
            // What lies beyond a picture must stay nothing.
            let mask = mask(&pictures.n_groups, x.dim(2)?, |column, n_columns| column < n_columns)?;
            x = x.broadcast_mul(&mask.unsqueeze(1)?)?;
        }
        // (n, groups, width)
        let x = x.squeeze(1)?;
        #[expect(clippy::cast_precision_loss, reason = "at most 8")]
        let counts: Vec<f32> = pictures.n_groups.iter().map(|&n| n as f32).collect();
        let counts = Tensor::from_vec(counts, (pictures.len(), 1), x.device())?;
        let mean = x.sum(1)?.broadcast_div(&counts)?;
        let is_last = mask(&pictures.n_groups, x.dim(1)?, |group, n_groups| group + 1 == n_groups)?;
        let last = x.broadcast_mul(&is_last)?.sum(1)?;
        Ok(Pools { mean_and_most: Tensor::cat(&[mean, x.max(1)?], 1)?, last })
    }

    /// x: (n, rows, columns, inputs) to (n, rows + 1 - n_rows, columns / 2, outputs)
    fn convolve(&self, layer: usize, n_rows: usize, x: &Tensor) -> Result<Tensor> {
        let (n, rows, columns, inputs) = x.dims4()?;
        let pairs = x.reshape((n, rows, columns / 2, 2 * inputs))?;
        let next = pairs.narrow(2, 1, columns / 2 - 1)?.pad_with_zeros(2, 0, 1)?;
        let seen = Tensor::cat(&[&pairs, &next], 3)?;
        let rows_out = rows + 1 - n_rows;
        let rows = (0..n_rows).map(|r| seen.narrow(1, r, rows_out)).collect::<Result<Vec<_>>>()?;
        let seen = Tensor::cat(&rows, 3)?.reshape((n * rows_out * columns / 2, n_rows * 4 * inputs))?;
        let out = self.linear(&format!("layers.{layer}"), &seen)?.relu()?;
        out.reshape((n, rows_out, columns / 2, self.config.widths[layer]))
    }

    fn linear(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let product = x.matmul(&self.parameter(&format!("{name}.weight"))?.t()?)?;
        product.broadcast_add(self.parameter(&format!("{name}.bias"))?)
    }

    fn parameter(&self, name: &str) -> Result<&Tensor> {
        match self.parameters.get(name) {
            Some(var) => Ok(var.as_tensor()),
            None => candle_core::bail!("no parameter {name}"),
        }
    }
}

/// (n, columns, 1): 1 where `is_kept` says so of a column and the picture's columns.
fn mask(n_groups: &[usize], columns: usize, is_kept: impl Fn(usize, usize) -> bool) -> Result<Tensor> {
    let most = n_groups.iter().copied().max().unwrap_or(1).max(1);
    let kept = n_groups.iter().flat_map(|&n| {
        let n_columns = n * columns / most;
        (0..columns).map(|column| f32::from(u8::from(is_kept(column, n_columns)))).collect::<Vec<_>>()
    });
    Tensor::from_vec(kept.collect::<Vec<f32>>(), (n_groups.len(), columns, 1), &Device::Cpu)
}

/// The largest singular value of a parameter seen as a matrix (rows, columns), by power iteration from where the last one ended
/// (Miyato et al. 2018).
#[must_use]
pub fn largest_singular_value(values: &[f32], columns: usize, direction: &mut Vec<f32>) -> f32 {
    const ITERATIONS: usize = 2;
    direction.resize(columns, 1.0);
    let mut largest = 0.0;
    for _ in 0..ITERATIONS {
        normalise(direction);
        let image: Vec<f32> = values.chunks_exact(columns).map(|row| dot(row, direction)).collect();
        largest = dot(&image, &image).sqrt();
        direction.fill(0.0);
        for (row, image) in values.chunks_exact(columns).zip(image) {
            direction.iter_mut().zip(row).for_each(|(to, value)| *to += value * image);
        }
    }
    largest
}

fn normalise(x: &mut [f32]) {
    let length = dot(x, x).sqrt();
    if length > 0.0 {
        x.iter_mut().for_each(|x| *x /= length);
    } else {
        x.fill(1.0);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The mean of ln(1 + e^x). x: (n)
///
/// # Errors
/// When memory fails.
pub fn mean_softplus(x: &Tensor) -> Result<Tensor> {
    // ln(1 + e^x) is max(x, 0) + ln(1 + e^-|x|), which never overflows.
    let tail = (x.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (x.relu()? + tail)?.mean(D::Minus1)
}
