//! Takes as MIDI files.

use std::io;

use music::midi::{self, MidiError};
use music::score::{ANSWER_TRACK, CALL_TRACK};
use music::{MetreChange, Note, Part, Role, Score, TICKS_PER_BEAT, TempoMap, TimeSignature};

use crate::take::{TICK_PARTS, Take};

/// Ticks in a beat of the files: as fine as times are kept, so that how a note was played is in them.
const FILE_TICKS_PER_BEAT: u32 = TICKS_PER_BEAT * TICK_PARTS;

impl Take {
    /// Call and answer as two parts, as they were played, with tempo and metre; what a damaged song says wrongly is put right.
    #[must_use]
    pub fn score(&self) -> Score {
        let tempo = if self.tempo.is_finite() { f64::from(self.tempo).clamp(4.0, 2000.0) } else { 120.0 };
        let signature = TimeSignature::of_bar(self.bar_ticks, TICKS_PER_BEAT);
        let part = |name, is_answer| {
            let notes = self.notes.iter().filter(|note| note.is_answer == is_answer).map(|note| Note {
                onset_ticks: note.on_parts.into(),
                duration_ticks: note.off_parts.saturating_sub(note.on_parts).max(1),
                pitch: note.pitch,
                velocity: note.velocity,
            });
            Part::new(name, notes.collect()).on_channel(u8::from(is_answer))
        };
        Score {
            ticks_per_beat: FILE_TICKS_PER_BEAT,
            parts: vec![part(CALL_TRACK, false), part(ANSWER_TRACK, true)],
            metres: signature.map(|signature| MetreChange { start_ticks: 0, signature }).into_iter().collect(),
            tempi: TempoMap::constant(FILE_TICKS_PER_BEAT, tempo),
        }
    }
}

/// Call and answer, one track each, with tempo and metre.
///
/// # Errors
/// When the notes do not fit into a MIDI file.
pub(crate) fn midi_file(take: &Take) -> io::Result<Vec<u8>> {
    midi::write(&take.score()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// How many notes of a file are the player's, and how many Antiphon's. `None` if it cannot be read.
#[must_use]
pub fn count_notes(bytes: &[u8]) -> Option<(usize, usize)> {
    match midi::read(bytes) {
        Ok(file) => {
            let n_answer = file.score.notes_of(Role::Answer).count();
            Some((file.score.n_notes() - n_answer, n_answer))
        }
        Err(MidiError::NoNotes) => Some((0, 0)),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use music::{Pitch, Velocity};

    use super::*;
    use crate::take::TakeNote;

    fn take() -> Take {
        // A sixteenth that comes 13 parts late, and the next one 5 early: neither is on a tick.
        let note = |is_answer, on_parts, key| {
            let (pitch, velocity) = (Pitch::nearest(key), Velocity::nearest(90));
            TakeNote { is_answer, on_parts, off_parts: on_parts + 171, pitch, velocity }
        };
        let notes = vec![note(false, 0, 60), note(false, 205, 60), note(false, 379, 62), note(true, 765, 67)];
        Take { tempo: 90.0, bar_ticks: 144, notes }
    }

    #[test]
    fn a_saved_take_reads_back_with_its_notes_tempo_and_metre() {
        let bytes = midi_file(&take()).unwrap();
        let file = midi::read(&bytes).unwrap();
        assert_eq!(file.left_out, []);
        assert_eq!(file.score.tempi.changes().collect::<Vec<_>>(), [(0, 666_667)]);
        assert_eq!(file.score.signature(0).to_string(), "3/4");
        assert_eq!(file.score.parts, take().score().parts, "to the last part of a tick");
        let onsets = |parts: &[Part]| parts.iter().flat_map(|part| &part.notes).map(|note| note.onset_ticks).collect();
        let read: Vec<i64> = onsets(&file.score.parts);
        assert_eq!((read, file.score.ticks_per_beat), (vec![0, 205, 379, 765], 768));
        assert_eq!((count_notes(&bytes), count_notes(b"MThd")), (Some((3, 1)), None));
    }

    #[test]
    fn a_take_without_notes_is_a_sound_file() {
        let empty = Take { notes: Vec::new(), ..take() };
        assert_eq!(count_notes(&midi_file(&empty).unwrap()), Some((0, 0)));
    }

    #[test]
    fn a_take_from_a_damaged_song_does_no_harm() {
        let note = r#"{"is_answer":true,"on_ticks":4294967295,"off_ticks":0,"key":255,"velocity":0}"#;
        let wild: TakeNote = serde_json::from_str(note).unwrap();
        let take = Take { tempo: f32::NAN, bar_ticks: u32::MAX, notes: vec![wild; 3] };
        // It is written, but lasts longer than anyone would play.
        assert_eq!(midi::read(&midi_file(&take).unwrap()), Err(MidiError::TooLong));
        let short = TakeNote { on_parts: 0, off_parts: 0, ..wild };
        assert_eq!(count_notes(&midi_file(&Take { notes: vec![short], ..take }).unwrap()), Some((0, 1)));
    }
}
