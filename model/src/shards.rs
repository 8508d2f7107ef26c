//! A prepared folder: one file of notes per split, and `pieces.json`, which says whose notes they are.
//!
//! A notes file is 8 bytes `ANTINOTE`, a version (u32), the number of notes (u32), then 10 bytes a note: onset (i32),
//! duration (u16), pitch, velocity, beat phase, bar beat; all little-endian. `pieces.json` is written last and holds the
//! checksum of the notes, so a half-written folder is noticed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use engine::{Note, Pitch, Position, Velocity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::corpus::Split;

const MAGIC: &[u8; 8] = b"ANTINOTE";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 16;
const NOTE_BYTES: usize = 10;

/// A note and where in the bar it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedNote {
    /// The note. Durations above 65,535 ticks are stored as that.
    pub note: Note,
    /// Where in the bar.
    pub position: Position,
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

/// Writes a prepared folder, over an earlier one if there is one. `index.version` and the checksum are filled in.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(folder: &Path, mut index: Index, notes: &[Vec<PlacedNote>; 3]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut checksum = Sha256::new();
    for (split, notes) in Split::ALL.into_iter().zip(notes) {
        let bytes = encode(notes)?;
        checksum.update(&bytes);
        write_atomically(&folder.join(format!("{}.notes", split.name())), &bytes)?;
    }
    index.version = VERSION;
    index.notes_sha256 = hex(&checksum.finalize());
    write_atomically(&folder.join("pieces.json"), &serde_json::to_vec_pretty(&index)?)
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
    let cannot = || format!("cannot write {}", path.display());
    let partial = path.with_file_name(format!("{}.partial", path.file_name().unwrap_or_default().to_string_lossy()));
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path)).with_context(cannot)
}

fn encode(notes: &[PlacedNote]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + notes.len() * NOTE_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(u32::try_from(notes.len()).context("too many notes for one file")?.to_le_bytes());
    for PlacedNote { note, position } in notes {
        bytes.extend(i32::try_from(note.onset_ticks).context("an onset beyond 32 bits")?.to_le_bytes());
        bytes.extend(u16::try_from(note.duration_ticks).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend([note.pitch.get(), note.velocity.get(), position.beat_phase, position.bar_beat]);
    }
    Ok(bytes)
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

fn placed([o0, o1, o2, o3, d0, d1, pitch, velocity, beat_phase, bar_beat]: [u8; NOTE_BYTES]) -> Option<PlacedNote> {
    let note = Note {
        onset_ticks: i32::from_le_bytes([o0, o1, o2, o3]).into(),
        duration_ticks: u32::from(u16::from_le_bytes([d0, d1])).max(1),
        pitch: Pitch::new(pitch)?,
        velocity: Velocity::new(velocity)?,
    };
    let is_position = beat_phase <= Position::FREE.beat_phase && bar_beat <= Position::FREE.bar_beat;
    is_position.then_some(PlacedNote { note, position: Position { beat_phase, bar_beat } })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
