//! Notes as onsets and a top voice.

use engine::conditions::top_voice;
use music::Note;

/// Some notes, up to a time at which they are over.
#[derive(Debug)]
pub(super) struct Texture {
    /// In [`Note::order`].
    pub(super) notes: Vec<Note>,
    /// Each once.
    pub(super) onsets: Vec<i64>,
    /// From onset to onset.
    pub(super) gaps: Vec<i64>,
    /// The highest notes, see [`top_voice`].
    pub(super) top: Vec<Note>,
    /// From the first onset to the end.
    pub(super) span_ticks: i64,
    /// Time in which nothing sounds, and the longest silence.
    pub(super) silence_ticks: (i64, i64),
}

impl Texture {
    pub(super) fn new(notes: &[Note], end_ticks: i64) -> Self {
        let mut onsets: Vec<i64> = notes.iter().map(|note| note.onset_ticks).collect();
        onsets.dedup();
        let (mut silence, mut longest, mut heard_until) = (0, 0, onsets.first().copied().unwrap_or(end_ticks));
        for (onset_ticks, note_end_ticks) in
            notes.iter().map(|note| (note.onset_ticks, note.end_ticks())).chain([(end_ticks, end_ticks)])
        {
            let rest = (onset_ticks - heard_until).max(0);
            (silence, longest) = (silence + rest, longest.max(rest));
            heard_until = heard_until.max(note_end_ticks);
        }
        Self {
            gaps: onsets.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            top: top_voice(notes).copied().collect(),
            span_ticks: onsets.first().map_or(0, |first| end_ticks - first).max(1),
            silence_ticks: (silence, longest),
            notes: notes.to_vec(),
            onsets,
        }
    }

    /// Semitones from note to note of the top voice.
    pub(super) fn intervals(&self) -> Vec<i16> {
        let key = |note: &Note| i16::from(note.pitch.get());
        self.top.windows(2).map(|pair| key(&pair[1]) - key(&pair[0])).collect()
    }

    /// Notes that begin together.
    pub(super) fn chords(&self) -> impl Iterator<Item = &[Note]> {
        self.notes.chunk_by(|one, other| one.onset_ticks == other.onset_ticks)
    }
}
