//! From notes as they are planned to notes as they sound.

use music::close_overlaps;

use crate::note::Note;

/// Notes that sound as the plugin lets them, in [`Note::order`]: a key that is struck again ends before, and if there are at most
/// `voices` (not 0), a note that is one too many ends the oldest.
pub(super) fn as_sounded(notes: &[Note], voices: u8) -> Vec<Note> {
    let mut notes = notes.to_vec();
    if voices > 0 {
        // Places of the notes that count, oldest first. A key that was struck again counts on until the end that was planned.
        let mut sounding: Vec<(usize, i64)> = Vec::new();
        for place in 0..notes.len() {
            let onset_ticks = notes[place].onset_ticks;
            sounding.retain(|&(_, end_ticks)| end_ticks > onset_ticks);
            while sounding.len() >= usize::from(voices) {
                let (oldest, _) = sounding.remove(0);
                let room = u32::try_from(onset_ticks - notes[oldest].onset_ticks).unwrap_or(0);
                notes[oldest].duration_ticks = notes[oldest].duration_ticks.min(room);
            }
            sounding.push((place, notes[place].end_ticks()));
        }
        // What was ended on the tick of its onset was not heard.
        notes.retain(|note| note.duration_ticks > 0);
    }
    close_overlaps(&notes)
}

#[cfg(test)]
mod tests {
    use super::super::tests::note;
    use super::*;

    fn lengths(notes: &[Note], voices: u8) -> Vec<(u8, u32)> {
        as_sounded(notes, voices).iter().map(|note| (note.pitch.get(), note.duration_ticks)).collect()
    }

    #[test]
    fn a_key_ends_where_it_is_struck_again() {
        let long = |onset_ticks, key| Note { duration_ticks: 100, ..note(onset_ticks, key) };
        assert_eq!(lengths(&[long(0, 60), long(10, 64), long(40, 60)], 0), [(60, 40), (64, 100), (60, 100)]);
    }

    #[test]
    fn one_note_too_many_ends_the_oldest() {
        let long = |onset_ticks, key| Note { duration_ticks: 100, ..note(onset_ticks, key) };
        let notes = [long(0, 60), long(10, 64), long(40, 67), long(200, 69)];
        assert_eq!(lengths(&notes, 1), [(60, 10), (64, 30), (67, 100), (69, 100)]);
        assert_eq!(lengths(&notes, 2), [(60, 40), (64, 100), (67, 100), (69, 100)]);
        assert_eq!(lengths(&notes, 3), [(60, 100), (64, 100), (67, 100), (69, 100)]);
    }
}
