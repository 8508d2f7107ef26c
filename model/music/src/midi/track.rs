//! The events of one track, from the first to the last. Where one is damaged, reading goes on at the place from which most
//! looks like music; every such place is named.

use super::chunks::TrackChunk;
use super::event::{Event, Placed, decode};
use super::left_out::{LeftOut, What};
use super::resync::{Keys, best, hidden_notes};
use super::status::{Fault, Frame, META, SYSEX, frame, length_of_meta, sysex_end};

/// A track with more faults than this is not worth its time.
const MAX_FAULTS: usize = 200;

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
        track: Track::default(),
        left_out,
    };
    reader.run(chunk.is_truncated);
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
        let mut next = event.next;
        if let Some(what) = event.doubt.take() {
            let by_kind = length_of_meta(event.kind).filter(|_| event.status == META).map(|length| event.data + length);
            let by_mark = sysex_end(self.bytes, event.data).filter(|_| event.status == SYSEX);
            let places = [hidden, by_mark, Some(event.next), by_kind];
            next = best(self.bytes, event.time_end, places.into_iter().flatten(), self.running, &self.keys);
            self.n_faults += 1;
            self.note(byte, what);
            self.track.end_ticks += u64::from(event.delta);
            self.at = next;
            return event.is_end() && next == self.bytes.len();
        }
        self.track.end_ticks += u64::from(event.delta);
        self.at = next;
        if event.status < 0xF0 {
            self.running = Some(event.status);
        }
        match decode(self.bytes, &event) {
            Some(decoded) => self.keep(byte, decoded),
            None => self.note(byte, What::Bytes { n_bytes: next - byte, why: "an event that means nothing" }),
        }
        event.is_end()
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
        let from = self.at;
        let next = best(self.bytes, from, fault.next, self.running, &self.keys);
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
        let is_music = frame(self.bytes, self.at, None).is_ok_and(|event| event.doubt.is_none() && event.oddity.is_none());
        if rest.iter().all(|&byte| byte == 0) || !is_music && frame(self.bytes, self.at, self.running).is_err() {
            self.note(self.at, What::Bytes { n_bytes: rest.len(), why: "bytes after the track's end mark" });
            return true;
        }
        let is_said = |left: &LeftOut| left.track == Some(self.number) && left.what == What::EventsAfterEnd;
        if !self.left_out.iter().any(is_said) {
            self.note(self.at, What::EventsAfterEnd);
        }
        false
    }

    fn note(&mut self, byte: usize, what: What) {
        self.left_out.push(LeftOut { track: Some(self.number), byte, what });
    }
}
