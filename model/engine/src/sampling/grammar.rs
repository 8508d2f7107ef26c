//! Which values may come next.

use crate::note::{Note, Pitch};
use crate::tokens::vocab::{self, END};

/// When the next note begins. A time before the last onset reads as that onset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// At this tick or later.
    NotBefore(i64),
    /// At this tick.
    Exactly(i64),
}

/// The rules for one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grammar {
    last: Option<(i64, u8)>,
    least_ticks: i64,
    /// The shift value nearest to `least_ticks`.
    least_shift: u8,
    exactly: bool,
    /// The keys that may come, one bit each; never none.
    keys: u128,
    may_end: bool,
}

impl Grammar {
    /// `last` is the note before. The first note of all begins exactly at the tick that `onset` names.
    pub(crate) fn new(last: Option<Note>, onset: Onset, lowest: Pitch, highest: Pitch, may_end: bool) -> Self {
        let (Onset::NotBefore(ticks) | Onset::Exactly(ticks)) = onset;
        let last = last.map(|note| (note.onset_ticks, note.pitch.get()));
        let (least_ticks, least_shift) = match last {
            None => (ticks, 0),
            Some((last_ticks, _)) => {
                let shift_ticks = ticks.saturating_sub(last_ticks).max(0);
                (ticks.max(last_ticks), vocab::time_value(u32::try_from(shift_ticks).unwrap_or(u32::MAX)))
            }
        };
        let exactly = last.is_none() || matches!(onset, Onset::Exactly(_));
        let keys = u128::MAX << lowest.min(highest).get() & u128::MAX >> (127 - lowest.max(highest).get());
        Self { last, least_ticks, least_shift, exactly, keys, may_end }
    }

    /// Leaves out the pitch classes whose bias forbids them, and one key more. If that leaves nothing, the range wins.
    pub(crate) fn without(self, class_bias: &[f32; 12], avoid: Option<Pitch>) -> Self {
        let is_wanted =
            |key: &u8| class_bias[usize::from(key % 12)] > f32::NEG_INFINITY && avoid.is_none_or(|a| a.get() != *key);
        let wanted = (0..128).filter(is_wanted).fold(0, |keys, key| keys | 1u128 << key);
        let keys = if self.keys & wanted == 0 { self.keys } else { self.keys & wanted };
        Self { keys, ..self }
    }

    /// Whether a key above this one may come.
    fn has_room_above(&self, key: u8) -> bool {
        (self.keys >> key) > 1
    }

    /// The onset, when there is no choice.
    pub(crate) fn forced_onset_ticks(&self) -> Option<i64> {
        self.exactly.then_some(self.least_ticks)
    }

    /// Any shift from the nearest to the least onset on; none at all only if the chord still has room above its last
    /// note. One shift at least is always legal.
    pub(crate) fn allows_shift(&self, shift: u8) -> bool {
        let chord_has_room = self.last.is_none_or(|(_, pitch)| self.has_room_above(pitch));
        shift >= self.least_shift && (shift > 0 || chord_has_room)
    }

    /// The onset of a legal shift. The nearest shift to the least onset may fall just before it: that means the least
    /// onset itself, so that a note can be as early as is asked, however long the rest before it.
    pub(crate) fn onset_ticks(&self, shift: u8) -> i64 {
        let last_ticks = self.last.map_or(self.least_ticks, |(ticks, _)| ticks);
        last_ticks.saturating_add(i64::from(vocab::time_ticks(shift))).max(self.least_ticks)
    }

    /// The keys that are wanted; at the last onset only those above the last note, so that a chord has one spelling (unless
    /// that onset is demanded and nothing is left above). [`END`] if the music may end.
    pub(crate) fn allows_pitch(&self, onset_ticks: i64, pitch: u8) -> bool {
        if pitch >= END {
            return pitch == END && self.may_end;
        }
        let above = match self.last {
            Some((ticks, last)) if ticks == onset_ticks && self.has_room_above(last) => pitch > last,
            _ => true,
        };
        above && self.keys & 1 << pitch != 0
    }

