//! All tracks on one timeline, and what they say of tempo, metre, parts and pedals.

use std::collections::BTreeMap;

use super::event::{Event, Placed};
use super::left_out::{LeftOut, What};
use super::pairing::{Player, Timed};
use super::track::Track;
use crate::note::Note;
use crate::score::{DRUM_CHANNEL, Part, PedalChange, Role};
use crate::tempo::TempoMap;
use crate::time_signature::{MetreChange, TimeSignature};

/// All tracks on one timeline.
pub(super) struct Timeline {
    /// In order of time; events of one time keep their order in the file.
    pub(super) events: Vec<Timed>,
    /// When each track ends.
    pub(super) ends: Vec<u64>,
    /// When sequences begin that follow others.
    starts: Vec<u64>,
}

impl Timeline {
    /// `beat` is the length of a beat when tracks follow each other.
    pub(super) fn new(tracks: Vec<Track>, beat: Option<u64>) -> Self {
        let (mut events, mut ends, mut starts, mut start) = (Vec::new(), Vec::new(), Vec::new(), 0u64);
        for (track, content) in tracks.into_iter().enumerate() {
            let mut port = 0;
            for placed in content.events {
                if let Event::Port(number) = placed.event {
                    port = number;
                }
                events.push(Timed { ticks: start + placed.ticks, track, port, placed });
            }
            ends.push(start + content.end_ticks);
            if let Some(beat) = beat {
                start = (start + content.end_ticks).div_ceil(beat) * beat;
                starts.push(start);
            }
        }
        starts.pop();
        events.sort_by_key(|event| event.ticks);
        Self { events, ends, starts }
    }

    fn placed(&self) -> impl Iterator<Item = (i64, usize, &Placed)> + '_ {
        self.events.iter().map(|timed| (i64::try_from(timed.ticks).unwrap_or(i64::MAX), timed.track, &timed.placed))
    }

    pub(super) fn tempi(&self, ticks_per_beat: u32, left_out: &mut Vec<LeftOut>) -> TempoMap {
        let mut changes = Vec::new();
        for (ticks, track, placed) in self.placed() {
            match placed.event {
                // A tempo of no time at all would make all that follows simultaneous; the one before it stays.
                Event::Tempo { us_per_beat: 0 } => {
                    left_out.push(LeftOut { track: Some(track + 1), byte: placed.byte, what: What::Tempo });
                }
                Event::Tempo { us_per_beat } => changes.push((ticks, us_per_beat)),
                _ => {}
            }
        }
        TempoMap::new(ticks_per_beat, changes)
    }

    pub(super) fn metres(&self, left_out: &mut Vec<LeftOut>) -> Vec<MetreChange> {
        let mut metres = vec![MetreChange { start_ticks: 0, signature: TimeSignature::COMMON }];
        let mut set = |start_ticks: i64, signature: Option<TimeSignature>| {
            let signature = signature.or(metres.last().map(|metre| metre.signature)).unwrap_or_default();
            while metres.pop_if(|metre| metre.start_ticks >= start_ticks).is_some() {}
            metres.push(MetreChange { start_ticks, signature });
        };
        // Bars begin anew with each sequence.
        let mut starts = self.starts.iter().filter_map(|&start| i64::try_from(start).ok()).peekable();
        for (ticks, track, placed) in self.placed() {
            while let Some(start) = starts.next_if(|&start| start <= ticks) {
                set(start, None);
            }
            if let Event::Signature { numerator, power } = placed.event {
                match TimeSignature::new(numerator, power) {
                    Some(signature) => set(ticks, Some(signature)),
                    None => {
                        let what = What::TimeSignature { numerator, power };
                        left_out.push(LeftOut { track: Some(track + 1), byte: placed.byte, what });
                    }
                }
            }
        }
        metres
    }

    pub(super) fn parts(&self, mut notes: BTreeMap<Player, Vec<Note>>) -> Vec<Part> {
        let mut pedals: BTreeMap<Player, Vec<PedalChange>> = BTreeMap::new();
        // Of all tracks together, since one pedal holds the notes of all on its channel.
        let mut is_down: BTreeMap<(u8, u8), bool> = BTreeMap::new();
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        for (timed, (ticks, track, placed)) in self.events.iter().zip(self.placed()) {
            let mut press = |channel, down, is_kept: bool| {
                let now = is_down.entry((timed.port, channel)).or_insert(false);
                if *now != down {
                    let pedal = pedals.entry((track, timed.port, channel)).or_default();
                    pedal.push(PedalChange { ticks, is_down: down });
                    if is_kept {
                        pedal.push(PedalChange { ticks, is_down: *now });
                    } else {
                        *now = down;
                    }
                }
            };
            match &placed.event {
                Event::Pedal { channel, is_down } => press(*channel, *is_down, false),
                // Ends what the pedal holds, which stays where it is.
                Event::Silence { channel } => press(*channel, false, true),
                Event::TrackName(name) => _ = names.entry(track).or_insert(name.as_str()),
                _ => {}
            }
        }
        let mut players: Vec<Player> = notes.keys().chain(pedals.keys()).copied().collect();
        players.sort_unstable();
        players.dedup();
        let part = |player: Player| {
            let (track, port, channel) = player;
            let name = names.get(&track).copied().unwrap_or_default();
            Part {
                name: name.to_owned(),
                role: Role::of_track(name),
                port,
                channel,
                notes: notes.remove(&player).unwrap_or_default(),
                pedal: pedals.remove(&player).unwrap_or_default(),
            }
        };
        players.into_iter().map(part).collect()
    }

    pub(super) fn drums(&self) -> Vec<LeftOut> {
        let mut tracks: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (_, track, placed) in self.placed() {
            if matches!(placed.event, Event::On { channel: DRUM_CHANNEL, .. }) {
                tracks.entry(track).or_insert((0, placed.byte)).0 += 1;
            }
        }
        let left_out = |(track, (n, byte))| LeftOut { track: Some(track + 1), byte, what: What::Drums(n) };
        tracks.into_iter().map(left_out).collect()
    }
}
