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

/// A key has no more voices than this; a file that has is damaged.
const MAX_VOICES: usize = 64;

/// A key, ordered so that those of a channel lie together: port, channel, track, pitch.
type Key = (u8, u8, usize, Pitch);

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
    open: BTreeMap<Key, Vec<Open>>,
    /// All strikes of each key, in order.
    strikes: BTreeMap<Key, Vec<u64>>,
    /// By track: how many, and the byte of the first.
    strays: BTreeMap<usize, (usize, usize)>,
    pressures: BTreeMap<usize, (usize, usize)>,
    unreleased: BTreeMap<usize, (usize, usize)>,
}

impl Pairing {
    fn hear(&mut self, timed: &Timed) {
        let key = |channel, pitch| (timed.port, channel, timed.track, pitch);
        let byte = timed.placed.byte;
        match timed.placed.event {
            Event::On { channel, pitch, velocity } => {
                let key = key(channel, pitch);
                let voices = self.open.entry(key).or_default();
                voices.push(Open { start: timed.ticks, velocity, byte });
                if voices.len() > MAX_VOICES {
                    let first = voices.remove(0);
                    count(&mut self.unreleased, timed.track, first.byte);
                    self.close(key, first, timed.ticks);
                }
                self.strikes.entry(key).or_default().push(timed.ticks);
            }
            Event::Off { channel, pitch } => {
                let key = key(channel, pitch);
                let Some(voices) = self.open.get_mut(&key) else {
                    return count(&mut self.strays, timed.track, byte);
                };
                // The latest voice ends first: a short note within a long one. But where a key is struck again and let go
                // at one time, it is the earlier strike that ends.
                let earlier = voices.iter().rposition(|open| open.start < timed.ticks);
                let open = voices.remove(earlier.unwrap_or(voices.len().saturating_sub(1)));
                if voices.is_empty() {
                    self.open.remove(&key);
                }
                self.close(key, open, timed.ticks);
            }
            Event::Pressure { channel, pitch } if !self.open.contains_key(&key(channel, pitch)) => {
                count(&mut self.pressures, timed.track, byte);
            }
            Event::Silence { channel } => {
                let first = (timed.port, channel, 0, Pitch::nearest(0));
                let last = (timed.port, channel, usize::MAX, Pitch::nearest(127));
                let keys: Vec<Key> = self.open.range(first..=last).map(|(&key, _)| key).collect();
                for key in keys {
                    for open in self.open.remove(&key).unwrap_or_default() {
                        self.close(key, open, timed.ticks);
                    }
                }
            }
            _ => {}
        }
    }

    /// What no note-off ends lasts until its key is struck again, or to the end of its track.
    fn end(&mut self, end_of: impl Fn(usize) -> u64) {
        for (key, voices) in std::mem::take(&mut self.open) {
            let (_, _, track, _) = key;
            let strikes = self.strikes.remove(&key).unwrap_or_default();
            for open in voices {
                let again = strikes.get(strikes.partition_point(|&at| at <= open.start)).copied();
                count(&mut self.unreleased, track, open.byte);
                self.close(key, open, again.unwrap_or_else(|| end_of(track)));
            }
        }
        for notes in self.notes.values_mut() {
            notes.sort_by_key(Note::order);
        }
    }

    fn close(&mut self, (port, channel, track, pitch): Key, open: Open, end: u64) {
        let length = end.saturating_sub(open.start).clamp(1, u32::MAX.into());
        self.notes.entry((track, port, channel)).or_default().push(Note {
            onset_ticks: i64::try_from(open.start).unwrap_or(i64::MAX),
            duration_ticks: u32::try_from(length).unwrap_or(u32::MAX),
            pitch,
            velocity: open.velocity,
        });
    }

    fn say(&self, left_out: &mut Vec<LeftOut>) {
        let mut say = |counts: &BTreeMap<usize, (usize, usize)>, what: fn(usize) -> What| {
            left_out.extend(counts.iter().map(|(&track, &(n, byte))| LeftOut {
                track: Some(track + 1),
                byte,
                what: what(n),
            }));
        };
        say(&self.strays, What::StrayNoteOffs);
        say(&self.unreleased, What::NeverReleased);
        say(&self.pressures, What::StrayPressures);
    }
}

fn count(counts: &mut BTreeMap<usize, (usize, usize)>, track: usize, byte: usize) {
    let (n, first) = counts.entry(track).or_insert((0, byte));
    *n += 1;
    *first = byte.min(*first);
}
