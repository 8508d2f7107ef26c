//! Files that are damaged in many places, and single faults one by one.

use music::midi::{MidiError, What, read};
use music::{Note, Reading};
use oorandom::Rand32;

use crate::common::{file, music, note, read_reduction, track};

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
            match read_reduction(bytes, reading) {
                Ok((reduction, _)) => {
                    assert!(reduction.notes.windows(2).all(|w| w[0].order() < w[1].order()));
                    assert!(reduction.notes.iter().all(|n| n.duration_ticks > 0 && n.onset_ticks >= 0));
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
fn large_files_of_nonsense_are_given_up_soon() {
    let mut random = Rand32::new(3);
    let header = b"MThd\0\0\0\x06\0\x01\0\x01\x01\xE0MTrk\x00\x40\x00\x00";
    let noise: Vec<u8> = (0..4 << 20).map(|_| random.rand_u32().to_le_bytes()[0]).collect();
    let repeat = |event: &[u8]| event.repeat((4 << 20) / event.len());
    let hostile = [
        noise,
        repeat(&[0, 0xFF, 0x6B, 0]),
        repeat(&[0, 0xF8]),
        repeat(&[0x80, 0x80, 0x80, 0x80, 0, 0x90, 60, 80]),
        repeat(&[0, 0xB0, 1, 1, 0, 0xE0, 1, 1]),
        repeat(&[&[0, 0xFF, 0x7F, 0x82, 0x2C][..], &[0, 1, 1].repeat(100)].concat()),
        repeat(b"MTrk\0\0\0\0"),
        repeat(b"MTrk"),
    ];
    for (case, events) in hostile.into_iter().enumerate() {
        let start = std::time::Instant::now();
        let _ = read(&[&header[..], &events].concat());
        assert!(start.elapsed().as_secs() < 20, "case {case}: {:?}", start.elapsed());
    }
}

#[test]
fn messages_in_packets_are_sound() {
    let mut events = vec![];
    for key in 60..72 {
        events.extend([0, 0xF0, 2, 0x7E, 9, 10, 0xF7, 2, 1, 2, 10, 0xF7, 2, 3, 0xF7, 0, 0x90, key, 80, 0x60, key, 0]);
    }
    let file = read(&track(&events)).unwrap();
    assert_eq!((file.left_out.len(), file.score.n_notes()), (0, 12), "{:?}", file.left_out);
}

#[test]
fn a_thousand_odd_events_are_counted_and_cost_no_note() {
    let mut events = vec![];
    for i in 0..1000u32 {
        let key = 40 + (i % 50).to_le_bytes()[0];
        events.extend([0, 0xFF, 0x6B, 1, 7, 0, 0x90, key, 80, 0x60, key, 0]);
    }
    let file = read(&track(&events)).unwrap();
    assert_eq!(file.score.n_notes(), 1000);
    assert!(file.left_out.iter().any(|left| left.what == What::MoreDoubts(500)), "{}", file.left_out.len());
}

/// A scale with a fault after its third note.
fn scale_with(fault: &[u8]) -> Vec<u8> {
    let mut events = vec![0, 0x90];
    for key in 60..72 {
        if key > 60 {
            events.push(0);
        }
        events.extend([key, 80, 0x60, key, 0]);
        if key == 62 {
            events.extend(fault);
        }
    }
    track(&events)
}

#[test]
fn a_fault_costs_no_note_beside_it() {
    let expected: Vec<Note> = (60..72).zip(0..).map(|(key, i)| note(96 * i, 96, key, 80)).collect();
    let faults: [(&[u8], &str); 12] = [
        (&[0, 0xF9], "system message (F9)"),
        (&[0, 0xF1, 0x05], "system message (F1)"),
        (&[0, 0xF6], "system message (F6)"),
        (&[0, 0xF0, 0x7F, 1, 2, 0xF7], "longer than its track"),
        (&[0, 0xF0, 1, 1, 2, 3, 0xF7], "system-exclusive"),
        (&[0, 0xF7, 2, 0x90, 1], "for an instrument"),
        (&[0, 0xFF, 0x6B, 2, 1, 2], "unknown meta event (6B)"),
        (&[0, 0xFF, 0x51, 2, 7, 0xA1], "meta event (51) of 2 bytes"),
        (&[0, 0xFF, 0x01, 3, 1, 2, 3], "not all text"),
        (&[0, 0xFF, 0x2F, 0], "end mark within the track"),
        (&[0, 0x90, 0xC0, 0x50], "a value above 127"),
        (&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "the time has no end"),
    ];
    for (fault, word) in faults {
        let file = read(&scale_with(fault)).unwrap();
        let said: Vec<String> = file.left_out.iter().map(ToString::to_string).collect();
        assert!(
            said.iter().any(|line| line.contains(word) && line.starts_with("track 1, byte 4")),
            "{fault:x?}: {said:?}"
        );
        let mut notes = file.score.parts[0].notes.clone();
        notes.retain(|note| note.duration_ticks == 96 && note.velocity.get() == 80);
        assert_eq!(notes, expected, "{fault:x?}: {said:?}");
    }
}

#[test]
fn what_is_around_the_tracks_is_named() {
    let sound = file(&music());
    let n_notes = read(&sound).unwrap().score.n_notes();
    let second_track = 14 + sound[14..].windows(4).skip(1).position(|w| w == b"MTrk").unwrap() + 1;
    let with = |at: usize, bytes: &[u8]| [&sound[..at], bytes, &sound[at..]].concat();
    let chunk = b"XFIH\0\0\0\x03abc";
    let cases = [
        (with(0, b"junk"), "4 bytes before the header"),
        (with(second_track, chunk), "an unknown chunk \"XFIH\" of 3 bytes"),
        (with(sound.len(), chunk), "an unknown chunk \"XFIH\" of 3 bytes"),
        (with(second_track, &[0; 5]), "5 bytes left out: no chunk"),
        (with(sound.len(), &[0; 7]), "7 bytes left out: no chunk"),
        ([&sound[..], &sound[..]].concat(), "a second MIDI file begins"),
    ];
    for (bytes, word) in cases {
        let file = read(&bytes).unwrap();
        let said: Vec<String> = file.left_out.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|line| line.contains(word)), "{word}: {said:?}");
        assert_eq!(file.score.n_notes(), n_notes, "{word}");
    }
    for (at, byte, word) in [
        (0, b'N', "\"NThd\""),
        (7, 9, "it has 9 bytes"),
        (9, 3, "format 3"),
        (11, 5, "promises 5 tracks"),
        (second_track, b'm', "\"mTrk\""),
    ] {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        let file = read(&bytes).unwrap();
        let said: Vec<String> = file.left_out.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|line| line.contains(word)), "{word}: {said:?}");
        assert_eq!(file.score.n_notes(), n_notes, "{word}");
    }
}