    /// A legal key, for want of a better one.
    pub(crate) fn any_pitch(&self) -> u8 {
        u8::try_from(self.keys.checked_ilog2().unwrap_or(60)).unwrap_or(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Velocity;

    fn grammar(onset: Onset, lowest: u8, highest: u8) -> Grammar {
        let pitch = Pitch::new(60).unwrap();
        let last = Note { onset_ticks: 1000, duration_ticks: 10, pitch, velocity: Velocity::MEDIUM };
        Grammar::new(Some(last), onset, Pitch::new(lowest).unwrap(), Pitch::new(highest).unwrap(), false)
    }

    fn first_legal(g: &Grammar) -> (u8, i64) {
        let shift = (0..128).find(|&s| g.allows_shift(s)).unwrap();
        (shift, g.onset_ticks(shift))
    }

    #[test]
    fn the_least_onset_can_always_be_reached() {
        for (least, want) in [
            (i64::MIN, (0, 1000)),
            (900, (0, 1000)),
            (1000, (0, 1000)),
            (1001, (1, 1001)),
            (1025, (24, 1025)), // between 1024 and 1026
            (1030, (27, 1030)),
            (1000 + 400, (vocab::time_value(384), 1400)),
            (1000 + 415, (vocab::time_value(432), 1432)),
            (9000, (127, 9000)),
            (i64::MAX, (127, i64::MAX)),
        ] {
            let g = grammar(Onset::NotBefore(least), 40, 80);
            assert_eq!(first_legal(&g), want, "not before {least}");
            assert!((0..128).filter(|&s| g.allows_shift(s)).all(|s| g.onset_ticks(s) >= least));
        }
    }

    #[test]
    fn chords_go_up_and_end_at_the_top() {
        let g = grammar(Onset::NotBefore(0), 50, 62);
        assert!(g.allows_shift(0));
        let legal: Vec<u8> = (0..130).filter(|&p| g.allows_pitch(1000, p)).collect();
        assert_eq!(legal, [61, 62]);
        assert_eq!((0..130).filter(|&p| g.allows_pitch(1001, p)).count(), 13);
        let full = grammar(Onset::NotBefore(0), 50, 60);
        assert!(!full.allows_shift(0) && full.allows_shift(1));
        // A demanded onset wins over the spelling of chords.
        let demanded = grammar(Onset::Exactly(1000), 50, 60);
        assert_eq!(demanded.forced_onset_ticks(), Some(1000));
        assert!(demanded.allows_pitch(1000, 50));
    }

    #[test]
    fn forbidden_classes_and_keys_never_come_unless_nothing_else_is_in_range() {
        let mut c_major = [f32::NEG_INFINITY; 12];
        for class in [0, 2, 4, 5, 7, 9, 11] {
            c_major[class] = 0.0;
        }
        let legal = |g: &Grammar, onset| (0..130).filter(|&p| g.allows_pitch(onset, p)).collect::<Vec<u8>>();
        let g = grammar(Onset::NotBefore(0), 58, 66).without(&c_major, Pitch::new(64));
        assert_eq!(legal(&g, 1001), [59, 60, 62, 65]);
        assert_eq!((legal(&g, 1000), g.any_pitch()), (vec![62, 65], 65));
        // Above C there is only C sharp, so the chord is full.
        let g = grammar(Onset::NotBefore(0), 58, 61).without(&c_major, None);
        assert!(!g.allows_shift(0));
        let g = grammar(Onset::NotBefore(0), 61, 61).without(&c_major, None);
        assert_eq!((legal(&g, 1001), g.any_pitch()), (vec![61], 61));
    }

    #[test]
    fn the_first_note_begins_when_asked_and_the_range_may_be_upside_down() {
        let (low, high) = (Pitch::new(50).unwrap(), Pitch::new(55).unwrap());
        let g = Grammar::new(None, Onset::NotBefore(-77), high, low, true);
        assert_eq!(g.forced_onset_ticks(), Some(-77));
        assert_eq!((0..130).filter(|&p| g.allows_pitch(-77, p)).count(), 7);
        assert!(g.allows_pitch(-77, END) && !g.allows_pitch(-77, vocab::BEGIN));
    }
}
