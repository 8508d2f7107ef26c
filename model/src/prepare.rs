//! MIDI files to a prepared folder: every file is read, checked and placed in a split, or rejected with its reason.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use engine::key::find_key;
use engine::{Note, conditions};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::corpus::{self, ANY_STYLE, Source, Split};
use crate::midi::{self, MidiError, Reading, Score};
use crate::shards::{self, Index, Piece, PlacedNote};

/// Shorter pieces teach little.
const MIN_NOTES: usize = 32;
/// A piece may have this share of its notes outside a piano's keys.
const MAX_SHARE_OFF_PIANO: f32 = 0.05;
/// Notes per beat over a whole piece; more is a broken tempo or time base.
const MAX_NOTES_PER_BEAT: f32 = 40.0;

/// What to prepare.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  model prepare --data ~/Music/midi --out prepared\n\n\
    Subfolders become styles. With a manifest.csv in the folder, its columns path, composer, title, style, split,\n\
    kind, expressive, licence_class and work_group are used. Next: model train --data prepared")]
pub struct PrepareOptions {
    /// A folder of .mid files, searched to its depths, or a manifest.csv
    #[arg(long)]
    pub data: PathBuf,
    /// The folder to write: train, valid and test notes, pieces.json, and rejected.csv with a reason for each file left out
    #[arg(long)]
    pub out: PathBuf,
    /// Only files of these licence classes, for example free,attribution; all when not given
    #[arg(long, value_delimiter = ',')]
    pub licences: Vec<String>,
}

/// Why a file is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The file, within the corpus.
    pub path: String,
    /// In a few words, the same for all such files.
    pub reason: &'static str,
    /// What exactly is wrong with this one.
    pub detail: String,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The folder's contents.
    pub index: Index,
    /// All files left out.
    pub rejects: Vec<Reject>,
}

/// Prepares a folder, with a progress bar, and prints what became of the files.
///
/// # Errors
/// When there are no files, none is usable, or the folder cannot be written.
pub fn run(options: &PrepareOptions) -> Result<()> {
    let summary = prepare(options)?;
    for split in Split::ALL {
        let pieces = summary.index.pieces.iter().filter(|piece| piece.split == split);
        let (n_pieces, n_notes) = pieces.fold((0, 0), |(n, notes), piece| (n + 1, notes + piece.n_notes));
        println!("{:>6} {n_pieces:>6} pieces {n_notes:>9} notes", split.name());
    }
    println!("styles: {}", summary.index.styles.join(", "));
    let mut by_reason = BTreeMap::new();
    for reject in &summary.rejects {
        *by_reason.entry(reject.reason).or_insert(0) += 1;
    }
    for (reason, n_files) in &by_reason {
        println!("left out: {n_files:>6} {reason}");
    }
    if !by_reason.is_empty() {
        println!("each file left out is in {}", options.out.join("rejected.csv").display());
    }
    Ok(())
}

/// As [`run`], but says nothing.
///
/// # Errors
/// As [`run`].
pub fn prepare(options: &PrepareOptions) -> Result<Summary> {
    let sources = corpus::list(&options.data)?;
    let (kept, rejects) = read(&sources, &options.licences)?;
    write_rejects(options, &rejects)?;
    if kept.is_empty() {
        let first = rejects.first().map(|r| format!(" (the first: {}: {})", r.path, r.reason)).unwrap_or_default();
        bail!(
            "none of the {} files can be used{first}; see {}",
            sources.len(),
            options.out.join("rejected.csv").display()
        );
    }
    let styles = styles(&kept);
    let mut notes = [const { Vec::new() }; 3];
    let pieces = kept.iter().map(|(source, score)| store(source, score, &styles, &mut notes)).collect();
    let index = Index { styles, pieces, ..Index::default() };
    shards::write(&options.out, index.clone(), &notes)?;
    Ok(Summary { index, rejects })
}

/// Files that can be used, with their notes, and those that cannot.
type Kept<'a> = (Vec<(&'a Source, Score)>, Vec<Reject>);

/// Reads files, with a progress bar.
pub(crate) fn read<'a>(sources: &'a [Source], licences: &[String]) -> Result<Kept<'a>> {
    let bar = ProgressBar::new(sources.len() as u64)
        .with_style(ProgressStyle::with_template("reading {pos}/{len} files {wide_bar} {eta} left")?);
    let read: Vec<Result<Score, Reject>> =
        sources.par_iter().progress_with(bar).map(|source| read_source(source, licences)).collect();

    let mut rejects = Vec::new();
    let mut kept: Vec<(&Source, Score)> = Vec::new();
    let mut first_of = HashMap::new();
    for (source, score) in sources.iter().zip(read) {
        match score {
            Err(reject) => rejects.push(reject),
            Ok(score) => match first_of.get(&fingerprint(&score.notes)) {
                Some(first) => rejects.push(reject(source, "the same notes as another file", format!("as {first}"))),
                None => {
                    first_of.insert(fingerprint(&score.notes), &source.path);
                    kept.push((source, score));
                }
            },
        }
    }
    Ok((kept, rejects))
}

