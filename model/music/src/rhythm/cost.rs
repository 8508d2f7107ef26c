//! Costs: negative logarithms of probabilities in integers, so that every machine hears the same.

/// A cost of 1 nat, a factor of e in probability.
pub(super) const NAT: i32 = 256;

/// More than any sequence of notes costs; what cannot be.
pub(super) const NEVER: i32 = i32::MAX / 4;

/// Deviations in a step of [`STUDENT`] are this part of the spread.
const STEPS_PER_SPREAD: i64 = 32;
const N_STEPS: usize = 2048;

/// Student's t with 3.5 degrees of freedom: its tails are those of people's timing, a normal distribution's are not. The cost above
/// that of no deviation, in steps of 1/32 of the spread.
static STUDENT: [u16; N_STEPS] = student();
/// Cost of no deviation at a spread of 1 ms.
const STUDENT_PEAK: i32 = 253;

/// `NAT` times the natural logarithm of `numerator / denominator`, both at least 1.
#[expect(clippy::cast_possible_truncation, reason = "at most 64 ln 2 * 256")]
pub(super) const fn ln(numerator: u64, denominator: u64) -> i32 {
    log2_q16(numerator).saturating_sub(log2_q16(denominator)) as i32
}

/// 2^16 / 369.33 of a nat's 256 parts are an octave: the logarithm to base 2 by squaring, scaled by `NAT` ln 2.
const fn log2_q16(x: u64) -> i64 {
    let x = if x == 0 { 1 } else { x };
    let octave = 63 - x.leading_zeros();
    // A number from 1 to 2, with 31 bits behind the point.
    let mut mantissa = if octave > 31 { x >> (octave - 31) } else { x << (31 - octave) };
    let mut log = octave as i64;
    let mut bit = 0;
    while bit < 16 {
        mantissa = (mantissa * mantissa) >> 31;
        log *= 2;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            log += 1;
        }
        bit += 1;
    }
    // 256 ln 2 = 177.446.
    (log * 177_446 / 1000) >> 16
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2.25 * 256 * ln 1171")]
const fn student() -> [u16; N_STEPS] {
    let mut table = [0; N_STEPS];
    let mut step = 0;
    while step < N_STEPS {
        // 2.25 ln(1 + z^2 / 3.5), with z in parts of 1/32.
        let scaled = 7 * 32 * 32;
        table[step] = (ln(scaled + 2 * (step * step) as u64, scaled) * 9 / 4) as u16;
        step += 1;
    }
    table
}

/// The density of deviations, per millisecond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    us: i64,
    peak: i32,
}

impl Spread {
    pub(super) fn new(us: i64) -> Self {
        let us = us.max(100);
        Self { us, peak: STUDENT_PEAK + ln(us.unsigned_abs(), 1000) }
    }

    pub(super) fn cost(self, deviation_us: i64) -> i32 {
        let step = usize::try_from(deviation_us.abs() * STEPS_PER_SPREAD / self.us).unwrap_or(usize::MAX);
        self.peak + i32::from(STUDENT[step.min(N_STEPS - 1)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_within_a_256th_of_a_nat() {
        for (a, b) in [(1u64, 1u64), (2, 1), (10, 1), (1, 10), (123_456_789, 1000), (999, 1000), (u64::MAX, 1)] {
            let exact = (a as f64 / b as f64).ln() * f64::from(NAT);
            assert!((f64::from(ln(a, b)) - exact).abs() <= 1.1, "{a}/{b}: {} {exact}", ln(a, b));
        }
    }

    #[test]
    fn the_densities_sum_to_one() {
        for us in [4_000, 22_000, 55_000] {
            let spread = Spread::new(us);
            let density = |ms: i64| (-f64::from(spread.cost(ms * 1000)) / f64::from(NAT)).exp();
            let sum: f64 = (-2000..=2000).map(density).sum();
            assert!((sum - 1.0).abs() < 0.03, "{us}: {sum}");
        }
    }
}
