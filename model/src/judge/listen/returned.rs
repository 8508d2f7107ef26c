//! What listeners send back: files from anybody, read as far as they are sound.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::key::{Key, Side};
use super::page::{FORMAT, SCALES};

/// A file of the page has some 300 bytes for each pair.
const MOST_BYTES: u64 = 1 << 20;
/// What a listener says of themselves has fewer letters.
const MOST_LETTERS: usize = 40;
/// Of what is wrong with a file, so much is told.
const MOST_FAULTS: usize = 5;
const RATINGS: std::ops::RangeInclusive<u8> = 1..=5;

/// Which of two is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Choice {
    A,
    B,
    Same,
}

impl Choice {
    /// The side, if it is one.
    pub(super) const fn side(self) -> Option<Side> {
        match self {
            Self::A => Some(Side::A),
            Self::B => Some(Side::B),
            Self::Same => None,
        }
    }
}

/// What was said of a pair.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// Its place in the key.
    pub(super) trial: usize,
    pub(super) choice: Choice,
    /// Of A, then of B, in the order of [`SCALES`].
    pub(super) ratings: Option<[[u8; SCALES.len()]; 2]>,
    /// From when the pair was shown to the last word on it.
    pub(super) seconds: f64,
}

/// Somebody who listened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listener {
    /// The name of the file.
    pub(super) file: String,
    /// Years that they have played, as the page puts it; empty where they did not say.
    pub(super) years: String,
    /// With what they listened.
    pub(super) sound: String,
    /// One for each pair, in the order of the file.
    pub(super) answers: Vec<Answer>,
}

/// As the page writes it. What it has besides is not looked at.
#[derive(Deserialize)]
struct Written {
    format: String,
    page: String,
    listener: String,
    #[serde(default)]
    years: String,
    #[serde(default)]
    sound: String,
    trials: Vec<Value>,
}

#[derive(Deserialize)]
struct WrittenAnswer {
    name: String,
    choice: Choice,
    scales: Option<WrittenScales>,
    plays: Plays,
    #[serde(default)]
    seconds: f64,
}

#[derive(Deserialize)]
struct WrittenScales {
    a: Value,
    b: Value,
}

#[derive(Deserialize)]
struct Plays {
    a: u32,
    b: u32,
}

/// A text file of so many bytes at most.
pub(super) fn read_bounded(path: &Path, most: u64) -> Result<String> {
    let cannot = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    File::open(path).with_context(cannot)?.take(most + 1).read_to_end(&mut bytes).with_context(cannot)?;
    ensure!(bytes.len() as u64 <= most, "{} has more than {most} bytes", path.display());
    String::from_utf8(bytes).with_context(cannot)
}

/// Reads files of a page's listeners, and says what was left out and why.
pub(super) fn read(key: &Key, paths: &[PathBuf]) -> (Vec<Listener>, Vec<String>) {
    let (mut listeners, mut left_out) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for path in paths {
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().escape_debug().to_string());
        let listener = read_bounded(path, MOST_BYTES).and_then(|json| parse(key, &file, &json, &mut known));
        match listener {
            Ok((listener, faults)) => {
                let n_more = faults.len().saturating_sub(MOST_FAULTS);
                left_out.extend(faults.into_iter().take(MOST_FAULTS).map(|fault| format!("{file}: {fault}")));
                if n_more > 0 {
                    left_out.push(format!("{file}: {n_more} more"));
                }
                listeners.push(listener);
            }
            Err(why) => left_out.push(format!("{file}: all of it, since {why:#}")),
        }
    }
    (listeners, left_out)
}

/// A listener, and what of the file was left out.
fn parse(key: &Key, file: &str, json: &str, known: &mut BTreeSet<String>) -> Result<(Listener, Vec<String>)> {
    let written: Written = serde_json::from_str(json).context("it is no file that the page saves")?;
    ensure!(written.format == FORMAT, "it is of another version of the page ({:?})", short(&written.format));
    ensure!(
        written.page == key.page,
        "it is of another page ({:?}); merge it with that page's key.json",
        short(&written.page)
    );
    let places = key.places();
    let mut answers: Vec<Answer> = Vec::new();
    let mut faults = Vec::new();
    // More than there are pairs cannot be sound; each is still looked at, since a file is small.
    for (number, value) in written.trials.iter().enumerate() {
        let answer = answer(value, |name| places.get(name).copied(), key.has_scales, &mut faults);
        let answer = answer.and_then(|answer| {
            ensure!(answers.iter().all(|other| other.trial != answer.trial), "its pair is answered already");
            Ok(answer)
        });
        match answer {
            Ok(answer) => answers.push(answer),
            Err(why) => faults.push(format!("answer {}, since {why:#}", number + 1)),
        }
    }
    ensure!(!answers.is_empty(), "it has no answer to a pair of this page");
    // Last, so that a file that is refused for something else does not stand in the way of a sound one.
    ensure!(!written.listener.is_empty(), "it does not say which listener it is of");
    ensure!(known.insert(written.listener), "another file is of the same listener");
    Ok((
        Listener { file: file.to_owned(), years: short(&written.years), sound: short(&written.sound), answers },
        faults,
    ))
}

