//! The real trainer, and some that are none: shell scripts that crash, babble, hang and lie.

use std::os::unix::fs::PermissionsExt;

use engine::{ModelConfig, Pack, Pitch, Precision, Velocity, Weights, pack, random_file};
use takes::{Home, Take, TakeNote};

use super::*;

/// A folder with a trainer that does as this script says; `$OUT` is the pack's file.
struct Scene(PathBuf);

impl Scene {
    fn new(name: &str, script: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("antiphon-trainer-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let scene = Self(folder);
        let text = format!("#!/bin/sh\nOUT='{}'\n{script}\n", scene.out().display());
        std::fs::write(scene.program(), text).unwrap();
        std::fs::set_permissions(scene.program(), std::fs::Permissions::from_mode(0o755)).unwrap();
        scene
    }

    fn program(&self) -> PathBuf {
        self.0.join("trainer")
    }

    fn out(&self) -> PathBuf {
        self.0.join("my style.antiphon")
    }

    fn start(&self) -> TrainerProcess {
        let (music, name) = (vec![self.0.clone()], "- Mine".to_owned());
        let job = Job::Learn { music, name, minutes: 3, out: self.out(), base_sha256: "ab".to_owned() };
        // Another thread's fork may hold the script open for a moment.
        loop {
            match TrainerProcess::start(Some(self.program()), job.clone()) {
                Err(why) if why.contains("busy") => std::thread::sleep(Duration::from_millis(5)),
                started => return started.unwrap(),
            }
        }
    }

    fn outcome(&self) -> Outcome {
        let process = self.start();
        wait(|| process.outcome())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn wait<T>(what: impl FnMut() -> Option<T>) -> T {
    wait_for(Duration::from_secs(30), what)
}

fn wait_for<T>(longest: Duration, mut what: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        match what() {
            Some(found) => return found,
            None => assert!(begun.elapsed() < longest, "it takes too long"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

const BEGUN: &str = r#"echo '{"event":"begun","base_sha256":"ab"}'"#;

fn failed(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(why) => why,
        _ => panic!("{outcome:?}"),
    }
}

#[test]
fn a_trainer_that_fails_crashes_or_is_of_another_version_gets_a_sentence() {
    for (name, script, words) in [
        ("full", r#"echo '{"event":"failed","why":"the disk is full; make room"}'; exit 1"#, "the disk is full"),
        ("crash", "kill -SEGV $$", "ended without a word (signal: 11"),
        ("exit", "exit 3", "ended without a word (exit status: 3"),
        ("version", r#"echo '{"event":"begun","base_sha256":"cd"}'; exec sleep 60"#, "another version"),
        ("endless", "exec tr '\\0' x < /dev/zero", "nobody understands"),
        ("lie", r#"echo '{"event":"made","path":"/etc/passwd"}'"#, "ended without a word"),
    ] {
        let scene = Scene::new(name, script);
        let outcome = scene.outcome();
        assert!(failed(&outcome).contains(words), "{name}: {outcome:?}");
    }
    let nowhere = TrainerProcess::start(Some(PathBuf::from("/nowhere/trainer")), Job::Choose { folder: true });
    assert!(nowhere.unwrap_err().contains("there is no /nowhere/trainer. It comes with the download"));
}

#[test]
fn babble_is_passed_over_and_reports_are_kept_within_bounds() {
    let script = format!(
        r#"{BEGUN}
printf 'garbage\n\377\376\n{{"event":"no such"}}\n[1,2\n\n'
echo '{{"event":"progress","stage":"learning","share":7.5,"remaining_s":-3,"status":"fine"}}'
i=0; while [ $i -lt 80 ]; do echo '{{"event":"remark","text":"'$i'"}}'; i=$((i+1)); done
touch "$OUT"
printf '%s%s%s\n' '{{"event":"made","path":"' "$OUT" '","name":"Mine","n_files":2,"n_notes":9,"minutes":1,"nearest":"Rock","own_bits":[4,3],"other_bits":[4,4]}}'
exec sleep 60"#
    );
    let scene = Scene::new("babble", &script);
    let process = scene.start();
    let Outcome::Made(made) = wait(|| process.outcome()) else { panic!("{:?}", process.outcome()) };
    assert_eq!((made.path, made.own_bits), (scene.out(), [4.0, 3.0]));
    let Progress { stage, share, remaining_s, remarks, n_remarks, .. } = process.progress();
    assert_eq!((stage.as_str(), share, remaining_s), ("learning", 1.0, Some(0.0)));
    assert_eq!((remarks.len(), n_remarks, remarks[49].as_str()), (50, 80, "49"));
}

#[test]
fn it_is_told_what_to_do_at_the_lowest_priority_and_ends_with_its_handle() {
    let script = format!(
        r#"{BEGUN}; echo "$@" > "$OUT.args"; nice > "$OUT.nice"; read line; echo "$line" > "$OUT.line"
read line; echo gone > "$OUT.gone""#
    );
    let scene = Scene::new("cancel", &script);
    let mut process = scene.start();
    process.finish();
    let file = |ending: &str| PathBuf::from(format!("{}.{ending}", scene.out().display()));
    let text = |ending| std::fs::read_to_string(file(ending)).ok().filter(|text| text.ends_with('\n'));
    assert_eq!(wait(|| text("line")), "finish\n");
    assert_eq!(wait(|| text("nice")), "19\n");
    let expected = format!(
        "adapt --progress json --minutes 3 --name=- Mine --out {} -- {}\n",
        scene.out().display(),
        scene.0.display()
    );
    assert_eq!(wait(|| text("args")), expected);
    assert!(process.outcome().is_none());
    drop(process);
    assert_eq!(wait(|| text("gone")), "gone\n", "the end of its input ends it");

    // One that does not listen is ended.
    let deaf = Scene::new("deaf", "exec sleep 60");
    let begun = Instant::now();
    drop(deaf.start());
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// The trainer that `cargo xtask test` has built beside this program.
fn built_trainer() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.ancestors().nth(2)?.join("model");
    program.is_file().then_some(program)
}

#[test]
fn the_real_trainer_makes_a_pack_that_can_be_played() {
    // A debug build on a busy machine.
    const TRAINING: Duration = Duration::from_secs(300);
    let Some(trainer) = built_trainer() else {
        println!("nothing is tested: the trainer is not built; `cargo xtask test` without --quick builds it");
        return;
    };
    // A small network, and few steps.
    let script = r#"shift; exec "$TRAINER" adapt --base "$OUT.base" --max-steps 8 "$@""#;
    let scene = Scene::new("real", &format!("TRAINER='{}'\n{script}", trainer.display()));
    let base = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
    std::fs::write(format!("{}.base", scene.out().display()), &base).unwrap();
    let base = Weights::parse(&base).unwrap();
    let music = scene.0.join("music");
    for k in 0..6 {
        let note = |i: u32| TakeNote {
            is_answer: false,
            on_parts: 16 * 24 * i,
            off_parts: 16 * (24 * i + 20),
            pitch: Pitch::nearest(48 + u8::try_from(i * (k + 2) % 25).unwrap()),
            velocity: Velocity::MEDIUM,
        };
        let take = Take { tempo: 100.0, bar_ticks: 192, notes: (0..200 + k).map(note).collect() };
        Home::at(&music).save_learnt(&take).unwrap();
    }
    let job = |music| Job::Learn {
        music: vec![music],
        name: "Mine".to_owned(),
        minutes: 3,
        out: scene.out(),
        base_sha256: pack::hex(&base.checksum()),
    };
    let process = TrainerProcess::start_at(false, Some(scene.program()), job(music)).unwrap();
    let outcome = wait_for(TRAINING, || process.outcome());
    let Outcome::Made(made) = outcome else { panic!("{outcome:?}") };
    assert_eq!((made.n_files, made.name.as_str(), process.progress().stage.as_str()), (6, "Mine", "measuring"));
    let file = std::fs::read(scene.out()).unwrap();
    assert!(Pack::parse(&file).unwrap().apply(&base).unwrap().style_index("Mine").is_some());

    let process = TrainerProcess::start_at(false, Some(scene.program()), job(scene.0.join("nowhere"))).unwrap();
    let outcome = wait_for(TRAINING, || process.outcome());
    assert!(failed(&outcome).contains("there is no"), "{outcome:?}");
}