fn reject(source: &Source, reason: &'static str, detail: String) -> Reject {
    Reject { path: source.path.clone(), reason, detail }
}

fn read_source(source: &Source, licences: &[String]) -> Result<Score, Reject> {
    if !licences.is_empty() && !licences.contains(&source.licence_class) {
        return Err(reject(source, "a licence that was not asked for", source.licence_class.clone()));
    }
    let bytes = fs::read(&source.file).map_err(|e| reject(source, "cannot be opened", e.to_string()))?;
    let reading = if source.is_transcription { Reading::Free } else { Reading::Auto };
    let score = midi::read(&bytes, reading).map_err(|e| {
        let reason = match e {
            MidiError::Unreadable(_) => "not a readable MIDI file",
            MidiError::FrameTiming | MidiError::NoTicksPerBeat => "timing without beats (SMPTE, or none)",
            MidiError::NoNotes => "no notes",
            MidiError::TooLong => "longer than a day",
        };
        reject(source, reason, e.to_string())
    })?;
    check(&score).map_err(|(reason, detail)| reject(source, reason, detail))?;
    Ok(score)
}

fn check(score: &Score) -> Result<(), (&'static str, String)> {
    let n_notes = score.notes.len();
    if n_notes < MIN_NOTES {
        return Err(("fewer than 32 notes", format!("{n_notes} notes")));
    }
    let off_piano = score.notes.iter().filter(|n| !(21..=108).contains(&n.pitch.get())).count();
    if ratio(off_piano, n_notes) > MAX_SHARE_OFF_PIANO {
        return Err(("outside a piano's keys", format!("{off_piano} of {n_notes} notes")));
    }
    let span_ticks = score.notes[n_notes - 1].onset_ticks - score.notes[0].onset_ticks;
    let per_beat = ratio(n_notes, usize::try_from(span_ticks).unwrap_or(0)) * 48.0;
    if per_beat > MAX_NOTES_PER_BEAT {
        return Err(("absurdly dense", format!("{per_beat:.0} notes per beat")));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for a threshold")]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

/// The same for files whose pitches and times between onsets are the same.
fn fingerprint(notes: &[Note]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut before = notes.first().map_or(0, |n| n.onset_ticks);
    for note in notes {
        (note.onset_ticks - before, note.pitch).hash(&mut hasher);
        before = note.onset_ticks;
    }
    hasher.finish()
}

/// "Any style", then the styles by their notes; those beyond the 32 that a weight file holds fold into the first.
fn styles(kept: &[(&Source, Score)]) -> Vec<String> {
    let mut n_notes: BTreeMap<&str, usize> = BTreeMap::new();
    for (source, score) in kept {
        *n_notes.entry(&source.style).or_default() += score.notes.len();
    }
    n_notes.remove(ANY_STYLE);
    let mut names: Vec<_> = n_notes.into_iter().collect();
    names.sort_by_key(|&(_, n_notes)| std::cmp::Reverse(n_notes));
    let named = names.into_iter().take(conditions::N_STYLES - 1).map(|(name, _)| name.to_owned());
    std::iter::once(ANY_STYLE.to_owned()).chain(named).collect()
}

/// Adds a piece's notes to those of its split.
pub(crate) fn store(source: &Source, score: &Score, styles: &[String], notes: &mut [Vec<PlacedNote>; 3]) -> Piece {
    let shard = &mut notes[source.split as usize];
    let offset = shard.len();
    let placed = |&note: &Note| PlacedNote { note, position: score.position(note.onset_ticks) };
    shard.extend(score.notes.iter().map(placed));
    let end_position = score.position(score.end_ticks);
    let style = styles.iter().position(|name| *name == source.style).unwrap_or(0);
    Piece {
        path: source.path.clone(),
        title: source.title.clone(),
        composer: source.composer.clone(),
        style: u8::try_from(style).unwrap_or(0),
        split: source.split,
        offset,
        n_notes: score.notes.len(),
        mode: find_key(&score.notes).map_or(0, |(key, _)| key.mode_condition()),
        is_free: score.is_free,
        is_expressive: source.is_expressive,
        end_ticks: score.end_ticks,
        end_position: [end_position.beat_phase, end_position.bar_beat],
    }
}

fn write_rejects(options: &PrepareOptions, rejects: &[Reject]) -> Result<()> {
    fs::create_dir_all(&options.out).with_context(|| format!("cannot make the folder {}", options.out.display()))?;
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["path", "reason", "detail"])?;
    for reject in rejects {
        table.write_record([&reject.path, reject.reason, &reject.detail])?;
    }
    shards::write_atomically(&options.out.join("rejected.csv"), &table.into_inner()?)
}
