//! From the bytes of a MIDI file to a score.

use super::chunks;
use super::error::MidiError;
use super::left_out::LeftOut;
use super::lookalikes::find_lookalikes;
use super::pairing::pair;
use super::timeline::Timeline;
use super::track::{self, Track};
use crate::score::Score;

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct MidiFile {
    /// All its notes, in the file's own ticks.
    pub score: Score,
    /// What was left out, or read otherwise than it stands there. Empty for a sound file.
    pub left_out: Vec<LeftOut>,
    /// Where the drums are, which a score keeps and a reduction leaves out.
    pub drums: Vec<LeftOut>,
}

/// Reads a MIDI file of format 0, 1 or 2 (whose sequences follow each other, each from a beat on), also within a RIFF
/// file. What is damaged is left out, and named.
///
/// # Errors
/// [`MidiError`] says why; no input panics.
///
/// ```
/// let file = music::midi::read(b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0d\0\x90\x3c\x50\x60\x3c\0\0\xf8\0\xff\x2f\0")?;
/// assert_eq!(file.score.parts[0].notes.len(), 1);
/// assert_eq!(file.left_out[0].to_string(), "track 1, byte 29: a system message (F8), which belongs in no file");
/// # Ok::<(), music::midi::MidiError>(())
/// ```
pub fn read(bytes: &[u8]) -> Result<MidiFile, MidiError> {
    let mut left_out = Vec::new();
    let chunks = chunks::split(bytes, &mut left_out)?;
    let tracks: Vec<Track> =
        chunks.tracks.iter().zip(1..).map(|(&c, n)| track::read(bytes, c, n, &mut left_out)).collect();
    let beat = u64::from(chunks.ticks_per_beat);
    let timeline = Timeline::new(tracks, chunks.is_sequential.then_some(beat));

    let notes = pair(&timeline.events, |track| timeline.ends[track], &mut left_out);
    find_lookalikes(&timeline.events, &mut left_out);
    let n_notes: usize = notes.values().map(Vec::len).sum();
    if n_notes == 0 {
        return Err(nothing(&left_out));
    }
    let ticks_per_beat = u32::from(chunks.ticks_per_beat);
    let score = Score {
        ticks_per_beat,
        metres: timeline.metres(&mut left_out),
        tempi: timeline.tempi(ticks_per_beat, &mut left_out),
        parts: timeline.parts(notes),
    };
    if score.is_too_long() {
        return Err(MidiError::TooLong);
    }
    left_out.sort_by_key(|left| left.byte);
    Ok(MidiFile { drums: timeline.drums(), score, left_out })
}

/// Why there are no notes.
fn nothing(left_out: &[LeftOut]) -> MidiError {
    let damage = left_out.iter().find(|left| left.what.is_damage());
    damage.map_or(MidiError::NoNotes, |first| MidiError::Damaged(Box::new(first.clone())))
}
