//! `model train` as a user runs it: it resumes, and whatever stops it, the last good checkpoint is there.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

mod in_process;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use candle_core::Device;
use engine::{Note, Pitch, Velocity, Weights};
use model::data::prepare::{PrepareOptions, prepare};
use model::export::quantise::{QuantiseOptions, quantise};
use model::train::checkpoint::Checkpoint;
use music::midi::write;
use music::{Part, Score, TimeSignature};
use tempfile::TempDir;

const WALTZ: TimeSignature = TimeSignature::new(3, 2).unwrap();

/// Forty scales, prepared in `prepared`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), "prepared", 24);
    folder
}

fn prepared(folder: &Path, name: &str, duration_ticks: u32) {
    let data = folder.join(format!("midi-{name}"));
    fs::create_dir(&data).unwrap();
    for k in 0..40u8 {
        let note = |i: u8| Note {
            onset_ticks: i64::from(i) * 24,
            duration_ticks,
            pitch: Pitch::new(48 + k % 12 + [0, 2, 4, 5, 7, 9, 11][usize::from(i) % 7]).unwrap(),
            velocity: Velocity::new(60 + i % 40).unwrap(),
        };
        let notes: Vec<Note> = (0..40 + k).map(note).collect();
        let file = write(&Score::new(100.0, WALTZ).with_part(Part::new("tune", notes))).unwrap();
        fs::write(data.join(format!("{k}.mid")), file).unwrap();
    }
    prepare(&PrepareOptions { data, out: folder.join(name), ..PrepareOptions::default() }).unwrap();
}

/// The smallest run on `folder`'s data, with more options.
fn command(program: &str, folder: &Path, more: &str) -> Command {
    let mut command = Command::new(program);
    if program == "sh" {
        // A file beyond this many blocks meets what a full disk gives: an error, instead of a signal.
        command.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_model")]);
    }
    command.current_dir(folder).env_remove("RUST_BACKTRACE").arg("train").args(more.split_whitespace());
    for (name, value) in [
        ("--size", "tiny"),
        ("--batch-size", "1"),
        ("--sequence-length", "16"),
        ("--threads", "1"),
        ("--data", "prepared"),
        ("--out", "run"),
    ] {
        if !more.contains(name) {
            command.args([name, value]);
        }
    }
    command
}

fn train(folder: &Path, more: &str) -> Output {
    command(env!("CARGO_BIN_EXE_model"), folder, more).output().unwrap()
}

fn succeeds(folder: &Path, more: &str) -> String {
    let output = train(folder, more);
    assert!(output.status.success(), "{more}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// That it fails and says `parts`.
fn fails(folder: &Path, more: &str, parts: &[&str]) {
    says(&train(folder, more), more, parts);
}

fn says(output: &Output, what: &str, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{what} should fail");
    for part in parts {
        assert!(error.contains(part), "{what}: {part:?} is not in: {error}");
    }
    assert!(!error.contains("panicked"), "{what}: {error}");
}

fn index(folder: &Path, name: &str) -> serde_json::Value {
    index_of(folder, "run", name)
}

/// The index of a run's checkpoint, which names its files by what is in them.
fn index_of(folder: &Path, run: &str, name: &str) -> serde_json::Value {
    let path = folder.join(run).join(name).join("model.safetensors.index.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn step(folder: &Path) -> u64 {
    index(folder, "last")["metadata"]["antiphon"]["step"].as_u64().unwrap()
}

fn shards(folder: &Path, name: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("run").join(name)).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "safetensors")).collect()
}

#[test]
fn a_run_goes_on_in_stages_and_every_stage_is_named() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--minutes 9 --max-notes 60 --learning-rate 1e-3");
    let first = step(path);
    assert!(first > 2);
    let said =
        succeeds(path, "--resume --max-minutes 9 --max-notes 90 --batch-size 2 --learning-rate 5e-4 --average 0.9");
    assert!(said.contains(&format!("from step {first}")), "{said}");
    succeeds(path, "--resume --max-notes 20 --batch-size 2 --learning-rate 5e-4 --average 0.9");

    let state = &index(path, "best")["metadata"]["antiphon"];
    let stages = state["options"].as_str().unwrap();
    let expected = format!(
        "batches of 1 crops of 16 notes, learning rate 0.001, decay of matrices 0.1, dropout 0.1; from step {first} batches of 2 crops of 16 \
        notes, learning rate 0.0005, decay of matrices 0.1, dropout 0.1, weights averaged by 0.9"
    );
    assert_eq!(stages, expected);
    let out = path.join("out.antiphon");
    // Named as earlier versions did.
    quantise(&QuantiseOptions {
        checkpoint: path.join("run/best.safetensors"),
        out: out.clone(),
        name: "Scales".into(),
        licence: "CC0".into(),
        credits: String::new(),
        floats: false,
        data: None,
        notes: 0,
    })
    .unwrap();
    assert!(Weights::parse(&fs::read(out).unwrap()).unwrap().header().training.contains(&expected));

    for name in ["best", "last"] {
        let names = index(path, name)["weight_map"].as_object().unwrap().len();
        assert_eq!(names % 4, 0, "weights, two means and the average");
        assert!(!shards(path, name).is_empty());
        for entry in fs::read_dir(path.join("run").join(name)).unwrap() {
            let entry = entry.unwrap();
            assert!(entry.metadata().unwrap().len() <= 16 << 20);
            assert!(!entry.file_name().to_str().unwrap().ends_with("unfinished"));
        }
    }
}

