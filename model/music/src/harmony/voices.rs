//! Finds the voices in notes that name none: which note goes on to which.
//!
//! In the manner of contig mapping (Chew and Wu 2004, "Separating Voices in Polyphonic Music: A Contig Mapping Approach"): where
//! notes begin, those that have just ended are joined to them in the order of their pitches, by the smallest sum of intervals.
//! Where as many voices begin as end this is plain; elsewhere a join counts as *sure* only if all other ways to join are
//! clearly worse. Unlike contigs, notes that are held need no cutting: a voice may cross one, at a price. How often sure joins
//! are right on scores whose parts are known is measured by `model benchmark rules`.
//!
//! Reading order: `matching` joins what ends to what begins.

mod matching;

use crate::note::Note;
use crate::score::tidy;
use matching::{Candidate, Matching};

/// A voice goes on after a rest of up to so long: detached notes are still one line.
const MOST_REST_TICKS: i64 = 24;
/// Notes of one line may overlap by so much, and by a quarter of the earlier one.
const MOST_OVERLAP_TICKS: i64 = 6;

/// Where a note goes on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Index of the next note of the voice, or of the one before.
    pub note: usize,
    /// All other ways to join the notes are clearly worse.
    pub is_sure: bool,
}

/// Notes, each joined to the next of its voice.
///
/// ```
/// use music::harmony::voices::Voices;
/// use music::{Note, Pitch, Velocity};
///
/// let note = |onset_ticks, key| {
///     let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::MEDIUM);
///     Note { onset_ticks, duration_ticks: 48, pitch, velocity }
/// };
/// let voices = Voices::separate(&[note(0, 60), note(0, 67), note(48, 59), note(48, 69)]);
/// assert_eq!((voices.next(0), voices.next(1)), (Some(2), Some(3)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voices {
    notes: Vec<Note>,
    next: Vec<Option<Link>>,
    previous: Vec<Option<Link>>,
}

impl Voices {
    /// Finds the voices of notes in any order. Notes that begin together on one pitch become one.
    #[must_use]
    pub fn separate(notes: &[Note]) -> Self {
        let mut voices = Self::unlinked(tidy(notes.to_vec()));
        let mut matching = Matching::default();
        // Notes that have no next one yet, and may still get one.
        let mut open: Vec<usize> = Vec::new();
        let mut first = 0;
        while let Some(&Note { onset_ticks, .. }) = voices.notes.get(first) {
            let n_starting = voices.notes[first..].iter().take_while(|note| note.onset_ticks == onset_ticks).count();
            let starting = first..first + n_starting;
            open.retain(|&i| onset_ticks.saturating_sub(voices.notes[i].end_ticks()) <= MOST_REST_TICKS);
            matching.clear();
            for &index in &open {
                let note = &voices.notes[index];
                let overlap_ticks = MOST_OVERLAP_TICKS.min(i64::from(note.duration_ticks / 4));
                let pitch = i32::from(note.pitch.get());
                if note.end_ticks() - overlap_ticks > onset_ticks {
                    matching.held.push(pitch);
                } else {
                    let rest_ticks = (onset_ticks - note.end_ticks()).max(0);
                    let rest_ticks = i32::try_from(rest_ticks).unwrap_or(i32::MAX);
                    matching.ended.push(Candidate { index, pitch, rest_ticks });
                }
            }
            for index in starting.clone() {
                let pitch = i32::from(voices.notes[index].pitch.get());
                matching.starting.push(Candidate { index, pitch, rest_ticks: 0 });
            }
            for &(from, to, is_sure) in matching.solve() {
                voices.join(from, to, is_sure);
            }
            open.retain(|&i| voices.next[i].is_none());
            open.extend(starting);
            first += n_starting;
        }
        voices
    }

    /// Voices that are known, one after the other in each of `parts`.
    #[must_use]
    pub fn of_parts(parts: &[Vec<Note>]) -> Self {
        let mut notes: Vec<(Note, usize)> =
            parts.iter().zip(0..).flat_map(|(part, voice)| part.iter().map(move |&note| (note, voice))).collect();
        notes.sort_by_key(|(note, voice)| (note.order(), *voice));
        let mut voices = Self::unlinked(notes.iter().map(|(note, _)| *note).collect());
        let mut last: Vec<Option<usize>> = vec![None; parts.len()];
        for (index, &(note, voice)) in notes.iter().enumerate() {
            if let Some(from) = last[voice].replace(index)
                && note.onset_ticks - voices.notes[from].end_ticks() <= MOST_REST_TICKS
            {
                voices.join(from, index, true);
            }
        }
        voices
    }

