//! What the planner has heard.

use engine::note::Note;
use engine::{Conditions, TICKS_PER_BEAT};

use super::hearing::{Hearing, Played};
use super::pace::Pace;

/// A note is written at most so far from where it was played.
const REACH_TICKS: i64 = 16;

/// A note that was heard and not yet told to the model for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// As it is meant, as far as that is known, in the score's time.
    pub(super) note: Note,
    /// When the key went down, in played time.
    pub(super) struck_ticks: i64,
    /// How it was played; `None` if it is meant as it was.
    pub(super) played: Option<Played>,
    /// Nothing that is played later changes what it means.
    pub(super) is_settled: bool,
    pub(super) channel: u8,
    /// Which strike of its key it is.
    pub(super) strike: u32,
    pub(super) is_key_down: bool,
    pub(super) is_pedalled: bool,
    /// It was played by us.
    pub(super) is_ours: bool,
    /// The style that was chosen then.
    pub(super) style: u8,
}

impl Heard {
    /// A note that we have played.
    pub(super) fn ours(note: Note, style: u8) -> Self {
        Self {
            note,
            struck_ticks: note.onset_ticks,
            played: None,
            is_settled: true,
            channel: 0,
            strike: 0,
            is_key_down: false,
            is_pedalled: false,
            is_ours: true,
            style,
        }
    }

    /// A note of the player that is over.
    pub(super) fn over(note: Note, style: u8) -> Self {
        Self { is_ours: false, ..Self::ours(note, style) }
    }

    /// The same, which from now on means what is known of it by now.
    pub(super) fn decided(self) -> Self {
        Self { played: None, is_settled: true, ..self }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_key_down || self.is_pedalled
    }

    pub(super) fn conditions(&self) -> Conditions {
        Conditions { style: self.style, ..Conditions::default() }
    }

    /// If this was struck last, what is played from now on is written no earlier than this tick of the score.
    pub(super) fn frontier_ticks(&self, now_ticks: i64) -> i64 {
        let is_long_ago = now_ticks - self.struck_ticks >= i64::from(TICKS_PER_BEAT);
        if self.played.is_none() || is_long_ago { i64::MAX } else { self.note.onset_ticks - REACH_TICKS }
    }

    /// The note, which ends now if it still sounds.
    pub(super) fn ended(&self, now_ticks: i64, pace: &Pace) -> Note {
        if !self.is_open() {
            return self.note;
        }
        Note { duration_ticks: pace.score_length(now_ticks - self.struck_ticks), ..self.note }
    }

    /// The note, which ends at this tick of the score at the latest, and there if it still sounds.
    pub(super) fn ended_by(&self, ticks: i64) -> Note {
        let longest = u32::try_from((ticks - self.note.onset_ticks).max(1)).unwrap_or(u32::MAX);
        let duration_ticks = if self.is_open() { longest } else { self.note.duration_ticks.min(longest) };
        Note { duration_ticks, ..self.note }
    }

    /// The same note, as it is understood by now.
    pub(super) fn understood(self, hearing: &Hearing) -> Self {
        let Some(played) = self.played else { return self };
        let Some(id) = played.id else { return self };
        let Some(meant) = hearing.meant(id) else { return self.decided() };
        let mut heard = Self { is_settled: meant.is_settled, ..self };
        (heard.note.onset_ticks, heard.note.velocity) = (meant.onset_ticks, meant.velocity);
        if let Some(duration_ticks) = meant.duration_ticks.filter(|_| !self.is_key_down) {
            // A pedal lets a note ring, and writes it no longer.
            heard.note.duration_ticks = duration_ticks;
            heard.is_pedalled = false;
        }
        heard
    }
}
