//! What is written is read back: scores through pages, and through MIDI files to pages.

use music::musicxml::{pack, read, write};
use music::{MetreChange, Note, Part, PedalChange, Score, TICKS_PER_BEAT, TempoMap, TimeSignature, file, midi, tidy};
use oorandom::Rand32;

use crate::common::note;

/// Lengths and distances in ticks, from usual to absurd.
const USUAL: [u32; 12] = [12, 12, 24, 24, 24, 48, 48, 96, 36, 72, 16, 8];

/// A score of random notes: bars of all kinds, one part or several, plain or odd times.
fn random_score(random: &mut Rand32) -> Score {
    let mut below = |n: u32| random.rand_range(0..n);
    let signature = |n: u32| {
        let known = [(4, 2), (3, 2), (2, 2), (6, 3), (9, 3), (12, 3), (5, 3), (7, 3), (3, 1), (3, 3), (1, 2), (5, 2)];
        let (numerator, power) = known[usize::try_from(n).unwrap()];
        TimeSignature::new(numerator, power).unwrap()
    };
    let first = signature(below(12));
    let mut score = Score::new(f64::from(40 + below(160)), first);
    let bar_ticks = first.bar_ticks(TICKS_PER_BEAT);
    if below(3) == 0 {
        let start_ticks = i64::from(bar_ticks) * i64::from(1 + below(4));
        score.metres.push(MetreChange { start_ticks, signature: signature(below(12)) });
        score.tempi = TempoMap::new(TICKS_PER_BEAT, [(0, 500_000), (start_ticks + 5, 400_000 + below(90_000))]);
    }
    let is_odd = below(3) == 0;
    for number in 0..1 + below(3) {
        let (mut now, mut notes) = (0u32, Vec::new());
        for _ in 0..10 + below(60) {
            let mut ticks =
                || if is_odd && below(4) == 0 { 1 + below(100) } else { USUAL[usize::try_from(below(12)).unwrap()] };
            let (step, length) = (ticks(), ticks());
            let key = u8::try_from(30 + below(60)).unwrap();
            for voice in 0..1 + below(3) {
                let velocity = u8::try_from(1 + below(127)).unwrap();
                let key = key + 4 * u8::try_from(voice).unwrap();
                notes.push(note(i64::from(now), length + 7 * if is_odd { voice } else { 0 }, key, velocity));
            }
            now += if below(4) == 0 { 0 } else { step };
        }
        let name = ["Call", "Antiphon's answer", "Cello & <Bass>"][usize::try_from(number).unwrap()];
        let mut part = Part::new(name, tidy(notes)).on_channel(u8::try_from(number).unwrap());
        if below(2) == 0 {
            let changes = (0..6).map(|n| PedalChange { ticks: i64::from(7 + 60 * n), is_down: n % 2 == 0 });
            part.pedal = changes.collect();
        }
        score = score.with_part(part);
    }
    // A page ends with its last note.
    let end_ticks = score.parts.iter().flat_map(|part| &part.notes).map(Note::end_ticks).max().unwrap();
    score.metres.retain(|metre| metre.start_ticks < end_ticks);
    score
}

/// Answers alone are always exact; other parts are heard if they do not look written.
fn as_answers(mut score: Score) -> Score {
    for part in &mut score.parts {
        part.role = music::Role::Answer;
        part.name = music::score::ANSWER_TRACK.to_owned();
    }
    score
}

#[test]
fn a_page_holds_all_of_a_score() {
    let mut random = Rand32::new(8);
    for round in 0..200 {
        let score = as_answers(random_score(&mut random));
        let text = write(&score).unwrap();
        let file = read(text.as_bytes()).unwrap();
        assert_eq!(file.left_out, [], "round {round}");
        // Fifths and sevenths of beats are finer than ticks.
        assert_eq!(file.score.resampled(TICKS_PER_BEAT), score, "round {round}");
        assert_eq!(read(&pack(&text)).unwrap().score, file.score, "round {round}");
        assert_eq!(write(&file.score.resampled(TICKS_PER_BEAT)).unwrap(), text, "round {round}");
    }
}

#[test]
fn a_midi_file_and_a_page_hold_the_same() {
    let mut random = Rand32::new(9);
    for round in 0..100 {
        let score = as_answers(random_score(&mut random));
        let from_midi = file::read(&midi::write(&score).unwrap()).unwrap().score;
        let page = write(&from_midi).unwrap();
        let from_page = file::read(page.as_bytes()).unwrap().score;
        assert_eq!(from_page.resampled(TICKS_PER_BEAT), score, "round {round}");
    }
}

#[test]
fn a_written_call_is_exact_too() {
    let tune: Vec<Note> = (0..32).map(|i| note(24 * i, 24, 60 + u8::try_from(i % 12).unwrap(), 80)).collect();
    let score = Score::new(100.0, TimeSignature::COMMON).with_part(Part::new("Call", tune));
    assert_eq!(read(write(&score).unwrap().as_bytes()).unwrap().score, score);
}

#[test]
fn a_call_as_hands_play_it_is_written_as_it_was_meant() {
    // Quarters and eighths, up to 15 ms early or late, and let go early: as the plugin's files have them.
    let mut random = Rand32::new(3);
    let meant: Vec<(i64, u32, u8)> = (0..24i64)
        .map(|i| {
            (
                24 * i + 24 * (i / 3),
                if i % 3 == 2 { 48 } else { 24 },
                [60, 62, 64, 65, 67, 69, 71, 72][usize::try_from(i % 8).unwrap()],
            )
        })
        .collect();
    let played = meant.iter().map(|&(onset, length, key)| {
        let late = i64::from(random.rand_range(0..30)) - 12;
        note((onset * 16 + late).max(0), length * 14, key, 80)
    });
    let mut score = Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("Call", played.collect()));
    score.ticks_per_beat = 768;
    score.tempi = TempoMap::constant(768, 120.0);
    let page = read(write(&score).unwrap().as_bytes()).unwrap().score.resampled(48);
    let written: Vec<i64> = page.parts[0].notes.iter().map(|note| note.onset_ticks).collect();
    assert_eq!(written, meant.iter().map(|(onset, ..)| *onset).collect::<Vec<_>>());
    let n_right =
        page.parts[0].notes.iter().zip(&meant).filter(|(note, (_, length, _))| note.duration_ticks == *length).count();
    assert!(n_right >= 20, "{n_right} of 24 lengths");
}
