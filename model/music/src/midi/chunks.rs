//! The outermost layer of a MIDI file: a header, then tracks, each with its length. What is wrong with names and lengths
//! is put right where the bytes show how.

use super::error::MidiError;
use super::left_out::{LeftOut, What};

const HEADER: &[u8] = b"MThd";
const TRACK: &[u8; 4] = b"MTrk";
const END_OF_TRACK: &[u8] = &[0xFF, 0x2F, 0];
/// Bytes of a chunk before what it holds: its name and its length.
const PREFIX: usize = 8;
const HEADER_BYTES: usize = PREFIX + 6;

/// A file's header, and where its tracks lie.
#[derive(Debug)]
pub(super) struct Chunks {
    /// Tracks follow each other in time, instead of sounding together.
    pub(super) is_sequential: bool,
    pub(super) ticks_per_beat: u16,
    pub(super) tracks: Vec<TrackChunk>,
}

/// Where a track's events are.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrackChunk {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The file ends before the track does.
    pub(super) is_truncated: bool,
}

/// Finds header and tracks.
pub(super) fn split(bytes: &[u8], left_out: &mut Vec<LeftOut>) -> Result<Chunks, MidiError> {
    let (start, end) = header_at(bytes, left_out)?;
    let bytes = &bytes[..end];
    let field = |at: usize| bytes.get(start + at..start + at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    let (Some(format), Some(promised), Some(division)) = (field(8), field(10), field(12)) else {
        return Err(MidiError::Unreadable("it ends within its header".into()));
    };
    if division >= 0x8000 {
        return Err(MidiError::FrameTiming);
    }
    if division == 0 {
        return Err(MidiError::NoTicksPerBeat);
    }
    let mut note = |track: Option<usize>, byte, what| left_out.push(LeftOut { track, byte, what });
    if format > 2 {
        note(None, start + 8, What::Format(format));
    }
    let mut at = start + HEADER_BYTES;
    if let Some(length) = length_at(bytes, start).filter(|&length| length != 6) {
        // Headers of the future may be longer.
        let told = usize::try_from(length).ok().and_then(|length| (start + PREFIX).checked_add(length));
        match told {
            Some(told) if told > at && is_track_at(bytes, told) => at = told,
            _ => note(None, start + 4, What::HeaderLength(length)),
        }
    }

    let marks = Marks::of(bytes);
    let mut tracks = Vec::new();
    while at < bytes.len() {
        if bytes[at..].starts_with(HEADER) && !tracks.is_empty() {
            note(None, at, What::SecondFile);
            break;
        }
        if is_track_at(bytes, at) {
            let name: [u8; 4] = bytes[at..at + 4].try_into().unwrap_or(*TRACK);
            if name != *TRACK {
                note(None, at, What::ChunkName(name));
            }
            let (track, fault) = extent(bytes, at, &marks);
            tracks.push(track);
            if let Some(what) = fault {
                note(Some(tracks.len()), at + 4, what);
            }
            at = track.end;
        } else if let Some(next) = named_chunk_end(bytes, at) {
            let name: [u8; 4] = bytes[at..at + 4].try_into().unwrap_or_default();
            note(None, at, What::UnknownChunk { name, n_bytes: next - at - PREFIX });
            at = next;
        } else {
            let next = first_from(&marks.tracks, at + 1).unwrap_or(bytes.len());
            note(None, at, What::Bytes { n_bytes: next - at, why: "no chunk of a MIDI file" });
            at = next;
        }
    }
    if tracks.len() != usize::from(promised) {
        note(None, start + 10, What::TrackCount { promised, found: tracks.len() });
    }
    if tracks.is_empty() {
        return Err(MidiError::Unreadable("it has no tracks".into()));
    }
    Ok(Chunks { is_sequential: format == 2, ticks_per_beat: division, tracks })
}

/// Where the header begins, and where the file ends: within a RIFF file, the end of its data.
fn header_at(bytes: &[u8], left_out: &mut Vec<LeftOut>) -> Result<(usize, usize), MidiError> {
    let mut note = |what| left_out.push(LeftOut { track: None, byte: 0, what });
    let Some(start) = find(bytes, HEADER) else {
        let is_nearly = bytes.get(4..8) == Some(&[0, 0, 0, 6]) && n_equal(bytes, 0, HEADER) == 3;
        return match bytes.get(..4).and_then(|name| <[u8; 4]>::try_from(name).ok()).filter(|_| is_nearly) {
            Some(name) => {
                note(What::ChunkName(name));
                Ok((0, bytes.len()))
            }
            None => Err(MidiError::Unreadable("it has no header".into())),
        };
    };
    if start >= 20 && bytes.starts_with(b"RIFF") && bytes[start - PREFIX..].starts_with(b"data") {
        // RIFF counts from the small end.
        let length = bytes[start - 4..start].try_into().map(u32::from_le_bytes).unwrap_or(0);
        let told = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let end = told.filter(|&told| told <= bytes.len() && bytes[..told].ends_with(END_OF_TRACK));
        return Ok((start, end.unwrap_or(bytes.len())));
    }
    if start > 0 {
        note(What::BytesBeforeHeader(start));
    }
    Ok((start, bytes.len()))
}

/// Where the track at `at` begins and ends, and what is wrong with its length.
fn extent(bytes: &[u8], at: usize, marks: &Marks) -> (TrackChunk, Option<What>) {
    let start = at + PREFIX;
    let promised = length_at(bytes, at).unwrap_or(0);
    let told = usize::try_from(promised).ok().and_then(|length| start.checked_add(length)).unwrap_or(usize::MAX);
    let track = |end| TrackChunk { start, end, is_truncated: false };
    let wrong = |end| (track(end), Some(What::TrackLength { promised, found: end - start }));
    // An end mark with a track behind it, before where the track should end.
    if let Some(end) = first_from(&marks.ends, start).filter(|&end| end < told) {
        return wrong(end);
    }
    let is_whole = bytes.get(start..told).is_some_and(|events| events.ends_with(END_OF_TRACK));
    if told == bytes.len() || told < bytes.len() && (is_whole || is_chunk_at(bytes, told)) {
        return (track(told), None);
    }
    if told > bytes.len() {
        if let Some(next) = first_from(&marks.tracks, start) {
            return wrong(next);
        }
        if bytes[start..].ends_with(END_OF_TRACK) {
            return wrong(bytes.len());
        }
        let n_missing = told.saturating_sub(bytes.len());
        let cut = TrackChunk { is_truncated: true, ..track(bytes.len()) };
        return (cut, Some(What::Truncated { n_missing }));
    }
    let next = [&marks.tracks, &marks.ends].into_iter().filter_map(|places| first_from(places, start)).min();
    wrong(next.unwrap_or(bytes.len()))
}

/// Where tracks could begin, found once: a file may have many, with lengths that say nothing.
struct Marks {
    /// Every name of a track.
    tracks: Vec<usize>,
    /// Every name of a track, one letter of which may be wrong, right behind an end mark.
    ends: Vec<usize>,
}

impl Marks {
    fn of(bytes: &[u8]) -> Self {
        let places = |wanted: &'static [u8]| {
            bytes.windows(wanted.len()).enumerate().filter(move |(_, window)| *window == wanted).map(|(at, _)| at)
        };
        let behind = places(END_OF_TRACK).map(|at| at + END_OF_TRACK.len());
        Self { tracks: places(TRACK).collect(), ends: behind.filter(|&at| is_track_at(bytes, at)).collect() }
    }
}