#[test]
fn without_notes_a_damaged_file_says_that_it_is_damaged() {
    assert_eq!(read(&track(&[])), Err(MidiError::NoNotes));
    let error = read(&track(&[0, 0xF8])).unwrap_err();
    assert!(matches!(error, MidiError::Damaged(_)) && error.to_string().contains("byte 22"), "{error}");
    assert!(matches!(read(b"not music"), Err(MidiError::Unreadable(_))));
    assert!(matches!(read(b"MThd"), Err(MidiError::Unreadable(_))));
}

#[test]
fn one_status_byte_that_turns_a_melody_into_something_else_gets_a_word() {
    let mut events = vec![0, 0x90];
    for key in 60..84 {
        if key > 60 {
            events.push(0);
        }
        events.extend([key, 80, 0x60, key, 0]);
    }
    let sound = track(&events);
    type IsSaid = fn(&What) -> bool;
    let expected: [(u8, IsSaid); 4] = [
        (0x80, |what| *what == What::StrayNoteOffs(48)),
        (0xA0, |what| *what == What::StrayPressures(48)),
        (0xB0, |what| matches!(what, What::ControllersLikeNotes(_))),
        (0xE0, |what| *what == What::BendsLikeNotes(48)),
    ];
    for (status, is_said) in expected {
        // With a second track whose notes keep the file readable.
        let mut bytes = [&sound[..], &sound[14..]].concat();
        bytes[11] = 2;
        bytes[9] = 1;
        bytes[23] = status;
        let file = read(&bytes).unwrap();
        assert_eq!(file.score.n_notes(), 24);
        assert!(file.left_out.iter().any(|left| is_said(&left.what)), "{status:x}: {:?}", file.left_out);
    }
}
