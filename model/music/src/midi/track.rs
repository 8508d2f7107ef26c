//! The events of one track, from the first to the last. Where one is damaged, reading goes on at the place from which most
//! looks like music; every such place is named.

use super::chunks::TrackChunk;
use super::event::{Event, Placed, decode};
use super::left_out::{LeftOut, What};
use super::resync::{Keys, best, hidden_notes, is_clean, promise};
use super::status::{Fault, Frame, META, SYSEX, frame, length_of_meta, sysex_end};

/// A track with more faults than this is not worth its time.
const MAX_FAULTS: usize = 200;
/// How many events of a track, at most, are asked whether they are what they seem.
const MAX_CHECKS: usize = 500;
/// What follows a sound event promises more than this, if it is not all controllers.
const POOR: i32 = 24;
/// What follows another place must promise at least this to be preferred: half of what plain music has.
const MUSIC: i32 = 96;

/// A track's events.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) events: Vec<Placed>,
    /// When it ends, in file ticks from its start.
    pub(super) end_ticks: u64,
}

/// Reads the track, the `number`th of the file.
pub(super) fn read(bytes: &[u8], chunk: TrackChunk, number: usize, left_out: &mut Vec<LeftOut>) -> Track {
    let mut reader = Reader {
        bytes: &bytes[..chunk.end],
        at: chunk.start,
        number,
        running: None,
        keys: Keys::default(),
        n_faults: 0,
        n_checks: 0,
        is_clean: false,
        is_after_end: false,
        unasked: (0, 0),
        track: Track::default(),
        left_out,
    };
    reader.run(chunk.is_truncated);
    if reader.unasked.0 > 0 {
        reader.note(reader.unasked.1, What::MoreDoubts(reader.unasked.0));
    }
    reader.track
}

struct Reader<'a> {
    /// The file as far as the end of the track.
    bytes: &'a [u8],
    at: usize,
    number: usize,
    /// Status of the last channel message. Files that keep it over meta events are widely written, and widely read.
    running: Option<u8>,
    keys: Keys,
    n_faults: usize,
    n_checks: usize,
    /// No event from here to the end breaks a rule.
    is_clean: bool,
    /// Events after the end mark have been named.
    is_after_end: bool,
    /// Events in doubt that were not asked any more, and the first of them.
    unasked: (usize, usize),
    track: Track,
    left_out: &'a mut Vec<LeftOut>,
}

