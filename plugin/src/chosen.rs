//! The file that a song plays with: a style pack, or a whole network. It is chosen by the user or by a saved song, read on
//! a thread of its own, and ready for the worker to take. Until then what played before plays on, and also if the user's
//! choice cannot be read. A song whose file cannot be read plays the built-in network.

use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::JoinHandle;

use engine::{Pack, PackError, Precision, Weights, pack};
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::trouble::explain;
use crate::weights;

/// No file is near this size.
const MAX_BYTES: u64 = 64 << 20;
/// How far a network may look back, in notes, for others to take over from it while it plays.
const CONTEXTS: RangeInclusive<usize> = 512..=2048;

/// As it is saved with the song; all empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    path: String,
    /// Of the file, so that a song never plays another without a word.
    sha256: String,
    /// Of the style or network, to be shown when the file is missing.
    name: String,
    /// Of all styles of a network, for the same reason; empty for a pack, which adds one to the built-in ones.
    #[serde(default)]
    styles: Vec<String>,
}

/// How it stands with the file.
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
    /// Those of the file; `None` for the built-in ones.
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
    /// Plays with this pack or network, once it is read.
    pub(crate) fn choose(&self, path: &Path) {
        let path = path.to_string_lossy().into_owned();
        self.load(Saved { path, ..Saved::default() }, false);
    }

    /// Plays with the built-in styles only.
    pub(crate) fn leave(&self) {
        self.load(Saved::default(), false);
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
        let is_usable = matches!(state.standing, Standing::Loading | Standing::Ready);
        if let (Standing::Refused(_), Some(weights)) = (&state.standing, &state.weights) {
            let names = weights.header().styles.clone();
            let n_playable = names.len();
            return (names, n_playable);
        }
        let Saved { name, styles, .. } = &state.saved;
        if !styles.is_empty() {
            return (styles.clone(), if is_usable { styles.len() } else { 0 });
        }
        let own = Some(name).filter(|name| !name.is_empty());
        let names: Vec<String> = weights::styles().iter().chain(own).cloned().collect();
        let n_playable = if is_usable { names.len() } else { weights::styles().len() };
        (names, n_playable)
    }

    pub(crate) fn standing(&self) -> Standing {
        self.state.lock().standing.clone()
    }

    /// Changes when [`Chosen::weights`] does.
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
    fn load(&self, saved: Saved, is_of_song: bool) {
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
                Err(why) => {
                    state.standing = Standing::Refused(why);
                    if is_of_song && state.weights.take().is_some() {
                        n_ready.fetch_add(1, Relaxed);
                    }
                }
            }
        };
        match std::thread::Builder::new().name("antiphon-pack".into()).spawn(load) {
            Ok(loader) => state.loader = Some(loader),
            Err(why) => state.standing = Standing::Refused(format!("nothing can be read: {}", explain(&why))),
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

/// The weights of the file, and what to save of it.
fn read(wanted: &Saved) -> Result<(Saved, Arc<Weights>), String> {
    let bytes = bytes(Path::new(&wanted.path)).or_else(|why| moved(wanted).ok_or(why))?;
    let sha256 = pack::hex(bytes.last_chunk::<32>().unwrap_or(&[0; 32]));
    if !wanted.sha256.is_empty() && wanted.sha256 != sha256 {
        let (bytes, path) = (moved(wanted), &wanted.path);
        return match bytes {
            Some(bytes) => opened(wanted, &bytes),
            None => {
                Err(format!("{path} is not what it was when the song was saved; choose it again to play it as it is"))
            }
        };
    }
    opened(&Saved { sha256, ..wanted.clone() }, &bytes)
}

fn opened(saved: &Saved, bytes: &[u8]) -> Result<(Saved, Arc<Weights>), String> {
    let (weights, name, styles) = match Pack::parse(bytes) {
        Ok(pack) => {
            let weights = pack.apply(&*weights::load()?).map_err(|error| error.to_string())?;
            (weights, pack.header().name.clone(), Vec::new())
        }
        Err(PackError::IsWeights) => {
            let weights = network(bytes)?;
            let header = weights.header();
            let (name, styles) = (header.name.clone(), header.styles.clone());
            (weights, name, styles)
        }
        Err(error) => return Err(error.to_string()),
    };
    Ok((Saved { name, styles, ..saved.clone() }, Arc::new(weights)))
}

/// A whole network that can play live.
fn network(bytes: &[u8]) -> Result<Weights, String> {
    let weights = Weights::parse(bytes).map_err(|error| error.to_string())?;
    if weights.header().precision != Precision::Q8 {
        return Err("this network is in 32-bit floats, too slow to play; quantise it without --floats".into());
    }
    let n_context = weights.config().n_context;
    if !CONTEXTS.contains(&n_context) {
        let (least, most) = (CONTEXTS.start(), CONTEXTS.end());
        return Err(format!(
            "this network looks back {n_context} notes; to play, train one that looks back {least} to {most}"
        ));
    }
    Ok(weights)
}

/// A file, unless it is far too large.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |why: std::io::Error| match (why.kind(), path.file_name(), path.parent()) {
        (ErrorKind::NotFound, Some(name), Some(folder)) => format!(
            "cannot read {}: it is not there. Put it back and press Retry under Packs, or choose another; it was in {}",
            name.display(),
            folder.display()
        ),
        _ => format!("cannot read {}: {}", path.display(), explain(&why)),
    };
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > MAX_BYTES {
        return Err(format!(
            "{} is far too large for a style pack or a network; choose a file that ends in .antiphon",
            path.display()
        ));
    }
    std::fs::read(path).map_err(cannot)
}

/// The file of this checksum in the folder of packs: the user may have moved or renamed it.
fn moved(wanted: &Saved) -> Option<Vec<u8>> {
    let is_wanted = |bytes: &Vec<u8>| bytes.last_chunk::<32>().is_some_and(|sum| pack::hex(sum) == wanted.sha256);
    shelf().into_iter().filter_map(|path| bytes(&path).ok()).find(is_wanted)
}

/// Where packs and networks belong: the folder Antiphon/Styles beside the takes.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(takes::Home::of_user()?.styles())
}

/// What is in that folder, by name.
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
            self.load(saved, true);
        }
    }

    fn map<F: Fn(&Saved) -> R, R>(&self, f: F) -> R {
        f(&self.state.lock().saved)
    }
}
