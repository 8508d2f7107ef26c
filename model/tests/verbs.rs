//! Weights at work: evaluated, generating, looked into.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use engine::answer::{AnswerRequest, Call, Controls, KeyChoice, KeyLock, MOST_CANDIDATES, answer};
use engine::{Metre, ModelConfig, Note, Pitch, Precision, Session, Velocity, random_file};
use model::data::prepare::{PrepareOptions, prepare};
use model::evaluate::{EvaluateConfig, evaluate, load};
use model::generate::{GenerateConfig, generate};
use model::inspect::describe;
use music::midi::{read, write};
use music::rhythm::{PlayedNote, transcribe};
use music::{Part, Reading, Reduction, Role, Score, TempoMap, TimeSignature, event_text};

fn weights(folder: &Path) -> PathBuf {
    let path = folder.join("random.antiphon");
    fs::write(&path, random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap()).unwrap();
    path
}

/// A scale in eighths, in C major from `start_key` up.
fn tune(n_notes: u8, start_key: u8) -> Vec<Note> {
    let scale = [0, 2, 4, 5, 7, 9, 11];
    (0..n_notes)
        .map(|i| Note {
            onset_ticks: i64::from(i) * 24,
            duration_ticks: 24,
            pitch: Pitch::new(start_key + scale[usize::from(i) % 7]).unwrap(),
            velocity: Velocity::new(60 + i % 40).unwrap(),
        })
        .collect()
}

fn waltz(notes: &[Note]) -> Score {
    Score::new(100.0, TimeSignature::new(3, 2).unwrap()).with_part(Part::new("tune", notes.to_vec()))
}

fn save(path: &Path, notes: &[Note]) {
    fs::write(path, write(&waltz(notes)).unwrap()).unwrap();
}

