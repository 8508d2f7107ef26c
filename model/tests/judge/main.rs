//! The judge, from MIDI files to a model card, and to a page for listeners.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

mod listen;

use std::fs;
use std::path::Path;
use std::process::Command;

use engine::{ModelConfig, Note, Pitch, Precision, Velocity, random_file};
use model::data::prepare::{PrepareOptions, prepare};
use model::judge::report::{BY_FEATURES, Report};
use music::midi::write;
use music::{Part, Score, TimeSignature};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Phrases of four bars, each a walk through C major over a bass, of three bars in quarters and eighths and a long note.
fn piece(seed: u64) -> Score {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let scale = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79];
    let note = |onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8| Note {
        onset_ticks,
        duration_ticks,
        pitch: Pitch::nearest(key),
        velocity: Velocity::nearest(velocity),
    };
    let (mut tune, mut bass) = (Vec::new(), Vec::new());
    for phrase in 0..20 {
        let (start, mut step) = (phrase * 768, random.random_range(3..8usize));
        let mut at = 0;
        while at < 576 {
            let ticks = if random.random_bool(0.5) { 48 } else { 24 };
            let loudness = random.random_range(60..90);
            tune.push(note(start + at, ticks, scale[step], loudness));
            step = (step + random.random_range(0..3)).saturating_sub(1).min(scale.len() - 1);
            at += i64::from(ticks);
        }
        tune.push(note(start + 576, 144, 72, 70));
        bass.extend((0..4).map(|bar| {
            note(start + 192 * bar, 144, if bar == 3 { 48 } else { 43 + 2 * u8::try_from(bar).unwrap() }, 60)
        }));
    }
    Score::new(220.0, TimeSignature::COMMON).with_part(Part::new("", tune)).with_part(Part::new("", bass))
}

/// A prepared folder of pieces by two composers, and weights that know nothing.
fn prepared(folder: &Path, n_test: u64) {
    let mut table = String::from("path,composer,title,style,split\n");
    for seed in 0..12 + n_test {
        let split = if seed < 12 { "train" } else { "test" };
        let composer = if seed % 2 == 0 { "Johann Sebastian Bach" } else { "Joseph Haydn" };
        fs::write(folder.join(format!("{seed}.mid")), write(&piece(seed)).unwrap()).unwrap();
        table += &format!("{seed}.mid,{composer},Piece BWV {seed},baroque,{split}\n");
    }
    fs::write(folder.join("manifest.csv"), table).unwrap();
    let options =
        PrepareOptions { data: folder.join("manifest.csv"), out: folder.join("prepared"), ..PrepareOptions::default() };
    prepare(&options).unwrap();
    let weights = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
    fs::write(folder.join("random.antiphon"), weights).unwrap();
}

/// `model judge` on a folder of [`prepared`].
fn judge(folder: &Path, words: &[&str]) -> Result<String, String> {
    let all = ["judge", "--weights", "random.antiphon", "--data", "prepared", "--answers", "15"];
    model(folder, &[&all[..], words].concat())
}

/// What `model` says in a folder: what it prints, or its error.
fn model(folder: &Path, words: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_model")).current_dir(folder).args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn what_knows_nothing_is_told_from_music_and_the_card_says_so() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 8);
    let card = "# Card\n\n<!-- judge: begin, written by `model judge --card` -->\n<!-- judge: end -->\n";
    fs::write(folder.path().join("card.md"), card).unwrap();
    let words = ["--json", "judge.json", "--pictures", "pictures", "--card", "card.md", "--key-lock", "strict"];
    let text = judge(folder.path(), &words).unwrap();
    for words in ["answers to 15 calls of", "told by features, in pairs", "as asked, played", "below 2"] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
    assert!(text.contains("pip install music21"), "what was left out is said");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let report = Report::parse(&read("judge.json")).unwrap();
    assert_eq!(report.columns.len(), 4 + 4, "two settings, page and played");
    let paired = report.measure(BY_FEATURES[0]).unwrap();
    let of = |column: &str| {
        let place = report.columns.iter().position(|name| name == column).unwrap();
        paired.figures[place].interval.value
    };
    assert!(of("ours, page") > 0.9, "random weights sound like random weights: {}", of("ours, page"));
    assert!(of("other real") < 0.8, "real music is not told from real music: {}", of("other real"));
    assert!(read("pictures/measures.svg").contains("ours, page"));
    assert!(read("card.md").contains("| told by features, in pairs |"));
}

#[test]
fn what_cannot_be_judged_is_said() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 1);
    let error = judge(folder.path(), &[]).unwrap_err();
    assert!(error.contains("prepare more music"), "{error}");
    let error = judge(folder.path(), &["--card", "no-such-card.md"]).unwrap_err();
    assert!(error.contains("no-such-card.md"), "{error}");
    let error = judge(folder.path(), &["--style", "ragtime"]).unwrap_err();
    assert!(error.contains("leave --style out"), "{error}");
}
