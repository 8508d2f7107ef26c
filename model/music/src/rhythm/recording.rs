//! A recording, whose notes are all there, heard as if it were played now.

use super::{CAPACITY, Ear, HeardNote, NoteId, PARTS_PER_TICK, SeenEnds};
use crate::note::{Pitch, Velocity};

/// A note of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayedNote {
    /// When it was struck, in parts of a tick.
    pub onset_parts: i64,
    /// When the key went up.
    pub off_parts: i64,
    /// Its key.
    pub pitch: Pitch,
    /// How hard it was struck.
    pub velocity: Velocity,
    /// The tempo when it was struck, in microseconds a beat.
    pub us_per_beat: u32,
}

impl PlayedNote {
    /// A note that was played to the nearest tick.
    #[must_use]
    pub fn in_ticks(note: &crate::Note, us_per_beat: u32) -> Self {
        let crate::Note { onset_ticks, pitch, velocity, .. } = *note;
        let [onset_parts, off_parts] =
            [onset_ticks, note.end_ticks()].map(|ticks| ticks.saturating_mul(PARTS_PER_TICK));
        Self { onset_parts, off_parts, pitch, velocity, us_per_beat }
    }
}

/// Hears a whole recording: notes in order of their onsets, each as [`Ear`] has it in the end.
#[must_use]
pub fn hear(played: &[PlayedNote]) -> Vec<HeardNote> {
    hear_with(&mut Ear::new(), played)
}

/// What the scorer of note values sees while a recording is heard, and what is heard in the end: to train it.
#[must_use]
#[doc(hidden)]
pub fn hear_and_see(played: &[PlayedNote]) -> (Vec<HeardNote>, Vec<SeenEnds>) {
    let mut ear = Ear { seen: Some(Vec::new()), ..Ear::new() };
    let heard = hear_with(&mut ear, played);
    (heard, ear.seen.unwrap_or_default())
}

fn hear_with(ear: &mut Ear, played: &[PlayedNote]) -> Vec<HeardNote> {
    let mut heard = Vec::with_capacity(played.len());
    // Releases wait in order of their time, ends before beginnings.
    let mut releases: Vec<usize> = (0..played.len()).collect();
    releases.sort_by_key(|&i| (played[i].off_parts.max(played[i].onset_parts), i));
    let mut releases = releases.into_iter().peekable();
    for (number, note) in played.iter().enumerate() {
        while let Some(i) = releases.next_if(|&i| i < number && played[i].off_parts <= note.onset_parts) {
            ear.release(NoteId(i), played[i].off_parts);
        }
        if ear.n_notes() == CAPACITY {
            heard.extend(ear.notes().next().map(|(_, oldest)| oldest));
        }
        ear.strike(note.onset_parts, note.us_per_beat, note.pitch, note.velocity);
    }
    for i in releases {
        ear.release(NoteId(i), played[i].off_parts);
    }
    ear.settle();
    heard.extend(ear.notes().map(|(_, note)| note));
    heard
}

/// What a recording means: notes as they are written. `beat_ticks` is the time of any beat.
///
/// What is given here is what [`Ear`] says of the same notes while they are played.
#[must_use]
pub fn transcribe(played: &[PlayedNote], beat_ticks: i64) -> Vec<crate::Note> {
    let offset_parts = beat_ticks.saturating_mul(PARTS_PER_TICK);
    let from_beat = |note: &PlayedNote| {
        let [onset_parts, off_parts] =
            [note.onset_parts, note.off_parts].map(|parts| parts.saturating_sub(offset_parts));
        PlayedNote { onset_parts, off_parts, ..*note }
    };
    let played: Vec<PlayedNote> = played.iter().map(from_beat).collect();
    let written = |heard: HeardNote| crate::Note {
        onset_ticks: heard.onset_ticks + beat_ticks,
        duration_ticks: heard.value_ticks.unwrap_or(1),
        pitch: heard.pitch,
        velocity: heard.velocity,
    };
    let mut notes: Vec<crate::Note> = hear(&played).into_iter().map(written).collect();
    notes.sort_by_key(crate::Note::order);
    notes
}
