//! The trap of every generator: it says the same again and again, since what it has just said makes the same likely.

use engine::note::Note;

/// Patterns of up to this many notes are looked for.
const LONGEST_PATTERN: usize = 64;
/// A pattern may come again and again for this long: two bars of 4/4. A longer one may come twice.
const LEAST_TICKS: i64 = 384;

/// Whether `next` after `notes` (all in the order of their onsets) completes the third time of a pattern, or a later one.
/// The same keys at the same distances are the same.
pub(super) fn is_trap(notes: impl DoubleEndedIterator<Item = Note> + Clone, next: Note) -> bool {
    let backwards = std::iter::once(next).chain(notes.rev());
    (1..=LONGEST_PATTERN).any(|period| {
        let mut earlier = backwards.clone().skip(period);
        let Some(before) = earlier.next() else { return false };
        let distance = next.onset_ticks - before.onset_ticks;
        if distance <= 0 || before.pitch != next.pitch {
            return false;
        }
        let is_same = |(note, before): &(Note, Note)| {
            note.pitch == before.pitch && note.onset_ticks - before.onset_ticks == distance
        };
        let mut n_same = 1;
        let mut first = before;
        for (_, before) in backwards.clone().skip(1).zip(earlier).take_while(is_same) {
            n_same += 1;
            first = before;
            if n_same >= 2 * period && next.onset_ticks - first.onset_ticks >= LEAST_TICKS {
                return true;
            }
        }
        n_same >= 2 * period && next.onset_ticks - first.onset_ticks >= LEAST_TICKS
    })
}

#[cfg(test)]
mod tests {
    use engine::{Pitch, Velocity};

    use super::*;

    /// The place (from 0) of the first note that is refused, of notes at these times and keys.
    fn first_trap(n: i64, note: impl Fn(i64) -> (i64, i64)) -> Option<i64> {
        let notes: Vec<Note> = (0..n)
            .map(|i| {
                let (onset_ticks, key) = note(i);
                let pitch = Pitch::new(u8::try_from(key).unwrap()).unwrap();
                Note { onset_ticks, duration_ticks: 12, pitch, velocity: Velocity::MEDIUM }
            })
            .collect();
        (0..n).find(|&i| {
            let i = usize::try_from(i).unwrap();
            is_trap(notes[..i].iter().copied(), notes[i])
        })
    }

    #[test]
    fn an_exact_third_time_is_refused() {
        // A bar of eight notes: the third bar's last note would complete it.
        assert_eq!(first_trap(100, |i| (24 * i, 60 + i % 8 * i % 7)), None, "no pattern");
        assert_eq!(first_trap(100, |i| (24 * i, 60 + (i % 8 - 4).abs())), Some(23));
        // Half a beat repeated is a trap only when it goes on for two bars.
        assert_eq!(first_trap(100, |i| (12 * i, 60 + i % 2)), Some(32));
        // Chords count by their notes.
        assert_eq!(first_trap(100, |i| (i / 3 * 48, 60 + 4 * (i % 3) + i / 3 % 4)), Some(35));
    }

    #[test]
    fn what_varies_is_let_through() {
        assert_eq!(first_trap(120, |i| (24 * i, 40 + i * i * i % 61)), None);
        // The same keys in a rhythm that never repeats.
        assert_eq!(first_trap(60, |i| (i * (i + 20), 60 + i % 4)), None);
    }
}
