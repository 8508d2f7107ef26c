//! The library, called several times in one process.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use model::adapt::{AdaptConfig, adapt};
use model::export::quantise::{QuantiseOptions, quantise};
use model::train::{End, Monitor, Size, Start, Summary, TrainConfig, Unwatched, train};

use super::{folder, index_of, prepared, succeeds};

/// The smallest run on `folder`'s data, as the program's.
fn config(folder: &Path, data: &str, out: &str) -> TrainConfig {
    TrainConfig {
        data: folder.join(data),
        out: folder.join(out),
        size: Size::Tiny,
        batch_size: 1,
        sequence_length: Some(16),
        ..TrainConfig::default()
    }
}

/// The files of a checkpoint, whose names follow from what is in them.
fn files(folder: &Path, run: &str, name: &str) -> serde_json::Value {
    index_of(folder, run, name)["weight_map"].clone()
}

#[test]
fn trainings_in_one_process_are_what_the_program_writes() {
    let folder = folder();
    let path = folder.path();
    prepared(path, "other", 12);
    succeeds(path, "--max-notes 300 --seed 5 --valid-every 10 --out run-a");
    succeeds(
        path,
        "--max-notes 200 --batch-size 2 --learning-rate 4e-3 --dropout 0 --average 0.9 --data other --out run-b",
    );

    let first = TrainConfig { seed: 5, max_notes: Some(300), valid_every: 10, ..config(path, "prepared", "lib-a") };
    let second = TrainConfig {
        batch_size: 2,
        learning_rate: 4e-3,
        dropout: 0.0,
        ema_decay: Some(0.9),
        max_notes: Some(200),
        ..config(path, "other", "lib-b")
    };
    // One at the side of the other, then one after the other.
    std::thread::scope(|scope| {
        for config in [&first, &second] {
            scope.spawn(|| train(config, &mut Unwatched).unwrap());
        }
    });
    let again = TrainConfig { out: path.join("again-a"), ..first };
    let Summary { end, progress } = train(&again, &mut Unwatched).unwrap();
    assert_eq!(end, End::Budget);
    assert!(progress.run_notes >= 300 && progress.best_valid.is_some());
    for name in ["best", "last"] {
        let right = files(path, "run-a", name);
        assert_eq!(files(path, "lib-a", name), right);
        assert_eq!(files(path, "again-a", name), right);
        assert_eq!(files(path, "lib-b", name), files(path, "run-b", name));
        assert_ne!(files(path, "run-b", name), right);
    }
}

/// Asks for an end after so many steps.
struct StopAfter {
    n_steps: u32,
    n_asked: AtomicU32,
    lines: Vec<String>,
    shares: Vec<f64>,
}

impl Monitor for StopAfter {
    fn should_stop(&self) -> bool {
        self.n_asked.fetch_add(1, Ordering::Relaxed) >= self.n_steps
    }

    fn say(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn progress(&mut self, share: f64, status: &str) {
        assert!(status.contains("bits per note"), "{status}");
        self.shares.push(share);
    }
}

#[test]
fn a_monitor_hears_of_a_training_and_ends_it_and_another_goes_on() {
    let folder = folder();
    let path = folder.path();
    let config = TrainConfig { max_notes: Some(400), valid_every: 5, ..config(path, "prepared", "run") };
    let mut monitor = StopAfter { n_steps: 7, n_asked: 0.into(), lines: Vec::new(), shares: Vec::new() };
    let Summary { end, progress } = train(&config, &mut monitor).unwrap();
    assert_eq!((end, progress.step), (End::Stopped, 7));
    assert!(monitor.shares.len() == 7 && monitor.shares.windows(2).all(|pair| pair[0] <= pair[1]));
    let parts = ["M parameters", "step 5, ", "Stopped after 7 steps"];
    assert_eq!(monitor.lines.len(), parts.len());
    assert!(monitor.lines.iter().zip(parts).all(|(line, part)| line.contains(part)), "{:?}", monitor.lines);

    let resumed = TrainConfig { start: Start::Resume, max_notes: Some(60), ..config };
    let Summary { progress: then, .. } = train(&resumed, &mut Unwatched).unwrap();
    assert_eq!(then.notes_seen, progress.notes_seen + then.run_notes);
    assert!(then.step > 7 && then.run_notes >= 60);
}

#[test]
fn music_is_prepared_trained_on_and_adapted_to_in_one_process() {
    // Prepared by the library, twice.
    let folder = folder();
    let path = folder.path();
    prepared(path, "other", 12);
    for (data, out) in [("prepared", "run"), ("other", "run-other")] {
        train(&TrainConfig { max_notes: Some(60), ..config(path, data, out) }, &mut Unwatched).unwrap();
        assert!(path.join(out).join("loss.svg").is_file());
    }
    let base = path.join("base.antiphon");
    quantise(&QuantiseOptions {
        checkpoint: path.join("run/last"),
        out: base.clone(),
        name: "Base".to_owned(),
        licence: "CC0".to_owned(),
        credits: String::new(),
        floats: false,
        data: None,
        notes: 0,
    })
    .unwrap();
    let adapted = |data: &str, out: &str| {
        let config = AdaptConfig {
            files: vec![path.join(format!("midi-{data}"))],
            name: "Scales".to_owned(),
            base: Some(base.clone()),
            out: path.join(out),
            max_steps: Some(5),
            ..AdaptConfig::default()
        };
        adapt(&config, &mut Unwatched).unwrap();
        std::fs::read(config.out).unwrap()
    };
    let (first, second) = (adapted("prepared", "a.antiphon"), adapted("other", "b.antiphon"));
    assert_ne!(first, second);
}
