//! Keeps the sum of many notes within full scale.

/// Up to here nothing is changed: all ten fingers at medium strength stay below.
const KNEE: f32 = 0.7;

/// A sample that is louder than the knee comes nearer to full scale the louder it is, and never reaches it.
pub(crate) fn limit(sample: f32) -> f32 {
    let over = (sample.abs() - KNEE) / (1.0 - KNEE);
    if over <= 0.0 { sample } else { (KNEE + (1.0 - KNEE) * over / (1.0 + over)).copysign(sample) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_soft_is_left_alone_and_nothing_clips_or_jumps() {
        let mut last = limit(-100.0);
        for step in -10_000_i16..=10_000 {
            let sample = f32::from(step) / 100.0;
            let limited = limit(sample);
            assert!(limited.abs() <= 1.0 && limited >= last && limited - last <= 0.011, "{sample}: {last} {limited}");
            assert!(sample.abs() > KNEE || (limited - sample).abs() < f32::EPSILON);
            last = limited;
        }
    }
}