impl Reader<'_> {
    fn run(&mut self, is_truncated: bool) {
        let mut is_ended = false;
        while self.at < self.bytes.len() {
            if self.n_faults > MAX_FAULTS {
                self.note(self.at, What::RestOfTrack { n_bytes: self.bytes.len() - self.at });
                return;
            }
            match frame(self.bytes, self.at, self.running) {
                Ok(event) => {
                    if let Some(next) = self.better_place(&event) {
                        let (why, delta) = ("a first byte in the middle of an event", Some(event.delta));
                        self.leave_out(Fault { byte: self.at, why, delta, next: None }, next);
                        continue;
                    }
                    is_ended |= self.take(event);
                    if is_ended && self.is_padding() {
                        return;
                    }
                }
                Err(_) if is_truncated && self.bytes.len() - self.at < 4 => return,
                Err(fault) => self.skip(fault),
            }
        }
        if !is_ended && !is_truncated {
            self.note(self.bytes.len(), What::NoEndOfTrack);
        }
    }

    /// Reads an event, or decides what else it is; whether it is the track's end mark.
    fn take(&mut self, mut event: Frame) -> bool {
        let mut hidden = None;
        if event.is_opaque() {
            hidden = hidden_notes(self.bytes, event.data, event.next, self.running);
            if hidden.is_some() && event.doubt.is_none() {
                event.doubt = Some(What::DataLikeNotes { n_bytes: event.next - event.data });
            }
        }
        if let Some(what) = event.oddity.take() {
            self.note(self.at, what);
        }
        let byte = self.at;
        self.track.end_ticks += u64::from(event.delta);
        if let Some(what) = event.doubt.take() {
            self.at = self.after_doubt(&event, hidden, what);
            return event.is_end() && self.at == self.bytes.len();
        }
        self.at = event.next;
        if event.status < 0xF0 {
            self.running = Some(event.status);
        }
        match decode(self.bytes, &event) {
            Some(decoded) => self.keep(byte, decoded),
            None => self.note(byte, What::Bytes { n_bytes: event.next - byte, why: "an event that means nothing" }),
        }
        event.is_end()
    }

    /// Where it is best to go on after an event that may not be what it seems; the event itself is left out.
    fn after_doubt(&mut self, event: &Frame, hidden: Option<usize>, what: What) -> usize {
        if self.n_checks == MAX_CHECKS {
            self.unasked = (self.unasked.0 + 1, if self.unasked.0 == 0 { self.at } else { self.unasked.1 });
            return event.next;
        }
        self.n_checks += 1;
        self.is_clean = false;
        self.note(self.at, what);
        let by_kind = length_of_meta(event.kind).filter(|_| event.status == META).map(|length| event.data + length);
        let by_mark = sysex_end(self.bytes, event.data).filter(|_| event.status == SYSEX);
        let places = [hidden, by_mark, Some(event.next), by_kind];
        best(self.bytes, event.time_end, places.into_iter().flatten(), self.running, &self.keys).0
    }

    fn keep(&mut self, byte: usize, event: Event) {
        match event {
            Event::On { channel, pitch, .. } => _ = self.keys.set(channel, pitch.get(), true),
            Event::Off { channel, pitch } => _ = self.keys.set(channel, pitch.get(), false),
            Event::Silence { channel } => self.keys.clear(channel),
            Event::End | Event::Other => return,
            _ => {}
        }
        self.track.events.push(Placed { ticks: self.track.end_ticks, byte, event });
    }

    /// Leaves out what cannot be read.
    fn skip(&mut self, fault: Fault) {
        let (next, _) = best(self.bytes, self.at, fault.next, self.running, &self.keys);
        self.leave_out(fault, next);
    }

    /// A status byte may be a damaged value, or a time that was not where it should be: then nothing that follows fits any
    /// more, and much fits from another place on.
    fn better_place(&mut self, event: &Frame) -> Option<usize> {
        let running = self.running?;
        let status_at = event.time_end + 1;
        let is_said = event.data > status_at;
        if !is_said || event.status >= 0xF0 || event.status == running || self.n_checks == MAX_CHECKS || self.is_clean {
            return None;
        }
        // Where every event to the end keeps the rules, they are what they seem.
        self.is_clean = is_clean(self.bytes, self.at, self.running);
        if self.is_clean {
            return None;
        }
        if promise(self.bytes, self.at, self.running, self.keys.clone(), 0) > POOR {
            return None;
        }
        self.n_checks += 1;
        let n_data = if matches!(running, 0xC0..=0xDF) { 1 } else { 2 };
        let (next, other) = best(self.bytes, self.at, [status_at + n_data], self.running, &self.keys);
        (other >= MUSIC).then_some(next)
    }

    fn leave_out(&mut self, fault: Fault, next: usize) {
        let from = self.at;
        self.is_clean = false;
        if next > from + 1 {
            self.track.end_ticks += u64::from(fault.delta.unwrap_or(0));
        }
        self.at = next;
        // Faults in a row are one.
        if let Some(LeftOut { track, byte, what: What::Bytes { n_bytes, .. } }) = self.left_out.last_mut()
            && *track == Some(self.number)
            && *byte + *n_bytes == from
        {
            *n_bytes += next - from;
        } else {
            self.note(from, What::Bytes { n_bytes: next - from, why: fault.why });
        }
        self.n_faults += 1;
    }

    /// After an end mark: whether nothing but filling follows. Else reading goes on.
    fn is_padding(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return true;
        }
        let is_music =
            frame(self.bytes, self.at, None).is_ok_and(|event| event.doubt.is_none() && event.oddity.is_none());
        if rest.iter().all(|&byte| byte == 0) || !is_music && frame(self.bytes, self.at, self.running).is_err() {
            self.note(self.at, What::Bytes { n_bytes: rest.len(), why: "bytes after the track's end mark" });
            return true;
        }
        if !std::mem::replace(&mut self.is_after_end, true) {
            self.note(self.at, What::EventsAfterEnd);
        }
        false
    }

    fn note(&mut self, byte: usize, what: What) {
        self.left_out.push(LeftOut { track: Some(self.number), byte, what });
    }
}
