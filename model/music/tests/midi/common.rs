//! Notes and files for the tests.

use midly::num::{u4, u7, u15, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use music::file::{self, FileError};
use music::midi::{LeftOut, MidiError};
use music::{Note, Part, Pitch, Reading, Reduction, Score, TimeSignature, Velocity, midi};

/// What the network reads of a MIDI file.
pub(crate) fn read_reduction(bytes: &[u8], reading: Reading) -> Result<(Reduction, Vec<LeftOut>), MidiError> {
    let of_midi = |left| match left {
        file::LeftOut::Midi(left) => left,
        file::LeftOut::MusicXml(left) => panic!("{left}"),
    };
    match file::read_reduction(bytes, reading) {
        Ok((reduction, left_out)) => Ok((reduction, left_out.into_iter().map(of_midi).collect())),
        Err(FileError::Midi(why)) => Err(why),
        Err(FileError::MusicXml(why)) => panic!("{why}"),
    }
}

pub(crate) fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
    let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::new(velocity).unwrap());
    Note { onset_ticks, duration_ticks, pitch, velocity }
}

/// A melody over chords, in triplets and sixteenths.
pub(crate) fn music() -> Vec<Note> {
    let mut notes = Vec::new();
    for (i, start) in (0..16i64).zip((0..).step_by(48)) {
        let root = 36 + u8::try_from(i % 5).unwrap();
        notes.extend([note(start, 48, root, 60), note(start, 24, root + 16, 50)]);
        let step = if i % 2 == 0 { 16 } else { 12 };
        notes.extend((0..3).map(|k| note(start + k * step, 10, 70 + u8::try_from(i + k).unwrap(), 90)));
    }
    notes.sort_by_key(Note::order);
    notes
}

/// A waltz at 96.
pub(crate) fn waltz(notes: &[Note]) -> Score {
    Score::new(96.0, TimeSignature::new(3, 2).unwrap()).with_part(Part::new("tune", notes.to_vec()))
}

pub(crate) fn file(notes: &[Note]) -> Vec<u8> {
    midi::write(&waltz(notes)).unwrap()
}

/// A file of tracks from (delta in file ticks, event), 480 ticks to the beat.
pub(crate) fn raw(format: Format, tracks: &[&[(u32, TrackEventKind<'static>)]]) -> Vec<u8> {
    let mut smf = Smf::new(Header { format, timing: Timing::Metrical(u15::new(480)) });
    for events in tracks {
        let event = |&(delta, kind): &(u32, TrackEventKind<'static>)| TrackEvent { delta: u28::new(delta), kind };
        let end = TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) };
        smf.tracks.push(events.iter().map(event).chain([end]).collect());
    }
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).unwrap();
    bytes
}

pub(crate) fn on(channel: u8, key: u8, velocity: u8) -> TrackEventKind<'static> {
    let message = MidiMessage::NoteOn { key: u7::new(key), vel: u7::new(velocity) };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

pub(crate) fn pedal(channel: u8, value: u8) -> TrackEventKind<'static> {
    let message = MidiMessage::Controller { controller: u7::new(64), value: u7::new(value) };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

/// A file of one track with these bytes between header and end, its lengths right.
pub(crate) fn track(events: &[u8]) -> Vec<u8> {
    let events = [events, &[0, 0xFF, 0x2F, 0]].concat();
    let length = u32::try_from(events.len()).unwrap().to_be_bytes();
    [b"MThd\0\0\0\x06\0\0\0\x01\x01\xE0MTrk", &length[..], &events].concat()
}
