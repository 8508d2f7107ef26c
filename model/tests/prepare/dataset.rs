//! Batches out of a prepared folder.

use std::collections::HashSet;
use std::fs;

use engine::conditions::TABLES;
use engine::vocab::{BEGIN, END, TIMES_TICKS, UNKNOWN_VELOCITY};
use engine::{Note, Pitch, Velocity};
use model::data::batch::Batch;
use model::data::corpus::Split;
use model::data::dataset::{Dataset, SamplingPolicy};
use model::data::prepare::{PrepareOptions, prepare};
use music::midi::write;
use music::{Part, Score, TimeSignature};

use super::options;

const STEPS: usize = 48;

fn shape(batch: &Batch) {
    let n = batch.batch_size * batch.sequence_length;
    let arrays = batch.event.iter().chain(&batch.target).chain(&batch.position).chain(&batch.conditions);
    assert!(arrays.chain(&batch.target_position).all(|a| a.len() == n));
    assert!(batch.mask.iter().all(|a| a.len() == n && a.iter().all(|&m| m == 0.0 || m == 1.0)));
}

/// The rules of [`Batch`]'s comment.
fn invariants(batch: &Batch) {
    shape(batch);
    for row in 0..batch.batch_size {
        let at = |step: usize| row * batch.sequence_length + step;
        let n_targets = (0..batch.sequence_length).filter(|&step| batch.mask[1][at(step)] == 1.0).count();
        for step in 0..batch.sequence_length {
            let mask = batch.mask.each_ref().map(|m| m[at(step)]);
            let target = batch.target.each_ref().map(|t| t[at(step)]);
            if step >= n_targets {
                assert_eq!(mask, [0.0; 4], "padding counts in row {row}, step {step}");
                continue;
            }
            let is_end = target[1] == u32::from(END);
            assert_eq!(mask, [f32::from(step > 0), 1.0, f32::from(!is_end), f32::from(!is_end)]);
            assert!(target[1] <= u32::from(END) && target[0] < 128 && target[2] < 128 && target[3] < 32);
            assert!(is_end || target[2] > 0, "a note of no length");
            assert!(!is_end || step + 1 == n_targets, "something follows an end");
            if step == 0 {
                assert_eq!(batch.event.each_ref().map(|e| e[at(0)]), [0, u32::from(BEGIN), 0, 0]);
                assert_eq!(
                    batch.position.each_ref().map(|p| p[at(0)]),
                    batch.target_position.each_ref().map(|p| p[at(0)])
                );
            } else {
                assert_eq!(
                    batch.event.each_ref().map(|e| e[at(step)]),
                    batch.target.each_ref().map(|t| t[at(step - 1)])
                );
                assert_eq!(
                    batch.position.each_ref().map(|p| p[at(step)]),
                    batch.target_position.each_ref().map(|p| p[at(step - 1)])
                );
            }
        }
    }
}

#[test]
fn training_batches_keep_the_contract_and_repeat_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let dataset = Dataset::open(&options.out, &SamplingPolicy::default()).unwrap();
    let mut conditions = HashSet::new();
    for step in 0..40 {
        let batch = dataset.train_batch(5, step, 6, STEPS);
        invariants(&batch);
        assert_eq!(format!("{batch:?}"), format!("{:?}", dataset.train_batch(5, step, 6, STEPS)));
        assert_ne!(batch.target, dataset.train_batch(6, step, 6, STEPS).target);
        for (a, values) in batch.conditions.iter().enumerate() {
            conditions.extend(values.iter().map(|&value| (a, value)));
        }
    }
    // Every condition is told, and left open.
    assert!([(0, 1), (0, 2)].iter().all(|c| conditions.contains(c)));
    for (a, (name, n)) in TABLES.into_iter().enumerate() {
        assert!(conditions.contains(&(a, 0)), "{name} is always told");
        // The tunes of the test corpus have no phrases that could be compared.
        let is_told = conditions.iter().any(|&(of, value)| of == a && value > 0);
        assert!(is_told || name == "relation", "{name} is never told");
        assert!(conditions.iter().all(|&(of, value)| of != a || (value as usize) < n));
    }
    let reopened = Dataset::open(&options.out, &SamplingPolicy::default()).unwrap();
    assert_eq!(reopened.train_batch(5, 3, 6, STEPS).target, dataset.train_batch(5, 3, 6, STEPS).target);
}

#[test]
fn validation_counts_every_event_once_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let dataset = Dataset::open(&options.out, &SamplingPolicy::default()).unwrap();
    let (mut n_notes, mut n_ends) = (0, 0);
    for batch in dataset.valid_batches(Split::Valid, 4, STEPS) {
        invariants(&batch);
        assert!(batch.conditions[2..].iter().flatten().all(|&c| c == 0), "only style and mode are told");
        n_notes += batch.mask[2].iter().filter(|&&m| m == 1.0).count();
        n_ends += batch.target[1].iter().filter(|&&p| p == u32::from(END)).count();
    }
    assert_eq!(n_notes, dataset.n_notes(Split::Valid));
    assert_eq!(n_ends, dataset.pieces(Split::Valid).count());

    let (_, notes) = dataset.pieces(Split::Valid).next().unwrap();
    let batch = dataset.valid_batches(Split::Valid, 1, STEPS).next().unwrap();
    let mut onset = 0;
    for (i, placed) in notes.iter().take(STEPS).enumerate() {
        onset += i64::from(TIMES_TICKS[batch.target[0][i] as usize]);
        assert_eq!((onset, batch.target[1][i]), (placed.note.onset_ticks, placed.note.pitch.get().into()));
    }
}

