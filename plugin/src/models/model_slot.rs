//! The model that a song plays: a style pack, or a whole network. It is chosen by the user or by a saved song, loaded on
//! a thread of its own, and ready for the worker to take. Until then what played before plays on, and also if the user's
//! choice cannot be read. A song whose file cannot be read plays the built-in network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::JoinHandle;

use engine::Weights;
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use takes::explain;

use super::built_in;
use super::model_loader::{self, Outcome};

/// As it is saved with the song; all empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedModel {
    pub(super) path: String,
    /// Of the file, so that a song never plays another without a word.
    pub(super) sha256: String,
    /// Of the style or network, to be shown when the file is missing.
    pub(super) name: String,
    /// Of all styles of a network, for the same reason; empty for a pack, which adds one to the built-in ones.
    #[serde(default)]
    pub(super) styles: Vec<String>,
}

/// Load state of the chosen file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum LoadState {
    /// None is chosen.
    #[default]
    None,
    /// It is being read.
    Loading,
    /// It can be played.
    Ready,
    /// It cannot be used, for this reason.
    Refused(String),
}

#[derive(Debug, Default)]
struct State {
    saved: SavedModel,
    load_state: LoadState,
    /// Those of the file; `None` for the built-in ones.
    weights: Option<Arc<Weights>>,
    loader: Option<JoinHandle<()>>,
}

/// See the module. Not for the audio thread.
#[derive(Debug, Default)]
pub(crate) struct ActiveModel {
    state: Arc<Mutex<State>>,
    /// Counts the choices.
    version: Arc<AtomicU32>,
    /// Counts the weights that became ready.
    n_ready: Arc<AtomicU32>,
}

impl ActiveModel {
    /// Plays with this pack or network, once it is read.
    pub(crate) fn choose(&self, path: &Path) {
        let path = path.to_string_lossy().into_owned();
        self.load(SavedModel { path, ..SavedModel::default() }, false);
    }

    /// Plays with the built-in styles only.
    pub(crate) fn unload(&self) {
        self.load(SavedModel::default(), false);
    }

    /// The path of the file, if there is one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        Some(self.state.lock().saved.path.clone()).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// The name of the pack's style or of the network, if there is one.
    pub(crate) fn name(&self) -> Option<String> {
        Some(self.state.lock().saved.name.clone()).filter(|name| !name.is_empty())
    }

    /// Whether a whole network is chosen.
    pub(crate) fn is_network(&self) -> bool {
        !self.state.lock().saved.styles.is_empty()
    }

    /// The names of all styles, and how many of them, from the first, can be played, now or when the file is read.
    pub(crate) fn styles(&self) -> (Vec<String>, usize) {
        let state = self.state.lock();
        let is_usable = matches!(state.load_state, LoadState::Loading | LoadState::Ready);
        if let (LoadState::Refused(_), Some(weights)) = (&state.load_state, &state.weights) {
            let names = weights.header().styles.clone();
            let n_playable = names.len();
            return (names, n_playable);
        }
        let SavedModel { name, styles, .. } = &state.saved;
        if !styles.is_empty() {
            return (styles.clone(), if is_usable { styles.len() } else { 0 });
        }
        let own = Some(name).filter(|name| !name.is_empty());
        let names: Vec<String> = built_in::styles().iter().chain(own).cloned().collect();
        let n_playable = if is_usable { names.len() } else { built_in::styles().len() };
        (names, n_playable)
    }

    pub(crate) fn load_state(&self) -> LoadState {
        self.state.lock().load_state.clone()
    }

    /// Changes when [`ActiveModel::weights`] does.
    pub(crate) fn n_ready(&self) -> u32 {
        self.n_ready.load(Relaxed)
    }

    /// The weights to play: those of the file, or `None` for the built-in ones.
    pub(crate) fn weights(&self) -> Option<Arc<Weights>> {
        self.state.lock().weights.clone()
    }

    /// Waits until what is chosen is read, or refused.
    pub(crate) fn wait(&self) {
        let loader = self.state.lock().loader.take();
        if let Some(loader) = loader {
            // It catches nothing and frees all it has: a panic in it leaves what played before.
            drop(loader.join());
        }
    }

