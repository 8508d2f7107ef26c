//! The ear, from outside.

use music::rhythm::{Ear, PARTS_PER_BEAT, PlayedNote, grid, hear};
use music::{Pitch, Velocity};

fn play(onsets_parts: &[i64], pitches: impl Fn(usize) -> u8) -> Vec<PlayedNote> {
    let note = |(i, &onset_parts): (usize, &i64)| PlayedNote {
        onset_parts,
        off_parts: onset_parts + 150,
        pitch: Pitch::nearest(pitches(i)),
        velocity: Velocity::MEDIUM,
        us_per_beat: 500_000,
    };
    onsets_parts.iter().enumerate().map(note).collect()
}

fn scale(i: usize) -> u8 {
    [60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71][i % 12]
}

#[test]
fn what_is_exact_comes_out_as_it_went_in() {
    for steps in [1, 2, 3, 4, 6, 8, 12] {
        // Two bars on the grid, then a beat of five.
        let written = (0..8 * steps).map(|i| i * PARTS_PER_BEAT / steps);
        let five = (0..5).map(|i| 8 * PARTS_PER_BEAT + (i * PARTS_PER_BEAT + 2) / 5);
        let onsets: Vec<i64> = written.chain(five).map(|parts| parts - 2 * PARTS_PER_BEAT).collect();
        let heard: Vec<i64> = hear(&play(&onsets, scale)).iter().map(|note| note.onset_ticks).collect();
        let expected: Vec<i64> = onsets.iter().map(|parts| grid::nearest_ticks(*parts)).collect();
        assert_eq!(heard, expected, "{steps} to a beat");
    }
}

#[test]
fn a_chord_spread_by_40_ms_is_one_chord() {
    let onsets = [0, 5, 384, 400, 415, 445, 775, 1150];
    let pitches = [60, 67, 48, 55, 64, 72, 62, 65];
    let heard = hear(&play(&onsets, |i| pitches[i]));
    assert!(heard[2..6].iter().all(|note| note.onset_ticks == 24 && note.chord == heard[2].chord), "{heard:?}");
    assert_ne!(heard[6].chord, heard[2].chord);
}

#[test]
fn the_answer_does_not_depend_on_how_often_time_is_told() {
    let onsets: Vec<i64> = (0..60).map(|i| i * 192 + (i * 37) % 41 - 20 + i / 7 * 800).collect();
    let played = play(&onsets, scale);
    let mut ear = Ear::new();
    let mut now = i64::MIN;
    for note in &played {
        while now < note.onset_parts && now > i64::MIN {
            now += 13;
            ear.advance(now.min(note.onset_parts));
        }
        now = note.onset_parts;
        let id = ear.strike(note.onset_parts, note.us_per_beat, note.pitch, note.velocity);
        ear.release(id, note.off_parts);
    }
    ear.settle();
    assert_eq!(ear.notes().map(|(_, note)| note).collect::<Vec<_>>(), hear(&played));
}

#[test]
fn more_notes_than_an_ear_holds_are_all_heard() {
    let onsets: Vec<i64> = (0..2000).map(|i| (i - 1000) * 192 + (i * 31) % 29 - 14).collect();
    let heard = hear(&play(&onsets, scale));
    assert_eq!(heard.len(), 2000);
    let n_right = heard.iter().zip(0i64..).filter(|(note, i)| note.onset_ticks == (i - 1000) * 12).count();
    assert!(n_right > 1960, "{n_right}");
    assert!(hear(&[]).is_empty() && heard.iter().all(|note| note.value_ticks.is_some()));
}

#[test]
fn absurd_times_are_survived() {
    let mut ear = Ear::new();
    for parts in [i64::MIN, 0, i64::MAX, -5, i64::MAX] {
        let id = ear.strike(parts, 0, Pitch::MIDDLE_C, Velocity::MEDIUM);
        ear.release(id, i64::MIN);
        ear.advance(i64::MAX);
    }
    ear.settle();
    assert_eq!(ear.n_notes(), 5);
}
