//! Sound files, with all that composers and programs do.

use midly::num::u24;
use midly::{Format, MetaMessage, TrackEventKind};
use music::midi::{LeftOut, MidiError, What, read};
use music::{Note, Position, Reading, Reduction, Role};

use crate::common::{file, music, note, on, pedal, raw, read_reduction, track, waltz};

/// A sound file as the network reads it.
fn reduce(bytes: &[u8], reading: Reading) -> Reduction {
    let (reduction, left_out) = read_reduction(bytes, reading).unwrap();
    assert_eq!(left_out, []);
    reduction
}

#[test]
fn what_is_written_is_read_back() {
    let reduction = reduce(&file(&music()), Reading::Auto);
    assert_eq!(reduction.notes, music());
    assert!(!reduction.is_free);
    assert_eq!(reduction.end_ticks, 16 * 48);
    assert!((reduction.tempo_bpm() - 96.0).abs() < 1e-3);
    assert_eq!(reduction.position(3 * 48 + 12), Position { beat_phase: 12, bar_beat: 0 });
}

#[test]
fn two_hands_on_one_channel_keep_their_notes() {
    let hands = [note(0, 192, 60, 80), note(48, 24, 60, 70)];
    let mut score = waltz(&hands[..1]);
    score.parts.push(music::Part::new("hand", vec![hands[1]]));
    let bytes = music::midi::write(&score).unwrap();
    // The long note ends where the other hand strikes its key, not at that hand's note-off.
    assert_eq!(reduce(&bytes, Reading::Auto).notes, [note(0, 48, 60, 80), note(48, 24, 60, 70)]);
    // In the score both hands keep what they play.
    let parts = read(&bytes).unwrap().score.resampled(48).parts;
    assert_eq!([&parts[0].notes, &parts[1].notes], [&[hands[0]], &[hands[1]]]);
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
    let reduction = reduce(&bytes, Reading::Auto);
    assert_eq!(reduction.notes, [note(0, 24, 40, 80), note(0, 96, 60, 80), note(48, 48, 64, 80)]);
    // The score keeps what the hands do.
    let score = read(&bytes).unwrap().score.resampled(48);
    assert_eq!(score.parts[0].notes, [note(0, 24, 60, 80), note(48, 24, 64, 80)]);
    assert_eq!(
        score.parts[0].pedal.iter().map(|change| (change.ticks, change.is_down)).collect::<Vec<_>>(),
        [(0, true), (96, false)]
    );
}

#[test]
fn a_key_struck_again_under_the_pedal_ends_what_sounds() {
    let bytes = raw(
        Format::SingleTrack,
        &[&[
            (0, pedal(0, 127)),
            (0, on(0, 60, 80)),
            (240, on(0, 60, 0)),
            (240, on(0, 60, 70)),
            (240, on(0, 60, 0)),
            (0, pedal(0, 0)), // a change of harmony: up and down at once
            (0, pedal(0, 127)),
            (480, on(0, 62, 70)),
            (240, on(0, 62, 0)),
            (240, on(0, 64, 70)),
            (240, on(0, 64, 0)),
        ]],
    );
    let expected = [note(0, 48, 60, 80), note(48, 24, 60, 70), note(120, 72, 62, 70), note(168, 24, 64, 70)];
    assert_eq!(reduce(&bytes, Reading::Auto).notes, expected, "a pedal that stays down ends with the music");
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
    let reduction = reduce(&bytes, Reading::Auto);
    let expected = [note(0, 48, 60, 80), note(48, 48, 60, 70), note(96, 1, 62, 50), note(144, 96, 64, 90)];
    assert_eq!(reduction.notes, expected);
}

#[test]
fn a_key_that_is_struck_again_without_a_note_off_ends_there() {
    let bytes = raw(
        Format::SingleTrack,
        &[&[(0, on(0, 60, 80)), (480, on(0, 60, 70)), (480, on(0, 60, 0)), (480, on(0, 62, 1)), (480, on(0, 62, 0))]],
    );
    let (reduction, left_out) = read_reduction(&bytes, Reading::Auto).unwrap();
    assert_eq!(reduction.notes, [note(0, 48, 60, 80), note(48, 48, 60, 70), note(144, 48, 62, 1)]);
    assert_eq!(left_out.iter().map(|left| &left.what).collect::<Vec<_>>(), [&What::NeverReleased(1)]);
}

#[test]
fn all_notes_off_ends_notes_even_under_the_pedal() {
    // Key 60 is down, 62 sounds by the pedal; controller 123 after a beat.
    let bytes = track(&[
        0, 0xB0, 64, 127, 0, 0x90, 60, 80, 0, 62, 80, 0x60, 62, 0, 0x83, 0x00, 0xB0, 123, 0, 0x83, 0x60, 0x90, 64, 80,
        0x83, 0x60, 64, 0,
    ]);
    let reduction = reduce(&bytes, Reading::Auto);
    assert_eq!(reduction.notes, [note(0, 48, 60, 80), note(0, 48, 62, 80), note(96, 48, 64, 80)]);
}

