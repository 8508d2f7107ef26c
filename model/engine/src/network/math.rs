//! Small numeric kernels that give the same bits on every machine: only adding, multiplying, dividing and square roots
//! of f32, in a fixed order. Sums run in eight lanes, which compilers turn into vector code. They are always inlined, so
//! that [`crate::network::simd::Isa::wide`] can widen them.

const LANES: usize = 8;
/// Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even.
const ROUND: f32 = 12_582_912.0;

/// Rounds `x` to 8 bits and returns the scale, so that `x = scale * out`. x, out: (n)
#[inline(always)]
pub(crate) fn quantise(x: &[f32], out: &mut [i8]) -> f32 {
    let mut most = [0.0f32; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            most[i] = if chunk[i].abs() > most[i] { chunk[i].abs() } else { most[i] };
        }
    }
    let most = most.iter().chain(rest).fold(0.0f32, |m, v| m.max(v.abs()));
    // Below this, 127 / most is no longer a number.
    if most < 1e-30 || !most.is_finite() {
        out.fill(0);
        return 0.0;
    }
    let to_steps = 127.0 / most;
    for (o, &v) in out.iter_mut().zip(x) {
        let bits = (v * to_steps + ROUND).to_bits().cast_signed();
        let steps = bits.wrapping_sub(ROUND.to_bits().cast_signed()).clamp(-127, 127);
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let steps = steps as i8;
        *o = steps;
    }
    most / 127.0
}

/// Rounds weights, none of them negative, to at most 15 bits, so that the sum of their products with n values of 8 bits
/// stays below 2^31. Returns the scale: `weights = scale * out`. weights, out: (n)
#[inline(always)]
pub(crate) fn quantise_finely(weights: &[f32], out: &mut [i16]) -> f32 {
    let most = max(weights);
    if most < 1e-30 || !most.is_finite() {
        out.fill(0);
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 32512")]
    let n_steps = (0x7f00 / (weights.len() / 512 + 1)) as f32;
    let to_steps = n_steps / most;
    for (o, &weight) in out.iter_mut().zip(weights) {
        let bits = (weight * to_steps + ROUND).to_bits().cast_signed();
        // The largest may come out one step too high.
        #[expect(clippy::cast_possible_truncation, reason = "at most 0x7f01")]
        let steps = bits.wrapping_sub(ROUND.to_bits().cast_signed()) as i16;
        *o = steps;
    }
    most / n_steps
}

/// Sum of products. a, b: (n)
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum_lanes(lanes) + rest
}

#[inline(always)]
fn sum_lanes(l: [f32; LANES]) -> f32 {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

/// Sum. x: (n)
#[inline(always)]
pub(crate) fn sum(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += chunk[i];
        }
    }
    sum_lanes(lanes) + rest.iter().sum::<f32>()
}

/// Maximum; minus infinity of nothing. x: (n)
#[inline(always)]
pub(crate) fn max(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = if chunk[i] > lanes[i] { chunk[i] } else { lanes[i] };
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |m, &v| m.max(v))
}

/// Layer norm, epsilon 1e-5. x, gain, bias, out: (d_model)
#[inline(always)]
pub(crate) fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], out: &mut [f32]) {
    #[expect(clippy::cast_precision_loss, reason = "at most 2048")]
    let n = x.len() as f32;
    let mean = sum(x) / n;
    for (o, v) in out.iter_mut().zip(x) {
        *o = v - mean;
    }
    let variance = dot(out, out) / n;
    let scale = 1.0 / (variance + 1e-5).sqrt();
    for ((o, g), b) in out.iter_mut().zip(gain).zip(bias) {
        *o = *o * scale * g + b;
    }
}

/// e^x, within 3e-7 of its value. Below -87 it is about 1e-38, above 88 about 2e38.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    // x = n ln 2 + r with |r| <= ln 2 / 2; then a polynomial of e^r (Cephes expf), times 2^n.
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let e = p * (r * r) + r + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    e * f32::from_bits(exponent << 23)
}

