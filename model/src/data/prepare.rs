//! MIDI files to a prepared folder: every file is read, checked and placed in a split, or rejected with its reason.

mod annotate;
mod filters;
pub(crate) mod memory;
mod parts;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use engine::conditions;
use music::file::{self, FileError, LeftOut};
use music::midi::MidiError;
use music::musicxml::MusicXmlError;
use music::rhythm::recording::HeardBy;
use music::{Note, Reading, Reduction, find_key};
use sha2::{Digest, Sha256};

pub(crate) use annotate::annotate;
pub use filters::{Filters, Mode, Span, key_named};
use parts::{Facts, Kept};

pub use crate::data::corpus::Reject;
use crate::data::corpus::{self, ANY_STYLE, Corpus, Source};
use crate::data::shards::{self, Index, Piece};

/// Shorter pieces teach little.
const MIN_NOTES: usize = 32;
/// A piece may have this share of its notes outside a piano's keys.
const MAX_SHARE_OFF_PIANO: f32 = 0.05;
/// So many different velocities say at most which notes are on the beat.
const MOST_FLAT_VELOCITIES: usize = 5;
/// Notes per beat over a whole piece; more is a broken tempo or time base.
const MAX_NOTES_PER_BEAT: f32 = 40.0;

/// What to prepare.
#[derive(Clone, Debug, Default)]
pub struct PrepareOptions {
    /// A folder of MIDI and MusicXML files, searched to its depths, a manifest.csv, or one such file.
    pub data: PathBuf,
    /// The folder to write: train, valid and test notes, pieces.json, and rejected.csv with a reason for each file left out
    /// or read in part.
    pub out: PathBuf,
    /// Only files of these licence classes; all when empty.
    pub licences: Vec<String>,
    /// Leave out transcribed recordings, whose times are not those of a score.
    pub without_transcriptions: bool,
    /// Read what hands played as it was recorded, not as the ear hears it.
    pub without_ear: bool,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The folder's contents.
    pub index: Index,
    /// All files left out.
    pub rejects: Vec<Reject>,
    /// Files that were kept, but of which something was left out, or read otherwise than it stands there.
    pub in_part: Vec<Reject>,
    /// Files that an earlier run, stopped before its end, had read.
    pub n_resumed: usize,
}

/// Prepares a folder, without filters.
///
/// # Errors
/// When there are no files, none is usable, or the folder cannot be written.
pub fn prepare(options: &PrepareOptions) -> Result<Summary> {
    prepare_until(options, &Filters::default(), &AtomicBool::new(false))
}

/// Prepares a folder, with a progress bar. It ends soon after `stop` is set; the same call then goes on from there.
///
/// # Errors
/// As [`prepare()`], and when it was stopped.
pub fn prepare_until(options: &PrepareOptions, filters: &Filters, stop: &AtomicBool) -> Result<Summary> {
    let Corpus { mut sources, mut rejects } = corpus::list(&options.data)?;
    let how = format!("{:?} {filters:?} {}", options.licences, options.without_ear);
    if options.without_transcriptions {
        let (transcribed, kept) = sources.into_iter().partition(|source| source.is_transcription);
        sources = kept;
        let reject = |source: Source| Reject::new(source.path, "a transcribed recording", "its times are no score's");
        rejects.extend(Vec::into_iter(transcribed).map(reject));
    }
    let read = |source: &Source| {
        let (score, in_part) = read_source(source, &options.licences, filters, options.without_ear)?;
        Ok((Facts::of(&score), annotate(&score), in_part))
    };
    let parts = parts::read(&sources, options.out.join("parts.partial"), &how, stop, read)?;
    rejects.extend(parts.rejects.iter().cloned());
    let kept = without_copies(&parts.kept, &mut rejects);
    let in_part: Vec<Reject> = kept.iter().filter_map(|file| file.in_part.clone()).collect();
    write_rejects(options, &rejects, &in_part)?;
    if kept.is_empty() {
        parts.remove()?;
        let first = rejects.first().map(|r| format!(" (the first: {}: {})", r.path, r.reason)).unwrap_or_default();
        bail!(
            "none of the {} files can be used{first}; see {}",
            sources.len(),
            options.out.join("rejected.csv").display()
        );
    }
    let index = index(&kept);
    let mut notes = parts.reader();
    shards::write(&options.out, index.clone(), |piece| {
        if stop.load(Ordering::Relaxed) {
            bail!("stopped before the notes were written; run the same command again to go on from there");
        }
        notes(kept[piece])
    })?;
    parts.remove()?;
    Ok(Summary { index, rejects, in_part, n_resumed: parts.n_resumed })
}

