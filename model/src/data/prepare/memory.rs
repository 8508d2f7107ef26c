//! A few files, read and kept in memory.

use std::collections::HashMap;

use anyhow::Result;
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use music::Reduction;
use rayon::prelude::*;

use super::{Facts, Filters, annotate, fingerprint, read_source};
use crate::data::corpus::{Reject, Source};
use crate::data::shards::{Piece, PlacedNote};

/// Files, read.
#[derive(Default)]
pub(crate) struct Files<'a> {
    /// With their notes.
    pub(crate) kept: Vec<(&'a Source, Reduction)>,
    /// Those that are of no use.
    pub(crate) rejects: Vec<Reject>,
    /// What of those that are kept could not be read.
    pub(crate) in_part: Vec<Reject>,
}

/// Reads files, with a progress bar. Of those with the same notes it keeps the first.
pub(crate) fn read(sources: &[Source], without_ear: bool) -> Result<Files<'_>> {
    let bar = ProgressBar::new(sources.len() as u64)
        .with_style(ProgressStyle::with_template("reading {pos}/{len} files {wide_bar} {eta} left")?);
    let filters = Filters::default();
    let read: Vec<_> =
        sources.par_iter().progress_with(bar).map(|source| read_source(source, &[], &filters, without_ear)).collect();
    let (mut files, mut first_of) = (Files::default(), HashMap::new());
    for (source, score) in sources.iter().zip(read) {
        match score {
            Err(reject) => files.rejects.push(reject),
            Ok((score, in_part)) => {
                let first = *first_of.entry(fingerprint(&score.notes)).or_insert(&source.path);
                if std::ptr::eq(first, &source.path) {
                    files.kept.push((source, score));
                    files.in_part.extend(in_part);
                } else {
                    files.rejects.push(Reject::new(
                        &source.path,
                        "the same notes as another file",
                        format!("as {first}"),
                    ));
                }
            }
        }
    }
    Ok(files)
}

/// Adds a piece's notes to those of its split.
pub(crate) fn store(source: &Source, score: &Reduction, styles: &[String], notes: &mut [Vec<PlacedNote>; 3]) -> Piece {
    let split = &mut notes[source.split as usize];
    let piece = Facts::of(score).piece(source, styles, split.len());
    split.extend(annotate(score));
    piece
}
