//! Loudness signs, where the loudness of a part changes to stay.

use super::{Bar, FINE};
use crate::note::Note;

/// The signs, and the velocities that they are played with.
pub(crate) const LEVELS: [(&str, i64); 8] =
    [("ppp", 16), ("pp", 33), ("p", 49), ("mp", 64), ("mf", 80), ("f", 96), ("ff", 112), ("fff", 126)];
/// Nearer to another sign than to the one in force, by so much.
const CLEAR: i64 = 3;

/// A sign below the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    /// In parts of a tick.
    pub(crate) at: i64,
    /// Its place in [`LEVELS`].
    pub(crate) level: usize,
}

/// Signs of a part: one at its first note, then where a bar is clearly louder or softer, and the next one too.
pub(super) fn signs(notes: &[Note], bars: &[Bar]) -> Vec<Sign> {
    // The loudness of each bar with notes, and where its first one is.
    let mut loudness: Vec<(i64, i64)> = Vec::new();
    let mut from = 0;
    for bar in bars {
        let to = from + notes[from..].iter().take_while(|note| note.onset_ticks * FINE < bar.end()).count();
        if let Some(first) = notes[from..to].first() {
            let sum: i64 = notes[from..to].iter().map(|note| i64::from(note.velocity.get())).sum();
            loudness.push((first.onset_ticks * FINE, sum / i64::try_from(to - from).unwrap_or(1)));
        }
        from = to;
    }
    let mut signs: Vec<Sign> = Vec::new();
    for (place, &(at, velocity)) in loudness.iter().enumerate() {
        let level = nearest(velocity);
        let is_new = signs.last().is_none_or(|last| {
            let distance = |level: usize, velocity: i64| (LEVELS[level].1 - velocity).abs();
            let clearly = |velocity| distance(level, velocity) + CLEAR < distance(last.level, velocity);
            let stays = loudness.get(place + 1).is_some_and(|&(_, next)| clearly(next));
            level != last.level && clearly(velocity) && stays
        });
        if is_new {
            signs.push(Sign { at, level });
        }
    }
    signs
}

fn nearest(velocity: i64) -> usize {
    (0..LEVELS.len()).min_by_key(|&level| (LEVELS[level].1 - velocity).abs()).unwrap_or(4)
}
