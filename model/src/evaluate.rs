//! How well weights predict music that they have not seen, in bits per note, beside what plain counting achieves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::{Conditions, Metre, Position, Session, Weights};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::batch::ATTRIBUTES;
use crate::corpus::Split;
use crate::dataset::Dataset;
use crate::shards::{self, Piece, PlacedNote};
use crate::{ngram, sequence};

/// Notes of each piece when not all are wanted.
const SAMPLE_NOTES: usize = 512;

/// What to evaluate.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  model evaluate --weights my.antiphon --data prepared\n  \
    model evaluate --weights my.antiphon --data prepared --max-notes 20000 --json report.json\n\n\
    Fewer bits are better: one bit less means half as surprised by each note.")]
pub struct EvaluateOptions {
    /// A weight file
    #[arg(long)]
    pub weights: PathBuf,
    /// A folder that `model prepare` wrote
    #[arg(long)]
    pub data: PathBuf,
    /// Which part of it to predict
    #[arg(long, value_enum, default_value = "test")]
    pub split: Split,
    /// Stop after this many notes: the first 512 of each piece, in a mixed but fixed order
    #[arg(long)]
    pub max_notes: Option<usize>,
    /// Write the results to this file too
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Pieces to work on at once; all processor cores when not given
    #[arg(long)]
    pub threads: Option<usize>,
}

/// The results. A piece's end event counts among its bits, not among its notes.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of the weights.
    pub bits_per_note: f64,
    /// Of the best n-gram.
    pub ngram_bits_per_note: f64,
    /// Of frequencies alone.
    pub unigram_bits_per_note: f64,
    /// Name in the weight file.
    pub weights: String,
    /// Which part of the data.
    pub split: Split,
    /// Notes predicted.
    pub n_notes: usize,
    /// Pieces they are from.
    pub n_pieces: usize,
    /// Of the weights, by attribute.
    pub attributes: BTreeMap<&'static str, f64>,
    /// Of the unigram, by attribute.
    pub unigram_attributes: BTreeMap<&'static str, f64>,
    /// Of the best n-gram, by attribute.
    pub ngram_attributes: BTreeMap<&'static str, f64>,
    /// Of each order of n-gram, from 1.
    pub ngram_orders: Vec<f64>,
    /// Of the weights, by style: notes and bits per note.
    pub styles: BTreeMap<String, (usize, f64)>,
}