/// What `model` prints when it is called with these words.
///
/// # Errors
/// With what it says when it fails.
fn model(words: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_model")).args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// What `model generate` writes, given these words besides, with random weights and seed 5.
fn generated(folder: &Path, words: &[&str]) -> Result<Vec<u8>, String> {
    let (weights, out) = (weights(folder), folder.join("generated.mid"));
    let all = ["generate", "--weights", weights.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let seed = if words.contains(&"--seed") { &[][..] } else { &["--seed", "5"] };
    model(&[&all, seed, words].concat())?;
    Ok(fs::read(out).unwrap())
}

#[test]
fn evaluation_reports_bits_beside_the_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("midi");
    fs::create_dir(&data).unwrap();
    for k in 0..40 {
        save(&data.join(format!("{k}.mid")), &tune(60 + k, 48 + k % 12));
    }
    let prepared = folder.path().join("prepared");
    prepare(&PrepareOptions { data, out: prepared.clone(), ..PrepareOptions::default() }).unwrap();
    let mut config = EvaluateConfig { weights: Some(weights(folder.path())), ..EvaluateConfig::new(prepared.clone()) };
    let report = evaluate(&config).unwrap();
    let sum: f64 = report.attributes.values().sum();
    assert!((sum - report.bits_per_note).abs() < 1e-9 && report.bits_per_note.is_finite());
    // Random weights know nothing, frequencies little; the n-gram sees the scale.
    assert!(report.bits_per_note > report.unigram_bits_per_note);
    assert!(report.unigram_bits_per_note > report.ngram_bits_per_note && report.ngram_bits_per_note > 0.0);
    assert_eq!(report.styles.values().map(|style| style.n_notes).sum::<u64>(), report.n_notes as u64);
    assert!((0.0..=1.0).contains(&report.accuracy) && report.accuracy <= report.accuracy_by_attribute["velocity"]);
    let per_token = report.bits_per_note * std::f64::consts::LN_2 / report.tokens_per_note;
    assert!((per_token - report.nats_per_token).abs() < 1e-9, "two ways to the same number");
    // A note-on, a note-off, a time shift and a velocity for almost each note of a scale of rising loudness.
    assert!((3.0..4.0).contains(&report.tokens_per_note), "{}", report.tokens_per_note);
    let json = serde_json::to_value(&report).unwrap();
    assert!(["bits_per_note", "ngram_bits_per_note", "unigram_bits_per_note"].iter().all(|key| json[key].is_f64()));

    let (pictures, file) = (folder.path().join("pictures"), folder.path().join("report.json"));
    let random = weights(folder.path());
    let paths = [&random, &prepared, &file, &pictures].map(|path| path.to_str().unwrap());
    let [random, data, file, drawn] = paths;
    let words =
        ["evaluate", "--answers", "0", "--weights", random, "--data", data, "--json", file, "--pictures", drawn];
    assert!(model(&words).unwrap().contains("bits per note"));
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(json["bits_per_note"].is_f64() && json["styles"].is_object());
    assert!(fs::read_to_string(pictures.join("bits.svg")).unwrap().contains("n-gram"));
    let styles = fs::read_to_string(pictures.join("styles.svg")).unwrap();
    assert!(report.styles.keys().all(|name| styles.contains(name.as_str())), "each bar has its name");

    // Pieces are longer than the context, so both ways went on from window to window.
    let played = evaluate(&EvaluateConfig { cache_weight: Some(0.0), ..config.clone() }).unwrap();
    for (name, bits) in &report.attributes {
        let other = played.attributes[name];
        assert!((bits / other - 1.0).abs() < 0.01, "{name}: {bits} bits at once, {other} note by note");
    }
    assert!((report.accuracy_by_attribute["pitch"] - played.accuracy_by_attribute["pitch"]).abs() < 0.05);

    config.notes = Some(70);
    assert_eq!(evaluate(&config).unwrap().n_notes, 70);
    let shown = describe(&prepared, false).unwrap();
    assert!(shown.contains("Any style") && shown.contains("all"), "{shown}");
}

#[test]
fn midi_files_are_evaluated_as_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    for k in 0..3 {
        save(&folder.path().join(format!("{k}.mid")), &tune(240 - k, 48));
    }
    let mut config = EvaluateConfig { weights: Some(weights(folder.path())), ..EvaluateConfig::new(folder.path()) };
    let report = evaluate(&config).unwrap();
    assert_eq!((report.n_pieces, report.n_notes), (3, 717), "all files are held out");
    assert!(report.ngram_bits_per_note < report.unigram_bits_per_note);

    // Longer ones leave room for an answer and what really follows.
    save(&folder.path().join("long.mid"), &tune(250, 60).repeated(2));
    config.answers = 5;
    config.raw = true;
    let answers = evaluate(&config).unwrap().answers.unwrap();
    assert_eq!(answers.n_passages, 1);
    assert!(answers.copied_notes.is_none(), "there is no training music");
    let key = answers.features["share in the key of before"];
    // The tune never leaves its key; random weights do.
    assert!((key.real.overlap - 1.0).abs() < 1e-9 && key.generated.overlap < 0.5, "{key:?}");

    // The plugin's answers, which are held to the rhythm of the call and lean a little towards its key, are nearer.
    config.raw = false;
    let report = evaluate(&config).unwrap();
    let as_played = report.answers.unwrap().features;
    let distances = |feature: &str| [&as_played, &answers.features].map(|all| all[feature].generated.wasserstein);
    let [played, raw] = distances("time between onsets");
    assert!(!report.answers_are_raw && played < 0.5 * raw, "{played} and {raw}");
    let [played, raw] = distances("share in the key of before");
    assert!(played < raw, "{played} and {raw}");
}

trait Repeated {
    fn repeated(self, times: i64) -> Self;
}

impl Repeated for Vec<Note> {
    /// The tune so often, one after another.
    fn repeated(self, times: i64) -> Self {
        let once_ticks = self.last().map_or(0, Note::end_ticks);
        let moved = |time: i64| {
            self.iter().map(move |note| Note { onset_ticks: note.onset_ticks + time * once_ticks, ..*note })
        };
        (0..times).flat_map(moved).collect()
    }
}

