//! Whole ticks and samples.

/// Keeps rounding errors from moving what falls exactly on a sample, or halfway between two ticks.
pub(super) const GUARD: f64 = 1e-4;

/// The nearest whole number; of two, the higher.
pub(super) fn nearest(value: f64) -> i64 {
    floor(value + 0.5 + GUARD)
}

#[expect(clippy::cast_precision_loss, reason = "songs have less than 2^52 ticks, and sessions less samples")]
pub(super) fn whole(value: i64) -> f64 {
    value as f64
}

/// Not `f64::floor`, which calls the mathematics library on processors that must also be of 2004: pages of code and data
/// that nothing else in a block needs.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and no song is that long")]
#[expect(clippy::cast_precision_loss, reason = "the cast back is exact where there was anything to cut off")]
pub(super) fn floor(value: f64) -> i64 {
    let towards_zero = value as i64;
    towards_zero.saturating_sub(i64::from(value < towards_zero as f64))
}