/// Evaluates, with a progress bar, and prints the results.
///
/// # Errors
/// When a file cannot be read or the split is empty.
pub fn run(options: &EvaluateOptions) -> Result<()> {
    let report = match options.threads {
        Some(n) => rayon::ThreadPoolBuilder::new().num_threads(n).build()?.install(|| evaluate(options))?,
        None => evaluate(options)?,
    };
    println!("{} on {} notes of {} {} pieces", report.weights, report.n_notes, report.n_pieces, report.split.name());
    println!("{:<28}{:>10}{:>10}{:>10}", "bits per note", "weights", "n-gram", "unigram");
    let row = |name: &str, [weights, ngram, unigram]: [f64; 3]| {
        println!("{name:<28}{weights:>10.3}{ngram:>10.3}{unigram:>10.3}");
    };
    for name in ATTRIBUTES {
        row(name, [&report.attributes, &report.ngram_attributes, &report.unigram_attributes].map(|by| by[name]));
    }
    row("all", [report.bits_per_note, report.ngram_bits_per_note, report.unigram_bits_per_note]);
    println!("\n{:<28}{:>10}{:>10}", "by style", "weights", "notes");
    for (name, (n_notes, bits)) in &report.styles {
        println!("{name:<28}{bits:>10.3}{n_notes:>10}");
    }
    if let Some(json) = &options.json {
        shards::write_atomically(json, &serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(())
}

/// As [`run`], but prints only the progress bar.
///
/// # Errors
/// As [`run`].
pub fn evaluate(options: &EvaluateOptions) -> Result<Report> {
    let weights = Arc::new(load(&options.weights)?);
    let dataset = Dataset::open(&options.data)?;
    let pieces = chosen(&dataset, options.split, options.max_notes);
    let n_notes: usize = pieces.iter().map(|(_, notes)| notes.len()).sum();
    ensure!(n_notes > 0, "{} has no {} pieces; choose another --split", options.data.display(), options.split.name());

    let bar = ProgressBar::new(pieces.len() as u64)
        .with_style(ProgressStyle::with_template("scoring {pos}/{len} pieces {wide_bar} {eta} left")?);
    let scores: Vec<[f64; 4]> = pieces
        .par_iter()
        .progress_with(bar)
        .map_init(
            || Session::new(Arc::clone(&weights)),
            |session, (piece, notes)| score(session, piece, notes, &dataset.styles()[usize::from(piece.style)]),
        )
        .collect();
    let total = scores.iter().fold([0.0; 4], |total, bits| std::array::from_fn(|a| total[a] + bits[a]));

    let train: Vec<_> = dataset.pieces(Split::Train).map(|(piece, notes)| events(piece, notes)).collect();
    let test: Vec<_> = pieces.iter().map(|(piece, notes)| events(piece, notes)).collect();
    let orders = ngram::bits(&train, &test);
    let sum = |bits: &[f64; 4]| bits.iter().sum::<f64>();
    let best = orders.iter().min_by(|a, b| sum(a).total_cmp(&sum(b))).unwrap_or(&orders[0]);

    let per_note = |bits: f64, n_notes: usize| bits / as_f64(n_notes);
    let by_attribute = |bits: &[f64; 4]| ATTRIBUTES.into_iter().zip(bits.map(|b| per_note(b, n_notes))).collect();
    let mut styles: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for ((piece, notes), bits) in pieces.iter().zip(&scores) {
        let of = styles.entry(dataset.styles()[usize::from(piece.style)].clone()).or_default();
        *of = (of.0 + notes.len(), of.1 + sum(bits));
    }
    styles.values_mut().for_each(|(n_notes, bits)| *bits = per_note(*bits, *n_notes));
    Ok(Report {
        bits_per_note: per_note(sum(&total), n_notes),
        ngram_bits_per_note: per_note(sum(best), n_notes),
        unigram_bits_per_note: per_note(sum(&orders[0]), n_notes),
        weights: weights.header().name.clone(),
        split: options.split,
        n_notes,
        n_pieces: pieces.len(),
        attributes: by_attribute(&total),
        unigram_attributes: by_attribute(&orders[0]),
        ngram_attributes: by_attribute(best),
        ngram_orders: orders.iter().map(|bits| per_note(sum(bits), n_notes)).collect(),
        styles,
    })
}

/// Reads a weight file.
///
/// # Errors
/// When it cannot be opened, or is refused.
pub fn load(path: &std::path::Path) -> Result<Weights> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot open the weights {}", path.display()))?;
    Weights::parse(&bytes).with_context(|| format!("{} is not a sound weight file", path.display()))
}

/// All pieces of a split; or the beginnings of some, in an order that mixes sources and styles, up to `max_notes`.
fn chosen(dataset: &Dataset, split: Split, max_notes: Option<usize>) -> Vec<(&Piece, &[PlacedNote])> {
    let mut pieces: Vec<_> = dataset.pieces(split).collect();
    if let Some(mut left) = max_notes {
        pieces.sort_by_cached_key(|(piece, _)| <[u8; 32]>::from(Sha256::digest(&piece.path)));
        for (_, notes) in &mut pieces {
            *notes = &notes[..notes.len().min(SAMPLE_NOTES).min(left)];
            left -= notes.len();
        }
        pieces.retain(|(_, notes)| !notes.is_empty());
    }
    pieces
}

/// The piece's end, if the notes reach it.
fn end(piece: &Piece, notes: &[PlacedNote]) -> Option<(i64, Position)> {
    (notes.len() == piece.n_notes).then_some((piece.end_ticks, piece.end_position()))
}

fn events(piece: &Piece, notes: &[PlacedNote]) -> Vec<sequence::Event> {
    sequence::events(notes, end(piece, notes))
}

/// Bits of a piece's attributes.
fn score(session: &mut Session, piece: &Piece, notes: &[PlacedNote], style: &str) -> [f64; 4] {
    // Density and polyphony are left open: they are measured on what is to be predicted.
    let style = session.weights().style_index(style).unwrap_or(0);
    let conditions = Conditions { style, mode: piece.mode, ..Conditions::default() };
    let mut bits = [0.0; 4];
    let mut add = |nats: [f32; 4]| {
        for (bits, nats) in bits.iter_mut().zip(nats) {
            *bits += f64::from(nats) * std::f64::consts::LOG2_E;
        }
    };
    session.reset();
    for PlacedNote { note, position } in notes {
        session.set_metre(metre_at(note.onset_ticks, *position));
        add(session.score(engine::Event::Note(*note), conditions));
    }
    if let Some((at_ticks, position)) = end(piece, notes) {
        session.set_metre(metre_at(at_ticks, position));
        add(session.score(engine::Event::End { at_ticks }, conditions));
    }
    bits
}

/// A metre in which `ticks` has this position.
fn metre_at(ticks: i64, position: Position) -> Metre {
    if position == Position::FREE {
        return Metre::Free;
    }
    let in_bar = i64::from(position.bar_beat) * i64::from(engine::TICKS_PER_BEAT) + i64::from(position.beat_phase);
    Metre::Bars { bar_line_ticks: ticks - in_bar, bar_ticks: u32::MAX }
}

#[expect(clippy::cast_precision_loss, reason = "counts of notes")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}
