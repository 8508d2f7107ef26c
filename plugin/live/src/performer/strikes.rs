//! The keys that the player holds. A key may be struck again before it is let go, and each strike has its own end.

use super::chords::Meaning;
use crate::events::{NoteId, Which};

/// Strikes that are held at a time, at most. The oldest gives way: more is a host that forgets note-offs.
const CAPACITY: usize = 512;

/// A key that is down, or one of several times that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) channel: u8,
    pub(crate) key: u8,
    /// What the host calls the note.
    pub(crate) id: Option<NoteId>,
    /// Tells it from all others.
    pub(crate) number: u32,
    /// It is part of a call.
    pub(crate) is_heard: bool,
    /// It is part of the chord to which the answer keeps.
    pub(crate) is_chord: bool,
    /// Its note-on was passed on, and its note-off was not yet.
    pub(crate) is_passed: bool,
}

impl Strike {
    /// Whether it has all that is asked for.
    fn is_meant(&self, which: &Which) -> bool {
        which.channel.is_none_or(|channel| channel == self.channel)
            && which.key.is_none_or(|key| key == self.key)
            && which.id.is_none_or(|id| Some(id) == self.id)
    }
}

/// All that is held, the first struck first.
///
/// # Realtime safety
/// Allocates only in [`Strikes::new`].
#[derive(Debug)]
pub(crate) struct Strikes {
    held: Vec<Strike>,
    /// Sample of this block at which the last was struck, and how many were struck at it.
    latest: (u32, usize),
    last_number: u32,
}

impl Strikes {
    pub(crate) fn new() -> Self {
        // All places are used once: the system provides memory when it is first written to.
        let strike = Strike {
            channel: 0,
            key: 0,
            id: None,
            number: u32::MAX,
            is_heard: false,
            is_chord: false,
            is_passed: false,
        };
        let mut held = vec![strike; CAPACITY];
        held.clear();
        Self { held, latest: (0, 0), last_number: 0 }
    }

    /// Offsets count from a new block on.
    pub(crate) fn begin_block(&mut self) {
        self.latest = (0, 0);
    }

    /// The oldest strike, if there is no room for another one: it is no longer held.
    #[inline]
    pub(crate) fn make_room(&mut self) -> Option<Strike> {
        (self.held.len() == CAPACITY).then(|| self.remove(0))
    }

    /// A key goes down. There must be room.
    #[inline]
    pub(crate) fn push(&mut self, offset: u32, key: Which, meaning: Meaning) -> Strike {
        let Meaning { is_heard, is_chord } = meaning;
        let Which { channel, key, id } = key;
        self.last_number = self.last_number.wrapping_add(1);
        let (channel, key) = (channel.unwrap_or(0) & 15, key.unwrap_or(0) & 127);
        let number = self.last_number;
        let strike = Strike { channel, key, id, number, is_heard, is_chord, is_passed: false };
        if self.held.len() < CAPACITY {
            self.held.push(strike);
            let n_before = if self.latest.0 == offset { self.latest.1 } else { 0 };
            self.latest = (offset, n_before + 1);
        }
        strike
    }

    /// The strike that ends when one of these is let go, which is then no longer held.
    ///
    /// With an id it is the note of that name, or one without a name on that very key. Else, as in MIDI files, it is the latest:
    /// a short note within a long one. But where a key is struck again and let go at one sample, in whatever order, it is the
    /// earlier strike.
    #[inline]
    pub(crate) fn take(&mut self, offset: u32, which: &Which) -> Option<Strike> {
        let n_fresh = if self.latest.0 == offset { self.latest.1 } else { 0 };
        let n_old = self.held.len().saturating_sub(n_fresh);
        let find = |is_meant: &dyn Fn(&Strike) -> bool| {
            let old = self.held[..n_old].iter().rposition(is_meant);
            old.or_else(|| self.held[n_old..].iter().rposition(is_meant).map(|place| n_old + place))
        };
        let place = find(&|strike| strike.is_meant(which)).or_else(|| {
            let nameless = Which { id: None, ..*which };
            let is_key = which.id.is_some() && which.channel.is_some() && which.key.is_some();
            is_key.then(|| find(&|strike| strike.id.is_none() && strike.is_meant(&nameless))).flatten()
        })?;
        Some(self.remove(place))
    }

    /// All that are held.
    pub(crate) fn held(&self) -> &[Strike] {
        &self.held
    }

