//! Recordings of hands, read as scores.

use music::rhythm::recording::HeardBy;
use music::{MetreChange, Note, Part, Pitch, Reading, Reduction, Score, TempoMap, TimeSignature, Velocity};

#[expect(clippy::cast_possible_truncation, reason = "a few minutes")]
fn ticks_of(ms: f64) -> i64 {
    // 960 ticks in 500 ms.
    (ms * 1.92).round() as i64
}

/// A tune of quarters and eighths in 4/4 with a bass note a bar, whose notes come up to `late_ms` early or late, in a file of
/// 120 BPM whatever the tempo of the playing. From the ninth bar on it is `rest_ms` later.
fn recording(bpm: f64, late_ms: f64, rest_ms: f64) -> Score {
    let mut notes = Vec::new();
    let mut note = |beat: f64, beats: f64, key: u8| {
        let n = f64::from(u32::try_from(notes.len()).unwrap_or(0));
        // Spread like hands', and the same each time.
        let deviation_ms = late_ms * ((n * 0.618).fract() + (n * 0.377).fract() - 1.0);
        let rest_ms = if beat >= 32.0 { rest_ms } else { 0.0 };
        let ms = 1000.0 + beat * 60_000.0 / bpm + deviation_ms + rest_ms;
        let onset_ticks = ticks_of(ms);
        let duration_ticks = u32::try_from(ticks_of(beats * 60_000.0 / bpm * 0.8)).unwrap_or(1);
        notes.push(Note { onset_ticks, duration_ticks, pitch: Pitch::nearest(key), velocity: Velocity::MEDIUM });
    };
    for bar in 0..16u8 {
        let at = 4.0 * f64::from(bar);
        note(at, 4.0, 36 + bar % 5);
        let tune = [(0.0, 1.0), (1.0, 0.5), (1.5, 0.5), (2.0, 1.0), (3.0, 0.5), (3.5, 0.5)];
        for (i, (beat, beats)) in (0u8..).zip(tune) {
            note(at + beat, beats, 60 + (i * 5 + bar) % 12);
        }
    }
    Score {
        ticks_per_beat: 960,
        parts: vec![Part::new("Piano", notes)],
        metres: vec![MetreChange { start_ticks: 0, signature: TimeSignature::COMMON }],
        tempi: TempoMap::constant(960, 120.0),
    }
}

fn steps(reduction: &Reduction) -> Vec<i64> {
    let mut onsets: Vec<i64> = reduction.notes.iter().map(|note| note.onset_ticks).collect();
    onsets.dedup();
    onsets.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn what_was_played_to_a_click_is_heard_by_it() {
    let score = recording(120.0, 35.0, 0.0);
    let heard = Reduction::of(&score, Reading::Heard).unwrap();
    assert_eq!((heard.heard_by, heard.is_free), (Some(HeardBy::ItsBeats), false));
    assert_eq!(heard.notes[0].onset_ticks, 96, "a second after the beginning");
    let n_right = steps(&heard).into_iter().zip([48, 24, 24, 48, 24, 24].into_iter().cycle()).filter(|(a, b)| a == b);
    assert!(n_right.count() >= 88, "of 95: {:?}", steps(&heard));
    assert!(Reduction::of(&score, Reading::Auto).unwrap().is_free);
}

#[test]
fn what_was_played_beside_the_click_is_heard_by_its_own_beats() {
    for (bpm, rest_ms) in [(97.0, 0.0), (97.0, 60_123.0), (71.0, 0.0)] {
        let score = recording(bpm, 25.0, rest_ms);
        let heard = Reduction::of(&score, Reading::Heard).unwrap();
        assert_eq!((heard.heard_by, heard.is_free), (Some(HeardBy::FoundBeats), false));
        // Twice or half as fast is the same music.
        let levels = [24, 12, 48].map(|eighth| {
            let is_right = |step: &&i64| **step == eighth || **step == 2 * eighth;
            steps(&heard).iter().filter(is_right).count()
        });
        let n_right = levels.into_iter().max().unwrap();
        assert!(n_right >= 90, "{n_right} of 95 at {bpm} BPM, a rest of {rest_ms} ms: {:?}", steps(&heard));
        let octaves = [0.5, 1.0, 2.0].map(|n| (heard.tempo_bpm() / (n * bpm) - 1.0).abs());
        assert!(octaves.iter().any(|off| *off < 0.03), "{} for {bpm}", heard.tempo_bpm());
        assert_eq!(heard.notes.len(), score.n_notes());
    }
}

#[test]
fn a_transcription_is_heard_by_beats_that_are_found_and_a_score_is_left_as_it_is() {
    let exact = recording(120.0, 0.0, 0.0);
    assert_eq!(Reduction::of(&exact, Reading::Heard), Reduction::of(&exact, Reading::Auto));
    let heard = Reduction::of(&exact, Reading::HeardFree).unwrap();
    assert_eq!((heard.heard_by, heard.is_free), (Some(HeardBy::FoundBeats), false));
}

#[test]
fn what_has_no_beat_is_read_in_seconds() {
    let mut score = recording(97.0, 25.0, 0.0);
    score.parts[0].notes.truncate(3);
    let heard = Reduction::of(&score, Reading::HeardFree).unwrap();
    assert_eq!((heard.heard_by, heard.is_free, heard.notes.len()), (None, true, 3));
    score.parts[0].notes.clear();
    assert_eq!(Reduction::of(&score, Reading::HeardFree), None);
}

#[test]
fn absurd_times_are_survived() {
    let mut score = recording(97.0, 25.0, 0.0);
    let last = score.parts[0].notes.last().copied().unwrap();
    for i in 0..12 {
        let onset_ticks = i64::MAX / 4096 + i * 700;
        score.parts[0].notes.push(Note { onset_ticks, pitch: Pitch::nearest(60), ..last });
    }
    assert!(Reduction::of(&score, Reading::HeardFree).is_some());
    score.parts[0].notes.iter_mut().for_each(|note| note.onset_ticks = i64::MAX / 2);
    assert!(Reduction::of(&score, Reading::Heard).is_some());
}
