//! Which values may come next.

use crate::note::{Note, Pitch};
use crate::vocab::{self, END};

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
    lowest: u8,
    highest: u8,
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
        let (lowest, highest) = (lowest.min(highest).get(), lowest.max(highest).get());
        Self { last, least_ticks, least_shift, exactly, lowest, highest, may_end }
    }

    /// The onset, when there is no choice.
    pub(crate) fn forced_onset_ticks(&self) -> Option<i64> {
        self.exactly.then_some(self.least_ticks)
    }

    /// Any shift from the nearest to the least onset on; none at all only if the chord still has room above its last
    /// note. One shift at least is always legal.
    pub(crate) fn allows_shift(&self, shift: u8) -> bool {
        let chord_has_room = self.last.is_none_or(|(_, pitch)| pitch < self.highest);
        shift >= self.least_shift && (shift > 0 || chord_has_room)
    }

    /// The onset of a legal shift. The nearest shift to the least onset may fall just before it: that means the least
    /// onset itself, so that a note can be as early as is asked, however long the rest before it.
    pub(crate) fn onset_ticks(&self, shift: u8) -> i64 {
        let last_ticks = self.last.map_or(self.least_ticks, |(ticks, _)| ticks);
        last_ticks.saturating_add(i64::from(vocab::time_ticks(shift))).max(self.least_ticks)
    }

    /// Keys in the range; at the last onset only those above the last note, so that a chord has one spelling (unless
    /// that onset is demanded and nothing is left above). [`END`] if the music may end.
    pub(crate) fn allows_pitch(&self, onset_ticks: i64, pitch: u8) -> bool {
        if pitch >= END {
            return pitch == END && self.may_end;
        }
        let above = match self.last {
            Some((ticks, last)) if ticks == onset_ticks && last < self.highest => pitch > last,
            _ => true,
        };
        above && (self.lowest..=self.highest).contains(&pitch)
    }

    /// A legal key, for want of a better one.
    pub(crate) fn any_pitch(&self) -> u8 {
        self.highest
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
    fn the_first_note_begins_when_asked_and_the_range_may_be_upside_down() {
        let (low, high) = (Pitch::new(50).unwrap(), Pitch::new(55).unwrap());
        let g = Grammar::new(None, Onset::NotBefore(-77), high, low, true);
        assert_eq!(g.forced_onset_ticks(), Some(-77));
        assert_eq!((0..130).filter(|&p| g.allows_pitch(-77, p)).count(), 7);
        assert!(g.allows_pitch(-77, END) && !g.allows_pitch(-77, vocab::BEGIN));
    }
}