/// 2^x of an x that is not above 0, within 4e-6 of its value: softmax weights are rounded to 15 bits. Below -126 it is about
/// 1e-38.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    let x = if x > -126.0 { x } else { -126.0 };
    let shifted = x + ROUND;
    let r = x - (shifted - ROUND);
    // The polynomial of degree 4 that is closest to 2^r for |r| <= 1/2, in two halves that need not wait for each other.
    let (r2, p) = (r * r, 0.055_917_863 * r + 0.240_247_44);
    let p = (r2 * 0.009_570_101 + p) * r2 + (0.693_121_8 * r + 0.999_999_3);
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// GELU in its tanh form (Hendrycks and Gimpel 2016): 0.5 x (1 + tanh(u)) is x / (1 + e^(-2u)). x: (n)
#[inline(always)]
pub(crate) fn gelu(x: &mut [f32]) {
    for v in x {
        let u = 0.797_884_6 * (*v + 0.044_715 * *v * *v * *v);
        *v /= 1.0 + exp(-2.0 * u);
    }
}

/// Natural logarithm of the sum of e^x. x: (n)
pub(crate) fn log_sum_exp(x: &[f32]) -> f32 {
    let most = max(x);
    most + libm::logf(x.iter().map(|&v| exp(v - most)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_that_of_the_standard_library() {
        let mut worst = 0.0f64;
        for i in -86_000..88_000i32 {
            let x = i as f32 / 1000.0;
            let want = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - want).abs() / want);
        }
        assert!(worst < 3e-7, "{worst}");
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(f32::INFINITY).is_finite());
    }

    #[test]
    fn exp2_is_close_to_that_of_the_standard_library() {
        for i in -126_000..=0i32 {
            let x = i as f32 / 1000.0;
            let want = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) - want).abs() < 4e-6 * want, "{x}");
        }
        assert!([f32::NEG_INFINITY, f32::NAN, -1e30].iter().all(|&x| exp2(x) < 1e-37));
    }

    #[test]
    fn gelu_is_close_to_its_definition() {
        for i in -8000..8000i32 {
            let x = f64::from(i) / 1000.0;
            let want = 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
            #[expect(clippy::cast_possible_truncation, reason = "few digits")]
            let mut got = [x as f32];
            gelu(&mut got);
            assert!((f64::from(got[0]) - want).abs() < 1e-6, "{x}: {} {want}", got[0]);
        }
    }

    #[test]
    fn quantising_is_within_half_a_step_and_survives_anything() {
        let x: Vec<f32> = (0..37).map(|i| (i * i % 23) as f32 - 11.3).collect();
        let mut steps = vec![0i8; x.len()];
        let scale = quantise(&x, &mut steps);
        assert!(x.iter().zip(&steps).all(|(v, &s)| (v - scale * f32::from(s)).abs() <= scale * 0.501));
        assert!(steps.iter().any(|s| s.abs() == 127));
        for bad in [0.0, f32::NAN, f32::INFINITY, 1e-42] {
            let mut steps = [1i8; 2];
            assert_eq!(quantise(&[bad, 0.0], &mut steps), 0.0);
            assert_eq!(steps, [0, 0]);
        }
    }

    #[test]
    fn quantising_finely_is_within_half_a_step() {
        let weights: Vec<f32> = (0..50).map(|i| (i * i % 23) as f32 * 0.01).collect();
        let mut steps = vec![0; 50];
        let scale = quantise_finely(&weights, &mut steps);
        for (weight, steps) in weights.iter().zip(steps) {
            assert!((weight - scale * f32::from(steps)).abs() <= scale * 0.51 && steps >= 0);
        }
        let mut one = [1];
        assert_eq!(quantise_finely(&[0.0], &mut one), 0.0);
        assert_eq!(one, [0]);
        for n in [1, 511, 512, 1024, 2047, 4096] {
            let mut steps = vec![0; n];
            quantise_finely(&vec![0.3; n], &mut steps);
            let sum: i64 = steps.iter().map(|&steps| 127 * i64::from(steps)).sum();
            assert!(sum < 1 << 31 && steps[0] >= 0x7f00 >> (n / 512), "{n}: {sum}");
        }
    }

    #[test]
    fn layer_norm_has_mean_zero_and_deviation_one() {
        let x: Vec<f32> = (0..64).map(|i| (i % 7) as f32 * 3.0 + 100.0).collect();
        let mut out = vec![0.0; 64];
        layer_norm(&x, &[1.0; 64], &[0.0; 64], &mut out);
        assert!(sum(&out).abs() < 1e-3);
        assert!((dot(&out, &out) / 64.0 - 1.0).abs() < 1e-3);
        layer_norm(&[5.0; 64], &[1.0; 64], &[0.5; 64], &mut out);
        assert!(out.iter().all(|&v| v == 0.5));
    }
}
