//! Tensors in files of at most 16 MiB, replaced as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const INDEX: &str = "model.safetensors.index.json";
/// With room for the header, a file stays below 16 MiB.
const MAX_BYTES: usize = (16 << 20) - (64 << 10);
/// Where earlier versions kept the state, in the metadata of their only file.
const STATE_KEY: &str = "antiphon";

#[derive(Serialize, Deserialize)]
struct Index<S> {
    metadata: Metadata<S>,
    /// The file that holds each tensor.
    weight_map: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Metadata<S> {
    total_size: usize,
    antiphon: S,
}

pub(super) fn write<S: Serialize>(folder: &Path, tensors: &BTreeMap<String, Tensor>, state: &S) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut weight_map = BTreeMap::new();
    let mut total_size = 0;
    let mut shard: Vec<(&str, &Tensor)> = Vec::new();
    let mut shard_size = 0;
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        let size = tensor.elem_count() * tensor.dtype().size_in_bytes();
        if shard_size + size > MAX_BYTES && !shard.is_empty() {
            write_shard(folder, &std::mem::take(&mut shard), &mut weight_map)?;
            shard_size = 0;
        }
        shard.push((name, tensor));
        shard_size += size;
        total_size += size;
        if i + 1 == tensors.len() {
            write_shard(folder, &shard, &mut weight_map)?;
        }
    }
    let kept: BTreeSet<String> = weight_map.values().cloned().collect();
    let index = Index { metadata: Metadata { total_size, antiphon: state }, weight_map };
    replace(&folder.join(INDEX), &serde_json::to_vec_pretty(&index)?)?;
    // What only the replaced index named, and what an interrupted run left. If this fails, the next save tries again.
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let is_ours = [Some(OsStr::new("safetensors")), Some(OsStr::new("unfinished"))].contains(&path.extension());
        if is_ours && !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

fn write_shard(folder: &Path, tensors: &[(&str, &Tensor)], weight_map: &mut BTreeMap<String, String>) -> Result<()> {
    let bytes = safetensors::serialize(tensors.iter().copied(), None)?;
    let file = format!("{}.safetensors", checksum(&bytes));
    for (name, _) in tensors {
        weight_map.insert((*name).to_owned(), file.clone());
    }
    let path = folder.join(file);
    // A file of this name holds the same numbers.
    if path.exists() { Ok(()) } else { replace(&path, &bytes) }
}

/// Writes a file beside its place first, and is done only when it is on the disk.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(fs::rename(&unfinished, path)?)
}

/// Enough of the SHA-256 to notice damage.
fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn read<S: DeserializeOwned>(path: &Path, device: &Device) -> Result<(HashMap<String, Tensor>, S)> {
    let Some(folder) = folder_of(path) else { return read_single(path, device) };
    let index = folder.join(INDEX);
    let bytes = fs::read(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let index: Index<S> = serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", index.display()))?;
    let mut tensors = HashMap::new();
    for file in index.weight_map.values().collect::<BTreeSet<_>>() {
        let path = folder.join(file);
        // Names come from a file that anyone may have written.
        let is_plain = Path::new(file).file_name() == Some(OsStr::new(file));
        ensure!(is_plain, "{} is outside the checkpoint", path.display());
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(path.file_stem() == Some(OsStr::new(&checksum(&bytes))), "{} is damaged", path.display());
        tensors.extend(candle_core::safetensors::load_buffer(&bytes, device)?);
    }
    Ok((tensors, index.metadata.antiphon))
}

/// The folder that `path` is or, as `best.safetensors` for `best`, was called by earlier versions.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let without = path.with_extension("");
    [path.to_owned(), without].into_iter().find(|folder| folder.is_dir() && !path.is_file())
}

fn read_single<S: DeserializeOwned>(path: &Path, device: &Device) -> Result<(HashMap<String, Tensor>, S)> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes)?;
    let state = metadata.metadata().as_ref().and_then(|m| m.get(STATE_KEY)).context("it holds no training state")?;
    Ok((candle_core::safetensors::load_buffer(&bytes, device)?, serde_json::from_str(state)?))
}
