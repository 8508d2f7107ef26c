//! What the host says about its song.

use engine::{Metre, TICKS_PER_BEAT};

use super::rounding::nearest;

/// What the host says about its song at the start of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Whether the song rolls.
    pub is_playing: bool,
    /// Where it is, in quarter notes from its start.
    pub beats: Option<f64>,
    /// Beats a minute.
    pub tempo: Option<f64>,
    /// A bar line, in quarter notes from the song's start.
    pub bar_start_beats: Option<f64>,
    /// Beats of a bar, and how many of them make a whole note.
    pub signature: Option<(i32, i32)>,
    /// Start and end of the loop in which the song rolls, in quarter notes from its start. With it, the wrap is known to the sample.
    pub loop_beats: Option<(f64, f64)>,
}

/// The host's bars, in ticks of the song. The bar line is brought near 0.
pub(super) fn bars(transport: &Transport) -> Metre {
    let bar_ticks = match transport.signature {
        Some((beats @ 1..=64, unit @ 1..=64)) => {
            (beats.unsigned_abs() * 4 * TICKS_PER_BEAT / unit.unsigned_abs()).max(1)
        }
        _ => 4 * TICKS_PER_BEAT,
    };
    let bar_start = transport.bar_start_beats.filter(|beats| beats.abs() < 1e9).unwrap_or(0.0);
    let bar_line = nearest(bar_start * f64::from(TICKS_PER_BEAT));
    Metre::Bars { bar_line_ticks: bar_line.rem_euclid(i64::from(bar_ticks)), bar_ticks }
}
