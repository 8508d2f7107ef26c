//! A prepared folder: one file of notes per split, and `pieces.json`, which says whose notes they are.
//!
//! A notes file is 8 bytes `ANTINOTE`, a version (u32), the number of notes (u32), then 16 bytes a note: onset (i32),
//! duration (u16), pitch, velocity, beat phase, bar beat, bar (u16), last bar of its phrase (u16), harmony, and whether it
//! begins a phrase (bit 0) of which relation (bits 1 and 2); all little-endian. `pieces.json` is written last and holds the
//! checksum of the notes, so a half-written folder is noticed.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use engine::conditions::{N_HARMONIES, N_RELATIONS};
use engine::{Note, Pitch, Position, Velocity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::corpus::Split;

const MAGIC: &[u8; 8] = b"ANTINOTE";
const VERSION: u32 = 2;
const HEADER_BYTES: usize = 16;
pub(crate) const NOTE_BYTES: usize = 16;

/// A note and where in the bar it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedNote {
    /// The note. Durations above 65,535 ticks are stored as that.
    pub note: Note,
    /// Where in the bar.
    pub position: Position,
    /// What the music around it is.
    pub labels: Labels,
}

/// What was found out about the music around a note. The default knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Bars since the piece's first, at most 65,534; [`Labels::UNKNOWN_BAR`] in music without bars.
    pub bar: u16,
    /// The bar in which its phrase ends, or [`Labels::UNKNOWN_BAR`].
    pub last_bar: u16,
    /// The chord that sounds, as a value of [`engine::conditions::harmony`].
    pub harmony: u8,
    /// It is the first of a phrase.
    pub begins_phrase: bool,
    /// How its phrase relates to as many bars before it, as a value of [`engine::conditions::Relation`].
    pub relation: u8,
}

impl Labels {
    /// The bar of music that has none.
    pub const UNKNOWN_BAR: u16 = u16::MAX;
}

impl Default for Labels {
    fn default() -> Self {
        let bar = Self::UNKNOWN_BAR;
        Self { bar, last_bar: bar, harmony: 0, begins_phrase: false, relation: 0 }
    }
}

/// A piece of a prepared folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Piece {
    /// File it came from, within the corpus.
    pub path: String,
    /// Title, if known.
    pub title: String,
    /// Composer, if known.
    pub composer: String,
    /// Index into [`Index::styles`].
    pub style: u8,
    /// Which notes file it is in.
    pub split: Split,
    /// Its first note in that file.
    pub offset: usize,
    /// How many notes.
    pub n_notes: usize,
    /// The mode condition: 0 unknown, 1 major, 2 minor.
    pub mode: u8,
    /// Read in seconds, without a beat.
    pub is_free: bool,
    /// Played, not just written.
    pub is_expressive: bool,
    /// Its velocities say nothing: they are the same all the time, or tell beats from other notes.
    pub is_flat: bool,
    /// Its first tempo.
    pub tempo_bpm: f32,
    /// Notes that begin together, on average.
    pub voices: f32,
    /// How often it is drawn, against others; 1 when nobody said.
    pub weight: f32,
    /// When the last sounding note ends.
    pub end_ticks: i64,
    /// Beat phase and bar beat of that time.
    pub end_position: [u8; 2],
}

impl Piece {
    /// Where in the bar it ends.
    #[must_use]
    pub const fn end_position(&self) -> Position {
        let [beat_phase, bar_beat] = self.end_position;
        Position { beat_phase, bar_beat }
    }
}

/// What `pieces.json` holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Index {
    /// Version of the format.
    pub version: u32,
    /// SHA-256 of all notes files, as hex.
    pub notes_sha256: String,
    /// Names; index 0 is "Any style".
    pub styles: Vec<String>,
    /// In the order of their notes within each split.
    pub pieces: Vec<Piece>,
}

/// A prepared folder in memory.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Pieces and styles.
    pub index: Index,
    /// Notes by split, in the order of [`Split::ALL`].
    pub notes: [Vec<PlacedNote>; 3],
}

/// Writes a prepared folder, over an earlier one if there is one; that one stays until all is written. `notes_of` gives the
/// encoded notes of a piece of the index, by its number. `index.version` and the checksum are filled in.
///
/// # Errors
/// When the folder cannot be written, or `notes_of` fails.
pub fn write(folder: &Path, mut index: Index, mut notes_of: impl FnMut(usize) -> Result<Vec<u8>>) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut checksum = Sha256::new();
    let mut files = Vec::new();
    for split in Split::ALL {
        let pieces = || index.pieces.iter().enumerate().filter(|(_, piece)| piece.split == split);
        let n_notes: usize = pieces().map(|(_, piece)| piece.n_notes).sum();
        let mut file = Partial::create(folder.join(format!("{}.notes", split.name())))?;
        let mut put = |bytes: &[u8]| {
            checksum.update(bytes);
            file.write(bytes)
        };
        put(&header(n_notes)?)?;
        for (i, _) in pieces() {
            put(&notes_of(i)?)?;
        }
        files.push(file);
    }
    index.version = VERSION;
    index.notes_sha256 = hex(&checksum.finalize());
    let mut file = Partial::create(folder.join("pieces.json"))?;
    file.write(&serde_json::to_vec_pretty(&index)?)?;
    files.push(file);
    files.into_iter().try_for_each(Partial::finish)
}