fn answer(
    value: &Value,
    place: impl Fn(&str) -> Option<usize>,
    has_scales: bool,
    faults: &mut Vec<String>,
) -> Result<Answer> {
    let written = WrittenAnswer::deserialize(value).context("it is not as the page writes it")?;
    let Some(trial) = place(&written.name) else { bail!("the page has no pair {:?}", short(&written.name)) };
    ensure!(written.plays.a > 0 && written.plays.b > 0, "its pair was not listened to");
    let ratings = |side: &Value| -> Option<[u8; SCALES.len()]> {
        let mut found = [0; SCALES.len()];
        for (rating, name) in found.iter_mut().zip(SCALES) {
            *rating = u8::try_from(side.get(name)?.as_u64()?).ok().filter(|rating| RATINGS.contains(rating))?;
        }
        Some(found)
    };
    let scales = written.scales.filter(|_| has_scales);
    let found = scales.as_ref().and_then(|scales| Some([ratings(&scales.a)?, ratings(&scales.b)?]));
    if scales.is_some() && found.is_none() {
        faults.push(format!("the scales of {:?}, which are not all numbers from 1 to 5", short(&written.name)));
    }
    let seconds = if written.seconds.is_finite() { written.seconds.max(0.0) } else { 0.0 };
    Ok(Answer { trial, choice: written.choice, ratings: found, seconds })
}

/// Somebody's words, as far as they are shown, and without what a terminal would obey.
fn short(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(MOST_LETTERS).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use serde_json::json;

    use super::super::key::tests::key;
    use super::*;

    /// The file of a listener who chose so.
    pub(in super::super) fn written(listener: &str, choices: &[(&str, &str)]) -> Value {
        let scales = |n: u8| json!({"coherence": n, "originality": 3, "answers": 5});
        let answer = |&(name, choice): &(&str, &str)| json!({"name": name, "choice": choice, "scales": {"a": scales(4), "b": scales(2)}, "plays": {"a": 1, "b": 2}, "seconds": 40});
        let trials: Vec<Value> = choices.iter().map(answer).collect();
        json!({"format": FORMAT, "page": "p", "listener": listener, "years": "3-5", "sound": "headphones", "trials": trials})
    }

    /// What is read of such files, named 0.json and so on.
    pub(in super::super) fn read_all(files: &[String]) -> (Vec<Listener>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..files.len()).map(|i| folder.path().join(format!("{i}.json"))).collect();
        paths.iter().zip(files).for_each(|(path, text)| fs::write(path, text).unwrap());
        read(&key(), &paths)
    }

    #[test]
    fn a_listener_is_read() {
        let (listeners, left_out) = read_all(&[written("l", &[("1", "a"), ("r", "same")]).to_string()]);
        assert!(left_out.is_empty(), "{left_out:?}");
        let Listener { years, answers, .. } = &listeners[0];
        assert_eq!(years, "3-5");
        let ratings = Some([[4, 3, 5], [2, 3, 5]]);
        let second = Answer { trial: 4, choice: Choice::Same, ratings, seconds: 40.0 };
        assert_eq!(*answers, [Answer { trial: 1, choice: Choice::A, ..second }, second]);
    }

    #[test]
    fn hostile_files_are_left_out_and_said() {
        let sound = written("l", &[("0", "a")]);
        let with = |place: &str, value: Value| {
            let mut file = written("other", &[("0", "a")]);
            *file.pointer_mut(place).unwrap() = value;
            file.to_string()
        };
        let files = [
            (sound.to_string(), None),
            (sound.to_string(), Some("same listener")),
            (with("/page", json!("q\u{1b}[2J")), Some("another page (\"q[2J\")")),
            (with("/format", json!("antiphon-listening-9")), Some("another version")),
            (with("/trials", json!([])), Some("no answer")),
            (with("/trials/0/choice", json!("ours")), Some("no answer")),
            (with("/trials/0/name", json!("zz")), Some("no answer")),
            (with("/trials/0/plays/b", json!(0)), Some("no answer")),
            (with("/listener", json!("")), Some("which listener")),
            ("[".repeat(100_000), Some("no file that the page saves")),
            ("x".repeat((1 << 20) + 1), Some("more than")),
            (String::new(), Some("no file")),
        ];
        let (listeners, left_out) = read_all(&files.clone().map(|(file, _)| file));
        let expected: Vec<&str> = files.iter().filter_map(|(_, why)| *why).collect();
        assert_eq!(left_out.iter().filter(|line| line.contains("all of it")).count(), expected.len());
        for why in expected {
            assert!(left_out.iter().any(|line| line.contains(why)), "{why}: {left_out:?}");
        }
        assert_eq!(listeners.len(), 1);
    }

    #[test]
    fn what_is_sound_of_a_file_is_read() {
        let mut file = written("l", &[("0", "a"), ("0", "b"), ("1", "b"), ("zz", "a"), ("2", "a")]);
        file["trials"][4]["scales"]["b"]["answers"] = json!(6);
        file["trials"].as_array_mut().unwrap().extend((0..20).map(|_| json!(7)));
        let (listeners, left_out) = read_all(&[file.to_string()]);
        let said: Vec<(usize, Choice)> =
            listeners[0].answers.iter().map(|answer| (answer.trial, answer.choice)).collect();
        assert_eq!(said, [(0, Choice::A), (1, Choice::B), (2, Choice::A)], "the first word counts");
        assert!(listeners[0].answers[2].ratings.is_none());
        for words in ["answer 2, since its pair is answered", "no pair \"zz\"", "the scales of \"2\"", "more"] {
            assert!(left_out.iter().any(|line| line.contains(words)), "{words}: {left_out:?}");
        }
        assert_eq!(left_out.len(), MOST_FAULTS + 1);
    }
}
