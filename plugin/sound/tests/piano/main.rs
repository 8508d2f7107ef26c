//! The piano, as its callers hear it.

mod keys;
mod realtime;
mod sound;
mod takes;

use nice_assert_no_alloc::AllocDisabler;
use piano::Piano;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Samples of a second.
const RATE: u16 = 48_000;

fn piano() -> Piano {
    Piano::new(f32::from(RATE)).expect("48 kHz is a rate of audio interfaces")
}

/// The next samples, left and right.
fn render(piano: &mut Piano, n: usize) -> [Vec<f32>; 2] {
    let (mut left, mut right) = (vec![9.0; n], vec![9.0; n]);
    piano.render(&mut left, &mut right);
    [left, right]
}

/// Root of the mean square.
fn loudness(samples: &[f32]) -> f32 {
    let n: f32 = samples.iter().map(|_| 1.0).sum();
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / n).sqrt()
}

/// The greatest distance from 0.
fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}
