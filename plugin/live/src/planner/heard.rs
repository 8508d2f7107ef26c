//! What the planner has heard.

use engine::Conditions;
use engine::note::Note;

/// A note that was heard and not yet told to the model for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) note: Note,
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
        Self { note, channel: 0, strike: 0, is_key_down: false, is_pedalled: false, is_ours: true, style }
    }

    /// A note of the player that is over.
    pub(super) fn over(note: Note, style: u8) -> Self {
        Self { is_ours: false, ..Self::ours(note, style) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_key_down || self.is_pedalled
    }

    pub(super) fn conditions(&self) -> Conditions {
        Conditions { style: self.style, ..Conditions::default() }
    }

    /// The note, which ends here if it still sounds.
    pub(super) fn ended(&self, ticks: i64) -> Note {
        if !self.is_open() {
            return self.note;
        }
        let duration_ticks = u32::try_from((ticks - self.note.onset_ticks).max(1)).unwrap_or(u32::MAX);
        Note { duration_ticks, ..self.note }
    }
}