    /// The same, to be changed.
    pub(crate) fn held_mut(&mut self) -> &mut [Strike] {
        &mut self.held
    }

    /// Nothing is held any more.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.latest.1 = 0;
    }

    #[inline]
    fn remove(&mut self, place: usize) -> Strike {
        let (offset, n_fresh) = self.latest;
        if place + n_fresh >= self.held.len() {
            self.latest = (offset, n_fresh.saturating_sub(1));
        }
        self.held.remove(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Meaning = Meaning { is_heard: true, is_chord: false };
    const MIDDLE_C: Which = Which::key(0, 60);

    fn with_id(which: Which, id: i32) -> Which {
        Which { id: NoteId::new(id), ..which }
    }

    /// The numbers of the strikes that end, from 1 in the order in which they were struck.
    fn ended(strikes: &mut Strikes, offset: u32, offs: &[Which]) -> Vec<Option<u32>> {
        offs.iter().map(|which| strikes.take(offset, which).map(|strike| strike.number)).collect()
    }

    fn struck(keys: &[(u32, Which)]) -> Strikes {
        let mut strikes = Strikes::new();
        for &(offset, key) in keys {
            strikes.push(offset, key, HEARD);
        }
        strikes
    }

    #[test]
    fn a_short_note_within_a_long_one_ends_first() {
        let mut strikes = struck(&[(0, MIDDLE_C), (100, MIDDLE_C)]);
        assert_eq!(ended(&mut strikes, 200, &[MIDDLE_C; 3]), [Some(2), Some(1), None]);
    }

    #[test]
    fn of_a_key_that_is_struck_again_as_it_is_let_go_the_earlier_strike_ends() {
        let mut strikes = struck(&[(0, MIDDLE_C), (100, MIDDLE_C)]);
        assert_eq!(ended(&mut strikes, 100, &[MIDDLE_C; 3]), [Some(1), Some(2), None]);
        let mut strikes = struck(&[(0, MIDDLE_C), (100, Which::key(0, 62)), (100, MIDDLE_C), (100, MIDDLE_C)]);
        assert_eq!(ended(&mut strikes, 100, &[MIDDLE_C, MIDDLE_C]), [Some(1), Some(4)]);
        strikes.push(100, MIDDLE_C, HEARD);
        strikes.begin_block();
        assert_eq!(ended(&mut strikes, 100, &[MIDDLE_C]), [Some(5)], "a sample of another block");
    }

    #[test]
    fn an_id_names_one_note_whatever_else_is_said() {
        let any = Which::ALL;
        let [one, two, three] = [1, 2, 3].map(|id| with_id(MIDDLE_C, id));
        let mut strikes = struck(&[(0, one), (0, two), (9, three)]);
        assert_eq!(ended(&mut strikes, 9, &[with_id(any, 1)]), [Some(1)]);
        assert_eq!(ended(&mut strikes, 9, &[with_id(Which::key(1, 60), 2), with_id(Which::key(0, 61), 2)]), [None; 2]);
        assert_eq!(ended(&mut strikes, 9, &[with_id(any, 1), with_id(MIDDLE_C, 1)]), [None; 2], "it is over");
        assert_eq!(ended(&mut strikes, 9, &[three, two]), [Some(3), Some(2)]);
    }

    #[test]
    fn an_id_that_is_used_again_names_the_latest_note() {
        let one = with_id(MIDDLE_C, 1);
        let mut strikes = struck(&[(0, one)]);
        assert_eq!(ended(&mut strikes, 5, &[one]), [Some(1)]);
        strikes.push(5, one, HEARD);
        assert_eq!(ended(&mut strikes, 5, &[with_id(Which::ALL, 1), one]), [Some(2), None]);
    }

    #[test]
    fn a_host_that_names_its_note_offs_only_ends_its_notes() {
        let mut strikes = struck(&[(0, MIDDLE_C)]);
        assert_eq!(ended(&mut strikes, 5, &[with_id(Which::ALL, 7), with_id(MIDDLE_C, 7)]), [None, Some(1)]);
    }

    #[test]
    fn the_oldest_gives_way_to_more_than_can_be_held() {
        let mut strikes = Strikes::new();
        for i in 0..600 {
            let oldest = strikes.make_room().map(|strike| strike.number);
            assert_eq!(oldest, (i >= 512).then(|| i - 511));
            strikes.push(i, MIDDLE_C, HEARD);
        }
        assert_eq!(std::iter::from_fn(|| strikes.take(999, &Which::ALL)).count(), 512);
    }
}
