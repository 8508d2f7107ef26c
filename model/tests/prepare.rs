//! A folder of MIDI files to a prepared folder to batches.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use engine::vocab::{BEGIN, END, TIMES_TICKS};
use engine::{Note, Pitch, Velocity};
use model::batch::Batch;
use model::corpus::Split;
use model::dataset::Dataset;
use model::midi::{Part, write};
use model::prepare::{PrepareOptions, prepare};

const STEPS: usize = 48;

/// Tune number `k`: each has its own steps, length and register.
fn tune(k: usize, n_notes: usize) -> Vec<u8> {
    let notes: Vec<Note> = (0..n_notes)
        .map(|i| Note {
            onset_ticks: i64::try_from(i / 2 * 24).unwrap(),
            duration_ticks: 12 + u32::try_from(k).unwrap(),
            pitch: Pitch::new(u8::try_from(40 + i % 2 * 12 + (i / 2 * (k + 1)) % 11 + k % 9).unwrap()).unwrap(),
            velocity: Velocity::new(u8::try_from(40 + i % 64).unwrap()).unwrap(),
        })
        .collect();
    write(&[Part { name: "tune", channel: 0, notes: &notes }], 120.0, 4).unwrap()
}

/// 40 tunes in two styles, and five files that must be left out.
fn corpus(folder: &Path) -> PathBuf {
    let data = folder.join("midi");
    for style in ["Reels", "Airs"] {
        fs::create_dir_all(data.join(style)).unwrap();
    }
    for k in 0..40 {
        let style = if k % 3 == 0 { "Airs" } else { "Reels" };
        fs::write(data.join(style).join(format!("{k}.mid")), tune(k, 40 + 7 * k)).unwrap();
    }
    fs::write(data.join("Reels/short.mid"), tune(3, 12)).unwrap();
    fs::write(data.join("Reels/copy.midi"), tune(7, 40 + 49)).unwrap();
    fs::write(data.join("text.mid"), b"not music").unwrap();
    fs::write(data.join("empty.mid"), b"").unwrap();
    fs::write(data.join("Airs/cut.mid"), &tune(9, 90)[..60]).unwrap();
    data
}

fn options(folder: &Path) -> PrepareOptions {
    PrepareOptions { data: corpus(folder), out: folder.join("prepared"), licences: Vec::new() }
}

fn shape(batch: &Batch) {
    let n = batch.rows * batch.steps;
    let arrays = batch.event.iter().chain(&batch.target).chain(&batch.position).chain(&batch.conditions);
    assert!(arrays.chain(&batch.target_position).all(|a| a.len() == n));
    assert!(batch.mask.iter().all(|a| a.len() == n && a.iter().all(|&m| m == 0.0 || m == 1.0)));
}

