//! Notes as the events of a sequence, in the values that the network knows.

use engine::vocab::{BEGIN, END, TIMES_TICKS, duration_value, time_ticks, time_value, velocity_value};
use engine::{Position, TICKS_PER_BEAT};

use crate::shards::PlacedNote;

/// Shift, pitch, duration and velocity values of an event, and where in the bar it falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// In the order of [`crate::batch::ATTRIBUTES`].
    pub values: [u8; 4],
    /// Where in the bar.
    pub position: Position,
}

/// The events of `notes` (in [`engine::Note::order`]), then an end event if `end` gives its time and position. The
/// first event's shift is 0.
#[must_use]
pub fn events(notes: &[PlacedNote], end: Option<(i64, Position)>) -> Vec<Event> {
    let mut shifts = Shifts::default();
    let mut events: Vec<_> = notes
        .iter()
        .map(|PlacedNote { note, position }| Event {
            values: [
                shifts.value(note.onset_ticks),
                note.pitch.get(),
                duration_value(note.duration_ticks),
                velocity_value(note.velocity),
            ],
            position: *position,
        })
        .collect();
    if let Some((end_ticks, position)) = end {
        events.push(Event { values: [shifts.value(end_ticks), END, 0, 0], position });
    }
    events
}

/// The event before the first, which stands at the first one's position.
#[must_use]
pub const fn begin(position: Position) -> Event {
    Event { values: [0, BEGIN, 0, 0], position }
}

/// Turns onsets into shift values. The rounding of short shifts is paid back at the next of half a beat or more, so that
/// runs keep their shape and long pieces do not drift.
#[derive(Default)]
struct Shifts {
    last_onset_ticks: Option<i64>,
    /// How far the values so far fall short of the true time.
    owed_ticks: i64,
}

impl Shifts {
    fn value(&mut self, onset_ticks: i64) -> u8 {
        let Some(last) = self.last_onset_ticks.replace(onset_ticks) else { return 0 };
        let longest = i64::from(TIMES_TICKS[127]);
        let true_ticks = (onset_ticks - last).clamp(0, longest);
        let repaid = if true_ticks >= i64::from(TICKS_PER_BEAT / 2) { self.owed_ticks } else { 0 };
        let wanted = (true_ticks + repaid).clamp(0, longest);
        let value = time_value(u32::try_from(wanted).unwrap_or(0));
        self.owed_ticks += true_ticks - i64::from(time_ticks(value));
        value
    }
}