    fn unlinked(notes: Vec<Note>) -> Self {
        let none = vec![None; notes.len()];
        Self { notes, next: none.clone(), previous: none }
    }

    fn join(&mut self, from: usize, to: usize, is_sure: bool) {
        self.next[from] = Some(Link { note: to, is_sure });
        self.previous[to] = Some(Link { note: from, is_sure });
    }

    /// The notes, in [`Note::order`].
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The next note of the voice, if that is sure.
    #[must_use]
    pub fn next(&self, note: usize) -> Option<usize> {
        self.next.get(note).copied().flatten().filter(|link| link.is_sure).map(|link| link.note)
    }

    /// The note before in the voice, if that is sure.
    #[must_use]
    pub fn previous(&self, note: usize) -> Option<usize> {
        self.previous.get(note).copied().flatten().filter(|link| link.is_sure).map(|link| link.note)
    }

    /// The next note of the voice, sure or not.
    #[must_use]
    pub fn link(&self, note: usize) -> Option<Link> {
        self.next.get(note).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    fn notes(list: &[(i64, u32, u8)]) -> Vec<Note> {
        let note = |&(onset_ticks, duration_ticks, key): &(i64, u32, u8)| {
            let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::MEDIUM);
            Note { onset_ticks, duration_ticks, pitch, velocity }
        };
        list.iter().map(note).collect()
    }

    #[test]
    fn a_held_note_is_not_taken_for_the_end_of_a_line() {
        let voices = Voices::separate(&notes(&[(0, 192, 48), (0, 48, 64), (48, 48, 65), (96, 96, 67), (192, 48, 50)]));
        let next: Vec<_> = (0..5).map(|i| voices.next(i)).collect();
        assert_eq!(next, [Some(4), Some(2), Some(3), None, None], "the upper voice ends");
    }

    #[test]
    fn a_voice_that_could_be_either_is_not_sure() {
        let voices = Voices::separate(&notes(&[(0, 48, 60), (0, 48, 64), (48, 48, 62)]));
        assert_eq!((voices.next(0), voices.next(1)), (None, None));
        assert!(voices.link(0).is_some() || voices.link(1).is_some());
    }

    #[test]
    fn a_line_may_cross_a_held_note_and_detached_notes_are_one_line() {
        let crossing = notes(&[(0, 192, 60), (0, 36, 57), (48, 48, 59), (96, 48, 62), (144, 48, 64)]);
        let voices = Voices::separate(&crossing);
        assert_eq!((voices.next(0), voices.next(2), voices.next(3)), (Some(2), Some(3), Some(4)), "{voices:?}");
    }

    #[test]
    fn a_repeated_note_beside_a_near_voice_and_a_note_after_a_rest_are_not_sure() {
        // The upper voice may repeat its E, or leave it to the lower one and go down to D.
        let exchanged = Voices::separate(&notes(&[(0, 48, 60), (0, 48, 64), (48, 48, 62), (48, 48, 64)]));
        assert_eq!(exchanged.next(1), None, "{exchanged:?}");
        let far = Voices::separate(&notes(&[(0, 48, 48), (0, 48, 62), (48, 48, 50), (48, 48, 62)]));
        assert_eq!((far.next(0), far.next(1)), (Some(2), Some(3)));
        let rested = Voices::separate(&notes(&[(0, 192, 48), (0, 24, 62), (48, 48, 64)]));
        assert!(rested.next(1).is_none() && rested.link(1).is_some());
        let alone = Voices::separate(&notes(&[(0, 24, 62), (48, 48, 64)]));
        assert_eq!(alone.next(0), Some(1));
    }

    #[test]
    fn parts_that_are_known_are_kept() {
        let parts = [notes(&[(0, 48, 60), (48, 48, 72)]), notes(&[(0, 48, 64), (48, 48, 62), (196, 48, 62)])];
        let voices = Voices::of_parts(&parts);
        let next: Vec<_> = (0..5).map(|i| voices.next(i)).collect();
        assert_eq!(next, [Some(3), Some(2), None, None, None], "a long rest ends a voice");
    }
}