/// Of the files with the same notes, in whatever key, keeps one: a held-out one if there is, since its copy in the training
/// part would be learnt by heart.
fn without_copies<'a>(all: &'a [Kept<'a>], rejects: &mut Vec<Reject>) -> Vec<&'a Kept<'a>> {
    let mut first_of: HashMap<u64, &Kept> = HashMap::new();
    for file in all {
        let first = first_of.entry(file.facts.fingerprint).or_insert(file);
        if file.source.split > first.source.split {
            *first = file;
        }
    }
    let is_first = |file: &&Kept| {
        let first = first_of[&file.facts.fingerprint];
        if !std::ptr::eq(first, *file) {
            let detail = format!("as {}, which is in {}", first.source.path, first.source.split.name());
            rejects.push(Reject::new(&file.source.path, "the same notes as another file", detail));
        }
        std::ptr::eq(first, *file)
    };
    all.iter().filter(is_first).collect()
}

/// The music of a file, and what of it could not be read, if anything.
pub(crate) type Read = (Reduction, Option<Reject>);

/// What was left out of a file that is kept all the same.
fn in_part(source: &Source, left_out: &[LeftOut], heard_by: Option<HeardBy>) -> Option<Reject> {
    let reason = if left_out.is_empty() {
        let by = match heard_by? {
            HeardBy::ItsBeats => "by its beats",
            HeardBy::FoundBeats => "by beats that were found in it",
        };
        return Some(Reject::new(&source.path, "a recording, written as it was heard", by));
    } else if left_out.iter().any(LeftOut::is_damage) {
        "read in part"
    } else if left_out.iter().all(LeftOut::is_drums) {
        "read without its drums"
    } else if left_out.iter().all(|left| left.is_convention() || left.is_drums()) {
        "read without repeats and ornaments"
    } else {
        "read with doubts"
    };
    Some(Reject::new(&source.path, reason, file::summary(left_out)))
}

fn read_source(source: &Source, licences: &[String], filters: &Filters, without_ear: bool) -> Result<Read, Reject> {
    let reject = |reason: &str, detail: String| Reject::new(&source.path, reason, detail);
    if !licences.is_empty() && !licences.contains(&source.licence_class) {
        return Err(reject("a licence that was not asked for", source.licence_class.clone()));
    }
    if !filters.wants_composer(source) {
        return Err(reject("a composer who was not asked for", source.composer.clone()));
    }
    let cannot = |e: std::io::Error| reject("cannot be opened", e.to_string());
    let on_disk = fs::metadata(&source.file).map_err(cannot)?;
    let ending = source.file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let max_bytes = file::max_bytes(ending);
    if !on_disk.is_file() || on_disk.len() > max_bytes {
        let reason = format!("not a file of at most {} MiB", max_bytes >> 20);
        return Err(reject(&reason, format!("{} bytes", on_disk.len())));
    }
    let bytes = fs::read(&source.file).map_err(cannot)?;
    let reading = match (source.is_transcription, without_ear) {
        (false, false) => Reading::Heard,
        (true, false) => Reading::HeardFree,
        (false, true) => Reading::Auto,
        (true, true) => Reading::Free,
    };
    let (score, left_out) = file::read_reduction(&bytes, reading).map_err(|e| {
        let reason = match e {
            FileError::Midi(MidiError::Unreadable(_)) => "not a readable MIDI file",
            FileError::Midi(MidiError::FrameTiming | MidiError::NoTicksPerBeat) => {
                "timing without beats (SMPTE, or none)"
            }
            FileError::MusicXml(
                MusicXmlError::Container(_) | MusicXmlError::Encoding | MusicXmlError::NotMusicXml(_),
            ) => "not a readable MusicXML file",
            FileError::MusicXml(MusicXmlError::TooLarge { .. }) => "too large to be music",
            FileError::Midi(MidiError::Damaged(_)) | FileError::MusicXml(MusicXmlError::Damaged { .. }) => "damaged",
            FileError::Midi(MidiError::NoNotes) | FileError::MusicXml(MusicXmlError::NoNotes) => "no notes",
            FileError::Midi(MidiError::TooLong) | FileError::MusicXml(MusicXmlError::TooLong) => "longer than a day",
        };
        reject(reason, e.to_string())
    })?;
    check(&score).map_err(|(reason, detail)| reject(reason, detail))?;
    if let Some((reason, detail)) = filters.refuse(&score) {
        return Err(reject(reason, detail));
    }
    let in_part = in_part(source, &left_out, score.heard_by);
    Ok((score, in_part))
}

