//! What is seen of a note whose value is asked: its chord, and the note before it in its voice.

use super::{End, N_BEFORE, NEVER_TICKS, ScoreNote};

/// Notes before this one among which its voice is looked for.
const N_VOICE: usize = 16;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    pub(super) onset_ticks: i64,
    pub(super) held_parts: i64,
    /// Other notes of the chord.
    pub(super) n_above: u8,
    pub(super) n_below: u8,
    /// The longest and the least of them was held so long.
    pub(super) chord_held_parts: Option<[i64; 2]>,
    /// Value of the nearest of them, if that is decided.
    pub(super) chord_value: Option<u32>,
    /// Value of the note before that is nearest in pitch, and the time since.
    pub(super) before_value: Option<u32>,
    pub(super) before_gap: Option<i64>,
    /// To the first onset afterwards.
    pub(super) first_gap: i64,
}

impl Context {
    pub(super) fn new(index: usize, note: &impl Fn(usize) -> Option<ScoreNote>, ends: &[End]) -> Self {
        let Some(this) = note(index) else { return Self::default() };
        let first_gap = ends.iter().find(|end| end.n_notes > 0).map_or(NEVER_TICKS, |end| end.value_ticks);
        let ScoreNote { onset_ticks, held_parts, .. } = this;
        let mut context = Self { onset_ticks, held_parts, first_gap, ..Self::default() };
        let around = (index.saturating_sub(N_BEFORE)..index).chain(index + 1..index + N_BEFORE).filter_map(note);
        let mut nearest = u8::MAX;
        for other in around.filter(|other| other.onset_ticks == onset_ticks) {
            let count = if other.pitch > this.pitch { &mut context.n_above } else { &mut context.n_below };
            *count += 1;
            let [most, least] = context.chord_held_parts.unwrap_or([other.held_parts; 2]);
            context.chord_held_parts = Some([most.max(other.held_parts), least.min(other.held_parts)]);
            let semitones = other.pitch.abs_diff(this.pitch);
            if semitones < nearest {
                nearest = semitones;
                context.chord_value = other.value_ticks;
            }
        }
        let before = (index.saturating_sub(N_VOICE)..index).rev().filter_map(note);
        let mut nearest = u8::MAX;
        for other in before.filter(|other| other.onset_ticks < onset_ticks) {
            let semitones = other.pitch.abs_diff(this.pitch);
            if semitones < nearest {
                nearest = semitones;
                context.before_value = other.value_ticks;
                context.before_gap = Some(onset_ticks - other.onset_ticks);
            }
        }
        context
    }
}
