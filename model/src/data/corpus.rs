//! Which files make up a corpus, and what is known of each: from a `manifest.csv` or MAESTRO's table, or from the folders
//! alone.

pub(crate) mod work;

use std::path::{Component, Path, PathBuf};

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

/// The styles of Antiphon's own networks, in their places: a style keeps its number from network to network.
const KNOWN_STYLES: [&str; 23] = [
    "Romantic",
    "Chopin",
    "Beethoven",
    "J. S. Bach",
    "Mozart",
    "Late Romantic and Modern",
    "Schubert",
    "Haydn",
    "Brahms",
    "Classical",
    "D. Scarlatti",
    "Schumann",
    "Mendelssohn",
    "Liszt",
    "Baroque",
    "Debussy",
    "Sacred Baroque",
    "Renaissance",
    "Folk",
    "Hymn",
    "Jazz",
    "Tin Pan Alley",
    "Rock",
];

/// The place of a style among those that are known, after all of them for another.
pub(crate) fn known_place(style: &str) -> usize {
    KNOWN_STYLES.iter().position(|known| *known == style).unwrap_or(KNOWN_STYLES.len())
}

/// Eras and kinds, as manifests write them and as the plugin shows them. Beside its great names, the early romantic era leaves too
/// little for a style of its own.
const ERAS: [(&str, &str); 12] = [
    ("baroque", "Baroque"),
    ("classical", "Classical"),
    ("early-romantic", "Romantic"),
    ("romantic", "Romantic"),
    ("late-romantic/modern", "Late Romantic and Modern"),
    ("sacred-baroque", "Sacred Baroque"),
    ("renaissance", "Renaissance"),
    ("folk", "Folk"),
    ("hymn", "Hymn"),
    ("jazz", "Jazz"),
    ("tin-pan-alley", "Tin Pan Alley"),
    ("rock", "Rock"),
];

/// Which part of the work a piece serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// How often it should be drawn in training, against others; 1 when nobody said.
    pub weight: f32,
}

/// A file, or a line of a manifest, that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The file, within the corpus.
    pub path: String,
    /// In a few words, the same for all such files.
    pub reason: String,
    /// What exactly is wrong with this one.
    pub detail: String,
}

impl Reject {
    pub(crate) fn new(path: impl Into<String>, reason: &str, detail: impl ToString) -> Self {
        Self { path: path.into(), reason: reason.to_owned(), detail: detail.to_string() }
    }
}

/// What there is to read.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// Files, in a fixed order.
    pub sources: Vec<Source>,
    /// What could not be listed.
    pub rejects: Vec<Reject>,
}

/// Lists a corpus: `data` is a folder (its `manifest.csv` or `maestro-v….csv` is used if there is one), such a table, or one
/// MIDI file.
///
/// # Errors
/// When there is nothing to read there, or the table lacks a column of paths.
pub fn list(data: &Path) -> Result<Corpus> {
    let is_table = data.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let corpus = match table_in(data)? {
        Some(table) => from_manifest(&table)?,
        None if data.is_file() && is_table => from_manifest(data)?,
        None if data.is_dir() || is_music(data) => from_folder(data),
        None => bail!(
            "{} is neither a folder, a manifest.csv nor a file of music; give the folder that holds your MIDI or MusicXML files",
            data.display()
        ),
    };
    if corpus.sources.is_empty() {
        let why =
            corpus.rejects.first().map(|r| format!(" ({}: {}: {})", r.path, r.reason, r.detail)).unwrap_or_default();
        bail!("no file of {} in {} or its subfolders{why}", music::file::FORMATS, data.display());
    }
    Ok(corpus)
}

