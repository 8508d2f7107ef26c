//! A style is made in the window, with trainers that are shell scripts. That of the real one is tested where it is run.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::Window;
use super::super::view::{StylePhase, UiAction};
use super::answers::choosing;
use super::stage::{Stage, Words};
use super::{SMALL, USUAL, performing};
use crate::models::built_in;
use crate::user_files::data_dir::with_data_dir;

/// A window whose files are in a folder that goes away with it, with a folder of music and a trainer.
struct Scene {
    window: Window,
    stage: Stage,
    folder: PathBuf,
}

impl Scene {
    /// The trainer lets its user choose `Bach chorales`, and makes styles as the script says.
    fn new(name: &str, size: egui::Vec2, script: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("antiphon-new-style-{}-{name}", std::process::id()));
        let music = folder.join("Bach chorales");
        std::fs::create_dir_all(&music).unwrap();
        let mut window = performing();
        window.params = with_data_dir(&folder, Arc::default);
        window.params.has_sound.store(true, std::sync::atomic::Ordering::Relaxed);
        window.ui_state.tab = window.view().groups.len() + 1;
        let program = folder.join("trainer");
        let chosen = music.display();
        let text = format!(
            "#!/bin/sh\n\
             for a; do case \"$a\" in *.antiphon) OUT=$a;; --name=*) NAME=${{a#--name=}};; esac; done\n\
             if [ $1 = choose ]; then echo '{{\"event\":\"chosen\",\"paths\":[\"{chosen}\"]}}'; exit; fi\n\
             echo '{{\"event\":\"begun\",\"base_sha256\":\"{}\"}}'\n{script}\n",
            built_in::checksum()
        );
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        window.new_style.program = Some(program);
        Self { window, stage: Stage::new(size), folder }
    }

    /// Clicks on a word, and performs what was wished for.
    fn click(&mut self, text: &str) {
        for action in self.stage.click(&mut self.window, text) {
            self.window.perform(action);
        }
    }

    fn phase(&mut self) -> StylePhase {
        self.window.follow_style();
        self.window.view().new_style.phase
    }

    fn wait(&mut self, is_there: impl Fn(&StylePhase) -> bool) {
        let begun = Instant::now();
        while !is_there(&self.phase()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it stays {:?}", self.phase());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Chooses music, and goes on to the button that makes a style of it.
    fn choose(&mut self) {
        self.click("Make");
        self.click("Folder");
        self.wait(|phase| matches!(phase, StylePhase::Form { .. }));
    }

    fn show(&mut self, name: &str) -> Words {
        let words = self.stage.show(&mut self.window);
        let (size, text) = words.smallest();
        assert!(size >= 13.0, "{name}: {text} has {size} px");
        assert_eq!(words.cut(), [""; 0], "{name}");
        self.stage.save(name);
        words
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.window.new_style.cancel();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const LEARNS: &str = r#"
echo '{"event":"remark","text":"left out: cantata.mid: no notes (a track of drums)"}'
echo '{"event":"progress","stage":"learning","share":0.4,"remaining_s":270,"status":"your music 3.97 bits per note (from 4.21, -5.7 %), other music +0.4 %"}'
read line || exit
touch "$OUT"
printf '%s%s%s%s%s\n' '{"event":"made","path":"' "$OUT" '","name":"' "$NAME" '","n_files":20,"n_notes":10651,"minutes":5.2,"nearest":"Baroque","own_bits":[4.21,3.84],"other_bits":[4.0,4.044]}'"#;

fn is_learning(phase: &StylePhase) -> bool {
    matches!(phase, StylePhase::Learning { can_finish: true, .. })
}

#[test]
fn a_style_is_chosen_learnt_and_used_with_a_press_each() {
    for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
        let mut scene = Scene::new(&format!("made{suffix}"), size, LEARNS);
        choosing(&scene.window, 0, 3);
        scene.show(&format!("packs-new{suffix}"));
        scene.click("Make");
        let words = scene.show(&format!("style-form{suffix}"));
        assert!(["Your music", "Name", "Minutes", "8 at most"].iter().all(|word| words.contains(word)));
        assert!(scene.stage.click(&mut scene.window, "Make").is_empty(), "without music there is nothing to learn");
        scene.click("+");
        scene.click("Folder");
        scene.wait(|phase| matches!(phase, StylePhase::Form { problem: None }));
        let words = scene.show(&format!("style-chosen{suffix}"));
        assert!(words.count("Bach chorales") == 2 && words.contains("12 at most"), "the folder's name is the style's");
        scene.click("Make");
        scene.wait(is_learning);
        let words = scene.show(&format!("style-learning{suffix}"));
        for word in ["Learning: 5 min left at most", "3.97 bits", "Finish", "Cancel"] {
            assert!(words.contains(word), "{word}");
        }
        // In the least window one scrolls to it.
        assert!(size == SMALL || words.contains("cantata.mid"));
        // It goes on while the window shows something else.
        scene.click("Back");
        scene.click("Show");
        scene.click("Finish");
        scene.wait(|phase| matches!(phase, StylePhase::Made { .. }));
        scene.window.notice = None;
        let words = scene.show(&format!("style-made{suffix}"));
        for word in ["Bach chorales is ready: it foresees your music 8.8 % better", "than as Baroque", "1.1 % worse"] {
            assert!(words.contains(word), "{word}");
        }
        scene.click("Use");
        let file = scene.folder.join("Styles/Bach chorales.antiphon");
        assert_eq!(scene.window.params.model.path(), Some(file));
        assert!(scene.window.packs.is_new && !scene.window.ui_state.is_new_style);
    }
}

#[test]
fn what_goes_wrong_is_said_with_what_to_do() {
    let full = r#"echo '{"event":"failed","why":"cannot write Bach chorales.antiphon: the disk is full; make room and try again"}'; exit 1"#;
    let little = r#"echo '{"event":"failed","why":"120 notes in 1 usable files of 2 are too little to learn from; add pieces until there are 1000 notes at least (about three minutes of piano), better ten times that"}'; exit 1"#;
    for (name, script, words) in [
        ("full", full, "the disk is full; make room"),
        ("little", little, "add pieces until there are 1000 notes"),
        ("crash", "kill -KILL $$", "ended without a word"),
    ] {
        for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
            let mut scene = Scene::new(&format!("{name}{suffix}"), size, script);
            scene.choose();
            scene.click("Make");
            scene.wait(|phase| matches!(phase, StylePhase::Form { problem: Some(_) }));
            assert!(scene.show(&format!("style-{name}{suffix}")).contains(words), "{name}");
            // The same again, with other music.
            scene.click("Folder");
            scene.wait(|phase| matches!(phase, StylePhase::Form { problem: None }));
        }
    }
    let mut scene = Scene::new("missing", USUAL, "");
    scene.window.new_style.program = Some(scene.folder.join("antiphon-trainer"));
    scene.click("Make");
    scene.click("Files");
    let words = scene.show("style-missing");
    assert!(words.contains("The trainer is not installed") && words.contains("INSTALL.txt"));
}

#[test]
fn a_style_that_is_cancelled_leaves_nothing_and_its_music_stays_chosen() {
    let mut scene = Scene::new("cancelled", USUAL, LEARNS);
    scene.choose();
    scene.click("Make");
    scene.wait(is_learning);
    scene.click("Cancel");
    assert_eq!(scene.phase(), StylePhase::Form { problem: None });
    assert_eq!(std::fs::read_dir(scene.folder.join("Styles")).unwrap().count(), 0);
    assert!(scene.stage.show(&mut scene.window).contains("Bach chorales"));
    // A name that another file has.
    std::fs::write(scene.folder.join("Styles/Bach chorales.antiphon"), "").unwrap();
    scene.click("Make");
    scene.wait(is_learning);
    scene.click("Finish");
    scene.wait(|phase| matches!(phase, StylePhase::Made { .. }));
    assert!(scene.folder.join("Styles/Bach chorales 2.antiphon").exists());
    scene.window.perform(UiAction::UseStyle);
    assert!(scene.window.params.model.path().unwrap().ends_with("Styles/Bach chorales 2.antiphon"));
}
