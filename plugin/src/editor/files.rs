//! What the window writes and deletes for the user: takes, learnt notes, and the log.

use std::io;
use std::path::{Path, PathBuf};

use egui::{Context, OpenUrl};
use takes::{Log, Take, explain};

use super::Window;
use crate::user_files::learned_notes;

/// Copies a file's path and opens its folder, from which it can be dragged into music software. Dragging it from the window itself
/// would need a loop of messages within the window's own callback, on Windows and macOS, in which the toolkit cannot be called again.
pub(super) fn show(context: &Context, file: &Path) {
    context.copy_text(file.display().to_string());
    if let Some(folder) = file.parent() {
        context.open_url(OpenUrl::same_tab(folder.display()));
    }
}

impl Window {
    pub(super) fn save(&mut self, take: Option<Take>) {
        let Some(take) = take else { return };
        let saved = self.params.files.data_dir().map(|folder| folder.save(&take));
        self.say_saved("Saved", saved);
    }

    pub(super) fn save_score(&mut self, take: Option<Take>) {
        let Some(take) = take else { return };
        let saved = self.params.files.data_dir().map(|folder| folder.save_score(&take));
        self.say_saved("Score saved", saved);
    }

    /// Writes the notes that were learnt from the player, once the worker has handed them out.
    pub(super) fn follow_export(&mut self) {
        let Some((metre, own)) = self.params.memory.take_learned_notes() else { return };
        let Some(phrases) = learned_notes::take(&own, metre, self.status.timeline.tempo()) else { return };
        let saved = self.params.files.data_dir().map(|folder| folder.save_learnt(&phrases));
        self.say_saved(&format!("{} notes of yours, for model adapt, saved", own.len()), saved);
    }

    fn say_saved(&mut self, what: &str, saved: Option<io::Result<PathBuf>>) {
        match saved {
            Some(Ok(path)) => {
                self.say(format!("{what} as {}", path.display()), false);
                if let Some((_, notice)) = &mut self.notice {
                    notice.file = Some(path);
                }
            }
            Some(Err(error)) => self.say(format!("Not saved: {}", explain(&error)), true),
            None => self.say(
                "Not saved: this user has no music or home folder; make one, and open the song again".to_owned(),
                true,
            ),
        }
    }

    pub(super) fn switch_log(&mut self, on: bool) {
        let said = if on { "From now on what you play is written to" } else { "Nothing more is written to" };
        self.change_log(|log| log.switch(on).map(|()| format!("{said} {}", log.path().display())));
    }

    pub(super) fn keep_logged(&mut self, place: usize) {
        if let Some(file) = self.log.get(place).cloned() {
            self.change_log(|log| log.keep(&file).map(|()| format!("Kept in {}", log.path().display())));
        }
    }

    pub(super) fn drop_logged(&mut self, place: usize) {
        if let Some(file) = self.log.get(place).cloned() {
            self.change_log(|log| log.discard(&file).map(|()| format!("Deleted {}", file.path.display())));
        }
    }

    pub(super) fn erase_log(&mut self) {
        self.change_log(|log| {
            let is_on = if log.is_on() { "; the log is still on" } else { "" };
            log.erase().map(|n| format!("Deleted what Antiphon logged (files: {n}){is_on}"))
        });
    }

    fn change_log(&mut self, change: impl FnOnce(&Log) -> io::Result<String>) {
        match self.params.files.log().map(|log| change(&log)) {
            Some(Ok(said)) => self.say(said, false),
            Some(Err(error)) => self.say(format!("The log stays as it was: {}", explain(&error)), true),
            None => self.say(
                "There is no log: this user has no music or home folder; make one, and open the song again".to_owned(),
                true,
            ),
        }
        self.log.refresh();
    }
}