/// The table of a folder, if it has one: a `manifest.csv`, or MAESTRO's own.
///
/// # Errors
/// When it has several of MAESTRO's.
pub fn table_in(folder: &Path) -> Result<Option<PathBuf>> {
    let manifest = folder.join("manifest.csv");
    if manifest.is_file() {
        return Ok(Some(manifest));
    }
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let is_maestro = |name: &str| name.starts_with("maestro-v") && name.ends_with(".csv");
    let mut tables = entries.filter(|e| e.file_name().to_str().is_some_and(is_maestro)).map(|e| e.path());
    match (tables.next(), tables.next()) {
        (Some(one), Some(other)) => bail!(
            "{} holds several tables; give one with --data: {} or {}",
            folder.display(),
            one.display(),
            other.display()
        ),
        (table, _) => Ok(table),
    }
}

/// The columns used here; all but `path` may be missing. The other names are MAESTRO's.
#[derive(Deserialize)]
struct Row {
    #[serde(alias = "midi_filename")]
    path: String,
    #[serde(default, alias = "canonical_composer")]
    composer: String,
    #[serde(default, alias = "canonical_title")]
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
    #[serde(default)]
    weight: Option<f32>,
}

impl Row {
    /// Files of one group share their split.
    fn group(&self) -> String {
        match work::work(&self.composer, &self.title) {
            _ if !self.work_group.is_empty() => self.work_group.clone(),
            Some(work) => work,
            None => self.path.clone(),
        }
    }
}

fn from_manifest(manifest: &Path) -> Result<Corpus> {
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let cannot = || format!("cannot read {}", manifest.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(manifest).with_context(cannot)?;
    let headers = reader.headers().with_context(cannot)?;
    let is_maestro = headers.iter().any(|name| name == "midi_filename");
    if !is_maestro && !headers.iter().any(|name| name == "path") {
        bail!(
            "{}: its first line must name the columns, one of them path (or MAESTRO's midi_filename)",
            manifest.display()
        );
    }
    let mut corpus = Corpus::default();
    for (row, line) in reader.deserialize::<Row>().zip(2..) {
        let row = match row {
            Ok(row) => row,
            Err(e) if e.is_io_error() => return Err(e).with_context(cannot),
            Err(e) => {
                corpus.rejects.push(Reject::new(format!("row {line}"), "a damaged row of the manifest", e));
                continue;
            }
        };
        if !is_inside(&row.path) {
            let detail = "paths must lie within the manifest's folder";
            corpus.rejects.push(Reject::new(row.path, "a path outside the folder", detail));
            continue;
        }
        corpus.sources.push(Source {
            file: folder.join(&row.path),
            split: row.split.unwrap_or_else(|| Split::by_hash(&row.group())),
            style: style_of(&row.composer, &row.style),
            is_transcription: is_maestro || row.kind == "transcription",
            is_expressive: is_maestro || row.expressive == "yes",
            weight: row.weight.unwrap_or(1.0).max(0.0),
            path: row.path,
            title: row.title,
            composer: row.composer,
            licence_class: row.licence_class,
        });
    }
    Ok(corpus)
}

fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
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

fn is_music(file: &Path) -> bool {
    file.extension().and_then(|ending| ending.to_str()).is_some_and(music::file::is_extension)
}

/// Subfolders of the folder are styles; files directly in it have none. It may be a single file. Links are followed, but not in circles.
pub(crate) fn from_folder(folder: &Path) -> Corpus {
    let mut corpus = Corpus::default();
    let root = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
    let within = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let reason = if e.loop_ancestor().is_some() { "a link in a circle" } else { "cannot be opened" };
                corpus.rejects.push(Reject::new(within(e.path().unwrap_or(folder)), reason, &e));
                continue;
            }
        };
        if !entry.file_type().is_file() || !is_music(entry.path()) {
            continue;
        }
        let path = within(entry.path());
        let style = path.split_once('/').map_or(ANY_STYLE, |(top, _)| top).to_owned();
        corpus.sources.push(Source {
            file: entry.path().to_owned(),
            title: entry.path().file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            composer: String::new(),
            split: Split::by_hash(&path),
            style,
            path,
            licence_class: String::new(),
            is_transcription: false,
            is_expressive: false,
            weight: 1.0,
        });
    }
    corpus
}
