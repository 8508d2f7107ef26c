//! A corpus is read in parts of a few files. Each finished part goes to disk at once, under a name made from all that
//! decides its contents, so that memory stays small and an interrupted run goes on where it stopped.
//!
//! A part is the length of its outcomes as JSON (u64, little-endian), those outcomes, and the notes of the files kept.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::corpus::{Reject, Source};
use crate::data::shards::{self, NOTE_BYTES, PlacedNote};

/// Few, so that little is lost when a run ends early, and so that all cores are busy to the end.
const PART_FILES: usize = 64;

/// What the index needs to know of a file that is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) n_notes: usize,
    /// The same for the same notes in any key.
    pub(super) fingerprint: u64,
    pub(super) mode: u8,
    pub(super) is_free: bool,
    pub(super) is_flat: bool,
    pub(super) tempo_bpm: f32,
    pub(super) voices: f32,
    pub(super) end_ticks: i64,
    pub(super) end_position: [u8; 2],
}

/// Facts and notes of a file that is kept, and what of it could not be read.
pub(super) type FromFile = (Facts, Vec<PlacedNote>, Option<Reject>);

#[derive(Serialize, Deserialize)]
enum Outcome {
    Kept { facts: Facts, in_part: Option<(String, String)> },
    Left { reason: String, detail: String },
}

/// A file that is kept, and where its notes lie.
pub(super) struct Kept<'a> {
    pub(super) source: &'a Source,
    pub(super) facts: Facts,
    /// What of it could not be read.
    pub(super) in_part: Option<Reject>,
    part: usize,
    offset_bytes: u64,
}

/// A corpus, read.
pub(super) struct Parts<'a> {
    folder: PathBuf,
    names: Vec<String>,
    /// In the order of the corpus.
    pub(super) kept: Vec<Kept<'a>>,
    pub(super) rejects: Vec<Reject>,
    /// Files that an earlier run had read.
    pub(super) n_resumed: usize,
}

/// Reads all `sources` with `read_source`, on all cores. `how` says all that changes its results. Ends early, with an error,
/// when `stop` is set.
pub(super) fn read<'a>(
    sources: &'a [Source],
    folder: PathBuf,
    how: &str,
    stop: &AtomicBool,
    read_source: impl Fn(&Source) -> Result<FromFile, Reject> + Sync,
) -> Result<Parts<'a>> {
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let bar = ProgressBar::new(sources.len() as u64)
        .with_style(ProgressStyle::with_template("reading {pos}/{len} files {wide_bar} {per_sec}, {eta} left")?);
    let (n_read, n_resumed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let parts = sources.par_chunks(PART_FILES).map(|files| {
        if stop.load(Ordering::Relaxed) {
            bail!(
                "stopped after {} of {} files; run the same command again to go on from there",
                n_read.load(Ordering::Relaxed),
                sources.len()
            );
        }
        let name = name(files, how);
        let path = folder.join(&name);
        let outcomes = match finished(&path, files.len()) {
            Some(outcomes) => {
                n_resumed.fetch_add(files.len(), Ordering::Relaxed);
                outcomes
            }
            None => write(&path, files, &read_source)?,
        };
        n_read.fetch_add(files.len(), Ordering::Relaxed);
        bar.inc(files.len() as u64);
        Ok((name, outcomes))
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    bar.finish_and_clear();

    let mut all =
        Parts { folder, names: Vec::new(), kept: Vec::new(), rejects: Vec::new(), n_resumed: n_resumed.into_inner() };
    for (part, ((name, (outcomes, notes_at)), files)) in parts.into_iter().zip(sources.chunks(PART_FILES)).enumerate() {
        all.names.push(name);
        let mut offset_bytes = notes_at;
        for (outcome, source) in outcomes.into_iter().zip(files) {
            match outcome {
                Outcome::Kept { facts, in_part } => {
                    let in_part = in_part.map(|(reason, detail)| Reject { path: source.path.clone(), reason, detail });
                    all.kept.push(Kept { source, facts, in_part, part, offset_bytes });
                    offset_bytes += (facts.n_notes * NOTE_BYTES) as u64;
                }
                Outcome::Left { reason, detail } => {
                    all.rejects.push(Reject { path: source.path.clone(), reason, detail });
                }
            }
        }
    }
    Ok(all)
}

/// Changes with anything that could change what the part holds.
fn name(files: &[Source], how: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {how}", env!("CARGO_PKG_VERSION")));
    for source in files {
        let state = fs::metadata(&source.file).map(|file| (file.len(), file.modified().ok()));
        hash.update(format!("{source:?} {:?}", state.ok()));
    }
    shards::hex(&hash.finalize()[..16])
}

/// Outcomes, and the byte at which the notes begin.
type Content = (Vec<Outcome>, u64);

/// A part that an earlier run finished; `None` if there is none, or it is damaged.
fn finished(path: &Path, n_files: usize) -> Option<Content> {
    let mut file = File::open(path).ok()?;
    let n_bytes = file.metadata().ok()?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let mut json = Vec::new();
    file.take(length).read_to_end(&mut json).ok()?;
    let outcomes: Vec<Outcome> = serde_json::from_slice(&json).ok()?;
    let n_notes: usize =
        outcomes.iter().map(|o| if let Outcome::Kept { facts, .. } = o { facts.n_notes } else { 0 }).sum();
    let notes_at = 8 + length;
    (outcomes.len() == n_files && n_bytes == notes_at + (n_notes * NOTE_BYTES) as u64).then_some((outcomes, notes_at))
}

fn write(path: &Path, files: &[Source], read_source: impl Fn(&Source) -> Result<FromFile, Reject>) -> Result<Content> {
    let (mut outcomes, mut notes) = (Vec::new(), Vec::new());
    for source in files {
        outcomes.push(match read_source(source) {
            Ok((facts, placed, in_part)) => {
                shards::encode(&placed, &mut notes)?;
                Outcome::Kept { facts, in_part: in_part.map(|Reject { reason, detail, .. }| (reason, detail)) }
            }
            Err(Reject { reason, detail, .. }) => Outcome::Left { reason, detail },
        });
    }
    let json = serde_json::to_vec(&outcomes)?;
    let length = json.len() as u64;
    shards::write_atomically(path, &[&length.to_le_bytes()[..], &json, &notes].concat())?;
    Ok((outcomes, 8 + length))
}

impl Parts<'_> {
    /// Gives the notes of kept files as they are stored. Quickest when asked in their order.
    pub(super) fn reader(&self) -> impl FnMut(&Kept) -> Result<Vec<u8>> {
        let mut open: Option<(usize, File)> = None;
        move |kept| {
            let path = self.folder.join(&self.names[kept.part]);
            let cannot = || format!("cannot read {}", path.display());
            let mut file = match open.take() {
                Some((part, file)) if part == kept.part => file,
                _ => File::open(&path).with_context(cannot)?,
            };
            let mut bytes = vec![0; kept.facts.n_notes * NOTE_BYTES];
            file.seek(SeekFrom::Start(kept.offset_bytes)).with_context(cannot)?;
            file.read_exact(&mut bytes).with_context(cannot)?;
            open = Some((kept.part, file));
            Ok(bytes)
        }
    }

    /// Removes the parts from the disk, with those that other options left there.
    pub(super) fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove {}", self.folder.display()))
    }
}
