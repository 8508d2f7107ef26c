//! The attribute values of a note event: how times and velocities become small numbers, and back.
//!
//! A note event has four attributes: shift (time since the previous onset), pitch, duration, velocity. Shift and
//! duration share one table of 128 times in ticks: every tick up to half a beat; then every second tick up to two beats;
//! then all thirty-seconds and sixteenth triplets up to a bar; sixteenths and eighth triplets up to two bars; beats up
//! to 16; and three long rests. So all that is written in sixteenths, triplets and thirty-seconds is exact within a bar.

use crate::note::Velocity;

/// Values of the shift attribute.
pub const N_SHIFTS: usize = 128;
/// Values of the pitch attribute that can be predicted: 128 keys and [`END`].
pub const N_PITCHES: usize = 129;
/// Values of the pitch attribute that can be fed: those predicted, and [`BEGIN`].
pub const N_PITCH_INPUTS: usize = 130;
/// Values of the duration attribute. Value 0 (no time) is never legal for a note.
pub const N_DURATIONS: usize = 128;
/// Values of the velocity attribute that can be predicted: steps of 4.
pub const N_VELOCITIES: usize = 32;
/// Values of the velocity attribute that can be fed: those predicted, and [`UNKNOWN_VELOCITY`].
pub const N_VELOCITY_INPUTS: usize = 33;
/// The velocity value that is fed for a note of which nobody knows how loud it is, as in scores without dynamics.
pub const UNKNOWN_VELOCITY: u8 = 32;
/// The pitch value that ends a piece. Its shift leads to the end of the last sounding note; it has no duration and no
/// velocity (both 0).
pub const END: u8 = 128;
/// The pitch value that is fed before the first note, with all other attributes 0.
pub const BEGIN: u8 = 129;

/// The times of [`N_SHIFTS`] and [`N_DURATIONS`], in ticks, strictly rising from 0.
pub const TIMES_TICKS: [u16; 128] = times();

const fn times() -> [u16; 128] {
    let mut table = [0u16; 128];
    let mut n = 0;
    let mut tick = 0u16;
    while n < 125 {
        let on_grid = match tick {
            0..=24 => true,
            25..=96 => tick.is_multiple_of(2),
            97..=192 => tick.is_multiple_of(4) || tick.is_multiple_of(6),
            193..=384 => tick.is_multiple_of(12) || tick.is_multiple_of(16),
            _ => tick.is_multiple_of(48),
        };
        if on_grid {
            table[n] = tick;
            n += 1;
        }
        tick += 1;
    }
    assert!(table[124] == 768);
    table[125] = 960;
    table[126] = 1152;
    table[127] = 1536;
    table
}

/// The value whose time is nearest to `ticks` (the shorter one on a tie; the longest time for anything longer).
#[must_use]
pub fn time_value(ticks: u32) -> u8 {
    let above = TIMES_TICKS.partition_point(|&t| u32::from(t) < ticks);
    let nearest = match above {
        0 => 0,
        128 => 127,
        i if ticks - u32::from(TIMES_TICKS[i - 1]) <= u32::from(TIMES_TICKS[i]) - ticks => i - 1,
        i => i,
    };
    u8::try_from(nearest).unwrap_or(127)
}

/// As [`time_value`], but at least 1 tick.
#[must_use]
pub fn duration_value(ticks: u32) -> u8 {
    time_value(ticks).max(1)
}

/// The time of a shift or duration value in ticks. Values above 127 read as 127.
#[must_use]
pub fn time_ticks(value: u8) -> u32 {
    u32::from(TIMES_TICKS[usize::from(value.min(127))])
}

/// The velocity value, 0 to 31.
#[must_use]
pub fn velocity_value(velocity: Velocity) -> u8 {
    velocity.get() / 4
}

/// The velocity in the middle of a value's step: 2, 6, ... 126. Values above 31 read as 31.
#[must_use]
pub fn velocity_of(value: u8) -> Velocity {
    Velocity::new(value.min(31) * 4 + 2).unwrap_or(Velocity::MEDIUM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_and_every_value_round_trips() {
        assert!(TIMES_TICKS.windows(2).all(|w| w[0] < w[1]));
        for value in 0..=127 {
            assert_eq!(time_value(time_ticks(value)), value);
        }
        for value in 0..=31 {
            assert_eq!(velocity_value(velocity_of(value)), value);
        }
    }

    #[test]
    fn written_music_is_exact_within_a_bar() {
        for unit in [6, 8, 12, 16] {
            for ticks in (0..=192).step_by(unit) {
                assert_eq!(time_ticks(time_value(ticks)), ticks);
            }
        }
    }

    #[test]
    fn other_times_go_to_the_nearest() {
        for ticks in 0..2000u32 {
            let got = time_ticks(time_value(ticks));
            let best = TIMES_TICKS.iter().map(|&t| u32::from(t).abs_diff(ticks)).min();
            assert_eq!(Some(got.abs_diff(ticks)), best, "{ticks}");
        }
        assert_eq!(duration_value(0), 1);
    }
}