#[test]
fn a_step_of_reptile_is_a_few_batches() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--max-notes 120 --reptile 3");
    let state = &index(path, "last")["metadata"]["antiphon"];
    assert!(state["options"].as_str().unwrap().ends_with("3 of a style in a step of Reptile"), "{state}");
    // 16 notes a batch.
    assert_eq!(state["notes_seen"].as_u64().unwrap(), 48 * step(path));
    succeeds(path, "--resume --max-notes 30");
}

#[test]
fn a_run_ends_when_it_no_longer_gets_better() {
    let folder = folder();
    let said = succeeds(folder.path(), "--learning-rate 0 --valid-every 1 --patience 2");
    assert!(said.contains("no longer gets better"), "{said}");
    assert_eq!(step(folder.path()), 3);
}

#[test]
fn a_loss_that_overflows_ends_the_run_before_its_checkpoint_is_touched() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--max-notes 30");
    let good = index(path, "last");
    for more in ["--resume --learning-rate 1e30", "--resume --learning-rate 1e30 --valid-every 1"] {
        fails(path, more, &["no longer", "last"]);
        assert_eq!(index(path, "last"), good);
    }
    succeeds(path, "--resume --max-notes 30");
    assert!(step(path) > good["metadata"]["antiphon"]["step"].as_u64().unwrap());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_at_a_checkpoint() {
    let folder = folder();
    let mut command = command(env!("CARGO_BIN_EXE_model"), folder.path(), "--max-minutes 60");
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("M parameters"));
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {}", run.id())]).status().unwrap();
    assert!(kill.success());
    let last = lines.last().unwrap().unwrap();
    assert!(last.starts_with("Stopped after"), "{last}");
    assert!(run.wait().unwrap().success());
    succeeds(folder.path(), "--resume --max-notes 20");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--max-notes 30");
    let good = index(path, "last");
    let full = command("sh", path, "--resume --max-notes 30").output().unwrap();
    says(&full, "a full disk", &["cannot write the checkpoint", "is the disk full?"]);
    assert_eq!(index(path, "last"), good);
    succeeds(path, "--resume --max-notes 30");
    assert_eq!(shards(path, "last").len(), 1, "what the full disk left is gone");
    // A disk that takes nothing is noticed before any time is spent.
    let full = command("sh", path, "--out another").output().unwrap();
    says(&full, "a full disk at the start", &["cannot write the checkpoint"]);
    fails(path, "--out /dev/null/run", &["cannot make"]);
}

#[test]
fn a_run_can_begin_with_the_weights_of_another() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--max-notes 60");
    prepared(path, "other", 12);
    succeeds(path, "--from run/last --data other --out again --max-notes 1 --learning-rate 1e-12");
    let load = |run: &str| Checkpoint::load(&path.join(run).join("last"), &Device::Cpu).unwrap();
    let (first, again) = (load("run"), load("again"));
    for (name, values) in first.network.parameters() {
        let now = again.network.parameters()[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let then = values.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(then.iter().zip(now).all(|(a, b)| (a - b).abs() < 1e-9), "{name}");
    }
    let seen = first.state.notes_seen;
    assert_eq!(again.state.step, 1);
    assert!(again.state.notes_seen > seen);
    let stages = format!("{seen} notes of other music; from step 0 batches of 1 crops of 16 notes");
    assert!(again.state.options.starts_with(&stages), "{}", again.state.options);
    fails(path, "--from run/last --resume", &["cannot be used with"]);
    fails(path, "--from run/last --out third --size nano", &["choose its --size"]);
    fails(path, "--from nowhere --out third", &["nowhere"]);
}

#[test]
fn what_does_not_fit_a_checkpoint_is_refused() {
    let folder = folder();
    let path = folder.path();
    fails(path, "--resume", &["leave out --resume"]);
    succeeds(path, "--max-notes 30");
    let good = index(path, "last");
    prepared(path, "other", 12);
    fails(path, "", &["is there already", "--resume"]);
    fails(path, "--resume --size nano", &["choose its --size"]);
    fails(path, "--resume --data other", &["trained on other data"]);
    fails(path, "--resume --sequence-length 65", &["--sequence-length must be 1 to 64"]);
    fails(path, "--resume --average 1", &["--average"]);
    fails(path, "--resume --precision bf16", &["--device cuda"]);
    if cfg!(not(feature = "cuda")) {
        fails(path, "--resume --device cuda", &["--features cuda"]);
    }
    assert_eq!(index(path, "last"), good);
}

