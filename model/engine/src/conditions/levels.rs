//! How many notes there are: at a time, and in a beat.

use crate::note::{Note, TICKS_PER_BEAT};

/// Values of the density condition: open and 8 levels.
pub const N_DENSITIES: usize = 9;
/// Values of the polyphony condition: open and 5 levels.
pub const N_POLYPHONIES: usize = 6;

/// Upper limits of the density levels, in notes per beat; above the last is level 8.
pub const DENSITY_LIMITS: [f32; 7] = [0.5, 0.9, 1.5, 2.4, 3.6, 5.4, 8.0];
/// Upper limits of the polyphony levels, in notes per distinct onset; above the last is level 5.
pub const POLYPHONY_LIMITS: [f32; 4] = [1.15, 1.6, 2.3, 3.3];

/// The density level of notes sorted by onset, 1 to 8; 0 for fewer than two notes or no time between them.
#[must_use]
pub fn density_level(notes: &[Note]) -> u8 {
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return 0 };
    let span_ticks = last.onset_ticks.saturating_sub(first.onset_ticks);
    if span_ticks <= 0 {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio; 24 bits are plenty")]
    let per_beat = (notes.len() - 1) as f32 * TICKS_PER_BEAT as f32 / span_ticks as f32;
    level(per_beat, &DENSITY_LIMITS)
}

/// The polyphony level of notes sorted by onset, 1 to 5; 0 for no notes.
#[must_use]
pub fn polyphony_level(notes: &[Note]) -> u8 {
    if notes.is_empty() {
        return 0;
    }
    let onsets = 1 + notes.windows(2).filter(|w| w[0].onset_ticks != w[1].onset_ticks).count();
    #[expect(clippy::cast_precision_loss, reason = "a ratio; 24 bits are plenty")]
    let per_onset = notes.len() as f32 / onsets as f32;
    level(per_onset, &POLYPHONY_LIMITS)
}

/// 1 for a value up to the first limit, one more for each limit that is below it.
pub(super) fn level(value: f32, limits: &[f32]) -> u8 {
    let below = limits.iter().take_while(|&&limit| value > limit).count();
    u8::try_from(below + 1).unwrap_or(u8::MAX)
}
