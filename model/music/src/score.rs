//! A piece of music in parts: what a MIDI file holds, and what a take is.
//!
//! Reading order: `excerpt` is a part of a piece; `overlap` keeps notes of one key apart; `call` is a piece as it is played to Antiphon.

mod call;
mod excerpt;
mod overlap;

pub use overlap::{close_overlaps, tidy};

use crate::metre::Metre;
use crate::note::{Note, TICKS_PER_BEAT};
use crate::tempo::{TempoMap, as_f64, in_force, resample};
use crate::time_signature::{MetreChange, TimeSignature};

const DAY_SECONDS: f64 = 86_400.0;

/// The channel of drums, counted from 0: keys on it are no pitches.
pub const DRUM_CHANNEL: u8 = 9;
/// Name of the track that holds the player's notes.
pub const CALL_TRACK: &str = "Call";
/// Name of the track that holds Antiphon's notes. Who learns from a file leaves it out: Antiphon must not learn from
/// itself.
pub const ANSWER_TRACK: &str = "Antiphon's answer";

/// Who plays a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Role {
    /// The player, to whom Antiphon answers.
    Call,
    /// Antiphon.
    Answer,
    /// Anyone: a part of a file that says nothing of it.
    #[default]
    Other,
}

impl Role {
    /// The role of a track of that name.
    #[must_use]
    pub fn of_track(name: &str) -> Self {
        match name {
            CALL_TRACK => Self::Call,
            ANSWER_TRACK => Self::Answer,
            _ => Self::Other,
        }
    }
}

/// The sustain pedal goes down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PedalChange {
    /// When. At one time, notes end before the pedal moves, and notes begin after.
    pub ticks: i64,
    /// Down, or up.
    pub is_down: bool,
}

/// What one player plays on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Part {
    /// Name of its track; may be empty.
    pub name: String,
    /// Who plays it.
    pub role: Role,
    /// MIDI port, 0 to 127: each has channels of its own.
    pub port: u8,
    /// MIDI channel, counted from 0 to 15.
    pub channel: u8,
    /// By [`Note::order`], each as long as its key is held. A key may sound twice at once, in two voices.
    pub notes: Vec<Note>,
    /// By rising time. A pedal holds the notes of all parts on its port and channel.
    pub pedal: Vec<PedalChange>,
}

impl Part {
    /// A part on the first channel of the first port, without pedal. Its role follows from its name.
    #[must_use]
    pub fn new(name: &str, mut notes: Vec<Note>) -> Self {
        notes.sort_by_key(Note::order);
        Self { name: name.to_owned(), role: Role::of_track(name), notes, ..Self::default() }
    }

    /// The same on another channel, counted from 0; above 15 it is 15.
    #[must_use]
    pub fn on_channel(mut self, channel: u8) -> Self {
        self.channel = channel.min(15);
        self
    }

    /// Whether the network reads it: no drums, and nothing that Antiphon answered.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.role != Role::Answer && !self.is_drums()
    }

    /// Whether its keys are drums.
    #[must_use]
    pub const fn is_drums(&self) -> bool {
        self.channel == DRUM_CHANNEL
    }
}

/// A piece of music in parts. All its times are in ticks of its own resolution, so that nothing of a file is rounded.
///
/// ```
/// use music::{Note, Part, Pitch, Score, TICKS_PER_BEAT, TimeSignature, Velocity};
///
/// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
/// let note = Note { onset_ticks: 48, duration_ticks: 48, pitch, velocity };
/// let score = Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("Call", vec![note]));
/// assert_eq!(score.end_ticks(), 96);
/// assert_eq!(score.tempi.seconds(score.end_ticks()), 1.0);
/// assert_eq!(score.resampled(10 * TICKS_PER_BEAT).end_ticks(), 960);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Ticks in a beat (a quarter note), at least 1.
    pub ticks_per_beat: u32,
    /// In the order of the file.
    pub parts: Vec<Part>,
    /// Time signatures in force, by rising start; the first at 0, unless there are no bars at all.
    pub metres: Vec<MetreChange>,
    /// Tempi, in the ticks of the score.
    pub tempi: TempoMap,
}

impl Score {
    /// A piece without parts, in ticks of 1/48 beat, of one tempo and metre.
    #[must_use]
    pub fn new(bpm: f64, signature: TimeSignature) -> Self {
        Self {
            ticks_per_beat: TICKS_PER_BEAT,
            parts: Vec::new(),
            metres: vec![MetreChange { start_ticks: 0, signature }],
            tempi: TempoMap::constant(TICKS_PER_BEAT, bpm),
        }
    }

