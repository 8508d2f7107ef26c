//! The log as the window shows it: whether it is on, and the latest files that nobody has judged yet.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use takes::{Log, Logged};

use super::view::{LogCard, LogView};

/// Files that are listed.
const MOST: usize = 12;
/// Other instances write files too.
const STALE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct LogList {
    /// Newest first.
    files: Vec<Logged>,
    view: LogView,
    read: Option<Instant>,
}

impl LogList {
    /// As it was a second ago at most.
    pub(crate) fn view(&mut self, log: Option<&Log>) -> LogView {
        if let Some(log) = log
            && self.read.is_none_or(|read| read.elapsed() > STALE)
        {
            self.read = Some(Instant::now());
            let files = log.files();
            self.view = LogView {
                is_on: log.is_on(),
                folder: log.path().display().to_string(),
                n_files: files.len(),
                cards: Vec::new(),
            };
            self.files = files.into_iter().rev().filter(|file| !file.is_kept).take(MOST).collect();
            self.view.cards = self.files.iter().map(card).collect();
        }
        self.view.clone()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Logged> {
        self.files.get(place)
    }

    /// Looks again at once.
    pub(crate) fn refresh(&mut self) {
        self.read = None;
    }
}

fn card(file: &Logged) -> LogCard {
    let notes = std::fs::read(&file.path).ok().and_then(|bytes| takes::count_notes(&bytes));
    let notes =
        notes.map_or_else(|| "cannot be read; drop it".to_owned(), |(call, answer)| format!("{call} + {answer} notes"));
    LogCard { name: age(&file.path), about: notes, path: file.path.display().to_string() }
}

/// When a file was written, in words.
fn age(path: &Path) -> String {
    let written = std::fs::metadata(path).and_then(|data| data.modified());
    let Ok(age) = written.map(|written| SystemTime::now().duration_since(written).unwrap_or_default()) else {
        return "once".to_owned();
    };
    match age.as_secs() / 60 {
        0 => "just now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..1440 => format!("{} h ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1440),
    }
}
