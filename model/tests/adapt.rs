//! A style from a handful of files, from start to pack.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use engine::{ModelConfig, Note, Pack, Pitch, Precision, Velocity, Weights, pack, random_file};
use model::adapt::{AdaptConfig, adapt};
use model::export::pack::merge;
use model::inspect::describe;
use model::train::Unwatched;
use music::midi::write;
use music::{Part, Score, TimeSignature};
use takes::trainer::{FINISH, Report};

const WALTZ: TimeSignature = TimeSignature::new(3, 2).unwrap();

/// A scale in eighths from a key up.
fn save_tune(path: &Path, n_notes: u8, start_key: u8) {
    let scale = [0, 2, 4, 5, 7, 9, 11];
    let note = |i: u8| Note {
        onset_ticks: i64::from(i) * 24,
        duration_ticks: 24,
        pitch: Pitch::new(start_key + scale[usize::from(i) % 7]).unwrap(),
        velocity: Velocity::new(80).unwrap(),
    };
    let notes: Vec<_> = (0..n_notes).map(note).collect();
    fs::write(path, write(&Score::new(100.0, WALTZ).with_part(Part::new("tune", notes))).unwrap()).unwrap();
}

struct Place {
    folder: tempfile::TempDir,
    base: Vec<u8>,
}

impl Place {
    /// A folder with a small base and so many tunes.
    fn new(n_tunes: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
        fs::write(folder.path().join("base.antiphon"), &base).unwrap();
        fs::create_dir(folder.path().join("tunes")).unwrap();
        for k in 0..n_tunes {
            save_tune(&folder.path().join(format!("tunes/{k}.mid")), 180 + k, 40 + k % 12);
        }
        Self { folder, base }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self, name: &str) -> AdaptConfig {
        AdaptConfig {
            files: vec![self.file("tunes")],
            name: name.to_owned(),
            base: Some(self.file("base.antiphon")),
            out: self.file("my.antiphon"),
            ..AdaptConfig::default()
        }
    }
}

#[test]
fn a_pack_says_and_does_what_was_learnt() {
    let place = Place::new(8);
    let config = AdaptConfig {
        max_steps: Some(20),
        learning_rate: 0.02,
        author: "Me".to_owned(),
        may_forget: 900.0,
        ..place.config("Scales")
    };
    let report = adapt(&config, &mut Unwatched).unwrap();
    assert!(report.gain() > 0.1, "{report}");
    let base = Weights::parse(&place.base).unwrap();
    let bytes = fs::read(place.file("my.antiphon")).unwrap();
    assert_eq!(bytes.len(), report.n_bytes);
    let adapted = Arc::new(Pack::parse(&bytes).unwrap().apply(&base).unwrap());
    assert_eq!(adapted.style_index("Scales"), Some(4));

    let text = describe(&place.file("my.antiphon"), false).unwrap();
    for word in ["Scales", "Me", "8: ", "0.mid", "Bits per note", "Random"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(place.file("my.svg").is_file() && place.file("my.csv").is_file());

    let out = place.file("whole.antiphon");
    merge(&place.file("my.antiphon"), Some(&place.file("base.antiphon")), &out, Precision::Q8).unwrap();
    assert!(describe(&out, false).unwrap().contains("Scales"));
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_advice() {
    let place = Place::new(3);
    fs::write(place.file("tunes/broken.mid"), b"not MIDI").unwrap();
    let refused = |config: &AdaptConfig| format!("{:#}", adapt(config, &mut Unwatched).unwrap_err());
    let little = refused(&place.config("Scales"));
    for word in ["543 notes", "add pieces", "broken.mid", "readable"] {
        assert!(little.contains(word), "{little}");
    }
    assert!(refused(&place.config("ragtime")).contains("another name"));
    let nowhere = AdaptConfig { files: vec![place.file("nowhere")], ..place.config("Scales") };
    assert!(refused(&nowhere).contains("there is no"));
}

/// The trainer as the plugin's window starts it, with more arguments.
fn start(place: &Place, out: &str, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_model"));
    command.args(["adapt", "--progress", "json", "--name=Scales", "--base"]).arg(place.file("base.antiphon"));
    command.args(arguments).arg("--out").arg(place.file(out)).arg("--").arg(place.file("tunes"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn reports(child: &mut Child) -> impl Iterator<Item = Report> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn is_learning(report: &Report) -> bool {
    matches!(report, Report::Progress { stage, share, .. } if stage == "learning" && *share > 0.0)
}

fn files(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_window_is_told_all_that_happens_in_lines() {
    let place = Place::new(8);
    fs::write(place.file("tunes/broken.mid"), b"not MIDI").unwrap();
    let mut child = start(&place, "my.antiphon", &["--max-steps", "21"]);
    let told: Vec<Report> = reports(&mut child).collect();
    assert!(child.wait().unwrap().success());
    let base_sha256 = pack::hex(&Weights::parse(&place.base).unwrap().checksum());
    assert_eq!(told.first(), Some(&Report::Begun { base_sha256 }));
    let Some(Report::Made(made)) = told.last() else { panic!("{told:?}") };
    assert_eq!((&made.path, made.name.as_str(), made.n_files), (&place.file("my.antiphon"), "Scales", 8));
    let mut stages: Vec<&str> = told
        .iter()
        .filter_map(|report| if let Report::Progress { stage, .. } = report { Some(stage.as_str()) } else { None })
        .collect();
    stages.dedup();
    assert_eq!(stages, ["reading", "comparing", "learning", "measuring"]);
    let remarks = told.iter().filter(|report| matches!(report, Report::Remark { text } if text.contains("broken.mid")));
    assert_eq!(remarks.count(), 1);
    assert_eq!(files(&place), ["base.antiphon", "my.antiphon", "tunes"], "no table and no picture");
}

#[test]
fn the_end_of_its_input_ends_it_without_a_file_and_a_line_with_a_pack() {
    let place = Place::new(8);
    let mut child = start(&place, "my.antiphon", &["--minutes", "60", "--learning-rate", "0.00001"]);
    assert!(reports(&mut child).any(|report| is_learning(&report)));
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
    assert_eq!(files(&place), ["base.antiphon", "tunes"]);

    let mut child = start(&place, "my.antiphon", &["--minutes", "60"]);
    let mut told = reports(&mut child);
    assert!(told.any(|report| is_learning(&report)));
    writeln!(child.stdin.as_mut().unwrap(), "{FINISH}").unwrap();
    assert!(matches!(told.last(), Some(Report::Made(_))));
    assert!(child.wait().unwrap().success() && place.file("my.antiphon").is_file());
}

#[test]
fn a_window_gets_a_sentence_when_there_is_no_pack() {
    let place = Place::new(3);
    for (out, words) in [("my.antiphon", "543 notes"), ("nowhere/my.antiphon", "folder is not there; put it back")] {
        let mut child = start(&place, out, &[]);
        let Some(Report::Failed { why }) = reports(&mut child).last() else { panic!("{out}: no reason") };
        assert!(why.contains(words) && !why.contains("os error"), "{why}");
        assert!(!child.wait().unwrap().success());
    }
}