#[test]
fn a_call_is_continued_from_its_end_in_whole_bars() {
    let folder = tempfile::tempdir().unwrap();
    let call = folder.path().join("call.mid");
    save(&call, &tune(24, 60));
    let picture = folder.path().join("roll.png");
    let words = ["--call", call.to_str().unwrap(), "--bars", "4", "--silence", "0", "--style", "ragtime"];
    let first = generated(folder.path(), &[&words[..], &["--picture", picture.to_str().unwrap()]].concat()).unwrap();
    let score = read(&first).unwrap().score.resampled(48);
    let of = |role| score.notes_of(role).copied().collect::<Vec<Note>>();
    assert_eq!(of(Role::Call), tune(24, 60));
    let (start, stop) = (24 * 24, 24 * 24 + 4 * 144);
    let answer = of(Role::Answer);
    assert!(!answer.is_empty());
    assert!(answer.iter().all(|note| note.onset_ticks >= start && note.end_ticks() <= stop));
    assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"));

    assert_eq!(generated(folder.path(), &words).unwrap(), first, "the same seed, the same notes");
    assert_ne!(generated(folder.path(), &[&words[..], &["--seed", "6"]].concat()).unwrap(), first);
}

#[test]
fn an_answer_is_written_in_the_metre_and_tempo_of_its_call() {
    let folder = tempfile::tempdir().unwrap();
    for (numerator, power, bar_ticks) in [(6, 3, 144), (7, 3, 168), (12, 3, 288), (5, 2, 240)] {
        let signature = TimeSignature::new(numerator, power).unwrap();
        let mut score = Score::new(84.0, signature).with_part(Part::new("tune", tune(24, 60)));
        score.tempi = TempoMap::new(48, [(0, 700_000), (150, 600_000)]);
        let call = folder.path().join("call.mid");
        fs::write(&call, write(&score).unwrap()).unwrap();
        let words = ["--call", call.to_str().unwrap(), "--bars", "8", "--silence", "0"];
        let written = read(&generated(folder.path(), &words).unwrap()).unwrap();
        assert_eq!(written.left_out, []);
        let written = written.score.resampled(48);
        assert_eq!((&written.metres, &written.tempi), (&score.metres, &score.tempi));
        let end = written.parts.iter().flat_map(|part| &part.notes).map(Note::end_ticks).max().unwrap();
        assert!(end <= 24 * 24 + 8 * bar_ticks, "eight bars of {signature}");
    }
}

/// The answer loop is one: what the plugin plays (see `tests/parity.rs` of the repository) is what `generate` writes.
#[test]
fn generate_answers_as_the_engine_does() {
    let weights = Arc::new(load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/nano.antiphon")).unwrap());
    let signature = TimeSignature::new(6, 3).unwrap();
    let score = Score::new(80.0, signature).with_part(Part::new("tune", tune(24, 60)));
    let reduction = Reduction::of(&score, Reading::Auto).unwrap();
    let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 };
    // The plugin plays what it hears to the network as it is written.
    let played: Vec<_> = tune(24, 60).iter().map(|note| PlayedNote::in_ticks(note, 750_000)).collect();
    let call = Call::new(transcribe(&played, 0), metre);
    let engine = |request: AnswerRequest, controls: &Controls, call: &Call, n_most: usize| {
        answer(&mut Session::new(Arc::clone(&weights)), call, request, controls, n_most)
    };
    let plain = Controls::default();
    let config = GenerateConfig { silence_ms: 0.0, bars: None, notes: None, seed: 5, controls: plain };

    // As when nobody has touched the plugin: 700 ms are 44.8 ticks.
    let untouched = GenerateConfig { silence_ms: 700.0, seed: 1, ..config };
    let request = AnswerRequest {
        song_seed: 1,
        number: 0,
        start_ticks: 576 + 45,
        end_ticks: 576 + 45 + 576,
        most_candidates: MOST_CANDIDATES,
    };
    let expected = engine(request, &plain, &call, usize::MAX);
    assert!(expected.len() > 8 && expected[0].onset_ticks == 621);
    assert_eq!(generate(&weights, Some(&reduction), &untouched), expected);

    let controls = Controls {
        style: weights.style_index("schubert").unwrap(),
        style2: weights.style_index("debussy").unwrap(),
        style_mix: 0.3,
        rhythm_temperature: 0.45,
        density: 2.0,
        voices: 2,
        key: KeyChoice { tonic: Some(2), scale: 4 },
        key_lock: KeyLock::Strict,
        quantise_ticks: 12,
        ..plain
    };
    let request = AnswerRequest {
        song_seed: 5,
        number: 0,
        start_ticks: 576,
        end_ticks: 576 + 4 * 144,
        most_candidates: MOST_CANDIDATES,
    };
    let expected = engine(request, &controls, &call, usize::MAX);
    assert!(expected.len() > 8 && expected[0].onset_ticks == 576);
    assert_eq!(generate(&weights, Some(&reduction), &GenerateConfig { bars: Some(4), controls, ..config }), expected);

    let request = AnswerRequest { song_seed: 5, number: 0, start_ticks: 0, end_ticks: i64::MAX, most_candidates: 1 };
    let none = Call::none(Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 });
    let alone = generate(&weights, None, &GenerateConfig { notes: Some(40), ..config });
    assert_eq!(alone, engine(request, &plain, &none, 40));
}

