//! Whether answers to calls that hands have played are as tidy as answers to the same calls as they are written.

use engine::{Note, TICKS_PER_BEAT};
use serde::Serialize;

use super::{mean, share};
use crate::judge::features::time::{is_off_grid, is_sliver};

/// What answers are made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Texture {
    /// How the calls came.
    pub name: String,
    /// Share of onsets that are on no thirty-second or sixteenth triplet.
    pub off_grid: f64,
    /// Share of notes shorter than a twelfth of a beat.
    pub slivers: f64,
    /// Onsets a beat.
    pub onsets_per_beat: f64,
}

impl Texture {
    pub(crate) fn of(name: &str, answers: &[Vec<Note>]) -> Self {
        let notes = || answers.iter().flatten();
        let n_notes = notes().count();
        let onsets_per_beat = |notes: &Vec<Note>| {
            let (first, last) = (notes.first()?.onset_ticks, notes.iter().map(Note::end_ticks).max()?);
            let n_onsets = notes.chunk_by(|one, other| one.onset_ticks == other.onset_ticks).count();
            let n_ticks = usize::try_from(last - first).ok()?;
            Some(share(n_onsets, n_ticks) * f64::from(TICKS_PER_BEAT))
        };
        Self {
            name: name.to_owned(),
            off_grid: share(notes().filter(|note| is_off_grid(note.onset_ticks)).count(), n_notes),
            slivers: share(notes().filter(|note| is_sliver(note)).count(), n_notes),
            onsets_per_beat: mean(answers.iter().filter_map(onsets_per_beat)),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{Pitch, Velocity};

    use super::*;

    #[test]
    fn what_is_off_the_grid_or_too_short_is_counted() {
        let note = |onset_ticks, duration_ticks| Note {
            onset_ticks,
            duration_ticks,
            pitch: Pitch::MIDDLE_C,
            velocity: Velocity::MEDIUM,
        };
        let answer = vec![note(0, 24), note(24, 3), note(40, 8), note(47, 49)];
        let Texture { off_grid, slivers, onsets_per_beat, .. } = Texture::of("", &[answer]);
        assert!(
            (off_grid - 0.25).abs() < 1e-9 && (slivers - 0.25).abs() < 1e-9 && (onsets_per_beat - 2.0).abs() < 1e-9
        );
    }
}
