//! What the model is told besides the notes: style, mode, density and polyphony. Each has an "unknown" value that
//! training uses often, so any of them may be left open.

use crate::note::{Note, TICKS_PER_BEAT};

/// Styles that a weight file can hold; 0 is "any". Names are in the weight file's header.
pub const N_STYLES: usize = 32;
/// Values of the mode condition: unknown, major, minor.
pub const N_MODES: usize = 3;
/// Values of the density condition: unknown and 8 levels.
pub const N_DENSITIES: usize = 9;
/// Values of the polyphony condition: unknown and 5 levels.
pub const N_POLYPHONIES: usize = 6;
/// Density and polyphony are measured over runs of this many notes in training.
pub const SEGMENT_NOTES: usize = 64;

/// Upper limits of the density levels, in onsets of notes per beat; above the last is level 8.
pub const DENSITY_LIMITS: [f32; 7] = [0.5, 0.9, 1.5, 2.4, 3.6, 5.4, 8.0];
/// Upper limits of the polyphony levels, in notes per distinct onset; above the last is level 5.
pub const POLYPHONY_LIMITS: [f32; 4] = [1.15, 1.6, 2.3, 3.3];

/// The conditions of one step, each 0 when unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Below [`N_STYLES`].
    pub style: u8,
    /// 1 major, 2 minor.
    pub mode: u8,
    /// 1 (sparse) to 8 (dense), see [`DENSITY_LIMITS`].
    pub density: u8,
    /// 1 (one voice) to 5 (full chords), see [`POLYPHONY_LIMITS`].
    pub polyphony: u8,
}

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

fn level(value: f32, limits: &[f32]) -> u8 {
    let below = limits.iter().take_while(|&&limit| value > limit).count();
    u8::try_from(below + 1).unwrap_or(u8::MAX)
}
