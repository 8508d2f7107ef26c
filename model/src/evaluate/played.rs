//! What it costs the network that people play with their hands: the same notes as they are written, played by simulated hands
//! and read as they come, and played and heard through the ear, as the plugin does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use super::music::{Held, Music};
use super::score::Score;
use super::{EvaluateConfig, as_f64, chosen, load, score_all, shipped};
use crate::data::batch::ATTRIBUTES;
use crate::data::hands::Hands;
use crate::data::performance::{USUAL_US_PER_BEAT, as_they_come, heard};
use crate::data::shards::PlacedNote;

/// Bits a note.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// How the notes came.
    pub name: String,
    /// Standard deviation of the hands, in milliseconds; `None` for what is written.
    pub sd_ms: Option<f64>,
    /// All attributes together.
    pub bits_per_note: f64,
    /// By attribute.
    pub attributes: BTreeMap<&'static str, f64>,
    /// Share of notes whose likeliest pitch was the true one.
    pub pitch_accuracy: f64,
}

/// The same notes in each row.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Notes predicted.
    pub n_notes: usize,
    /// As written, then for each hands as they come and as they are heard.
    pub rows: Vec<Row>,
}

/// Plays the chosen notes with these standard deviations, in milliseconds.
///
/// # Errors
/// When a file cannot be read or the split is empty.
pub fn evaluate_played(config: &EvaluateConfig, sds_ms: &[f64]) -> Result<Report> {
    let weights = std::sync::Arc::new(config.weights.as_deref().map_or_else(shipped, load)?);
    let music = Music::open(&config.data, config.without_ear)?;
    // The tempo of a recording without a beat is none.
    let has_beat = |(_, notes): &Held| notes.iter().all(|placed| placed.position.in_bar_ticks().is_some());
    let pieces: Vec<Held> = chosen(&music, config.split, config.notes).into_iter().filter(has_beat).collect();
    anyhow::ensure!(!pieces.is_empty(), "no {} music with a beat; choose another --split", config.split.name());
    let score = |pieces: &[Held]| -> Result<Score> {
        let mut total = Score::default();
        score_all(&weights, &music, pieces, config.cache_weight)?.into_iter().for_each(|score| total += score);
        Ok(total)
    };
    let mut rows = vec![row("as written", None, &score(&pieces)?)];
    for &sd_ms in sds_ms {
        for is_heard in [false, true] {
            let played: Vec<Vec<PlacedNote>> = pieces.par_iter().map(|held| play(held, sd_ms, is_heard)).collect();
            let held: Vec<Held> = pieces.iter().zip(&played).map(|((piece, _), notes)| (*piece, &**notes)).collect();
            let name = if is_heard { "heard" } else { "played" };
            rows.push(row(name, Some(sd_ms), &score(&held)?));
        }
    }
    Ok(Report { n_notes: pieces.iter().map(|(_, notes)| notes.len()).sum(), rows })
}

fn row(name: &str, sd_ms: Option<f64>, score: &Score) -> Row {
    let n = as_f64(score.n_notes.max(1));
    Row {
        name: name.to_owned(),
        sd_ms,
        bits_per_note: score.total_bits() / n,
        attributes: ATTRIBUTES.into_iter().zip(score.bits.map(|bits| bits / n)).collect(),
        pitch_accuracy: as_f64(score.n_right[1]) / as_f64(score.n_guesses.max(1)),
    }
}

/// The notes of a piece as they are played, to the nearest tick, or as the ear hears them.
fn play((piece, notes): &Held, sd_ms: f64, is_heard: bool) -> Vec<PlacedNote> {
    let seed = piece.path.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut hands = Hands::new(sd_ms, seed);
    if is_heard {
        heard(notes, &mut hands, USUAL_US_PER_BEAT)
    } else {
        as_they_come(notes, &mut hands, USUAL_US_PER_BEAT)
    }
}

/// As text.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut text = format!("{} notes; bits a note, and times what is written\n", report.n_notes);
    let _ = write!(text, "{:24}{:>8}", "", "all");
    ATTRIBUTES.iter().for_each(|name| {
        let _ = write!(text, "{name:>16}");
    });
    let _ = writeln!(text, "{:>16}", "pitches right");
    let written = &report.rows[0];
    for row in &report.rows {
        let name = row.sd_ms.map_or(row.name.clone(), |sd_ms| format!("{}, sd {sd_ms} ms", row.name));
        let _ = write!(text, "{name:24}{:>8.3}", row.bits_per_note);
        for attribute in ATTRIBUTES {
            let (bits, clean) = (row.attributes[attribute], written.attributes[attribute]);
            let _ = write!(text, "{:>16}", format!("{bits:.3} ({:.2})", bits / clean.max(1e-9)));
        }
        let _ = writeln!(text, "{:>15.1}%", 100.0 * row.pitch_accuracy);
    }
    text
}
