//! The player's notes that were learnt, as one take of all phrases in a row: as they are written, which is what is learnt of them.

use engine::Metre;
use engine::rhythm::PARTS_PER_TICK;
use takes::{Take, TakeNote};

use live::LearnedNote;

/// Each phrase with its own times and its place in the bar; the rest between two of them is not remembered. `None` without
/// notes.
pub(crate) fn take(own: &[LearnedNote], metre: Metre, tempo: f32) -> Option<Take> {
    let (line_ticks, bar_ticks) = match metre {
        Metre::Bars { bar_line_ticks, bar_ticks } => (bar_line_ticks, bar_ticks),
        Metre::Free => (0, 0),
    };
    let phrases = own.chunk_by(|_, next| !next.is_first).map(|phrase| {
        let first_ticks = phrase.first().map_or(0, |own| own.note.onset_ticks);
        let start_ticks = match bar_ticks {
            0 => first_ticks,
            bar_ticks => first_ticks - (first_ticks - line_ticks).rem_euclid(i64::from(bar_ticks)),
        };
        let since = |ticks: i64| u32::try_from((ticks - start_ticks).saturating_mul(PARTS_PER_TICK)).unwrap_or(0);
        let notes = phrase.iter().map(|LearnedNote { note, .. }| TakeNote {
            is_answer: false,
            on_parts: since(note.onset_ticks),
            off_parts: since(note.end_ticks()),
            pitch: note.pitch,
            velocity: note.velocity,
        });
        Take { tempo, bar_ticks, notes: notes.collect() }
    });
    phrases.reduce(|mut all, phrase| {
        all.append(&phrase);
        all
    })
}

#[cfg(test)]
mod tests {
    use engine::{Note, Pitch, Velocity};

    use super::*;

    #[test]
    fn phrases_follow_each_other_with_their_places_in_the_bar() {
        let own = |onset_ticks, is_first| {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            LearnedNote { note: Note { onset_ticks, duration_ticks: 24, pitch, velocity }, is_first }
        };
        let notes = [own(100, true), own(130, false), own(5000, true), own(5010, false)];
        let onsets = |metre| {
            let take = take(&notes, metre, 90.0).unwrap();
            take.notes.iter().map(|note| (note.on_parts / 16, note.off_parts / 16)).collect::<Vec<_>>()
        };
        // A bar line at 4: the first phrase begins 96 after one, the second 4996 = 26 * 192 + 4 after one.
        let bars = Metre::Bars { bar_line_ticks: 4, bar_ticks: 192 };
        assert_eq!(onsets(bars), [(96, 120), (126, 150), (196, 220), (206, 230)]);
        assert_eq!(onsets(Metre::Free), [(0, 24), (30, 54), (96, 120), (106, 130)]);
        assert!(take(&[], bars, 90.0).is_none());
    }
}
