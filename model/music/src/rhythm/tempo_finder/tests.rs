use super::*;

/// Notes at these times in milliseconds, each up to 12 ms early or late, as a generator of this seed has it.
fn struck(notes: impl IntoIterator<Item = (i64, u8)>, seed: u64) -> Vec<Struck> {
    let mut random = oorandom::Rand32::new(seed);
    let strike = |(ms, key)| Struck {
        onset_us: ms * 1000 + i64::from(random.rand_range(0..24_001)) - 12_000,
        pitch: Pitch::nearest(key),
        velocity: Velocity::MEDIUM,
    };
    let mut notes: Vec<Struck> = notes.into_iter().map(strike).collect();
    notes.sort_by_key(|note| note.onset_us);
    notes
}

/// Whether a tempo is that of a beat this long or of its double or half.
fn is_level_of(beat: &Beat, ms: i64) -> bool {
    [ms / 2, ms, 2 * ms].iter().any(|ms| (i64::from(beat.us_per_beat) - ms * 1000).abs() < ms * 30)
}

fn found(notes: &[Struck]) -> Beat {
    find_beat(notes, &Hints::default()).unwrap()
}

/// A bass note on each beat, and a tune whose notes are at these parts of it, in 12ths.
fn tune(beat_ms: i64, parts: &[i64]) -> Vec<(i64, u8)> {
    let beat = |i: i64| {
        let above = parts.iter().map(move |part| (i * beat_ms + part * beat_ms / 12, 72));
        above.chain([(i * beat_ms, 40)])
    };
    (0..12).flat_map(beat).collect()
}

#[test]
fn a_scale_has_its_tempo_or_an_octave_of_it() {
    let beat = found(&struck((0..24).map(|i| (i * 309, 60)), 1));
    assert!(is_level_of(&beat, 618), "{beat:?}");
    assert!(beat.is_steady);
}

#[test]
fn bass_notes_are_on_beats() {
    for (parts, name) in
        [(&[0, 6][..], "eighths"), (&[0, 4, 8], "triplets"), (&[0, 8], "swing"), (&[0, 6, 9], "sixteenths")]
    {
        let beat = found(&struck(tune(560, parts), 2));
        assert!(is_level_of(&beat, 560), "{name}: {beat:?}");
    }
}

#[test]
fn an_accelerando_is_followed() {
    let mut ms = 0;
    let notes: Vec<(i64, u8)> = (0..16)
        .flat_map(|i| {
            let length = 700 - 18 * i;
            let beat = [(ms, 40), (ms, 67), (ms + length / 2, 72)];
            ms += length;
            beat
        })
        .collect();
    let beat = found(&struck(notes, 3));
    assert!(!beat.is_steady);
    let length = |i: usize| beat.beats_us[i + 1] - beat.beats_us[i];
    assert!(length(beat.beats_us.len() - 2) < length(0) * 4 / 5, "{beat:?}");
}

#[test]
fn too_little_has_no_beat() {
    assert_eq!(find_beat(&[], &Hints::default()), None);
    assert_eq!(find_beat(&struck([(0, 60), (500, 60)], 1), &Hints::default()), None);
    assert_eq!(find_beat(&struck([(0, 60), (0, 64), (0, 67), (0, 72)], 1), &Hints::default()), None);
}

#[test]
fn absurd_times_do_no_harm() {
    let at = |onset_us| Struck { onset_us, pitch: Pitch::nearest(60), velocity: Velocity::MEDIUM };
    let far = [i64::MIN, -1, 0, i64::MAX - 3_000_000, i64::MAX - 2_000_000, i64::MAX - 1_000_000, i64::MAX];
    let _ = find_beat(&far.map(at), &Hints::default());
    let _ = find_beat(&[i64::MIN, i64::MIN + 1, i64::MIN + 500_000, i64::MIN + 900_000].map(at), &Hints::default());
    assert_eq!(find_beat(&[5, 4, 3, 2, 1].map(at), &Hints::default()), None);
    let told = Some(Told { us_per_beat: 0, beat_us: Some(i64::MIN) });
    let beat = find_beat(&struck(tune(500, &[0, 6]), 1), &Hints { earlier: &[], told }).unwrap();
    let _ = (beat.parts_at(i64::MIN), beat.parts_at(i64::MAX));
}

#[test]
fn what_is_told_pulls() {
    let notes = struck((0..24).map(|i| (i * 300, 60)), 4);
    for ms in [300, 600, 1200] {
        let told = Some(Told { us_per_beat: ms * 1000, beat_us: None });
        let beat = find_beat(&notes, &Hints { earlier: &[], told }).unwrap();
        assert!(beat.us_per_beat.abs_diff(ms * 1000) < ms * 30, "{ms}: {beat:?}");
    }
}

#[test]
fn a_phrase_has_the_same_beat_again() {
    let notes = struck(tune(480, &[0, 6, 9]), 5);
    let beat = found(&notes);
    assert_eq!(beat, found(&notes));
    let later = find_beat(&notes, &Hints { earlier: std::slice::from_ref(&beat), told: None }).unwrap();
    assert!(later.us_per_beat.abs_diff(beat.us_per_beat) < 5000);
    assert_eq!(beat.parts_at(beat.beats_us[1]).0, crate::rhythm::PARTS_PER_BEAT);
}

#[test]
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "random bits")]
fn any_notes_have_a_beat_in_order_or_none() {
    let mut random = oorandom::Rand64::new(7);
    for round in 0..150 {
        let n = random.rand_range(0..200);
        // Gaps of up to a microsecond, and up to days.
        let widest = 1u64 << (round % 38);
        let mut onset_us = [0, i64::MIN, i64::MAX - (1 << 46)][round % 3];
        let strike = |_| {
            onset_us =
                onset_us.saturating_add_unsigned(random.rand_range(0..widest) + u64::from(round % 5 == 0) * 99_000);
            let pitch = Pitch::nearest(random.rand_range(0..128) as u8);
            Struck { onset_us, pitch, velocity: Velocity::nearest(random.rand_range(1..128) as u8) }
        };
        let notes: Vec<Struck> = (0..n).map(strike).collect();
        let told = Told { us_per_beat: random.rand_u64() as u32, beat_us: Some(random.rand_u64() as i64) };
        let Some(beat) = find_beat(&notes, &Hints { earlier: &[], told: (round % 2 == 0).then_some(told) }) else {
            continue;
        };
        assert!(beat.beats_us.len() >= 2 && beat.us_per_beat > 0 && beat.sure_percent <= 100, "{beat:?}");
        // The last beat is after the last chord, whose mean is a little before its last note.
        let last_us = notes[notes.len() - 1].onset_us.saturating_sub(100_000);
        assert!(beat.beats_us.is_sorted() && beat.beats_us[beat.beats_us.len() - 1] >= last_us);
        assert!(beat.bar.is_none_or(|bar| bar.first < bar.n_beats && bar.n_beats <= 4 && bar.sure_percent <= 100));
        let again = Hints { earlier: &[beat.clone(), beat], told: None };
        assert!(find_beat(&notes, &again).is_some());
    }
}