    /// Reads on a thread of its own, after the one that may still be reading.
    fn load(&self, saved: SavedModel, is_of_song: bool) {
        let mut state = self.state.lock();
        let version = self.version.fetch_add(1, Relaxed) + 1;
        state.saved.clone_from(&saved);
        if saved.path.is_empty() {
            state.load_state = LoadState::None;
            state.weights = None;
            self.n_ready.fetch_add(1, Relaxed);
            return;
        }
        state.load_state = LoadState::Loading;
        let before = state.loader.take();
        let versions = Arc::clone(&self.version);
        let is_wanted = move || versions.load(Relaxed) == version;
        let (shared, versions, n_ready) =
            (Arc::clone(&self.state), Arc::clone(&self.version), Arc::clone(&self.n_ready));
        let done = move |outcome: Outcome| {
            let mut state = shared.lock();
            if versions.load(Relaxed) == version && state.finish(outcome, is_of_song) {
                n_ready.fetch_add(1, Relaxed);
            }
        };
        match model_loader::spawn(saved, before, is_wanted, done) {
            Ok(loader) => state.loader = Some(loader),
            Err(why) => state.load_state = LoadState::Refused(format!("nothing can be read: {}", explain(&why))),
        }
    }
}

impl State {
    /// Takes what was read. Whether other weights are to be played now.
    fn finish(&mut self, outcome: Outcome, is_of_song: bool) -> bool {
        match outcome {
            Ok((saved, weights)) => {
                self.saved = saved;
                self.load_state = LoadState::Ready;
                self.weights = Some(weights);
                true
            }
            Err(why) => {
                self.load_state = LoadState::Refused(why);
                is_of_song && self.weights.take().is_some()
            }
        }
    }
}

impl Drop for ActiveModel {
    /// No thread may run on when the host unloads this library.
    fn drop(&mut self) {
        self.version.fetch_add(1, Relaxed);
        self.wait();
    }
}

impl PersistentField<'_, SavedModel> for Arc<ActiveModel> {
    fn set(&self, saved: SavedModel) {
        if self.state.lock().saved != saved {
            self.load(saved, true);
        }
    }

    fn map<F: Fn(&SavedModel) -> R, R>(&self, f: F) -> R {
        f(&self.state.lock().saved)
    }
}

#[cfg(test)]
mod tests {
    use engine::{ModelConfig, Precision, random_file};

    use super::*;

    #[test]
    fn a_choice_that_cannot_be_read_changes_nothing_but_a_song_falls_back_to_the_built_in_network() {
        let file = random_file(ModelConfig::TINY, Precision::Q8, 8).unwrap();
        let weights = Arc::new(Weights::parse(&file).unwrap());
        let mut state = State::default();
        assert!(state.finish(Ok((SavedModel::default(), weights)), false));
        assert_eq!(state.load_state, LoadState::Ready);
        assert!(!state.finish(Err("lost".into()), false));
        assert!(state.weights.is_some(), "what played before plays on");
        assert!(state.finish(Err("lost".into()), true));
        assert!(state.weights.is_none());
        assert!(!state.finish(Err("lost".into()), true), "nothing else is to be played");
        assert_eq!(state.load_state, LoadState::Refused("lost".into()));
    }

    #[test]
    fn a_file_that_is_lost_is_refused_and_unloading_it_forgets_it() {
        let model = ActiveModel::default();
        assert_eq!((model.load_state(), model.path(), model.n_ready()), (LoadState::None, None, 0));
        let path = std::env::temp_dir().join("no-such-folder").join("lost.antiphon");
        model.choose(&path);
        model.wait();
        assert!(matches!(model.load_state(), LoadState::Refused(why) if why.contains("it is not there")));
        assert_eq!((model.path(), model.n_ready()), (Some(path), 0));
        model.unload();
        assert_eq!((model.load_state(), model.path(), model.n_ready()), (LoadState::None, None, 1));
    }
}
