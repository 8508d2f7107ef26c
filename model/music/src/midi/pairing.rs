//! Notes from note-ons and note-offs, and what became of those without a partner.

use std::collections::BTreeMap;

use super::event::{Event, Placed};
use super::left_out::{LeftOut, What};
use crate::note::{Note, Pitch, Velocity};

/// An event on the timeline of the piece.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    /// File ticks from the start of the piece.
    pub(super) ticks: u64,
    /// Counted from 0.
    pub(super) track: usize,
    pub(super) port: u8,
    pub(super) placed: Placed,
}

/// Who plays: two hands on one channel may share a key, so the track is part of it.
pub(super) type Player = (usize, u8, u8);

/// A note that sounds, in file ticks.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: u64,
    velocity: Velocity,
    byte: usize,
}

/// Pairs the events, which are in order of time, and gives each player's notes. `end_of` is when a track ends.
pub(super) fn pair(
    events: &[Timed],
    end_of: impl Fn(usize) -> u64,
    left_out: &mut Vec<LeftOut>,
) -> BTreeMap<Player, Vec<Note>> {
    let mut pairing = Pairing::default();
    for event in events {
        pairing.hear(event);
    }
    pairing.end(end_of);
    pairing.say(left_out);
    pairing.notes
}

#[derive(Default)]
struct Pairing {
    notes: BTreeMap<Player, Vec<Note>>,
    /// The voices of each key that is down, the first struck first.
    open: BTreeMap<(Player, Pitch), Vec<Open>>,
    /// All strikes of each key.
    strikes: BTreeMap<(Player, Pitch), Vec<u64>>,
    /// By track: how many, and the byte of the first.
    strays: BTreeMap<usize, (usize, usize)>,
    pressures: BTreeMap<usize, (usize, usize)>,
    unreleased: BTreeMap<usize, (usize, usize)>,
}

impl Pairing {
    fn hear(&mut self, timed: &Timed) {
        let player = |channel| (timed.track, timed.port, channel);
        let byte = timed.placed.byte;
        match timed.placed.event {
            Event::On { channel, pitch, velocity } => {
                let id = (player(channel), pitch);
                self.open.entry(id).or_default().push(Open { start: timed.ticks, velocity, byte });
                self.strikes.entry(id).or_default().push(timed.ticks);
            }
            Event::Off { channel, pitch } => {
                let id = (player(channel), pitch);
                let voices = self.open.entry(id).or_default();
                // The latest voice ends first: a short note within a long one. But where a key is struck again and let go
                // at one time, it is the earlier strike that ends.
                let earlier = voices.iter().rposition(|open| open.start < timed.ticks);
                match earlier.or(voices.len().checked_sub(1)) {
                    Some(voice) => {
                        let open = voices.remove(voice);
                        self.close(id, open, timed.ticks);
                    }
                    None => count(&mut self.strays, timed.track, byte),
                }
            }
            Event::Pressure { channel, pitch } => {
                if self.open.get(&(player(channel), pitch)).is_none_or(Vec::is_empty) {
                    count(&mut self.pressures, timed.track, byte);
                }
            }
            Event::Silence { channel } => {
                let ids: Vec<_> = self.open.keys().copied().collect();
                for id in ids {
                    let (_, port, its_channel) = id.0;
                    if (port, its_channel) == (timed.port, channel) {
                        for open in self.open.remove(&id).unwrap_or_default() {
                            self.close(id, open, timed.ticks);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// What no note-off ends lasts until its key is struck again, or to the end of its track.
    fn end(&mut self, end_of: impl Fn(usize) -> u64) {
        for (id, voices) in std::mem::take(&mut self.open) {
            for open in voices {
                let again = self.strikes.get(&id).and_then(|strikes| strikes.iter().find(|&&at| at > open.start).copied());
                count(&mut self.unreleased, id.0.0, open.byte);
                self.close(id, open, again.unwrap_or_else(|| end_of(id.0.0)));
            }
        }
        for notes in self.notes.values_mut() {
            notes.sort_by_key(Note::order);
        }
    }

    fn close(&mut self, (player, pitch): (Player, Pitch), open: Open, end: u64) {
        let length = end.saturating_sub(open.start).clamp(1, u32::MAX.into());
        self.notes.entry(player).or_default().push(Note {
            onset_ticks: i64::try_from(open.start).unwrap_or(i64::MAX),
            duration_ticks: u32::try_from(length).unwrap_or(u32::MAX),
            pitch,
            velocity: open.velocity,
        });
    }

    fn say(&self, left_out: &mut Vec<LeftOut>) {
        let kinds: [(_, fn(usize) -> What); 3] = [
            (&self.strays, What::StrayNoteOffs),
            (&self.unreleased, What::NeverReleased),
            (&self.pressures, What::StrayPressures),
        ];
        for (counts, what) in kinds {
            for (&track, &(n, byte)) in counts {
                left_out.push(LeftOut { track: Some(track + 1), byte, what: what(n) });
            }
        }
    }
}

fn count(counts: &mut BTreeMap<usize, (usize, usize)>, track: usize, byte: usize) {
    let (n, first) = counts.entry(track).or_insert((0, byte));
    *n += 1;
    *first = byte.min(*first);
}