fn first_from(places: &[usize], from: usize) -> Option<usize> {
    places.get(places.partition_point(|&place| place < from)).copied()
}

/// A track's name, one letter of which may be wrong if the rest of it looks like a track.
fn is_track_at(bytes: &[u8], at: usize) -> bool {
    let is_room = bytes.len() >= at.saturating_add(PREFIX);
    match n_equal(bytes, at, TRACK) {
        4 => is_room,
        3 => is_room && length_at(bytes, at).is_some_and(|length| length < 1 << 24),
        _ => false,
    }
}

fn is_chunk_at(bytes: &[u8], at: usize) -> bool {
    is_track_at(bytes, at) || bytes[at..].starts_with(HEADER) || named_chunk_end(bytes, at).is_some()
}

/// The end of a chunk of any name that letters and digits make, if the file holds all of it.
fn named_chunk_end(bytes: &[u8], at: usize) -> Option<usize> {
    let name = bytes.get(at..at + 4)?;
    let is_name = name.iter().all(|&letter| letter.is_ascii_alphanumeric() || letter == b' ' || letter == b'_');
    let end = (at + PREFIX).checked_add(usize::try_from(length_at(bytes, at)?).ok()?)?;
    (is_name && end <= bytes.len()).then_some(end)
}

fn length_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at + 4..at + PREFIX)?.try_into().ok().map(u32::from_be_bytes)
}

fn n_equal(bytes: &[u8], at: usize, name: &[u8]) -> usize {
    bytes.iter().skip(at).zip(name).filter(|(a, b)| a == b).count()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
