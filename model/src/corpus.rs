//! Which files make up a corpus, and what is known of each: from a `manifest.csv`, or from the folders alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// The style of music that has no other.
pub const ANY_STYLE: &str = "Any style";

/// Composers with a style of their own, as manifests write them and as the plugin shows them; all others go by era.
const COMPOSERS: [(&str, &str); 12] = [
    ("Johann Sebastian Bach", "J. S. Bach"),
    ("Wolfgang Amadeus Mozart", "Mozart"),
    ("Ludwig van Beethoven", "Beethoven"),
    ("Joseph Haydn", "Haydn"),
    ("Franz Schubert", "Schubert"),
    ("Frédéric Chopin", "Chopin"),
    ("Robert Schumann", "Schumann"),
    ("Johannes Brahms", "Brahms"),
    ("Domenico Scarlatti", "D. Scarlatti"),
    ("Felix Mendelssohn", "Mendelssohn"),
    ("Franz Liszt", "Liszt"),
    ("Claude Debussy", "Debussy"),
];

/// Eras, as manifests write them and as the plugin shows them. Beside its great names, the early romantic era leaves too
/// little for a style of its own.
const ERAS: [(&str, &str); 5] = [
    ("baroque", "Baroque"),
    ("classical", "Classical"),
    ("early-romantic", "Romantic"),
    ("romantic", "Romantic"),
    ("late-romantic/modern", "Late Romantic and Modern"),
];

/// Which part of the work a piece serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Trained on.
    Train,
    /// Decides when training stops.
    #[serde(alias = "validation")]
    Valid,
    /// Looked at only to report.
    Test,
}

impl Split {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }

    /// 80/10/10 by a hash of `group`, the same on every machine and in every run.
    #[must_use]
    pub fn by_hash(group: &str) -> Self {
        match Sha256::digest(group.as_bytes())[0] {
            0..=204 => Self::Train,
            205..=229 => Self::Valid,
            _ => Self::Test,
        }
    }
}

/// One file of a corpus.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it lies.
    pub file: PathBuf,
    /// The same from the corpus's folder, for reports.
    pub path: String,
    /// Empty when unknown.
    pub title: String,
    /// Empty when unknown.
    pub composer: String,
    /// A style's name.
    pub style: String,
    /// Which split it is in.
    pub split: Split,
    /// Licence class of the manifest ("free", "attribution", "share-alike"); empty when unknown.
    pub licence_class: String,
    /// A transcribed recording, whose beats mean nothing.
    pub is_transcription: bool,
    /// Played, not just written.
    pub is_expressive: bool,
}

/// Lists a corpus: `data` is a folder (its `manifest.csv` is used if there is one) or a manifest.
///
/// # Errors
/// When there is nothing to read there, or the manifest lacks its `path` column.
pub fn list(data: &Path) -> Result<Vec<Source>> {
    let manifest = if data.is_dir() { data.join("manifest.csv") } else { data.to_owned() };
    if manifest.is_file() {
        return from_manifest(&manifest);
    }
    if !data.is_dir() {
        bail!("{} is neither a folder nor a manifest.csv; give the folder that holds your MIDI files", data.display());
    }
    let sources = from_folder(data)?;
    if sources.is_empty() {
        bail!("no .mid or .midi files in {} or its subfolders", data.display());
    }
    Ok(sources)
}

/// The columns used here; all but `path` may be missing.
#[derive(Deserialize)]
struct Row {
    path: String,
    #[serde(default)]
    composer: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    style: String,
    #[serde(default)]
    split: Option<Split>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    expressive: String,
    #[serde(default)]
    licence_class: String,
    #[serde(default)]
    work_group: String,
}

fn from_manifest(manifest: &Path) -> Result<Vec<Source>> {
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let mut reader = csv::Reader::from_path(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let mut sources = Vec::new();
    for row in reader.deserialize() {
        let row: Row =
            row.with_context(|| format!("{}: it needs a header line with a path column", manifest.display()))?;
        let group = if row.work_group.is_empty() { &row.path } else { &row.work_group };
        sources.push(Source {
            file: folder.join(&row.path),
            split: row.split.unwrap_or_else(|| Split::by_hash(group)),
            style: style_of(&row.composer, &row.style),
            is_transcription: row.kind == "transcription",
            is_expressive: row.expressive == "yes",
            path: row.path,
            title: row.title,
            composer: row.composer,
            licence_class: row.licence_class,
        });
    }
    Ok(sources)
}

fn style_of(composer: &str, style: &str) -> String {
    let known =
        COMPOSERS.iter().find(|(name, _)| *name == composer).or_else(|| ERAS.iter().find(|(era, _)| *era == style));
    match known {
        Some((_, label)) => (*label).to_owned(),
        None if style.is_empty() => ANY_STYLE.to_owned(),
        None => style.to_owned(),
    }
}

/// Subfolders of the folder are styles; files directly in it have none. The folder may be a single file.
pub(crate) fn from_folder(folder: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let is_midi =
            entry.path().extension().is_some_and(|e| e.eq_ignore_ascii_case("mid") || e.eq_ignore_ascii_case("midi"));
        if !entry.file_type().is_file() || !is_midi {
            continue;
        }
        let inside = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let inside = if inside.as_os_str().is_empty() { Path::new(entry.file_name()) } else { inside };
        let path = inside.to_string_lossy().replace('\\', "/");
        let style = path.split_once('/').map_or(ANY_STYLE, |(top, _)| top).to_owned();
        sources.push(Source {
            file: entry.path().to_owned(),
            title: inside.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            composer: String::new(),
            split: Split::by_hash(&path),
            style,
            path,
            licence_class: String::new(),
            is_transcription: false,
            is_expressive: false,
        });
    }
    Ok(sources)
}
