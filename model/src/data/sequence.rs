//! Notes as the events of a sequence, in the values that the network knows.

use engine::Position;
use engine::tokens::{Encoder, TokenEvent};

use crate::data::shards::PlacedNote;

/// Shift, pitch, duration and velocity values of an event, and where in the bar it falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// In the order of [`crate::data::batch::ATTRIBUTES`].
    pub values: [u8; 4],
    /// Where in the bar.
    pub position: Position,
}

/// The events of `notes` (in [`engine::Note::order`]), then an end event if `end` gives its time and position. The
/// first event's shift is 0.
#[must_use]
pub fn events(notes: &[PlacedNote], end: Option<(i64, Position)>) -> Vec<Event> {
    let mut encoder = Encoder::new();
    let mut events: Vec<_> = notes
        .iter()
        .map(|PlacedNote { note, position, .. }| Event { values: encoder.encode(note).values(), position: *position })
        .collect();
    if let Some((end_ticks, position)) = end {
        events.push(Event { values: encoder.end(end_ticks).values(), position });
    }
    events
}

/// The event before the first, which stands at the first one's position.
#[must_use]
pub const fn begin(position: Position) -> Event {
    Event { values: TokenEvent::BEGIN.values(), position }
}
