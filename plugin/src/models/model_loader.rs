//! Reads a style pack or a network, on a thread of its own.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use engine::{Pack, PackError, Precision, Weights};

use super::built_in;
use super::model_library::{checksum, find_by_checksum, read_file};
use super::model_slot::SavedModel;

/// How far a network may look back, in notes, for others to take over from it while it plays.
const CONTEXTS: RangeInclusive<usize> = 512..=2048;

/// What came of reading: what to save of the file and its weights, or why it cannot be used.
pub(super) type Outcome = Result<(SavedModel, Arc<Weights>), String>;

/// Reads after the loader before, if the model is still wanted then, and hands the outcome to `done`.
///
/// # Errors
/// If the system has no thread to spare.
pub(super) fn spawn(
    saved: SavedModel,
    before: Option<JoinHandle<()>>,
    is_wanted: impl FnOnce() -> bool + Send + 'static,
    done: impl FnOnce(Outcome) + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("antiphon-pack".into()).spawn(move || {
        drop(before.map(JoinHandle::join));
        if is_wanted() {
            done(read(&saved));
        }
    })
}

/// The weights of the file, and what to save of it.
fn read(wanted: &SavedModel) -> Outcome {
    let moved = || find_by_checksum(&wanted.sha256);
    let bytes = read_file(Path::new(&wanted.path)).or_else(|why| moved().ok_or(why))?;
    let sha256 = checksum(&bytes);
    if wanted.sha256.is_empty() || wanted.sha256 == sha256 {
        return open(&SavedModel { sha256, ..wanted.clone() }, &bytes);
    }
    match moved() {
        Some(bytes) => open(wanted, &bytes),
        None => Err(format!(
            "{} is not what it was when the song was saved; choose it again to play it as it is",
            wanted.path
        )),
    }
}

fn open(saved: &SavedModel, bytes: &[u8]) -> Outcome {
    let (weights, name, styles) = match Pack::parse(bytes) {
        Ok(pack) => {
            let weights = pack.apply(&*built_in::load()?).map_err(|error| error.to_string())?;
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
    Ok((SavedModel { name, styles, ..saved.clone() }, Arc::new(weights)))
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

#[cfg(test)]
mod tests {
    use engine::{ModelConfig, random_file};

    use super::*;

    #[test]
    fn only_a_network_that_can_play_live_is_taken() {
        let config = |n_context| ModelConfig { n_context, ..ModelConfig::TINY };
        let open = |n_context, precision| {
            let file = random_file(config(n_context), precision, 8).unwrap();
            super::open(&SavedModel::default(), &file).map(|(saved, _)| saved)
        };
        let saved = open(1024, Precision::Q8).unwrap();
        assert!(!saved.styles.is_empty(), "a network brings its own list of styles");
        assert!(open(1024, Precision::F32).unwrap_err().contains("quantise it"));
        assert!(open(16, Precision::Q8).unwrap_err().contains("looks back 16 notes"));
        assert!(super::open(&SavedModel::default(), b"no file of ours").unwrap_err().contains("not a style pack"));
    }

    #[test]
    fn what_is_not_wanted_any_more_is_not_read() {
        let loader = spawn(SavedModel::default(), None, || false, |_| panic!("it was read")).unwrap();
        assert!(loader.join().is_ok());
    }
}
