//! A style from a handful of files, from start to pack.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use engine::{ModelConfig, Note, Pack, Pitch, Precision, Velocity, Weights, random_file};
use model::adapt::{AdaptOptions, adapt};
use model::inspect::describe;
use model::pack::{PackVerb, run};
use music::midi::write;
use music::{Part, Score, TimeSignature};

const WALTZ: TimeSignature = TimeSignature::new(3, 2).unwrap();

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: AdaptOptions,
}

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

    fn options(&self, words: &[&str]) -> AdaptOptions {
        let (tunes, base, out) = (self.file("tunes"), self.file("base.antiphon"), self.file("my.antiphon"));
        let first =
            ["adapt", tunes.to_str().unwrap(), "--base", base.to_str().unwrap(), "--out", out.to_str().unwrap()];
        Command::try_parse_from(first.iter().chain(words)).unwrap().options
    }
}

#[test]
fn a_pack_says_and_does_what_was_learnt() {
    let place = Place::new(8);
    let words = ["--name", "Scales", "--max-steps", "20", "--rate", "0.02", "--author", "Me", "--may-forget", "900"];
    let report = adapt(&place.options(&words)).unwrap();
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

    let (file, base, out) =
        (place.file("my.antiphon"), Some(place.file("base.antiphon")), place.file("whole.antiphon"));
    run(&PackVerb::Merge { file, base, out: out.clone(), floats: false }).unwrap();
    assert!(describe(&out, false).unwrap().contains("Scales"));
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_advice() {
    let place = Place::new(3);
    fs::write(place.file("tunes/broken.mid"), b"not MIDI").unwrap();
    let refused = |words: &[&str]| format!("{:#}", adapt(&place.options(words)).unwrap_err());
    let little = refused(&["--name", "Scales"]);
    for word in ["543 notes", "add pieces", "broken.mid", "readable"] {
        assert!(little.contains(word), "{little}");
    }
    assert!(refused(&["--name", "ragtime"]).contains("another --name"));
    let mut nowhere = place.options(&["--name", "Scales"]);
    nowhere.files = vec![place.file("nowhere")];
    assert!(format!("{:#}", adapt(&nowhere).unwrap_err()).contains("there is no"));
}
