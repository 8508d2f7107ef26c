//! The music to evaluate on: a prepared folder, or MIDI files that are prepared for the occasion.

use std::path::Path;

use anyhow::{Context, Result};

use crate::data::corpus::{self, Split};
use crate::data::prepare::{PrepareOptions, prepare};
use crate::data::shards::{self, Piece, PlacedNote, Prepared};

/// A piece and its notes.
pub type Held<'a> = (&'a Piece, &'a [PlacedNote]);

/// Pieces to score, and pieces that the baselines may learn from.
#[derive(Debug)]
pub struct Music {
    prepared: Prepared,
    /// Nobody said which pieces are held out, so all are.
    is_all_held_out: bool,
}

impl Music {
    /// Opens a folder of `model prepare`, a folder of MIDI files or a manifest. Without a manifest (or MAESTRO's
    /// table) all MIDI files count as held out. What hands played is read as the ear hears it, or `without_ear` as it was recorded.
    ///
    /// # Errors
    /// When there is no music there.
    pub fn open(data: &Path, without_ear: bool) -> Result<Self> {
        if data.join("pieces.json").is_file() {
            return Ok(Self { prepared: shards::read(data)?, is_all_held_out: false });
        }
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let out = folder.path().to_owned();
        prepare(&PrepareOptions { data: data.to_owned(), out, without_ear, ..PrepareOptions::default() })?;
        let is_all_held_out = data.is_dir() && corpus::table_in(data)?.is_none();
        Ok(Self { prepared: shards::read(folder.path())?, is_all_held_out })
    }

    /// All of it.
    #[must_use]
    pub fn into_prepared(self) -> Prepared {
        self.prepared
    }

    /// Names of the styles.
    #[must_use]
    pub fn styles(&self) -> &[String] {
        &self.prepared.index.styles
    }

    /// The style of a piece.
    #[must_use]
    pub fn style(&self, piece: &Piece) -> &str {
        &self.prepared.index.styles[usize::from(piece.style)]
    }

    /// Pieces that may be learnt from.
    #[must_use]
    pub fn train(&self) -> Vec<Held<'_>> {
        if self.is_all_held_out { Vec::new() } else { self.pieces(|piece| piece.split == Split::Train) }
    }

    /// Pieces to predict.
    #[must_use]
    pub fn held_out(&self, split: Split) -> Vec<Held<'_>> {
        self.pieces(|piece| self.is_all_held_out || piece.split == split)
    }

    fn pieces(&self, is_wanted: impl Fn(&Piece) -> bool) -> Vec<Held<'_>> {
        let notes =
            |piece: &Piece| &self.prepared.notes[piece.split as usize][piece.offset..piece.offset + piece.n_notes];
        self.prepared.index.pieces.iter().filter(|piece| is_wanted(piece)).map(|piece| (piece, notes(piece))).collect()
    }
}
