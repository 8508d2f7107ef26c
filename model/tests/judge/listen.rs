//! A page for listeners, and what they say merged. `cargo xtask validate` opens the page that is made here in browsers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use model::judge::listen::key::{Key, Kind, Side};
use serde_json::{Value, json};

use super::{model, prepared};

/// `model listen make` on a folder of `prepared`.
fn make(folder: &Path, out: &Path, words: &[&str]) -> Result<String, String> {
    let all = ["listen", "make", "--weights", "random.antiphon", "--data", "prepared", "--seed", "7", "--out"];
    model(folder, &[&all[..], &[out.to_str().unwrap()], words].concat())
}

/// What a page is told.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_page_does_not_say_whose_answers_are_whose_and_the_key_does() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 8);
    // Where the browsers look for it.
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("listen");
    if out.exists() {
        fs::remove_dir_all(&out).unwrap();
    }
    let words = ["--pairs", "2", "--repeats", "1", "--anchors", "1"];
    let said = make(folder.path(), &out, &words).unwrap();
    assert!(said.contains("4 pairs") && said.contains("MB of FLAC"), "{said}");
    let page = fs::read_to_string(out.join("listen.html")).unwrap();
    let key = Key::parse(&fs::read_to_string(out.join("key.json")).unwrap()).unwrap();

    let data = data(&page);
    let sounds = data["sounds"].as_array().unwrap().iter().map(|sound| sound.as_str().unwrap());
    let text = sounds.clone().fold(page.clone(), |text, sound| text.replace(sound, ""));
    for kept_back in ["composer", "anchor", "repeat:", "subject", "plugin", ".mid", "baroque", "://"] {
        assert!(!text.contains(kept_back), "the page says {kept_back}");
    }
    assert!(sounds.clone().all(|sound| sound.starts_with("ZkxhQ")), "fLaC");
    let trials = data["trials"].as_array().unwrap();
    assert_eq!((trials.len(), sounds.count()), (4, 9), "a repeat has the sounds of its pair");
    let named: Vec<&str> = trials.iter().map(|trial| trial["name"].as_str().unwrap()).collect();
    assert_eq!(named, key.trials.iter().map(|trial| trial.name.as_str()).collect::<Vec<_>>());
    let fields: BTreeSet<&str> = trials[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, BTreeSet::from(["name", "call", "a", "b", "answer_at", "seconds"]));

    let place = |name: &str| named.iter().position(|other| *other == name).unwrap();
    let repeat = key.trials.iter().find(|trial| matches!(trial.kind, Kind::Repeat(_))).unwrap();
    let Kind::Repeat(of) = &repeat.kind else { unreachable!() };
    let (first, again) = (&trials[place(of)], &trials[place(&repeat.name)]);
    assert_eq!((&first["a"], &first["b"], &first["call"]), (&again["b"], &again["a"], &again["call"]));
    assert_eq!(key.trials[place(of)].subject, repeat.subject.other());

    let same = folder.path().join("same");
    make(folder.path(), &same, &words).unwrap();
    assert_eq!(fs::read_to_string(same.join("listen.html")).unwrap(), page, "the same seed makes the same page");
    let error = make(folder.path(), &same, &words).unwrap_err();
    assert!(error.contains("name another folder with --out"), "{error}");
}

#[test]
fn listeners_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 8);
    let out = folder.path().join("listen");
    make(folder.path(), &out, &["--pairs", "3", "--no-scales", "--calls", "played", "--against", "raw"]).unwrap();
    let key = Key::parse(&fs::read_to_string(out.join("key.json")).unwrap()).unwrap();
    assert!(key.against.contains("the network alone") && key.is_played);
    // Two who prefer ours and the composer wherever they are, and one who always says A.
    for listener in ["one", "two", "three"] {
        let letter = |side| if side == Side::A { "a" } else { "b" };
        let choice = |subject| if listener == "three" { "a" } else { letter(subject) };
        let trial = |trial: &model::judge::listen::key::KeyTrial| json!({"name": trial.name, "choice": choice(trial.subject), "plays": {"a": 1, "b": 1}, "seconds": 30});
        let trials: Vec<Value> = key.trials.iter().map(trial).collect();
        let file = json!({"format": "antiphon-listening-1", "page": key.page, "listener": listener, "trials": trials});
        fs::write(out.join(format!("{listener}.json")), file.to_string()).unwrap();
    }
    let words =
        ["listen", "merge", "--key", "listen/key.json", "listen/one.json", "listen/two.json", "listen/three.json"];
    let said = model(folder.path(), &words).unwrap();
    assert!(said.contains("3 listeners, 3 pairs"), "{said}");
    assert!(said.contains("3 of 3         0 of 2"), "{said}");
    assert!(said.contains("0 of 3         1 of 2"), "{said}");
    let said = model(folder.path(), &[&words[..], &["--careful", "--json", "merged.json"]].concat()).unwrap();
    assert!(said.contains("ours is better 6 times, the other 0, not to be told 0"), "{said}");
    assert!(said.contains("54 % to 100 %"), "as R's binom.test(6, 6) has it: {said}");
    let json: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("merged.json")).unwrap()).unwrap();
    assert_eq!(json["careless"][0]["file"], "three.json");

    let error = model(folder.path(), &["listen", "merge", "--key", "listen/key.json", "manifest.csv"]).unwrap_err();
    assert!(error.contains("none of the 1 files") && error.contains("manifest.csv: all of it"), "{error}");
    let error = model(folder.path(), &["listen", "merge", "--key", "listen/one.json", "listen/one.json"]).unwrap_err();
    assert!(error.contains("the one that was written beside the page"), "{error}");
}

#[test]
fn what_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 1);
    let out = folder.path().join("listen");
    for (words, why) in [
        (&["--pairs", "150"][..], "ask for fewer pairs"),
        (&["--pairs", "0"], "a page has 1 to 200"),
        (&["--pairs", "1", "--repeats", "2"], "ask for fewer repeats"),
        (
            &["--pairs", "1", "--repeats", "0", "--against", "random.antiphon"],
            "only 0 calls have two answers with different notes",
        ),
        (&["--pairs", "1", "--repeats", "0", "--against", "no-such.antiphon"], "no-such.antiphon"),
    ] {
        let error = make(folder.path(), &out, words).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
    assert!(!out.exists(), "nothing is left of what failed");
}
