//! What the window writes and deletes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use egui::{OutputCommand, vec2};
use engine::{Metre, Note, Pitch, Velocity};
use takes::{Home, Take, TakeNote};

use super::super::Window;
use super::super::files::show;
use super::super::view::UiAction;
use super::stage::Stage;
use crate::params::AntiphonParams;
use crate::user_files::data_dir::with_data_dir;
use live::LearnedNote;

/// A window whose files are in a folder that goes away with it.
struct Scene {
    window: Window,
    folder: PathBuf,
}

impl Scene {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("antiphon-window-{}-{test}", std::process::id()));
        let params: Arc<AntiphonParams> = with_data_dir(&folder, Arc::default);
        let mut window = super::performing();
        window.ui_state.tab = window.view().groups.len() + 2;
        window.params = params;
        window.params.has_sound.store(true, Relaxed);
        window.log.refresh();
        Self { window, folder }
    }

    fn notice(&mut self) -> String {
        self.window.view().notice.map(|notice| notice.text).unwrap_or_default()
    }

    /// Clicks on a word, and performs what was wished for.
    fn click(&mut self, stage: &mut Stage, text: &str) {
        for action in stage.click(&mut self.window, text) {
            self.window.perform(action);
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn take(key: u8) -> Take {
    let (pitch, velocity) = (Pitch::nearest(key), Velocity::nearest(80));
    let note = |is_answer, on_parts| TakeNote { is_answer, on_parts, off_parts: on_parts + 320, pitch, velocity };
    let notes = (0..40).map(|i| note(i > 30, 384 * i + i % 7)).collect();
    Take { tempo: 100.0, bar_ticks: 192, notes }
}

#[test]
fn the_log_is_started_judged_and_erased_in_the_window() {
    let mut scene = Scene::new("log");
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    assert!(stage.show(&mut scene.window).contains("Log") && !scene.folder.exists());
    assert!(scene.window.view().health.iter().all(|fact| fact.name != "Log"));
    scene.click(&mut stage, "Start");
    let log = Home::at(&scene.folder).log();
    assert!(log.is_on() && scene.notice().contains("From now on") && scene.notice().contains("Log"));
    assert!(scene.window.view().health.iter().any(|fact| fact.name == "Log" && fact.value == "on"));

    for key in 60..64 {
        log.write(&take(key)).unwrap();
    }
    scene.window.log.refresh();
    scene.window.notice = None;
    let words = stage.show(&mut scene.window);
    for word in ["just now", "31 + 9 notes", "on; files: 4", "Stop", "Erase"] {
        assert!(words.contains(word), "{word}");
    }
    stage.save("log");
    // The newest comes first.
    scene.window.perform(UiAction::KeepLogged(0));
    scene.window.view();
    scene.window.perform(UiAction::DropLogged(1));
    let left: Vec<_> = log.files().iter().map(|file| (file.number, file.is_kept)).collect();
    assert_eq!(left, [(1, false), (3, false), (4, true)]);
    let words = stage.show(&mut scene.window);
    assert_eq!(words.count("just now"), 2, "those that are left to judge");

    scene.click(&mut stage, "Erase");
    assert_eq!(log.files().len(), 3, "the user is asked first");
    stage.show(&mut scene.window);
    stage.save("log-erase");
    stage.click(&mut scene.window, "Texture");
    scene.window.ui_state.tab = scene.window.view().groups.len() + 2;
    assert!(stage.show(&mut scene.window).contains("Erase"), "and thinks of something else");
    scene.click(&mut stage, "Erase");
    scene.click(&mut stage, "Sure?");
    assert!(log.files().is_empty() && log.is_on());
    assert!(scene.notice().contains("files: 3") && scene.notice().contains("still on"), "{}", scene.notice());
    scene.click(&mut stage, "Stop");
    assert!(!log.is_on());
}

#[test]
fn learnt_notes_are_exported_where_the_window_says() {
    let mut scene = Scene::new("export");
    scene.window.status.n_learnt.set(3);
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    scene.click(&mut stage, "Export");
    // As the worker does.
    assert!(scene.window.params.memory.take_learned_notes_request());
    let own = [(0, true), (30, false), (900, true)].map(|(onset_ticks, is_first)| {
        let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
        LearnedNote { note: Note { onset_ticks, duration_ticks: 24, pitch, velocity }, is_first }
    });
    scene.window.params.memory.provide_learned_notes(Metre::Free, own.to_vec());
    scene.window.follow_export();
    let notice = scene.notice();
    let path = notice.strip_prefix("3 notes of yours, for model adapt, saved as ").unwrap();
    assert_eq!(Path::new(path), scene.folder.join("Learnt").join("learnt-0001.mid"));
    assert_eq!(takes::count_notes(&std::fs::read(path).unwrap()), Some((3, 0)));
    scene.window.follow_export();
    assert!(!scene.folder.join("Learnt").join("learnt-0002.mid").exists(), "once");
}

#[test]
fn one_press_copies_the_path_of_what_was_saved_and_opens_its_folder() {
    for size in [super::USUAL, super::SMALL] {
        let mut scene = Scene::new("shown");
        let mut stage = Stage::new(size);
        scene.click(&mut stage, "Save");
        let file = scene.window.view().notice.and_then(|notice| notice.file).unwrap();
        assert!(file.is_file() && file.starts_with(&scene.folder));
        stage.show(&mut scene.window);
        stage.save(if size == super::SMALL { "saved-small" } else { "saved" });
        scene.click(&mut stage, "Show file");
        assert_eq!(scene.window.to_show.as_ref(), Some(&file));
        assert!(scene.notice().contains("copied"));
        let context = egui::Context::default();
        let mut output = context.run_ui(egui::RawInput::default(), |ui| show(ui.ctx(), &file));
        // Nothing is drawn.
        output.textures_delta.clear();
        let folder = egui::OpenUrl::same_tab(scene.folder.display());
        let asked = [OutputCommand::CopyText(file.display().to_string()), OutputCommand::OpenUrl(folder)];
        assert_eq!(output.platform_output.commands, asked);
    }
}

#[test]
fn what_cannot_be_written_is_said() {
    let mut scene = Scene::new("unwritable");
    // A file is where the folder should be.
    std::fs::write(&scene.folder, "in the way").unwrap();
    scene.window.perform(UiAction::Save);
    assert!(scene.notice().starts_with("Not saved: "));
    scene.window.perform(UiAction::SwitchLog(true));
    assert!(scene.notice().starts_with("The log stays as it was: "), "{}", scene.notice());
    scene.window.perform(UiAction::EraseLog);
    assert!(!scene.window.view().log.is_on);
    let _ = std::fs::remove_file(&scene.folder);
}

#[test]
fn a_kept_take_is_written_as_a_score_where_the_window_says() {
    let mut scene = Scene::new("score");
    scene.window.params.takes.write().push(take(60));
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    scene.click(&mut stage, "Score");
    let notice = scene.notice();
    let path = Path::new(notice.strip_prefix("Score saved as ").unwrap());
    assert_eq!(path, scene.folder.join("take-0001.musicxml"));
    let page = std::fs::read_to_string(path).unwrap();
    assert!(
        ["<part-name>Call</part-name>", "<part-name>Antiphon&apos;s answer</part-name>"]
            .iter()
            .all(|name| page.contains(name))
    );
    assert_eq!(page.matches("<chord/>").count(), 0);
}
