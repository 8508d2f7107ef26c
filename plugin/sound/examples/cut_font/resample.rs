//! Half the sampling rate, by a windowed sinc.

use std::f64::consts::PI;

use crate::sf2::Sample;

/// Samples of the source to each side of a new one.
const HALF_WIDTH: usize = 48;
/// Of the new half rate: what is left through. The rest is for the filter's slope.
const PASSED: f64 = 0.95;

/// A sample at as near half its rate as makes its loop a whole number of samples.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some 100,000 samples"
)]
pub(crate) fn halve(whole: &Sample) -> Sample {
    let (start, end) = (whole.loop_start, whole.data.len());
    let loop_length = end - start;
    let new_loop_length = loop_length.div_ceil(2);
    let ratio = new_loop_length as f64 / loop_length as f64;
    let loop_start = (start as f64 * ratio).floor() as usize;
    let data = (0..loop_start + new_loop_length).map(|k| {
        let at = start as f64 + (k as f64 - loop_start as f64) / ratio;
        let (first, last) = ((at.floor() as usize).saturating_sub(HALF_WIDTH), at.floor() as usize + HALF_WIDTH);
        let weighted = (first..=last).map(|i| {
            // Behind the end the loop begins again.
            let value = if i < end { whole.data[i] } else { whole.data[start + (i - end) % loop_length] };
            value * weight(i as f64 - at, PASSED * ratio)
        });
        weighted.sum()
    });
    let rate_hz = (f64::from(whole.rate_hz) * ratio).round() as i32;
    Sample { name: whole.name.clone(), rate_hz, loop_start, data: data.collect() }
}

/// A low-pass filter's impulse response at so many samples from its middle, cut off by Blackman's window.
#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn weight(distance: f64, cutoff: f64) -> f64 {
    let angle = PI * distance / (HALF_WIDTH + 1) as f64;
    let window = 0.42 + 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos();
    let x = PI * cutoff * distance;
    let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
    cutoff * sinc * window
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(hertz: f64, rate_hz: f64, n: u32) -> Vec<f64> {
        (0..n).map(|i| (2.0 * PI * hertz * f64::from(i) / rate_hz).sin()).collect()
    }

    fn whole(hertz: f64) -> Sample {
        Sample { name: String::new(), rate_hz: 32_000, loop_start: 16_000, data: wave(hertz, 32_000.0, 32_000) }
    }

    #[test]
    fn what_fits_into_half_the_rate_is_kept_and_the_rest_is_gone() {
        let halved = halve(&whole(1000.0));
        assert_eq!((halved.rate_hz, halved.loop_start, halved.data.len()), (16_000, 8000, 16_000));
        for (found, wanted) in halved.data.iter().zip(wave(1000.0, 16_000.0, 16_000)).skip(64) {
            assert!((found - wanted).abs() < 1e-3, "{found} for {wanted}");
        }
        let loudest = halve(&whole(9000.0)).data.into_iter().skip(64).fold(0.0, f64::max);
        assert!(loudest < 1e-3, "{loudest} is left of what would be heard at another pitch");
    }

    #[test]
    fn a_loop_of_an_odd_length_is_stretched_to_a_whole_number_of_samples() {
        let mut odd = whole(1000.0);
        odd.loop_start += 1;
        let halved = halve(&odd);
        assert_eq!(halved.data.len() - halved.loop_start, 8000);
        assert_eq!(halved.rate_hz, 16_001);
    }
}
