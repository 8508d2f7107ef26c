//! The style packs and networks that the window offers: those of the folder, and the song's own, wherever it is.

use std::path::{Path, PathBuf};

use super::view::PackCard;
use crate::chosen::{self, Chosen, Standing};

/// See the module.
#[derive(Debug)]
pub(crate) struct Packs {
    shelf: Vec<PathBuf>,
    /// One was chosen here, and what came of it has not been said.
    pub(crate) is_new: bool,
}

impl Default for Packs {
    fn default() -> Self {
        Self { shelf: chosen::shelf(), is_new: false }
    }
}

impl Packs {
    /// Looks into the folder, and makes it if it is not there, so that the user finds it.
    pub(crate) fn refresh(&mut self) {
        // Without a folder there are no packs, which the window shows.
        let _ = chosen::folder().map(std::fs::create_dir_all);
        self.shelf = chosen::shelf();
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Path> {
        self.shelf.get(place).map(PathBuf::as_path)
    }

    /// What there is, and how it stands with the one that is chosen.
    pub(crate) fn cards(&mut self, chosen: &Chosen) -> Vec<PackCard> {
        let (path, standing) = (chosen.path(), chosen.standing());
        if let Some(path) = path.as_ref().filter(|path| !self.shelf.contains(path)) {
            self.shelf.push(path.clone());
        }
        let card = |file: &PathBuf| {
            let is_chosen = path.as_ref() == Some(file);
            let is_bad = is_chosen && matches!(standing, Standing::Refused(_));
            let about = match (&standing, is_chosen) {
                (_, false) | (Standing::None, _) => "style pack or network".to_owned(),
                (Standing::Loading, true) => "being read".to_owned(),
                (Standing::Ready, true) if chosen.is_network() => {
                    format!("a network of {} styles", chosen.styles().0.len())
                }
                (Standing::Ready, true) => {
                    chosen.name().map_or_else(String::new, |name| format!("adds the style {name}"))
                }
                (Standing::Refused(why), true) => why.clone(),
            };
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            PackCard { name, about, path: file.display().to_string(), is_chosen, is_bad }
        };
        self.shelf.iter().map(card).collect()
    }
}

/// Where packs belong, to be read.
pub(crate) fn folder() -> String {
    chosen::folder()
        .map_or_else(|| "This user has no music or home folder".to_owned(), |folder| folder.display().to_string())
}
