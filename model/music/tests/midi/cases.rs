//! Files as other projects' bug reports describe them, made up for Antiphon. Each has 96 notes, 48 in each hand, over 24
//! beats, unless its case says otherwise; 480 file ticks make a beat.

use std::fs;
use std::path::Path;

use music::midi::{MidiError, MidiFile, What, is_extension, read};
use music::{Note, Reading, Score};

use crate::common::read_reduction;

fn bytes(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// The file, and its notes in order.
fn open(name: &str) -> (MidiFile, Vec<Note>) {
    let file = read(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let notes = notes(&file.score);
    (file, notes)
}

fn notes(score: &Score) -> Vec<Note> {
    let mut notes: Vec<Note> = score.parts.iter().flat_map(|part| part.notes.iter().copied()).collect();
    notes.sort_by_key(Note::order);
    notes
}

/// All notes of a case last 220 ticks and begin on eighths, as in the control.
fn check_notes(name: &str, notes: &[Note], n_notes: usize) {
    assert_eq!(notes.len(), n_notes, "{name}");
    let odd = notes.iter().find(|note| note.duration_ticks != 220 || note.onset_ticks % 240 != 0);
    assert_eq!(odd, None, "{name}");
}

#[test]
fn what_is_widely_written_is_read_without_a_word() {
    for name in ["00-control.mid", "01-running-status-after-meta.mid", "02-running-status-after-sysex.mid"] {
        let (file, notes) = open(name);
        check_notes(name, &notes, 96);
        assert_eq!(file.left_out, [], "{name}");
        let (reduction, left_out) = read_reduction(&bytes(name), Reading::Auto).unwrap();
        assert_eq!((reduction.notes.len(), reduction.end_ticks / 48, left_out.len()), (96, 23, 0), "{name}");
    }
}

#[test]
fn no_note_is_lost_to_one_odd_byte_and_each_gets_a_word() {
    let cases = [
        "03-length-too-long.mid",
        "04-length-too-short.mid",
        "04b-conductor-length-zero.mid",
        "05-length-zero-unfinalised.mid",
        "23b-realtime-status-renewed.mid",
        "24-song-position-in-track.mid",
        "25-vlq-5-bytes.mid",
        "26-tempo-of-4-bytes.mid",
        "28-sysex-too-long.mid",
    ];
    for name in cases {
        let (file, notes) = open(name);
        check_notes(name, &notes, 96);
        assert!(file.left_out.iter().any(|left| left.what.is_damage()), "{name} says {:?}", file.left_out);
        assert!(file.left_out.len() <= 2, "{name} says {:?}", file.left_out);
    }
}

#[test]
fn a_tempo_of_four_bytes_changes_nothing() {
    let (file, _) = open("26-tempo-of-4-bytes.mid");
    assert_eq!(file.score.tempi.changes().collect::<Vec<_>>(), [(0, 500_000)]);
    assert!(matches!(file.left_out[..], [ref left] if left.what == What::MetaLength { kind: 0x51, n_bytes: 4 }));
}

#[test]
fn a_riff_file_is_a_midi_file_and_names_are_known() {
    let (file, notes) = open("08b-rmid-ext-rmi.rmi");
    check_notes("08b", &notes, 96);
    assert_eq!(file.left_out, []);
    assert!(["mid", "midi", "kar", "rmi", "KAR"].iter().all(|ending| is_extension(ending)));
}

#[test]
fn patterns_that_end_off_the_beat_begin_on_it() {
    let (file, notes) = open("10-format2.mid");
    check_notes("10", &notes, 96);
    assert_eq!(file.left_out, []);
    let (reduction, _) = read_reduction(&bytes("10-format2.mid"), Reading::Auto).unwrap();
    assert!(!reduction.is_free);
    // The second begins a bar of its own.
    let second = reduction.notes[48].onset_ticks;
    assert_eq!(reduction.position(second).bar_beat, 0);
}

#[test]
fn time_signatures_that_no_one_would_write_are_common_time() {
    for (name, signature, n_words) in [
        ("21-timesig-zero.mid", "4/4", 1),
        ("21b-timesig-power-255.mid", "4/4", 1),
        ("39-timesig-13-32.mid", "13/32", 0),
    ] {
        let (file, notes) = open(name);
        check_notes(name, &notes, 96);
        assert_eq!(file.score.signature(0).to_string(), signature, "{name}");
        assert_eq!(file.left_out.len(), n_words, "{name}: {:?}", file.left_out);
    }
    let (reduction, _) = read_reduction(&bytes("39-timesig-13-32.mid"), Reading::Auto).unwrap();
    assert_eq!(reduction.position(78).beat_phase, 0, "a bar of 13/32 has 78 ticks");
}

#[test]
fn a_file_that_is_cut_off_gives_its_whole_notes() {
    let (file, notes) = open("29-cut-in-the-middle.mid");
    check_notes("29", &notes, 75);
    let cut = file.left_out.iter().find(|left| matches!(left.what, What::Truncated { .. })).unwrap();
    assert_eq!((cut.track, &cut.what), (Some(3), &What::Truncated { n_missing: 150 }));
}

#[test]
fn ports_are_instruments() {
    let (file, notes) = open("32-two-ports-pedal.mid");
    assert_eq!((notes.len(), file.left_out.len()), (96, 0));
    let sounding = file.score.without_pedal();
    let port = |port| sounding.parts.iter().find(|part| part.port == port).unwrap();
    assert!(port(0).notes.iter().all(|note| note.duration_ticks == 220), "the other port's pedal");
    let n_long = port(1).notes.iter().filter(|note| note.duration_ticks > 220).count();
    assert_eq!(n_long, 47, "its own pedal, which goes up with the last key");
}

#[test]
fn a_first_event_without_its_status_costs_nothing_else() {
    let (file, notes) = open("38-missing-first-status.mid");
    check_notes("38", &notes, 96);
    assert!(matches!(file.left_out[..], [ref left] if matches!(left.what, What::Bytes { n_bytes: 3, .. })));

    // Where all the others rely on it, it was a note-on.
    let mut bytes = bytes("00-control.mid");
    let status = 47 + bytes[47..].iter().position(|&byte| byte == 0x90).unwrap();
    bytes.remove(status);
    let file = read(&bytes).unwrap();
    check_notes("00 without its first status", &crate::cases::notes(&file.score), 96);
    assert!(file.left_out.iter().any(|left| left.what == What::NoStatus), "{:?}", file.left_out);
}

#[test]
fn a_long_note_with_a_short_one_of_its_key_inside_keeps_its_length() {
    let (file, notes) = open("41-unison-voices.mid");
    assert_eq!((notes.len(), file.left_out.len()), (48, 0));
    let lengths: Vec<u32> = notes.iter().map(|note| note.duration_ticks).collect();
    assert_eq!(lengths, [1920, 480].repeat(24));
}

#[test]
fn a_last_note_that_is_never_released_lasts_to_the_end() {
    let (file, notes) = open("44-last-note-open.mid");
    assert_eq!(notes.len(), 48);
    assert_eq!(notes.last().map(|note| note.duration_ticks), Some(900));
    assert!(matches!(file.left_out[..], [ref left] if left.what == What::NeverReleased(1)));
}

#[test]
fn a_time_base_of_nonsense_is_refused() {
    assert_eq!(read(&bytes("47-division-80e0.mid")), Err(MidiError::FrameTiming));
}