#[test]
fn a_piece_comes_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = generated(folder.path(), &["--notes", "40"]).unwrap();
    let n_notes = read(&file).unwrap().score.notes_of(Role::Answer).count();
    assert!((30..=40).contains(&n_notes), "{n_notes}");
}

#[test]
fn what_is_generated_can_be_set_as_a_score_and_answered_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let call = Score::new(100.0, TimeSignature::COMMON).with_part(Part::new("tune", tune(24, 60)));
    fs::write(place("call.mxl"), music::file::write(&call, "mxl").unwrap()).unwrap();
    let take = generated(folder.path(), &["--call", &place("call.mxl"), "--bars", "2"]).unwrap();
    let notes = |bytes: &[u8]| {
        let score = music::file::read(bytes).unwrap().score.resampled(48);
        [Role::Call, Role::Answer].map(|role| score.notes_of(role).copied().collect::<Vec<Note>>())
    };
    model(&["score", &place("generated.mid")]).unwrap();
    model(&["score", &place("generated.mid"), "-o", &place("again.mxl")]).unwrap();
    let pages = ["generated.musicxml", "again.mxl"].map(|name| notes(&fs::read(place(name)).unwrap()));
    assert_eq!(pages[0], pages[1]);
    let [played, answered] = notes(&take);
    assert_eq!((pages[0][0].as_slice(), pages[0][1].len()), (played.as_slice(), answered.len()));

    let error = |words: &[&str]| model(&[&["score"], words].concat()).unwrap_err();
    assert!(error(&[&place("call.mxl"), "-o", &place("call.pdf")]).contains("use .mid, .musicxml or .mxl"));
    assert!(error(&[&place("again.musicxml")]).contains("cannot open"));
    assert!(error(&[&place("generated.musicxml")]).contains("written over"));
}

#[test]
fn wrong_requests_say_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let error = |words: &[&str]| generated(folder.path(), words).unwrap_err();
    assert!(error(&["--style", "polka"]).contains("Ragtime"));
    assert!(error(&["--temperature=-1"]).contains("0 or more"));
    assert!(error(&["--call", folder.path().join("none").to_str().unwrap()]).contains("cannot open"));
    assert!(error(&["--call", weights(folder.path()).to_str().unwrap()]).contains("not a readable"));
    assert!(error(&["--silence", "nan"]).contains("0 or more"));
    assert!(!folder.path().join("generated.mid").exists());
}

#[test]
fn midi_and_weights_can_be_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let call = folder.path().join("call.mid");
    save(&call, &tune(24, 60));
    let shown = describe(&call, false).unwrap();
    for part in ["notes      24", "12.0 beats at 100.0 BPM", "C major", "bars of 3 beats", "60 to 71"] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    let dump = describe(&call, true).unwrap();
    assert!(dump.starts_with("NOTE_ON 60 60\nTIME_SHIFT 24\nNOTE_OFF 60\n"), "{dump}");
    assert_eq!(event_text::parse(&dump).unwrap(), tune(24, 60));
    let mut damaged = fs::read(&call).unwrap();
    let end = damaged.len() - 4;
    damaged.splice(end..end, [0, 0xF8]);
    fs::write(&call, damaged).unwrap();
    let shown = describe(&call, false).unwrap();
    assert!(shown.contains("notes      24") && shown.contains("a system message (F8)"), "{shown}");
    assert!(describe(&weights(folder.path()), false).unwrap().contains("Ragtime"));
    assert!(describe(&folder.path().join("none"), false).is_err());
}