#[test]
fn drums_are_left_out_with_a_word_and_sequences_follow_each_other() {
    let drums: &[_] = &[(0, on(9, 36, 100)), (480, on(9, 36, 0))];
    let song: &[_] = &[(0, on(0, 60, 80)), (480, on(0, 60, 0))];
    assert_eq!(read_reduction(&raw(Format::Parallel, &[drums]), Reading::Auto), Err(MidiError::NoNotes));
    assert_eq!(read(&raw(Format::Parallel, &[drums])).unwrap().score.n_notes(), 1);
    let (reduction, left_out) = read_reduction(&raw(Format::Parallel, &[song, drums]), Reading::Auto).unwrap();
    assert_eq!(reduction.notes, [note(0, 48, 60, 80)]);
    assert!(matches!(left_out[..], [LeftOut { track: Some(2), what: What::Drums(1), .. }]), "{left_out:?}");
    let reduction = reduce(&raw(Format::Sequential, &[song, song]), Reading::Auto);
    assert_eq!(reduction.notes, [note(0, 48, 60, 80), note(48, 48, 60, 80)]);
}

#[test]
fn what_antiphon_answered_is_not_learnt_from() {
    let mut score = waltz(&music());
    score.parts.push(music::Part::new(music::score::ANSWER_TRACK, vec![note(0, 48, 100, 80)]).on_channel(1));
    let bytes = music::midi::write(&score).unwrap();
    assert_eq!(reduce(&bytes, Reading::Auto).notes, music());
    assert_eq!(read(&bytes).unwrap().score.notes_of(Role::Answer).count(), 1);
    score.parts.remove(0);
    let only = music::midi::write(&score).unwrap();
    assert_eq!(read_reduction(&only, Reading::Auto), Err(MidiError::NoNotes));
}

#[test]
fn music_off_the_grid_is_read_in_seconds() {
    let tempo = (0, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(1_000_000))));
    let mut events = vec![tempo];
    for i in 0..40 {
        events.extend([(317 + 13 * (i % 7), on(0, 60 + u8::try_from(i).unwrap(), 80)), (31, on(0, 60, 0))]);
    }
    let (reduction, _) = read_reduction(&raw(Format::SingleTrack, &[&events]), Reading::Auto).unwrap();
    assert!(reduction.is_free);
    assert_eq!(reduction.position(100), Position::FREE);
    // 317 of 480 ticks at 60 BPM, at 96 of ours to the second.
    assert_eq!(reduction.notes[0].onset_ticks, 63);

    let metrical = reduce(&file(&music()), Reading::Free);
    assert!(metrical.is_free, "a transcription is free however it looks");
    assert_eq!(metrical.end_ticks, 16 * 60, "96 BPM read at 120 is longer by a quarter");
}

#[test]
fn time_bases_without_beats_are_refused() {
    let mut frames = file(&music());
    frames[12] = 0xE7; // 25 frames a second
    assert_eq!(read(&frames), Err(MidiError::FrameTiming));
    let mut none = file(&music());
    none[12..14].fill(0);
    assert_eq!(read(&none), Err(MidiError::NoTicksPerBeat));
}

#[test]
fn a_tempo_of_nothing_is_passed_over_with_a_word() {
    let events =
        [(0, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(0)))), (480, on(0, 60, 80)), (480, on(0, 60, 0))];
    let (reduction, left_out) = read_reduction(&raw(Format::SingleTrack, &[&events]), Reading::Free).unwrap();
    assert_eq!(reduction.notes, [note(48, 48, 60, 80)]);
    assert_eq!(left_out, [LeftOut { track: Some(1), byte: 22, what: What::Tempo }]);
}

#[test]
fn absurd_lengths_are_refused() {
    let late: Vec<_> = (0..60).map(|i| ((1 << 28) - 1, on(0, i, 80))).collect();
    assert_eq!(read(&raw(Format::SingleTrack, &[&late])), Err(MidiError::TooLong));
}

#[test]
fn voices_on_one_key_end_each_at_its_own_time() {
    let bytes = raw(
        Format::SingleTrack,
        &[&[(0, on(0, 60, 80)), (480, on(0, 60, 90)), (480, on(0, 60, 0)), (960, on(0, 60, 0))]],
    );
    let score = read(&bytes).unwrap().score;
    let notes: Vec<Note> = score.parts[0].notes.clone();
    assert_eq!(notes, [note(0, 1920, 60, 80), note(480, 480, 60, 90)]);
}
