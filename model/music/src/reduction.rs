//! A score as one keyboard player would play it, and as the network reads it: all parts but drums and Antiphon's own
//! answers, the pedal worked into the notes, on the grid of 1/48 beat.

use crate::metre::{Metre, Position};
use crate::note::{Note, TICKS_PER_BEAT};
use crate::rhythm::recording::{self, HeardBy};
use crate::score::Score;
use crate::score::tidy;
use crate::tempo::{TempoMap, as_f64, in_force, resample};
use crate::time_signature::{MetreChange, TimeSignature};

/// Ticks in a second of music without a beat, which is read at a nominal 120 BPM.
pub const FREE_TICKS_PER_SECOND: u32 = 2 * TICKS_PER_BEAT;

/// Music follows its beats when this share of the onsets falls on a thirty-second or a sixteenth triplet (to the nearest
/// 1/48 beat). Onsets at random would reach 0.25.
const METRICAL_SHARE: f64 = 0.6;

/// How to take a score's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// In beats if the onsets follow the score's beats, else in seconds.
    Auto,
    /// In seconds: the score's beats mean nothing (a transcribed recording).
    Free,
    /// As [`Reading::Auto`], but what hands played goes through the ear ([`crate::rhythm`]): by the score's beats if it was played to
    /// them, else by beats that are found in it.
    Heard,
    /// As [`Reading::Free`], but through the ear, by beats that are found in it.
    HeardFree,
}

/// See the module. In music terms a piano reduction.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    /// In [`Note::order`], in ticks of 1/48 beat; no two have both onset and pitch in common, and none overlaps the next
    /// of its pitch.
    pub notes: Vec<Note>,
    /// Time signatures in force, by rising start; empty when `is_free`.
    pub metres: Vec<MetreChange>,
    /// Tempi; a constant 120 BPM when `is_free`.
    pub tempi: TempoMap,
    /// True when the onsets follow no beat: times are then real seconds, [`FREE_TICKS_PER_SECOND`] ticks each.
    pub is_free: bool,
    /// By which beats the ear heard what hands had played; `None` when times and velocities are those of the score.
    pub heard_by: Option<HeardBy>,
    /// When the last sounding note ends.
    pub end_ticks: i64,
    /// How long it lasts at the score's own tempi.
    pub seconds: f64,
}

impl Reduction {
    /// `None` without notes: drums and Antiphon's answers do not count.
    ///
    /// ```
    /// use music::{Note, Part, Pitch, Reading, Reduction, Score, TimeSignature, Velocity};
    ///
    /// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
    /// let hand = |onset_ticks| Note { onset_ticks, duration_ticks: 96, pitch, velocity };
    /// let score = Score::new(120.0, TimeSignature::COMMON)
    ///     .with_part(Part::new("Right hand", vec![hand(0)]))
    ///     .with_part(Part::new("Left hand", vec![hand(48)]));
    /// let reduction = Reduction::of(&score, Reading::Auto).unwrap();
    /// // One key sounds once at a time.
    /// assert_eq!(reduction.notes, [Note { duration_ticks: 48, ..hand(0) }, hand(48)]);
    /// ```
    #[must_use]
    pub fn of(score: &Score, reading: Reading) -> Option<Self> {
        let means_nothing = matches!(reading, Reading::Free | Reading::HeardFree);
        let is_free = means_nothing || !is_metrical(score);
        if is_free
            && matches!(reading, Reading::Heard | Reading::HeardFree)
            && let Some((written, heard_by)) = recording::written(score, !means_nothing)
        {
            let Self { seconds, .. } = Self::read(score, true)?;
            return Some(Self { heard_by: Some(heard_by), seconds, ..Self::read(&written, false)? });
        }
        Self::read(score, is_free)
    }

    fn read(score: &Score, is_free: bool) -> Option<Self> {
        let sounding = score.without_pedal();
        let sounds: Vec<Note> = sounds(&sounding).copied().collect();
        let last_ticks = sounds.iter().map(Note::end_ticks).max()?;
        let to_ticks = |ticks| match is_free {
            true => nearest(score.tempi.seconds(ticks) * f64::from(FREE_TICKS_PER_SECOND)),
            false => resample(ticks, score.ticks_per_beat, TICKS_PER_BEAT),
        };
        let note = |note: &Note| {
            let onset_ticks = to_ticks(note.onset_ticks);
            let length = to_ticks(note.end_ticks()).saturating_sub(onset_ticks);
            Note { onset_ticks, duration_ticks: u32::try_from(length).unwrap_or(0).max(1), ..*note }
        };
        let notes = tidy(sounds.iter().map(note).collect());
        let end_ticks = notes.iter().map(Note::end_ticks).max().unwrap_or(0);
        let metre = |metre: &MetreChange| MetreChange { start_ticks: to_ticks(metre.start_ticks), ..*metre };
        Some(Self {
            notes,
            metres: if is_free { Vec::new() } else { score.metres.iter().map(metre).collect() },
            tempi: match is_free {
                true => TempoMap::constant(TICKS_PER_BEAT, 120.0),
                false => score.tempi.resampled(TICKS_PER_BEAT),
            },
            is_free,
            heard_by: None,
            end_ticks,
            seconds: score.tempi.seconds(last_ticks),
        })
    }

    /// The first tempo, in beats a minute.
    #[must_use]
    pub fn tempo_bpm(&self) -> f64 {
        self.tempi.bpm(0)
    }

    /// The metre in force at a time.
    #[must_use]
    pub fn metre(&self, ticks: i64) -> Metre {
        self.metre_change(ticks).map_or(Metre::Free, |metre| metre.metre(TICKS_PER_BEAT))
    }

    /// The time signature in force at a time; `None` when the music is free.
    #[must_use]
    pub fn signature(&self, ticks: i64) -> Option<TimeSignature> {
        self.metre_change(ticks).map(|metre| metre.signature)
    }

    /// Where in its bar a time falls.
    #[must_use]
    pub fn position(&self, ticks: i64) -> Position {
        self.metre(ticks).position(ticks)
    }

    fn metre_change(&self, ticks: i64) -> Option<&MetreChange> {
        in_force(&self.metres, |metre| metre.start_ticks, ticks)
    }
}

/// Notes that are read: no drums, none of Antiphon's answers.
fn sounds(score: &Score) -> impl Iterator<Item = &Note> {
    score.parts.iter().filter(|part| part.is_read()).flat_map(|part| &part.notes)
}

fn is_metrical(score: &Score) -> bool {
    let (mut n_sounds, mut n_on_grid) = (0, 0);
    for sound in sounds(score) {
        let ticks = resample(sound.onset_ticks, score.ticks_per_beat, TICKS_PER_BEAT);
        n_sounds += 1;
        n_on_grid += i64::from(ticks % 6 == 0 || ticks % 8 == 0);
    }
    as_f64(n_on_grid) >= METRICAL_SHARE * as_f64(n_sounds)
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and absurd lengths are refused before use")]
fn nearest(ticks: f64) -> i64 {
    ticks.round() as i64
}
