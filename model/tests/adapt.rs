//! A style from a handful of files, from start to pack.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{ModelConfig, Note, Pack, Pitch, Precision, Velocity, Weights, random_file};
use model::adapt::{AdaptConfig, adapt};
use model::export::pack::merge;
use model::inspect::describe;
use model::train::Unwatched;
use music::midi::write;
use music::{Part, Score, TimeSignature};

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
