//! How fast notes are made. It is shown, and decides nothing.

use std::time::Duration;

/// Share of the newest note in the average.
const NEWEST: f32 = 1.0 / 16.0;

/// An average over the latest notes.
#[derive(Debug, Default)]
pub(super) struct Speed {
    seconds_per_note: f32,
}

impl Speed {
    /// A note was made in this time.
    pub(super) fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f32();
        let share = if self.seconds_per_note > 0.0 { NEWEST } else { 1.0 };
        self.seconds_per_note += share * (seconds - self.seconds_per_note);
    }

    /// 0 before the first note.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is shown")]
    pub(super) fn notes_per_second(&self) -> u32 {
        if self.seconds_per_note > 0.0 { (1.0 / self.seconds_per_note).round() as u32 } else { 0 }
    }
}
