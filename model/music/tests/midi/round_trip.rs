//! What is written is read again, with metres, tempi, pedals and ports.

use music::midi::{read, write};
use music::{MetreChange, Part, PedalChange, Score, TempoMap, TimeSignature};
use oorandom::Rand32;

use crate::common::{music, note, waltz};

fn again(score: &Score) -> Score {
    let file = read(&write(score).unwrap()).unwrap();
    assert_eq!(file.left_out, []);
    file.score
}

#[test]
fn metres_are_what_they_were() {
    let signature = |numerator, power| TimeSignature::new(numerator, power).unwrap();
    for one in [signature(6, 3), signature(7, 3), signature(12, 3), signature(13, 5), signature(3, 1), signature(3, 2)]
    {
        let score = Score::new(100.0, one).with_part(Part::new("Tune", music()));
        assert_eq!(again(&score).resampled(48), score, "{one}");
    }
    let mut score = Score::new(100.0, signature(6, 3)).with_part(Part::new("Tune", music()));
    for (start_ticks, signature) in [(144, signature(7, 3)), (312, signature(4, 2)), (504, signature(5, 3))] {
        score.metres.push(MetreChange { start_ticks, signature });
    }
    assert_eq!(again(&score).resampled(48), score);
}

#[test]
fn all_tempi_are_kept() {
    let mut score = waltz(&music());
    score.tempi = TempoMap::new(48, [(0, 600_000), (96, 400_123), (97, 16_777_215), (500, 1)]);
    assert_eq!(again(&score).tempi.resampled(48), score.tempi);
}

#[test]
fn pedals_ports_channels_names_and_roles_are_kept() {
    let pedal = |ticks, is_down| PedalChange { ticks, is_down };
    let mut score = waltz(&music());
    score.parts[0].pedal = vec![pedal(0, true), pedal(96, false), pedal(96, true), pedal(200, false)];
    let mut other = Part::new("Call", vec![note(0, 192, 60, 1), note(48, 48, 60, 127)]).on_channel(5);
    other.port = 3;
    other.pedal = vec![pedal(10, true), pedal(500, false)];
    score.parts.push(other);
    score.parts.push(Part::new("Antiphon's answer", vec![note(300, 30, 0, 64)]).on_channel(1));
    assert_eq!(again(&score).resampled(48), score);
}

#[test]
fn a_file_in_its_own_ticks_is_not_rounded() {
    let mut random = Rand32::new(7);
    for ticks_per_beat in [1, 24, 48, 96, 384, 480, 960, 32_767] {
        let mut notes: Vec<_> = (0..127u8)
            .map(|key| {
                let onset = i64::from(random.rand_range(0..40_000));
                note(onset, random.rand_range(1..5000), key, u8::try_from(random.rand_range(1..128)).unwrap())
            })
            .collect();
        notes.sort_by_key(music::Note::order);
        let mut score = waltz(&notes);
        score.ticks_per_beat = ticks_per_beat;
        score.tempi = TempoMap::constant(ticks_per_beat, 77.0);
        assert_eq!(again(&score).resampled(ticks_per_beat), score, "{ticks_per_beat}");
    }
}

#[test]
fn random_sound_files_are_read_without_a_word() {
    let mut random = Rand32::new(11);
    for round in 0..300u32 {
        let mut at = 0i64;
        let (mut notes, mut pedal) = (Vec::new(), Vec::new());
        let mut busy_until = [0i64; 128];
        for _ in 0..random.rand_range(1..200) {
            at += i64::from(random.rand_range(0..[2, 20, 500, 40_000][round as usize % 4]));
            let key = u8::try_from(random.rand_range(0..128)).unwrap();
            if random.rand_range(0..8) == 0 {
                pedal.push(PedalChange { ticks: at, is_down: pedal.len() % 2 == 0 });
            }
            if busy_until[usize::from(key)] <= at {
                let length = random.rand_range(1..[30, 400, 9000][round as usize % 3]);
                notes.push(note(at, length, key, u8::try_from(random.rand_range(1..128)).unwrap()));
                busy_until[usize::from(key)] = at + i64::from(length);
            }
        }
        notes.sort_by_key(music::Note::order);
        pedal.dedup_by_key(|change| change.ticks);
        if pedal.len() > 1 && pedal.windows(2).any(|pair| pair[0].is_down == pair[1].is_down) {
            pedal.clear();
        }
        if pedal.first().is_some_and(|change| !change.is_down) {
            pedal.clear();
        }
        let mut score = waltz(&notes).with_part(Part::new("Pedal and notes", notes.clone()).on_channel(7));
        score.parts[1].pedal = pedal;
        assert_eq!(again(&score).resampled(48), score, "round {round}");
    }
}

#[test]
fn long_rests_are_bridged_and_absurd_ones_refused() {
    let late = |ticks| write(&waltz(&[note(ticks, 48, 60, 80)]));
    assert!(late(1 << 30).is_ok());
    let error = late(1 << 40).unwrap_err().to_string();
    assert!(error.contains("\"tune\" is too long"), "{error}");
    // Before the beginning there is no time in a file.
    let early = again(&waltz(&[note(-96, 144, 60, 80), note(-9, 3, 61, 80)])).resampled(480);
    assert_eq!(early.parts[0].notes, [note(0, 480, 60, 80), note(0, 10, 61, 80)]);
}
