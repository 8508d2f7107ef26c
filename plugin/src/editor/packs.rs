//! The style packs and networks that the window offers: those of the folder, and the song's own, wherever it is; and the way to
//! new ones.

mod new_style;

use std::path::{Path, PathBuf};

use super::view::PackCard;
use crate::models::{ActiveModel, LoadState, model_library};
pub(super) use new_style::NewStyle;

/// See the module.
#[derive(Debug)]
pub(crate) struct Packs {
    installed: Vec<PathBuf>,
    /// One was chosen here, and what came of it has not been said.
    pub(crate) is_new: bool,
}

impl Default for Packs {
    fn default() -> Self {
        Self { installed: model_library::installed_models(), is_new: false }
    }
}

impl Packs {
    /// Looks into the folder, and makes it if it is not there, so that the user finds it.
    pub(crate) fn refresh(&mut self) {
        // Without a folder there are no packs, which the window shows.
        let _ = model_library::folder().map(std::fs::create_dir_all);
        self.installed = model_library::installed_models();
    }

    /// A new one is there.
    fn add(&mut self, path: PathBuf) {
        if !self.installed.contains(&path) {
            self.installed.push(path);
            self.installed.sort();
        }
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Path> {
        self.installed.get(place).map(PathBuf::as_path)
    }

    /// What there is, with the load state of the one that is chosen.
    pub(crate) fn cards(&mut self, model: &ActiveModel) -> Vec<PackCard> {
        let (path, load_state) = (model.path(), model.load_state());
        if let Some(path) = path.as_ref().filter(|path| !self.installed.contains(path)) {
            self.installed.push(path.clone());
        }
        let card = |file: &PathBuf| {
            let is_chosen = path.as_ref() == Some(file);
            let is_bad = is_chosen && matches!(load_state, LoadState::Refused(_));
            let about = match (&load_state, is_chosen) {
                (_, false) | (LoadState::None, _) => "style pack or network".to_owned(),
                (LoadState::Loading, true) => "being read".to_owned(),
                (LoadState::Ready, true) if model.is_network() => {
                    format!("a network of {} styles", model.styles().0.len())
                }
                (LoadState::Ready, true) => {
                    model.name().map_or_else(String::new, |name| format!("adds the style {name}"))
                }
                (LoadState::Refused(why), true) => why.clone(),
            };
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            PackCard { name, about, path: file.display().to_string(), is_chosen, is_bad }
        };
        self.installed.iter().map(card).collect()
    }
}

/// Where packs belong, to be read.
pub(crate) fn folder() -> String {
    model_library::folder()
        .map_or_else(|| "This user has no music or home folder".to_owned(), |folder| folder.display().to_string())
}
