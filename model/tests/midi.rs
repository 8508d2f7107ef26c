//! MIDI files in and out, whole and damaged.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use engine::{Note, Pitch, Position, Velocity};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use model::midi::{MidiError, Part, Reading, read, write};

fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
    let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::new(velocity).unwrap());
    Note { onset_ticks, duration_ticks, pitch, velocity }
}

/// A melody over chords, in triplets and sixteenths.
fn music() -> Vec<Note> {
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

fn file(notes: &[Note]) -> Vec<u8> {
    write(&[Part { name: "call", channel: 0, notes }], 96.0, 3).unwrap()
}

/// A file of one track from (delta in file ticks, event), 480 ticks to the beat.
fn raw(format: Format, tracks: &[&[(u32, TrackEventKind<'static>)]]) -> Vec<u8> {
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

fn on(channel: u8, key: u8, velocity: u8) -> TrackEventKind<'static> {
    let message = MidiMessage::NoteOn { key: u7::new(key), vel: u7::new(velocity) };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

fn pedal(channel: u8, value: u8) -> TrackEventKind<'static> {
    let message = MidiMessage::Controller { controller: u7::new(64), value: u7::new(value) };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

#[test]
fn what_is_written_is_read_back() {
    let score = read(&file(&music()), Reading::Auto).unwrap();
    assert_eq!(score.notes, music());
    assert!(!score.is_free);
    assert_eq!(score.end_ticks, 16 * 48);
    assert!((score.tempo_bpm - 96.0).abs() < 1e-3);
    assert_eq!(score.position(3 * 48 + 12), Position { beat_phase: 12, bar_beat: 0 });
}

#[test]
fn two_hands_on_one_channel_keep_their_notes() {
    let hands = [note(0, 192, 60, 80), note(48, 24, 60, 70)];
    let parts = hands.each_ref().map(|hand| Part { name: "hand", channel: 0, notes: std::slice::from_ref(hand) });
    let score = read(&write(&parts, 120.0, 4).unwrap(), Reading::Auto).unwrap();
    // The long note ends where the other hand strikes its key, not at that hand's note-off.
    assert_eq!(score.notes, [note(0, 48, 60, 80), note(48, 24, 60, 70)]);
}

#[test]
fn the_pedal_lengthens_notes_of_its_channel() {
    let bytes = raw(
        Format::SingleTrack,
        &[&[
            (0, pedal(0, 127)),
            (0, on(0, 60, 80)),
            (0, on(1, 40, 80)),
            (240, on(0, 60, 0)),
            (0, on(1, 40, 0)),
            (240, on(0, 64, 80)),
            (240, on(0, 64, 0)),
            (240, pedal(0, 0)),
        ]],
    );
    let score = read(&bytes, Reading::Auto).unwrap();
    assert_eq!(score.notes, [note(0, 24, 40, 80), note(0, 96, 60, 80), note(48, 48, 64, 80)]);
}

#[test]
fn overlaps_repeats_and_empty_notes_are_tidied() {
    let bytes = raw(
        Format::SingleTrack,
        &[&[
            (0, on(0, 60, 80)),
            (480, on(0, 60, 70)), // struck again while down: the first ends here
            (0, on(0, 60, 0)),    // and this is its note-off
            (480, on(0, 60, 0)),
            (0, on(0, 62, 50)), // no length
            (0, on(0, 62, 0)),
            (480, on(0, 64, 50)), // twice at once, on two channels
            (0, on(2, 64, 90)),
            (480, on(0, 64, 0)),
            (480, on(2, 64, 0)),
        ]],
    );
    let score = read(&bytes, Reading::Auto).unwrap();
    let expected = [note(0, 48, 60, 80), note(48, 48, 60, 70), note(96, 1, 62, 50), note(144, 96, 64, 90)];
    assert_eq!(score.notes, expected);
}

#[test]
fn drums_are_left_out_and_sequences_follow_each_other() {
    let drums: &[_] = &[(0, on(9, 36, 100)), (480, on(9, 36, 0))];
    assert_eq!(read(&raw(Format::Parallel, &[drums]), Reading::Auto), Err(MidiError::NoNotes));
    let song: &[_] = &[(0, on(0, 60, 80)), (480, on(0, 60, 0))];
    let score = read(&raw(Format::Sequential, &[song, song]), Reading::Auto).unwrap();
    assert_eq!(score.notes, [note(0, 48, 60, 80), note(48, 48, 60, 80)]);
}

#[test]
fn music_off_the_grid_is_read_in_seconds() {
    let tempo = (0, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(1_000_000))));
    let mut events = vec![tempo];
    for i in 0..40 {
        events.extend([(317 + 13 * (i % 7), on(0, 60 + u8::try_from(i).unwrap(), 80)), (31, on(0, 60, 0))]);
    }
    let score = read(&raw(Format::SingleTrack, &[&events]), Reading::Auto).unwrap();
    assert!(score.is_free);
    assert_eq!(score.position(100), Position::FREE);
    // 317 of 480 ticks at 60 BPM, at 96 of ours to the second.
    assert_eq!(score.notes[0].onset_ticks, 63);

    let metrical = read(&file(&music()), Reading::Free).unwrap();
    assert!(metrical.is_free, "a transcription is free however it looks");
    assert_eq!(metrical.end_ticks, 16 * 60, "96 BPM read at 120 is longer by a quarter");
}

#[test]
fn time_bases_without_beats_are_refused() {
    let mut frames = file(&music());
    frames[12] = 0xE7; // 25 frames a second
    assert_eq!(read(&frames, Reading::Auto), Err(MidiError::FrameTiming));
    let mut none = file(&music());
    none[12..14].fill(0);
    assert_eq!(read(&none, Reading::Auto), Err(MidiError::NoTicksPerBeat));
}

#[test]
fn a_tempo_of_nothing_is_passed_over() {
    let events =
        [(0, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(0)))), (480, on(0, 60, 80)), (480, on(0, 60, 0))];
    let score = read(&raw(Format::SingleTrack, &[&events]), Reading::Free).unwrap();
    assert_eq!(score.notes, [note(48, 48, 60, 80)]);
}

#[test]
fn damaged_files_give_an_error_or_fewer_notes() {
    let sound = file(&music());
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    for k in 0..30 {
        damaged.push(sound[..sound.len() * k / 30].to_vec());
    }
    // A multiplicative generator gives bytes and places that look random and never change.
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    for _ in 0..200 {
        let mut bytes = sound.clone();
        for _ in 0..1 + random() % 8 {
            let at = random() as usize % bytes.len();
            bytes[at] = random().to_le_bytes()[0];
        }
        damaged.push(bytes);
    }
    for k in 0..20 {
        damaged.push((0..k * 40).map(|_| random().to_le_bytes()[1]).collect());
        let mut headed = sound[..14].to_vec();
        headed.extend(b"MTrk\xff\xff\xff\xff");
        headed.extend((0..k * 40).map(|_| random().to_le_bytes()[1]));
        damaged.push(headed);
    }
    let mut unreadable = 0;
    for bytes in &damaged {
        for reading in [Reading::Auto, Reading::Free] {
            match read(bytes, reading) {
                Ok(score) => {
                    assert!(score.notes.windows(2).all(|w| w[0].order() < w[1].order()));
                    assert!(score.notes.iter().all(|n| n.duration_ticks > 0 && n.onset_ticks >= 0));
                }
                Err(e) => {
                    unreadable += 1;
                    assert!(e.to_string().len() > 10, "{e}");
                }
            }
        }
    }
    assert!(damaged.len() >= 50 && unreadable >= 40, "{unreadable} of {}", damaged.len());
}

#[test]
fn absurd_lengths_are_refused() {
    let late: Vec<_> = (0..60).map(|i| ((1 << 28) - 1, on(0, i, 80))).collect();
    assert_eq!(read(&raw(Format::SingleTrack, &[&late]), Reading::Auto), Err(MidiError::TooLong));
}