/// Reads a prepared folder.
///
/// # Errors
/// When it is not one, is damaged, or was written by another version; the message says to prepare again.
pub fn read(folder: &Path) -> Result<Prepared> {
    let again = || format!("{} is not a sound prepared folder; run `model prepare` again", folder.display());
    let index: Index =
        serde_json::from_slice(&fs::read(folder.join("pieces.json")).with_context(again)?).with_context(again)?;
    if index.version != VERSION {
        bail!("{} was prepared by another version; run `model prepare` again", folder.display());
    }
    let mut checksum = Sha256::new();
    let mut notes = [const { Vec::new() }; 3];
    for (split, notes) in Split::ALL.into_iter().zip(&mut notes) {
        let bytes = fs::read(folder.join(format!("{}.notes", split.name()))).with_context(again)?;
        checksum.update(&bytes);
        *notes = decode(&bytes).with_context(again)?;
    }
    ensure!(hex(&checksum.finalize()) == index.notes_sha256, "checksum: {}", again());
    for piece in &index.pieces {
        let n_notes = notes[piece.split as usize].len();
        let is_inside = piece.offset.checked_add(piece.n_notes).is_some_and(|end| end <= n_notes);
        ensure!(is_inside && usize::from(piece.style) < index.styles.len(), "{}: {}", piece.path, again());
    }
    Ok(Prepared { index, notes })
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
/// When its folder cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = Partial::create(path.to_owned())?;
    file.write(bytes)?;
    file.finish()
}

/// Whether a file of so many bytes could be written; nothing of it stays.
///
/// # Errors
/// When its folder cannot be written, or has no room.
pub fn ensure_room(path: &Path, n_bytes: usize) -> Result<()> {
    let mut file = Partial::create(path.to_owned())?;
    file.write(&vec![0; n_bytes])?;
    file.file.flush().map_err(|error| cannot_write(path, error))
}

/// What a file is called until it is whole.
#[must_use]
pub fn partial_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.partial"))
}

/// A file under another name until it is whole; removed if it never is.
struct Partial {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
}

impl Partial {
    fn create(path: PathBuf) -> Result<Self> {
        let partial = partial_path(&path);
        let file = File::create(&partial).map_err(|e| cannot_write(&path, e))?;
        Ok(Self { path, partial, file: BufWriter::new(file) })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| cannot_write(&self.path, e))
    }

    fn finish(mut self) -> Result<()> {
        let finished = self.file.flush().and_then(|()| fs::rename(&self.partial, &self.path));
        finished.map_err(|e| cannot_write(&self.path, e))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is nothing left under this name.
        let _ = fs::remove_file(&self.partial);
    }
}

fn cannot_write(path: &Path, error: io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free some space, then run the same command again",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "; choose a folder that you may write to",
        _ => "",
    };
    anyhow::Error::new(error).context(format!("cannot write {}{advice}", path.display()))
}

fn header(n_notes: usize) -> Result<Vec<u8>> {
    let n_notes = u32::try_from(n_notes).context("too many notes for one file; prepare a part of the corpus")?;
    Ok([&MAGIC[..], &VERSION.to_le_bytes(), &n_notes.to_le_bytes()].concat())
}

/// Appends notes as they are stored.
pub(crate) fn encode(notes: &[PlacedNote], bytes: &mut Vec<u8>) -> Result<()> {
    bytes.reserve(notes.len() * NOTE_BYTES);
    for PlacedNote { note, position, labels } in notes {
        bytes.extend(i32::try_from(note.onset_ticks).context("an onset beyond 32 bits")?.to_le_bytes());
        bytes.extend(u16::try_from(note.duration_ticks).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend([note.pitch.get(), note.velocity.get(), position.beat_phase, position.bar_beat]);
        bytes.extend(labels.bar.to_le_bytes());
        bytes.extend(labels.last_bar.to_le_bytes());
        bytes.extend([labels.harmony, u8::from(labels.begins_phrase) | labels.relation << 1]);
    }
    Ok(())
}

fn decode(bytes: &[u8]) -> Result<Vec<PlacedNote>> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES).context("too short")?;
    ensure!(header.starts_with(MAGIC) && header[8..12] == VERSION.to_le_bytes(), "not a notes file of this version");
    let n_notes = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
    ensure!(
        u32::try_from(body.len() / NOTE_BYTES) == Ok(n_notes) && body.len().is_multiple_of(NOTE_BYTES),
        "cut short"
    );
    let (records, _) = body.as_chunks::<NOTE_BYTES>();
    records.iter().map(|record| placed(*record).context("an impossible note")).collect()
}

fn placed(record: [u8; NOTE_BYTES]) -> Option<PlacedNote> {
    let [o0, o1, o2, o3, d0, d1, pitch, velocity, beat_phase, bar_beat, b0, b1, l0, l1, harmony, phrase] = record;
    let note = Note {
        onset_ticks: i32::from_le_bytes([o0, o1, o2, o3]).into(),
        duration_ticks: u32::from(u16::from_le_bytes([d0, d1])).max(1),
        pitch: Pitch::new(pitch)?,
        velocity: Velocity::new(velocity)?,
    };
    let is_position = beat_phase <= Position::FREE.beat_phase && bar_beat <= Position::FREE.bar_beat;
    let labels = Labels {
        bar: u16::from_le_bytes([b0, b1]),
        last_bar: u16::from_le_bytes([l0, l1]),
        harmony,
        begins_phrase: phrase & 1 == 1,
        relation: phrase >> 1,
    };
    let is_label = usize::from(harmony) < N_HARMONIES && usize::from(labels.relation) < N_RELATIONS;
    let position = Position { beat_phase, bar_beat };
    (is_position && is_label).then_some(PlacedNote { note, position, labels })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
