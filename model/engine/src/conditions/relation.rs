//! How an answer relates to its call: how alike the two are in rhythm and in the rise and fall of the top voice.

use crate::note::Note;

/// Values of the relation condition: open, and those of [`Relation`].
pub const N_RELATIONS: usize = 4;

/// Most notes of a phrase that are compared; longer ones are cut.
const MOST_NOTES: usize = 64;
/// Similarities from which on an answer is an echo, or a variation.
const ECHO: f32 = 0.9;
const VARY: f32 = 0.5;

/// What an answer does with its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    /// Says it again, perhaps on another degree.
    Echo = 1,
    /// Keeps much of it.
    Vary = 2,
    /// Says something else.
    Contrast = 3,
}

/// How alike two phrases are, each 0 (not at all) to 1 (the same).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Of the times between the onsets of the top voice.
    pub rhythm: f32,
    /// Of its steps and leaps.
    pub contour: f32,
}

impl Similarity {
    /// Which relation it is.
    #[must_use]
    pub fn relation(self) -> Relation {
        match f32::midpoint(self.rhythm, self.contour) {
            mean if mean > ECHO => Relation::Echo,
            mean if mean >= VARY => Relation::Vary,
            _ => Relation::Contrast,
        }
    }
}

/// The highest note of each onset, of notes in [`Note::order`]; those that begin under a longer higher note are left out.
pub fn top_voice(notes: &[Note]) -> impl Iterator<Item = &Note> {
    let (mut held_until, mut held) = (i64::MIN, 0);
    notes.chunk_by(|a, b| a.onset_ticks == b.onset_ticks).filter_map(move |chord| {
        let top = chord.last()?;
        let is_covered = top.onset_ticks < held_until && top.pitch.get() < held;
        if is_covered {
            return None;
        }
        (held_until, held) = (top.end_ticks(), top.pitch.get());
        Some(top)
    })
}

/// Compares two phrases; `None` when one has fewer than four notes in its top voice. A phrase that is moved in time, or to
/// another pitch, stays the same.
#[must_use]
pub fn similarity(call: &[Note], answer: &[Note]) -> Option<Similarity> {
    let moves = |notes: &[Note]| -> Vec<(i64, i8)> {
        let top: Vec<&Note> = top_voice(notes).take(MOST_NOTES).collect();
        top.windows(2).map(|pair| (pair[1].onset_ticks - pair[0].onset_ticks, contour(pair[0], pair[1]))).collect()
    };
    let (call, answer) = (moves(call), moves(answer));
    if call.len() < 3 || answer.len() < 3 {
        return None;
    }
    Some(Similarity {
        rhythm: alike(&call, &answer, |a, b| a.0 == b.0),
        contour: alike(&call, &answer, |a, b| a.1 == b.1),
    })
}

/// Up or down by a step, by a third, or further; or the same pitch.
fn contour(from: &Note, to: &Note) -> i8 {
    let by = i16::from(to.pitch.get()) - i16::from(from.pitch.get());
    let size = match by.unsigned_abs() {
        0 => 0,
        1..=2 => 1,
        3..=4 => 2,
        _ => 3,
    };
    if by < 0 { -size } else { size }
}

/// 1 less the edit distance (Levenshtein 1966) as a share of the longer length.
fn alike<T>(a: &[T], b: &[T], is_same: impl Fn(&T, &T) -> bool) -> f32 {
    let mut row: Vec<u16> = (0..=u16::try_from(b.len()).unwrap_or(u16::MAX)).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = u16::try_from(i + 1).unwrap_or(u16::MAX);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + u16::from(!is_same(from, to));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    let longer = u16::try_from(a.len().max(b.len())).unwrap_or(u16::MAX);
    1.0 - f32::from(row[b.len()]) / f32::from(longer.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    fn phrase(notes: &[(i64, u8)]) -> Vec<Note> {
        let note = |&(onset_ticks, key): &(i64, u8)| Note {
            onset_ticks,
            duration_ticks: 12,
            pitch: Pitch::new(key).unwrap(),
            velocity: Velocity::MEDIUM,
        };
        notes.iter().map(note).collect()
    }

    const CALL: [(i64, u8); 6] = [(0, 60), (24, 62), (48, 64), (72, 67), (96, 65), (144, 64)];

    #[test]
    fn a_sequence_is_an_echo_a_changed_end_a_variation_and_other_music_a_contrast() {
        let call = phrase(&CALL);
        let moved = phrase(&CALL.map(|(at, key)| (at + 1000, key + 5)));
        assert_eq!(similarity(&call, &moved).unwrap().relation(), Relation::Echo);
        let mut changed = CALL;
        (changed[4], changed[5]) = ((96, 71), (120, 72));
        assert_eq!(similarity(&call, &phrase(&changed)).unwrap().relation(), Relation::Vary);
        let other = phrase(&[(0, 72), (96, 72), (108, 60), (120, 48), (132, 48), (180, 36)]);
        assert_eq!(similarity(&call, &other).unwrap().relation(), Relation::Contrast);
        assert_eq!(similarity(&call, &phrase(&CALL[..3])), None);
    }

    #[test]
    fn an_accompaniment_is_not_the_top_voice() {
        let mut notes = phrase(&CALL);
        notes.iter_mut().for_each(|note| note.duration_ticks = 24);
        let top: Vec<Note> = top_voice(&notes).copied().collect();
        for at in (0..144).step_by(12) {
            notes.extend(phrase(&[(at, 40)]));
        }
        notes.sort_by_key(Note::order);
        assert_eq!(top_voice(&notes).filter(|note| note.pitch.get() > 50).copied().collect::<Vec<_>>(), top);
    }
}
