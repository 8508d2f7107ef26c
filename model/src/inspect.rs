//! What is in a file: music, weights, or a prepared folder.

mod labels;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use engine::conditions::{density_level, polyphony_level};
use engine::key::find_key;
use engine::pack::PACK_MAGIC;
use engine::{Pack, TICKS_PER_BEAT, Weights};
use music::file::{read_reduction, summary};
use music::{MetreChange, Reading, Reduction, event_text};

use crate::data::corpus::Split;
use crate::data::shards;
use crate::export::pack;

/// What a music file, a weight file, a style pack or a folder of `model prepare` holds, as text. With `dump`, a music file's notes as
/// [`event_text`].
///
/// # Errors
/// When the file cannot be opened or is not sound.
pub fn describe(file: &Path, dump: bool) -> Result<String> {
    if file.is_dir() {
        return prepared_folder(file);
    }
    let bytes = fs::read(file).with_context(|| format!("cannot open {}", file.display()))?;
    let unsound = || format!("cannot look into {}", file.display());
    if bytes.starts_with(b"ANTIPHON") {
        return Ok(weights(&Weights::parse(&bytes).with_context(unsound)?, bytes.len()));
    }
    if bytes.starts_with(PACK_MAGIC) {
        return Ok(pack::describe(&Pack::parse(&bytes).with_context(unsound)?));
    }
    let (score, left_out) = read_reduction(&bytes, Reading::Heard).with_context(unsound)?;
    if dump {
        return Ok(event_text::write(&score.notes));
    }
    let mut text = music_file(&score);
    if !left_out.is_empty() {
        text += &format!("left out   {}\n", summary(&left_out));
    }
    Ok(text)
}

fn music_file(score: &Reduction) -> String {
    let notes = &score.notes;
    let pitches = || notes.iter().map(|note| note.pitch.get());
    let (low, high) = (pitches().min().unwrap_or(0), pitches().max().unwrap_or(0));
    let key = find_key(notes).map_or("unclear".to_owned(), |(key, fit)| format!("{key} (fit {fit:.2})"));
    let beat = i64::from(TICKS_PER_BEAT);
    let length = format!("{}.{} beats", score.end_ticks / beat, score.end_ticks % beat * 10 / beat);
    let metre = if score.is_free {
        "none: read in seconds, 2 beats each".to_owned()
    } else {
        let bar = |metre: &MetreChange| {
            let (signature, from) = (metre.signature, metre.start_ticks / beat);
            format!("{} beats ({signature}) from beat {from}", signature.bar_beats())
        };
        let shown: Vec<_> = score.metres.iter().take(8).map(bar).collect();
        let more = if score.metres.len() > 8 { ", and more" } else { "" };
        format!("bars of {}{more}", shown.join(", "))
    };
    format!(
        "notes      {}\nlength     {length} at {:.1} BPM\nkey        {key}\nmetre      {metre}\npitches    {low} to {high}\n\
         density    level {} of 8\npolyphony  level {} of 5\n",
        notes.len(),
        score.tempo_bpm(),
        density_level(notes),
        polyphony_level(notes),
    )
}

fn weights(weights: &Weights, n_bytes: usize) -> String {
    let header = weights.header();
    let config = weights.config();
    format!(
        "name       {}\nsize       {n_bytes} bytes, {} parameters, {:?}\nnetwork    {} blocks, width {}, {} heads ({} for keys), \
         feed-forward {}, context {} notes\nstyles     {}\nlicence    {}\ncredits    {}\ntraining   {}\n",
        header.name,
        config.n_parameters(),
        header.precision,
        config.n_blocks,
        config.d_model,
        config.n_heads,
        config.n_kv_heads,
        config.d_ff,
        config.n_context,
        header.styles.join(", "),
        header.licence,
        header.credits,
        header.training,
    )
}

fn prepared_folder(folder: &Path) -> Result<String> {
    let prepared = shards::read(folder)?;
    // Pieces and notes, by style and split.
    let mut table: BTreeMap<u8, [(usize, usize); 3]> = BTreeMap::new();
    let mut total = [(0, 0); 3];
    for piece in &prepared.index.pieces {
        for row in [table.entry(piece.style).or_default(), &mut total] {
            let (n_pieces, n_notes) = &mut row[piece.split as usize];
            *n_pieces += 1;
            *n_notes += piece.n_notes;
        }
    }
    let line = |name: &str, row: &[(usize, usize); 3]| {
        let cells: String = row.iter().map(|(pieces, notes)| format!("{pieces:>8}{notes:>10}")).collect();
        format!("{name:<28}{cells}\n")
    };
    let heads: String = Split::ALL.map(|split| format!("{:>8}{:>10}", split.name(), "notes")).concat();
    let mut text = format!("{:<28}{heads}\n", "style");
    for (style, row) in &table {
        text += &line(&prepared.index.styles[usize::from(*style)], row);
    }
    text += &line("all", &total);
    let n_free = prepared.index.pieces.iter().filter(|piece| piece.is_free).count();
    let n_expressive = prepared.index.pieces.iter().filter(|piece| piece.is_expressive).count();
    text += &format!("{n_free} pieces have no beat, {n_expressive} are known to be played\n");
    text += &labels::summary(&prepared);
    for ((is_kept, reason), n_files) in listed(folder) {
        let what = if is_kept { "but kept" } else { "left out" };
        text += &format!("{what}: {n_files:>6} {reason}\n");
    }
    Ok(text)
}

/// Reasons of `rejected.csv`, and whether the files were kept, each with its number of files; none when that list is gone.
fn listed(folder: &Path) -> BTreeMap<(bool, String), usize> {
    let mut by_reason = BTreeMap::new();
    for row in
        csv::Reader::from_path(folder.join("rejected.csv")).into_iter().flat_map(csv::Reader::into_records).flatten()
    {
        let is_kept = row.get(3) == Some("yes");
        *by_reason.entry((is_kept, row.get(1).unwrap_or_default().to_owned())).or_insert(0) += 1;
    }
    by_reason
}
