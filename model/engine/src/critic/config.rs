//! The sizes of the network, and the order of its tensors.
//!
//! Four convolutions, each of which halves the time: over pairs of sixteenths (and two octaves), of eighths (and two octaves), of
//! beats (over all octaves), and of half bars. Then what was found in each stretch of four beats is pooled, over the call and over
//! the answer, and a hidden layer tells the logit.

use serde::{Deserialize, Serialize};

use super::roll::{N_CHANNELS, N_OCTAVES};
use crate::network::config::{TensorKind, TensorShape};

/// Vectors stay 32-bit floats.
pub(super) const VECTOR: TensorKind = TensorKind::Vector;
/// Convolutions.
pub const N_LAYERS: usize = 4;
/// Rows of octaves that each convolution sees at once: two, two, all that are left, and one.
pub const LAYER_ROWS: [usize; N_LAYERS] = [2, 2, N_OCTAVES - 2, 1];
/// What is pooled: mean, highest, and the last of the answer; mean and highest of the call.
pub const N_POOLS: usize = 5;
/// Widest layer.
const MOST_WIDTH: usize = 256;

/// Sizes of a critic's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriticConfig {
    /// Outputs of each convolution.
    pub widths: [usize; N_LAYERS],
    /// Width of the hidden layer.
    pub hidden: usize,
}

impl CriticConfig {
    /// The shipped one.
    pub const SHIPPED: Self = Self { widths: [24, 40, 80, 80], hidden: 64 };
    /// For tests.
    pub const TINY: Self = Self { widths: [4, 4, 8, 8], hidden: 8 };

    /// Refuses sizes that make no network, or one larger than this engine is willing to hold.
    ///
    /// # Errors
    /// A sentence that names the size at fault.
    pub fn check(&self) -> Result<(), String> {
        let sizes = self.widths.iter().chain([&self.hidden]);
        match sizes.into_iter().find(|size| !(1..=MOST_WIDTH).contains(*size)) {
            Some(size) => Err(format!("a layer is {size} wide; it must be 1 to {MOST_WIDTH}")),
            None => Ok(()),
        }
    }

    /// Values that a convolution is given for each row and column.
    #[must_use]
    pub fn inputs(&self, layer: usize) -> usize {
        if layer == 0 { N_CHANNELS } else { self.widths[layer - 1] }
    }

    /// All tensors in the order in which files hold them, of a critic that knows so many styles. A convolution has a row for each
    /// output; in its columns, row of octaves by pair of columns (this and the next) by column of the pair by input.
    #[must_use]
    pub fn tensors(&self, n_styles: usize) -> Vec<TensorShape> {
        let shape = |name: &str, kind, rows, columns| TensorShape { name: name.to_owned(), kind, rows, columns };
        let mut shapes = Vec::new();
        for (i, &width) in self.widths.iter().enumerate() {
            let columns = LAYER_ROWS[i] * 4 * self.inputs(i);
            shapes.push(shape(&format!("layers.{i}.weight"), TensorKind::Table, width, columns));
            shapes.push(shape(&format!("layers.{i}.bias"), VECTOR, 1, width));
        }
        shapes.push(shape("hidden.weight", TensorKind::Table, self.hidden, N_POOLS * self.widths[N_LAYERS - 1]));
        shapes.push(shape("hidden.bias", VECTOR, 1, self.hidden));
        shapes.push(shape("hidden.style", TensorKind::Table, n_styles, self.hidden));
        shapes.push(shape("logit.weight", VECTOR, 1, self.hidden));
        shapes.push(shape("logit.bias", VECTOR, 1, 1));
        shapes
    }

    /// Number of parameters.
    #[must_use]
    pub fn n_parameters(&self, n_styles: usize) -> usize {
        self.tensors(n_styles).iter().map(|shape| shape.rows * shape.columns).sum()
    }
}
