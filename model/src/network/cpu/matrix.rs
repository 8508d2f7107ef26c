//! Matrix products of plain slices, in one thread.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

/// Row-major numbers without gaps.
fn matrix(data: &[f32], columns: usize) -> ArrayView2<'_, f32> {
    match ArrayView2::from_shape((data.len() / columns, columns), data) {
        Ok(view) => view,
        Err(_) => unreachable!("{} numbers make no rows of {columns}", data.len()),
    }
}

fn matrix_mut(data: &mut [f32], columns: usize) -> ArrayViewMut2<'_, f32> {
    let n = data.len();
    match ArrayViewMut2::from_shape((n / columns, columns), data) {
        Ok(view) => view,
        Err(_) => unreachable!("{n} numbers make no rows of {columns}"),
    }
}

/// What becomes of the numbers in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// They are overwritten.
    Replace,
    /// The product is added to them.
    Add,
}

impl Then {
    fn keep(self) -> f32 {
        if self == Self::Add { 1.0 } else { 0.0 }
    }
}

/// `y = x Wᵀ`: y (n, outputs), x (n, inputs), w (outputs, inputs).
pub(super) fn linear(y: &mut [f32], then: Then, x: &[f32], w: &[f32], inputs: usize) {
    let outputs = w.len() / inputs;
    general_mat_mul(1.0, &matrix(x, inputs), &matrix(w, inputs).t(), then.keep(), &mut matrix_mut(y, outputs));
}

/// The gradient of [`linear`]'s weights: `dw += dyᵀ x`.
pub(super) fn weight_gradient(dw: &mut [f32], dy: &[f32], x: &[f32], inputs: usize) {
    let dy = matrix(dy, dw.len() / inputs);
    general_mat_mul(1.0, &dy.t(), &matrix(x, inputs), 1.0, &mut matrix_mut(dw, inputs));
}

/// The gradient of [`linear`]'s input: `dx = dy W`.
pub(super) fn input_gradient(dx: &mut [f32], then: Then, dy: &[f32], w: &[f32], inputs: usize) {
    let dy = matrix(dy, w.len() / inputs);
    general_mat_mul(1.0, &dy, &matrix(w, inputs), then.keep(), &mut matrix_mut(dx, inputs));
}