impl Facts {
    fn of(score: &Reduction) -> Self {
        let end_position = score.position(score.end_ticks);
        Self {
            n_notes: score.notes.len(),
            fingerprint: fingerprint(&score.notes),
            mode: find_key(&score.notes).map_or(0, |(key, _)| key.mode_condition()),
            is_free: score.is_free,
            is_flat: is_flat(&score.notes),
            tempo_bpm: tempo(score.tempo_bpm()),
            voices: voices(&score.notes),
            end_ticks: score.end_ticks,
            end_position: [end_position.beat_phase, end_position.bar_beat],
        }
    }

    /// The entry of a file whose notes begin at `offset` in its split.
    fn piece(self, source: &Source, styles: &[String], offset: usize) -> Piece {
        let style = styles.iter().position(|name| *name == source.style).unwrap_or(0);
        Piece {
            path: source.path.clone(),
            title: source.title.clone(),
            composer: source.composer.clone(),
            style: u8::try_from(style).unwrap_or(0),
            split: source.split,
            offset,
            n_notes: self.n_notes,
            mode: self.mode,
            is_free: self.is_free,
            is_expressive: source.is_expressive,
            is_flat: self.is_flat,
            tempo_bpm: self.tempo_bpm,
            voices: self.voices,
            weight: source.weight,
            end_ticks: self.end_ticks,
            end_position: self.end_position,
        }
    }
}

fn check(score: &Reduction) -> Result<(), (&'static str, String)> {
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

/// Whether velocities say nothing of loudness: they are as good as one, or tell beats from other notes.
fn is_flat(notes: &[Note]) -> bool {
    let mut is_used = [false; 128];
    notes.iter().for_each(|note| is_used[usize::from(note.velocity.get())] = true);
    is_used.iter().filter(|&&used| used).count() <= MOST_FLAT_VELOCITIES
}

/// Notes that begin together, on average.
fn voices(notes: &[Note]) -> f32 {
    ratio(notes.len(), notes.chunk_by(|a, b| a.onset_ticks == b.onset_ticks).count())
}

#[expect(clippy::cast_possible_truncation, reason = "a tempo")]
fn tempo(bpm: f64) -> f32 {
    bpm as f32
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for a threshold")]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

/// The same for files whose intervals and times between onsets are the same.
fn fingerprint(notes: &[Note]) -> u64 {
    let mut hash = Sha256::new();
    for pair in notes.windows(2) {
        hash.update((pair[1].onset_ticks - pair[0].onset_ticks).to_le_bytes());
        hash.update((i16::from(pair[1].pitch.get()) - i16::from(pair[0].pitch.get())).to_le_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn index(kept: &[&Kept]) -> Index {
    let styles = styles(kept);
    let mut n_notes = [0; 3];
    let mut piece = |file: &Kept| {
        let end = &mut n_notes[file.source.split as usize];
        let offset = std::mem::replace(end, *end + file.facts.n_notes);
        file.facts.piece(file.source, &styles, offset)
    };
    let pieces = kept.iter().map(|file| piece(file)).collect();
    Index { styles, pieces, ..Index::default() }
}

/// "Any style", then those that Antiphon's own networks know, in their places, then others by their notes; those beyond the
/// 64 that a weight file holds fold into the first.
fn styles(kept: &[&Kept]) -> Vec<String> {
    let mut n_notes: BTreeMap<&str, usize> = BTreeMap::new();
    for file in kept {
        *n_notes.entry(&file.source.style).or_default() += file.facts.n_notes;
    }
    n_notes.remove(ANY_STYLE);
    let mut names: Vec<_> = n_notes.into_iter().collect();
    names.sort_by_key(|&(name, n_notes)| (corpus::known_place(name), std::cmp::Reverse(n_notes)));
    let named = names.into_iter().take(conditions::N_STYLES - 1).map(|(name, _)| name.to_owned());
    std::iter::once(ANY_STYLE.to_owned()).chain(named).collect()
}

fn write_rejects(options: &PrepareOptions, rejects: &[Reject], in_part: &[Reject]) -> Result<()> {
    fs::create_dir_all(&options.out).with_context(|| format!("cannot make the folder {}", options.out.display()))?;
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["path", "reason", "detail", "kept"])?;
    for (files, kept) in [(rejects, "no"), (in_part, "yes")] {
        for file in files {
            table.write_record([file.path.as_str(), &file.reason, &file.detail, kept])?;
        }
    }
    shards::write_atomically(&options.out.join("rejected.csv"), &table.into_inner()?)
}
