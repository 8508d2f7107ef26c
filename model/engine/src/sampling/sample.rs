//! Choosing a value from logits.

use oorandom::Rand32;

use crate::network::math;
use crate::tokens::vocab::N_PITCHES;

/// How freely values are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 1 follows the model; lower is safer, higher wilder; 0 (or less, or no number) always takes the likeliest.
    pub temperature: f32,
    /// Nucleus sampling (Holtzman et al. 2020): only the likeliest values that together have this probability. 1 (or
    /// more, or no number) allows all; 0 only the likeliest.
    pub top_p: f32,
}

/// A value that is legal; `None` if none is. `random` moves on by one number, unless the temperature is 0. A logit that
/// is no number counts as the least likely. logits: (values of the attribute, at most [`N_PITCHES`]; what is beyond is
/// never chosen)
pub fn choose(logits: &[f32], is_legal: impl Fn(u8) -> bool, sampling: Sampling, random: &mut Rand32) -> Option<u8> {
    let mut buffer = [(0.0f32, 0u8); N_PITCHES];
    let mut n = 0;
    for (value, &logit) in (0..=u8::MAX).zip(logits).filter(|&(value, _)| is_legal(value)) {
        let logit = if logit.is_nan() { f32::MIN } else { logit.clamp(f32::MIN, f32::MAX) };
        *buffer.get_mut(n)? = (logit, value);
        n += 1;
    }
    let candidates = &mut buffer[..n];
    // Likeliest first; equal ones in the order of their values, so that the result never depends on the sort.
    candidates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let &(most, likeliest) = candidates.first()?;
    if sampling.temperature.is_nan() || sampling.temperature <= 0.0 {
        return Some(likeliest);
    }
    for (logit, _) in candidates.iter_mut() {
        let distance = (*logit - most) / sampling.temperature;
        *logit = if distance.is_nan() { 0.0 } else { math::exp(distance) };
    }
    let total: f32 = candidates.iter().map(|c| c.0).sum();
    let wanted = if sampling.top_p.is_nan() { total } else { sampling.top_p.clamp(0.0, 1.0) * total };
    let mut nucleus = 0.0;
    let mut n_kept = 0;
    for (weight, _) in candidates.iter() {
        nucleus += weight;
        n_kept += 1;
        if nucleus >= wanted {
            break;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "24 bits, exact")]
    let mut left = (random.rand_u32() >> 8) as f32 / (1u32 << 24) as f32 * nucleus;
    for &(weight, value) in &candidates[..n_kept] {
        if left < weight {
            return Some(value);
        }
        left -= weight;
    }
    Some(candidates[n_kept - 1].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(temperature: f32, top_p: f32) -> Sampling {
        Sampling { temperature, top_p }
    }

    /// How often each value comes in 20,000 draws, in percent.
    fn shares(logits: &[f32], is_legal: fn(u8) -> bool, sampling: Sampling) -> Vec<f32> {
        let mut random = Rand32::new(5);
        let mut counts = vec![0.0; logits.len()];
        for _ in 0..20_000 {
            counts[usize::from(choose(logits, is_legal, sampling, &mut random).unwrap())] += 0.005;
        }
        counts
    }

    #[test]
    fn values_come_as_often_as_their_probability() {
        let logits = [8f32.ln(), 4f32.ln(), 2f32.ln(), 2f32.ln()];
        let near = |got: Vec<f32>, want: [f32; 4]| {
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1.5), "{got:?} is not near {want:?}");
        };
        near(shares(&logits, |_| true, with(1.0, 1.0)), [50.0, 25.0, 12.5, 12.5]);
        near(shares(&logits, |_| true, with(0.5, 1.0)), [72.7, 18.2, 4.5, 4.5]);
        near(shares(&logits, |v| v > 0, with(1.0, 1.0)), [0.0, 50.0, 25.0, 25.0]);
        near(shares(&logits, |_| true, with(1.0, 0.7)), [66.7, 33.3, 0.0, 0.0]);
        near(shares(&logits, |_| true, with(1.0, 0.0)), [100.0, 0.0, 0.0, 0.0]);
        near(shares(&logits, |v| v > 0, with(0.0, 1.0)), [0.0, 100.0, 0.0, 0.0]);
    }

    #[test]
    fn senseless_numbers_do_no_harm() {
        let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, f32::MAX, f32::MIN, -0.0, 1e-40];
        let mut random = Rand32::new(6);
        for &temperature in &odd {
            for &top_p in &odd {
                for n in 1..=odd.len() {
                    let value = choose(&odd[..n], |v| v % 2 == 0, with(temperature, top_p), &mut random);
                    assert!(value.is_some_and(|v| v % 2 == 0 && usize::from(v) < n));
                }
            }
        }
        assert_eq!(choose(&[1.0, 2.0], |_| false, with(1.0, 1.0), &mut random), None);
        assert_eq!(choose(&[], |_| true, with(1.0, 1.0), &mut random), None);
        assert_eq!(choose(&[f32::NAN, -5.0], |_| true, with(0.0, 1.0), &mut random), Some(1));
    }
}