#[test]
fn a_sample_is_fixed_and_spread_over_all_pieces() {
    let folder = tempfile::tempdir().unwrap();
    prepare(&options(folder.path())).unwrap();
    let dataset = Dataset::open(&folder.path().join("prepared"), &SamplingPolicy::default()).unwrap();
    let notes =
        |batches: &[Batch]| -> usize { batches.iter().map(|b| b.mask[3].iter().filter(|m| **m > 0.0).count()).sum() };
    let all: Vec<Batch> = dataset.sample(Split::Valid, usize::MAX >> 16, 8, 16).collect();
    assert_eq!(notes(&all), dataset.n_notes(Split::Valid));
    let some: Vec<Batch> = dataset.sample(Split::Valid, dataset.n_notes(Split::Valid) / 2, 8, 16).collect();
    let share = notes(&some) as f64 / notes(&all) as f64;
    assert!((0.35..0.65).contains(&share), "{share}");
    let again: Vec<Batch> = dataset.sample(Split::Valid, dataset.n_notes(Split::Valid) / 2, 8, 16).collect();
    assert!(some.iter().zip(&again).all(|(a, b)| a.event == b.event && a.mask == b.mask));
}

/// Notes whose loudness says something, or nothing.
fn loudness(velocity: impl Fn(usize) -> u8) -> Vec<u8> {
    let notes: Vec<Note> = (0..80)
        .map(|i| Note {
            onset_ticks: i64::try_from(i).unwrap() * 24,
            duration_ticks: 24,
            pitch: Pitch::new(60 + u8::try_from((i * 5 + i / 3 * usize::from(velocity(0) % 7)) % 12).unwrap()).unwrap(),
            velocity: Velocity::new(velocity(i)).unwrap(),
        })
        .collect();
    write(&Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("tune", notes))).unwrap()
}

#[test]
fn loudness_that_says_nothing_is_not_learnt_and_often_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("midi");
    fs::create_dir(&data).unwrap();
    let row = |name: &str, file: &[u8], rest: &str| {
        fs::write(data.join(name), file).unwrap();
        format!("{name},{rest}\n")
    };
    let mut manifest = "path,style,split,kind,weight\n".to_owned();
    manifest += &row("flat.mid", &loudness(|i| if i % 4 == 0 { 90 } else { 70 }), "folk,train,score,3");
    manifest += &row("flat-too.mid", &loudness(|_| 64), "folk,valid,score,");
    manifest += &row("shaped.mid", &loudness(|i| 40 + u8::try_from(i).unwrap()), "my own,train,score,");
    manifest += &row("recording.mid", &loudness(|i| 30 + u8::try_from(i).unwrap()), "renaissance,train,transcription,");
    fs::write(data.join("manifest.csv"), manifest).unwrap();
    let options = PrepareOptions {
        data,
        out: folder.path().join("out"),
        without_transcriptions: true,
        ..PrepareOptions::default()
    };
    let summary = prepare(&options).unwrap();
    assert_eq!(summary.index.styles, ["Any style", "Folk", "my own"], "known styles come first");
    assert_eq!(summary.rejects.len(), 1);
    assert_eq!(summary.rejects[0].reason, "a transcribed recording");
    let flat: Vec<_> =
        summary.index.pieces.iter().map(|piece| (piece.path.as_str(), piece.is_flat, piece.weight)).collect();
    assert_eq!(flat, [("flat.mid", true, 3.0), ("flat-too.mid", true, 1.0), ("shaped.mid", false, 1.0)]);

    let dataset = Dataset::open(&options.out, &SamplingPolicy::default()).unwrap();
    let (mut n_hidden, mut n_flat, mut n_shaped) = (0, 0, 0);
    for step in 0..60 {
        let batch = dataset.train_batch(3, step, 1, STEPS);
        let is_learnt = batch.mask[3].iter().any(|&m| m > 0.0);
        let is_hidden = batch.event[3][1..].iter().any(|&v| v == u32::from(UNKNOWN_VELOCITY));
        assert!(!(is_learnt && is_hidden));
        assert!(batch.mask[1].iter().any(|&m| m > 0.0));
        *(if is_learnt { &mut n_shaped } else { &mut n_flat }) += 1;
        n_hidden += usize::from(is_hidden);
    }
    assert!(n_shaped > 5 && n_flat > 5, "{n_shaped} {n_flat}");
    assert!((n_flat / 4..=3 * n_flat / 4).contains(&n_hidden), "{n_hidden} of {n_flat} hidden");
}

#[test]
fn of_a_call_that_was_played_only_the_pitches_are_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("midi");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("a.mid"), loudness(|i| 40 + u8::try_from(i).unwrap())).unwrap();
    fs::write(data.join("manifest.csv"), "path,style,split,kind\na.mid,folk,train,score\n").unwrap();
    let out = folder.path().join("out");
    prepare(&PrepareOptions { data, out: out.clone(), ..PrepareOptions::default() }).unwrap();
    let count = |played: f64| {
        let dataset = Dataset::open(&out, &SamplingPolicy { played, ..SamplingPolicy::default() }).unwrap();
        let masks: Vec<_> = (0..40).map(|step| dataset.train_batch(1, step, 1, STEPS).mask).collect();
        let sum = |attribute: usize| masks.iter().flat_map(|mask| &mask[attribute]).sum::<f32>();
        (0..4).map(sum).collect::<Vec<_>>()
    };
    let (plain, played) = (count(0.0), count(1.0));
    assert!((plain[1] - played[1]).abs() < 0.1 * plain[1], "{plain:?} {played:?}");
    for attribute in [0, 2, 3] {
        let share = played[attribute] / plain[attribute];
        assert!((0.3..0.85).contains(&share), "{attribute}: {share}");
    }
}
