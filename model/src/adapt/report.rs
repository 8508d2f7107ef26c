//! What a pack brings, measured as the plugin plays it: with the engine, in 8 bits.

use std::sync::Arc;

use engine::{Session, Weights};
use rayon::prelude::*;

use crate::data::batch::ATTRIBUTES;
use crate::data::corpus::Split;
use crate::data::dataset::Dataset;
use crate::evaluate::score::{self, Score};

/// Notes of other music to measure on, and of each piece of it.
const GENERAL_NOTES: usize = 10_000;
const PIECE_NOTES: usize = 400;

/// Before and after.
#[derive(Clone, Debug)]
pub struct Report {
    /// Files that were used.
    pub n_files: usize,
    /// Notes that were learnt from.
    pub n_notes: usize,
    /// Time that it took.
    pub minutes: f64,
    /// The built-in style that came nearest before.
    pub nearest: String,
    /// Held-out music of the player: in the nearest style before, in the new one after. By attribute, bits per note.
    pub own: [[f64; 4]; 2],
    /// Other music, the same way.
    pub general: [[f64; 4]; 2],
    /// Whether that was the base's own, for want of data.
    pub recalls: bool,
    /// Bytes of the pack.
    pub n_bytes: usize,
}

impl Report {
    /// By how much the player's held-out music costs less, as a share.
    #[must_use]
    pub fn gain(&self) -> f64 {
        let [before, after] = self.own.map(|bits| bits.iter().sum::<f64>());
        1.0 - after / before
    }

    /// By how much other music costs more, as a share.
    #[must_use]
    pub fn loss(&self) -> f64 {
        let [before, after] = self.general.map(|bits| bits.iter().sum::<f64>());
        after / before - 1.0
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { n_files, n_notes, minutes, nearest, .. } = self;
        writeln!(f, "Learnt from {n_notes} notes of {n_files} files in {minutes:.1} minutes.")?;
        writeln!(f, "Bits per note, fewer are better; as the plugin plays it, in 8 bits:")?;
        let line = |f: &mut std::fmt::Formatter<'_>, name: &str, [before, after]: [[f64; 4]; 2]| {
            let parts: Vec<String> = ATTRIBUTES
                .iter()
                .zip(before.iter().zip(after))
                .map(|(name, (before, after))| format!("{name} {before:.2} to {after:.2}"))
                .collect();
            let [before, after] = [before, after].map(|bits| bits.iter().sum::<f64>());
            let change = 100.0 * (after / before - 1.0);
            writeln!(f, "  {name}: {before:.3} before, {after:.3} after ({change:+.1} %): {}", parts.join(", "))
        };
        line(f, &format!("your music that was held out (before: as \"{nearest}\")"), self.own)?;
        line(f, if self.recalls { "what the network recalled by itself" } else { "other music" }, self.general)?;
        writeln!(f, "What was held out also decided when to stop.")
    }
}

/// Bits per note of the pieces of a split, by weights with a style each.
pub(super) fn bits(music: &Dataset, weights: [&Arc<Weights>; 2], styles: [&str; 2], split: Split) -> [[f64; 4]; 2] {
    [0, 1].map(|i| score_all(music, weights[i], split, usize::MAX, usize::MAX, |_| styles[i].to_owned()))
}

/// Bits per note of other music, each piece in its own style.
pub(super) fn general_bits(music: &Dataset, weights: [&Arc<Weights>; 2], recalls: bool) -> [[f64; 4]; 2] {
    let split = if recalls { Split::Valid } else { Split::Test };
    let style = |style: u8| music.styles().get(usize::from(style)).cloned().unwrap_or_default();
    weights.map(|weights| score_all(music, weights, split, GENERAL_NOTES, PIECE_NOTES, style))
}

/// The beginnings of pieces spread over a split, up to about `n_notes`.
fn score_all(
    music: &Dataset,
    weights: &Arc<Weights>,
    split: Split,
    n_notes: usize,
    of_each: usize,
    style: impl Fn(u8) -> String + Sync,
) -> [f64; 4] {
    let pieces: Vec<_> = music.pieces(split).collect();
    let lengths = pieces.iter().map(|(_, notes)| notes.len().min(of_each)).sum::<usize>();
    let every = lengths.div_ceil(n_notes).max(1);
    let total = pieces
        .into_par_iter()
        .step_by(every)
        .with_max_len(1)
        .map_init(
            || Session::new(Arc::clone(weights)),
            |session, (piece, notes)| {
                let conditions = score::conditions(session.weights(), piece, &style(piece.style));
                score::played(session, piece, &notes[..notes.len().min(of_each)], conditions, 0.0)
            },
        )
        .collect::<Vec<Score>>()
        .into_iter()
        .fold(Score::default(), |mut total, score| {
            total += score;
            total
        });
    #[expect(clippy::cast_precision_loss, reason = "counts of notes")]
    let n = total.n_notes.max(1) as f64;
    total.bits.map(|bits| bits / n)
}