/// The rules of [`Batch`]'s comment.
fn invariants(batch: &Batch) {
    shape(batch);
    for row in 0..batch.rows {
        let at = |step: usize| row * batch.steps + step;
        let n_targets = (0..batch.steps).filter(|&step| batch.mask[1][at(step)] == 1.0).count();
        for step in 0..batch.steps {
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
fn every_file_is_prepared_or_listed_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let summary = prepare(&options).unwrap();
    assert_eq!(summary.index.pieces.len() + summary.rejects.len(), 45);
    assert_eq!(summary.index.styles, ["Any style", "Reels", "Airs"]);
    let mut reasons: Vec<_> = summary.rejects.iter().map(|r| (r.path.as_str(), r.reason)).collect();
    reasons.sort_unstable();
    let listed = fs::read_to_string(options.out.join("rejected.csv")).unwrap();
    for (path, reason) in &reasons {
        assert!(listed.contains(&format!("{path},{reason}")), "{path} is not in rejected.csv");
    }
    assert!(reasons.contains(&("Reels/short.mid", "fewer than 32 notes")));
    assert!(reasons.contains(&("Reels/copy.midi", "the same notes as another file")));
    assert!(reasons.contains(&("text.mid", "not a readable MIDI file")));
    assert_eq!(reasons.len(), 5);
    assert!(prepare(&options).is_ok(), "preparing again replaces");
}

#[test]
fn no_piece_is_in_two_splits() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let dataset = Dataset::open(&options.out).unwrap();
    let mut seen = HashSet::new();
    let mut n_notes = 0;
    for split in Split::ALL {
        assert!(dataset.n_notes(split) > 0, "{} is empty", split.name());
        for (piece, notes) in dataset.pieces(split) {
            let tune: Vec<_> = notes.iter().map(|p| (p.note.onset_ticks, p.note.pitch)).collect();
            assert!(seen.insert(piece.path.clone()) && notes.len() == piece.n_notes);
            assert_eq!(tune[0].0, 0, "{} begins in the middle", piece.path);
            n_notes += notes.len();
        }
    }
    assert_eq!(n_notes, Split::ALL.map(|split| dataset.n_notes(split)).iter().sum::<usize>());
}

#[test]
fn training_batches_keep_the_contract_and_repeat_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let dataset = Dataset::open(&options.out).unwrap();
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
    // Styles and modes are seen, and left open.
    assert!([(0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (3, 0)].iter().all(|c| conditions.contains(c)));
    assert!(conditions.iter().any(|&(a, value)| a == 2 && value > 0));
    let reopened = Dataset::open(&options.out).unwrap();
    assert_eq!(reopened.train_batch(5, 3, 6, STEPS).target, dataset.train_batch(5, 3, 6, STEPS).target);
}

#[test]
fn validation_counts_every_event_once_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let dataset = Dataset::open(&options.out).unwrap();
    let (mut n_notes, mut n_ends) = (0, 0);
    for batch in dataset.valid_batches(Split::Valid, 4, STEPS) {
        invariants(&batch);
        assert!(batch.conditions[2].iter().chain(&batch.conditions[3]).all(|&c| c == 0));
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
fn a_damaged_prepared_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let file = options.out.join("train.notes");
    let sound = fs::read(&file).unwrap();
    for damage in [sound[..sound.len() - 1].to_vec(), Vec::new(), [&sound[..20], &[7u8][..], &sound[21..]].concat()] {
        fs::write(&file, damage).unwrap();
        let error = format!("{:#}", Dataset::open(&options.out).unwrap_err());
        assert!(error.contains("prepare` again"), "{error}");
    }
}

#[test]
fn a_manifest_decides_splits_styles_and_licences() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(folder.path());
    let mut manifest = String::from("path,composer,style,split,licence_class,kind\n");
    for (k, split) in (0..20).zip(["train", "train", "validation", "test"].into_iter().cycle()) {
        let style = if k % 3 == 0 { "Airs" } else { "Reels" };
        let composer = if k % 2 == 0 { "Johann Sebastian Bach" } else { "Anna Bon" };
        let licence = if k == 5 { "share-alike" } else { "free" };
        manifest += &format!("{style}/{k}.mid,{composer},baroque,{split},{licence},score\n");
    }
    fs::write(data.join("manifest.csv"), manifest).unwrap();
    let options = PrepareOptions { data, out: folder.path().join("out"), licences: vec!["free".into()] };
    let summary = prepare(&options).unwrap();
    assert_eq!(summary.index.pieces.len(), 19);
    assert_eq!(summary.rejects[0].reason, "a licence that was not asked for");
    assert_eq!(summary.index.styles.len(), 3);
    for piece in &summary.index.pieces {
        let k: usize = piece.path.split(['/', '.']).nth(1).unwrap().parse().unwrap();
        assert_eq!(piece.split, [Split::Train, Split::Train, Split::Valid, Split::Test][k % 4]);
        assert_eq!(
            summary.index.styles[usize::from(piece.style)],
            if k.is_multiple_of(2) { "J. S. Bach" } else { "Baroque" }
        );
    }
}

#[test]
fn folders_without_music_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        |data: &Path| PrepareOptions { data: data.to_owned(), out: folder.path().join("out"), licences: Vec::new() };
    let error = prepare(&options(folder.path())).unwrap_err().to_string();
    assert!(error.contains("no .mid or .midi files"), "{error}");
    let error = prepare(&options(&folder.path().join("missing"))).unwrap_err().to_string();
    assert!(error.contains("give the folder"), "{error}");
    fs::write(folder.path().join("bad.mid"), b"MThd").unwrap();
    let error = prepare(&options(folder.path())).unwrap_err().to_string();
    assert!(error.contains("rejected.csv"), "{error}");
}

#[test]
fn a_sample_is_fixed_and_spread_over_all_pieces() {
    let folder = tempfile::tempdir().unwrap();
    prepare(&options(folder.path())).unwrap();
    let dataset = Dataset::open(&folder.path().join("prepared")).unwrap();
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