    /// The same with one part more.
    #[must_use]
    pub fn with_part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Notes of all parts of a role.
    pub fn notes_of(&self, role: Role) -> impl Iterator<Item = &Note> + '_ {
        self.parts.iter().filter(move |part| part.role == role).flat_map(|part| &part.notes)
    }

    /// Number of notes in all parts, drums included.
    #[must_use]
    pub fn n_notes(&self) -> usize {
        self.parts.iter().map(|part| part.notes.len()).sum()
    }

    /// When the last key goes up, or the last pedal moves.
    #[must_use]
    pub fn end_ticks(&self) -> i64 {
        let ends = self.parts.iter().flat_map(|part| part.notes.iter().map(Note::end_ticks));
        let moves = self.parts.iter().flat_map(|part| part.pedal.iter().map(|change| change.ticks));
        ends.chain(moves).max().unwrap_or(0)
    }

    /// Whether it lasts more than a day, which only a damaged file does.
    pub(crate) fn is_too_long(&self) -> bool {
        let end_ticks = self.end_ticks();
        let n_beats = as_f64(end_ticks) / f64::from(self.ticks_per_beat);
        self.tempi.seconds(end_ticks) > DAY_SECONDS || n_beats > 10.0 * DAY_SECONDS
    }

    /// The time signature in force at a time; 4/4 where there is none.
    #[must_use]
    pub fn signature(&self, ticks: i64) -> TimeSignature {
        self.metre_change(ticks).map_or(TimeSignature::COMMON, |metre| metre.signature)
    }

    pub(crate) fn metre_change(&self, ticks: i64) -> Option<&MetreChange> {
        in_force(&self.metres, |metre| metre.start_ticks, ticks)
    }

    /// The same at another resolution, each time to the nearest tick; a note lasts at least one.
    #[must_use]
    pub fn resampled(&self, ticks_per_beat: u32) -> Self {
        let ticks = |ticks| resample(ticks, self.ticks_per_beat, ticks_per_beat.max(1));
        let note = |note: &Note| {
            let onset_ticks = ticks(note.onset_ticks);
            let length = ticks(note.end_ticks()).saturating_sub(onset_ticks).clamp(1, u32::MAX.into());
            Note { onset_ticks, duration_ticks: u32::try_from(length).unwrap_or(1), ..*note }
        };
        let part = |part: &Part| {
            let mut notes: Vec<Note> = part.notes.iter().map(note).collect();
            // Those that now begin together may have followed each other.
            notes.sort_by_key(Note::order);
            let pedal = part.pedal.iter().map(|change| PedalChange { ticks: ticks(change.ticks), ..*change });
            Part { notes, pedal: pedal.collect(), ..part.clone() }
        };
        let metres = self.metres.iter().map(|metre| MetreChange { start_ticks: ticks(metre.start_ticks), ..*metre });
        Self {
            ticks_per_beat: ticks_per_beat.max(1),
            parts: self.parts.iter().map(part).collect(),
            metres: metres.collect(),
            tempi: self.tempi.resampled(ticks_per_beat),
        }
    }

    /// The same as it sounds: notes that a pedal holds last until it goes up or their key is struck again, and there is no
    /// pedal any more.
    #[must_use]
    pub fn without_pedal(&self) -> Self {
        let end_ticks = self.end_ticks();
        let mut score = self.clone();
        for part in &mut score.parts {
            part.pedal.clear();
            let pedal = Pedal::of(self, part.port, part.channel);
            if !pedal.0.is_empty() {
                pedal.hold(&mut part.notes, end_ticks);
            }
        }
        score
    }
}

/// Pedal movements of one channel, by rising time.
struct Pedal(Vec<PedalChange>);

impl Pedal {
    fn of(score: &Score, port: u8, channel: u8) -> Self {
        let parts = score.parts.iter().filter(|part| (part.port, part.channel) == (port, channel));
        let mut changes: Vec<PedalChange> = parts.flat_map(|part| part.pedal.iter().copied()).collect();
        changes.sort_by_key(|change| change.ticks);
        Self(changes)
    }

    /// Until when a key that goes up at that time sounds; `None` if it ends at once.
    fn sounds_until(&self, ticks: i64, end_ticks: i64) -> Option<i64> {
        let next = self.0.partition_point(|change| change.ticks < ticks);
        let is_down = next.checked_sub(1).is_some_and(|before| self.0[before].is_down);
        let up = self.0[next..].iter().find(|change| !change.is_down);
        is_down.then(|| up.map_or(end_ticks, |change| change.ticks))
    }

    fn hold(&self, notes: &mut [Note], end_ticks: i64) {
        let mut next_onset = [i64::MAX; 128];
        for note in notes.iter_mut().rev() {
            let next = std::mem::replace(&mut next_onset[usize::from(note.pitch.get())], note.onset_ticks);
            if let Some(until) = self.sounds_until(note.end_ticks(), end_ticks) {
                let until = until.min(next.max(note.end_ticks()));
                let length = until.saturating_sub(note.onset_ticks);
                note.duration_ticks = u32::try_from(length).unwrap_or(u32::MAX).max(note.duration_ticks);
            }
        }
    }
}

impl MetreChange {
    /// The grid from here on, for a score of that resolution.
    #[must_use]
    pub fn metre(&self, ticks_per_beat: u32) -> Metre {
        Metre::Bars { bar_line_ticks: self.start_ticks, bar_ticks: self.signature.bar_ticks(ticks_per_beat) }
    }
}
