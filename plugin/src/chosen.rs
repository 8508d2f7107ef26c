//! The style pack that a song plays with: chosen by the user or by a saved song, read on a thread of its own, and ready for
//! the worker to take. Until then, and if it cannot be read, what played before plays on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::JoinHandle;

use engine::{Pack, Weights, pack};
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::weights;

/// No pack is near this size.
const MAX_BYTES: u64 = 64 << 20;

/// As it is saved with the song; all empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    path: String,
    /// Of the file, so that a song never plays another without a word.
    sha256: String,
    /// Of the style, to be shown when the file is missing.
    name: String,
}

/// How it stands with the pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
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
    saved: Saved,
    standing: Standing,
    /// Those with the pack; `None` for the built-in ones.
    weights: Option<Arc<Weights>>,
    loader: Option<JoinHandle<()>>,
}

/// See the module. Not for the audio thread.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    state: Arc<Mutex<State>>,
    /// Counts the choices.
    version: Arc<AtomicU32>,
    /// Counts the weights that became ready.
    n_ready: Arc<AtomicU32>,
}

impl Chosen {
    /// Plays with this pack, once it is read.
    pub(crate) fn choose(&self, path: &Path) {
        let path = path.to_string_lossy().into_owned();
        self.load(Saved { path, ..Saved::default() });
    }

    /// Plays with the built-in styles only.
    pub(crate) fn leave(&self) {
        self.load(Saved::default());
    }

    /// The path of the pack, if there is one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        Some(self.state.lock().saved.path.clone()).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// The name of the pack's style, if there is one, and whether it can be played, now or when it is read.
    pub(crate) fn style(&self) -> Option<(String, bool)> {
        let state = self.state.lock();
        let is_usable = matches!(state.standing, Standing::Loading | Standing::Ready);
        Some((state.saved.name.clone(), is_usable)).filter(|(name, _)| !name.is_empty())
    }

    pub(crate) fn standing(&self) -> Standing {
        self.state.lock().standing.clone()
    }

    /// Changes when [`Chosen::weights`] does.
    pub(crate) fn n_ready(&self) -> u32 {
        self.n_ready.load(Relaxed)
    }

    /// The weights to play: those with the pack, or `None` for the built-in ones.
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

    /// As if a pack were chosen and read.
    #[cfg(test)]
    pub(crate) fn provide(&self, weights: Option<Arc<Weights>>) {
        self.state.lock().weights = weights;
        self.n_ready.fetch_add(1, Relaxed);
    }

    /// Reads on a thread of its own, after the one that may still be reading.
    fn load(&self, saved: Saved) {
        let mut state = self.state.lock();
        let version = self.version.fetch_add(1, Relaxed) + 1;
        state.saved = saved.clone();
        if saved.path.is_empty() {
            state.standing = Standing::None;
            state.weights = None;
            self.n_ready.fetch_add(1, Relaxed);
            return;
        }
        state.standing = Standing::Loading;
        let before = state.loader.take();
        let (shared, versions, n_ready) =
            (Arc::clone(&self.state), Arc::clone(&self.version), Arc::clone(&self.n_ready));
        let load = move || {
            drop(before.map(JoinHandle::join));
            let outcome = if versions.load(Relaxed) == version { read(&saved) } else { Err(String::new()) };
            let mut state = shared.lock();
            if versions.load(Relaxed) != version {
                return;
            }
            match outcome {
                Ok((saved, weights)) => {
                    state.saved = saved;
                    state.standing = Standing::Ready;
                    state.weights = Some(weights);
                    n_ready.fetch_add(1, Relaxed);
                }
                Err(why) => state.standing = Standing::Refused(why),
            }
        };
        match std::thread::Builder::new().name("antiphon-pack".into()).spawn(load) {
            Ok(loader) => state.loader = Some(loader),
            Err(why) => state.standing = Standing::Refused(format!("no thread to read it: {why}")),
        }
    }
}

impl Drop for Chosen {
    /// No thread may run on when the host unloads this library.
    fn drop(&mut self) {
        self.version.fetch_add(1, Relaxed);
        self.wait();
    }
}

/// The weights with a pack, and what to save of it.
fn read(wanted: &Saved) -> Result<(Saved, Arc<Weights>), String> {
    let bytes = bytes(Path::new(&wanted.path)).or_else(|why| moved(wanted).ok_or(why))?;
    let sha256 = pack::hex(bytes.last_chunk::<32>().unwrap_or(&[0; 32]));
    if !wanted.sha256.is_empty() && wanted.sha256 != sha256 {
        let (bytes, path) = (moved(wanted), &wanted.path);
        return match bytes {
            Some(bytes) => merged(wanted, &bytes),
            None => {
                Err(format!("{path} is not what it was when the song was saved; choose it again to play it as it is"))
            }
        };
    }
    merged(&Saved { sha256, ..wanted.clone() }, &bytes)
}

fn merged(saved: &Saved, bytes: &[u8]) -> Result<(Saved, Arc<Weights>), String> {
    let pack = Pack::parse(bytes).map_err(|error| error.to_string())?;
    let weights = pack.apply(&*weights::load()?).map_err(|error| error.to_string())?;
    Ok((Saved { name: pack.header().name.clone(), ..saved.clone() }, Arc::new(weights)))
}

/// A file, unless it is far too large.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |why: std::io::Error| format!("cannot read {}: {why}", path.display());
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > MAX_BYTES {
        return Err(format!("{} is far too large for a style pack", path.display()));
    }
    std::fs::read(path).map_err(cannot)
}

/// The pack of this checksum in the folder of packs: the user may have moved or renamed it.
fn moved(wanted: &Saved) -> Option<Vec<u8>> {
    let is_wanted = |bytes: &Vec<u8>| bytes.last_chunk::<32>().is_some_and(|sum| pack::hex(sum) == wanted.sha256);
    shelf().into_iter().filter_map(|path| bytes(&path).ok()).find(is_wanted)
}

/// Where packs belong: the folder Antiphon/Styles beside the takes.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(takes::Home::of_user()?.styles())
}

/// The packs in that folder, by name.
pub(crate) fn shelf() -> Vec<PathBuf> {
    let entries = folder().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    let is_pack = |path: &PathBuf| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("antiphon"));
    let mut packs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_pack).collect();
    packs.sort();
    packs
}

impl PersistentField<'_, Saved> for Arc<Chosen> {
    fn set(&self, saved: Saved) {
        if self.state.lock().saved != saved {
            self.load(saved);
        }
    }

    fn map<F: Fn(&Saved) -> R, R>(&self, f: F) -> R {
        f(&self.state.lock().saved)
    }
}
