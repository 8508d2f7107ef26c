//! Notes that are tied sound as one.

use super::part::{At, Struck};
use crate::note::Pitch;

/// Ties of one key that can be open at once: one in each voice.
const MAX_OPEN: usize = 16;

/// Ties that lead on from notes of a part.
#[derive(Debug, Default)]
pub(super) struct Ties {
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    /// Its place among the part's notes.
    note: usize,
    pitch: Pitch,
    voice: Box<str>,
    end: At,
}

impl Ties {
    /// Lets go of ties that lead over more than a bar line.
    pub(super) fn forget_before(&mut self, bar: usize) {
        self.open.retain(|open| open.end.bar + 1 >= bar);
    }

    /// Adds a note, or makes one longer that is tied to it. False if it should be tied to one that is not there.
    pub(super) fn add(&mut self, notes: &mut Vec<Struck>, struck: Struck, voice: &str, from: bool, to: bool) -> bool {
        let before = if from { self.before(&struck, voice) } else { None };
        let is_stray = from && before.is_none();
        let note = match before {
            Some(place) => {
                let open = self.open.swap_remove(place);
                notes[open.note].end = struck.end;
                open.note
            }
            None => {
                notes.push(struck);
                notes.len() - 1
            }
        };
        if to {
            let same = |open: &Open| open.pitch == struck.pitch;
            if self.open.iter().filter(|open| same(open)).count() >= MAX_OPEN {
                self.open.iter().position(same).map(|place| self.open.remove(place));
            }
            self.open.push(Open { note, pitch: struck.pitch, voice: voice.into(), end: struck.end });
        }
        !is_stray
    }

    /// The open tie that a note continues: one that ends where it begins, in its own voice if there is.
    fn before(&self, struck: &Struck, voice: &str) -> Option<usize> {
        let onset = struck.onset;
        let meets = |open: &Open| open.end == onset || open.end.bar < onset.bar && onset.ticks == 0;
        let candidates = self.open.iter().enumerate();
        let candidates = candidates.filter(|(_, open)| open.pitch == struck.pitch && meets(open));
        candidates.max_by_key(|(place, open)| (*open.voice == *voice, open.end, *place)).map(|(place, _)| place)
    }
}