#[test]
fn old_options_are_answered_with_the_new_ones() {
    let folder = folder();
    let path = folder.path();
    for (old, new) in [("rows", "batch-size"), ("steps", "sequence-length"), ("rate", "learning-rate")] {
        let advice = format!("it is called --{new} now");
        for more in [format!("--{old} 8"), format!("--{old}=8"), format!("--{old}")] {
            fails(path, &more, &[&format!("--{old}"), &advice]);
        }
        assert!(!String::from_utf8_lossy(&train(path, "--help").stdout).contains(&format!("--{old} ")));
    }
    assert!(!path.join("run").exists());
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--max-notes 30");
    let shard = shards(path, "last").remove(0);
    let index = path.join("run/last/model.safetensors.index.json");
    for file in [&shard, &index] {
        let whole = fs::read(file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() * 3 / 4] ^= 0x40;
        for (damage, bytes) in [("cut", &whole[..whole.len() / 2]), ("flipped", &flipped), ("empty", &[][..])] {
            if damage == "flipped" && file == &index {
                continue;
            }
            fs::write(file, bytes).unwrap();
            fails(path, "--resume", &["is not a whole checkpoint", "is damaged"]);
        }
        fs::remove_file(file).unwrap();
        fails(path, "--resume", &["cannot read"]);
        fs::write(file, whole).unwrap();
    }
    succeeds(path, "--resume --max-notes 30");
}

#[test]
fn data_without_pieces_is_refused() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("empty")).unwrap();
    fails(path, "--data empty", &["empty", "prepare"]);
    fails(path, "--data nowhere", &["nowhere"]);
    assert!(!path.join("run").exists());
}

/// Steps of a log with the bits that it says of them.
fn curve(folder: &Path, run: &str) -> Vec<(u64, String)> {
    let log = fs::read_to_string(folder.join(run).join("log.csv")).unwrap_or_default();
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        // Without the minutes, and without the training bits since the last line, which a restart begins anew.
        Some((cells[0].parse().ok()?, format!("{} {:?}", cells[1], &cells[5..])))
    };
    log.lines().filter_map(line).collect()
}

#[test]
fn a_trunk_that_is_killed_five_times_has_the_curve_of_one_that_is_not() {
    let folder = folder();
    let path = folder.path();
    const TRUNK: &str = "--trunk --valid-every 5 --patience 1000 --max-minutes 9";
    succeeds(path, &format!("{TRUNK} --max-notes 1500 --out whole"));
    let whole = curve(path, "whole");
    for kill in 0..5 {
        let n_lines = curve(path, "run").len();
        let resume = if kill > 0 { "--resume" } else { "" };
        let mut child = command(env!("CARGO_BIN_EXE_model"), path, &format!("{TRUNK} {resume}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wanted = if kill == 0 { 3 } else { n_lines.saturating_sub(1) + 3 };
        while curve(path, "run").len() < wanted {
            assert!(child.try_wait().unwrap().is_none(), "the trunk ended by itself");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeeds(path, &format!("{TRUNK} --resume --max-notes 40"));
    let killed = curve(path, "run");
    assert!(killed.windows(2).all(|pair| pair[0].0 < pair[1].0), "no step is told twice");
    // What the last run says when its budget ends is no validation of the whole run's.
    let common: Vec<_> =
        killed.iter().filter(|(step, _)| step % 5 == 0 && whole.iter().any(|(s, _)| s == step)).collect();
    assert!(common.len() >= 10, "{killed:?}");
    for line in common {
        assert!(whole.contains(line), "{line:?} is not in {whole:?}");
    }
}

#[test]
fn a_branch_falls_and_leaves_its_trunk_alone() {
    let folder = folder();
    let path = folder.path();
    succeeds(path, "--trunk --valid-every 20 --max-minutes 9 --max-notes 1700");
    let trunk = (index(path, "last"), shards(path, "last"));
    succeeds(path, "--branch run/last --valid-every 5 --max-minutes 9 --max-notes 400 --average 0.9 --out branch");
    assert_eq!((index(path, "last"), shards(path, "last")), trunk);
    let rates: Vec<f64> = fs::read_to_string(path.join("branch/log.csv"))
        .unwrap()
        .lines()
        .filter_map(|line| line.split(',').nth(3)?.parse().ok())
        .collect();
    assert!(rates.len() > 3 && rates.windows(2).all(|pair| pair[1] < pair[0]), "{rates:?}");
    let text = fs::read_to_string(path.join("branch/last/model.safetensors.index.json")).unwrap();
    assert!(text.contains("never falling") && text.contains("falling from the first step"), "both stages are named");
    fails(path, "--branch run/nothing --out other", &["nothing"]);
    fails(path, "--branch run/last --trunk --out other", &["cannot be used"]);
}
