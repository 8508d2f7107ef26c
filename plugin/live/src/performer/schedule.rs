//! The notes to come. What is begun is always ended: a note starts only when its end has found a place here.

use std::collections::VecDeque;

use crate::messages::PlannedNote;

/// A note that sounds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) off_parts: i64,
    pub(crate) channel: u8,
    pub(crate) key: u8,
    /// Tells this note from another one on the same key; never 0.
    pub(crate) id: u32,
}

/// The notes to come and the ends of those that sound.
///
/// # Realtime safety
/// Allocates only in [`Schedule::new`].
#[derive(Debug)]
pub(crate) struct Schedule {
    /// In the order of their onsets.
    coming: VecDeque<PlannedNote>,
    /// In no order.
    ending: Vec<Ending>,
    capacity: usize,
    last_id: u32,
}

impl Schedule {
    pub(crate) fn new(capacity: usize) -> Self {
        // All places are used once: the system provides memory when it is first written to, which takes as long as a system call.
        let note = PlannedNote { turn: u32::MAX, on_ticks: 0, late_parts: 0, held_parts: 0, key: 0, velocity: 0 };
        let mut coming = VecDeque::from(vec![note; capacity]);
        let mut ending = vec![Ending { off_parts: 0, channel: 0, key: 0, id: u32::MAX }; capacity];
        coming.clear();
        ending.clear();
        Self { coming, ending, capacity, last_id: 0 }
    }

    /// Takes a note that begins no earlier than those before it, and is played no earlier. False if there is no room.
    #[inline]
    pub(crate) fn plan(&mut self, note: PlannedNote) -> bool {
        let has_room = self.coming.len() < self.capacity;
        if has_room {
            self.coming.push_back(note);
        }
        has_room
    }

    /// Drops the notes that have not begun.
    #[inline]
    pub(crate) fn forget_coming(&mut self) {
        self.coming.clear();
    }

    /// Drops the notes that begin at this tick or later.
    #[inline]
    pub(crate) fn forget_from(&mut self, tick: i64) {
        self.coming.truncate(self.coming.partition_point(|note| note.on_ticks < tick));
    }

    /// Drops the ends, when all has been released by other means.
    pub(crate) fn forget_ending(&mut self) {
        self.ending.clear();
    }

    /// When the next note is played, in parts of a tick.
    pub(crate) fn next_on(&self) -> Option<i64> {
        self.coming.front().map(|note| note.on_parts())
    }

    /// When the next sounding note ends, in parts of a tick.
    #[inline]
    pub(crate) fn next_off(&self) -> Option<i64> {
        self.ending.iter().map(|ending| ending.off_parts).min()
    }

    /// The next note, which is then no longer to come.
    #[inline]
    pub(crate) fn take_coming(&mut self) -> Option<PlannedNote> {
        self.coming.pop_front()
    }

    /// Notes that sound.
    pub(crate) fn n_sounding(&self) -> usize {
        self.ending.len()
    }

    /// The note that has sounded longest.
    #[inline]
    pub(crate) fn take_oldest(&mut self) -> Option<Ending> {
        let (place, _) = self.ending.iter().enumerate().min_by_key(|(_, ending)| ending.id)?;
        Some(self.ending.swap_remove(place))
    }

    /// Notes when a note that begins now ends, and gives it a number. `None` if there is no room: it must not begin.
    #[inline]
    pub(crate) fn begin(&mut self, note: &PlannedNote, channel: u8) -> Option<u32> {
        if self.ending.len() == self.capacity {
            return None;
        }
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.ending.push(Ending { off_parts: note.off_parts(), channel, key: note.key, id: self.last_id });
        Some(self.last_id)
    }

    /// A note that ends at a time that is due.
    #[inline]
    pub(crate) fn take_ended(&mut self, is_due: impl Fn(i64) -> bool) -> Option<Ending> {
        let place = self.ending.iter().position(|ending| is_due(ending.off_parts))?;
        Some(self.ending.swap_remove(place))
    }
}
