//! Music that must not be forgotten: from a prepared folder, or recalled by the weights themselves.
//!
//! What a network plays freely is drawn from what it knows. To go on predicting that well is, in the mean, to stay near the
//! network in the sense of Kullback and Leibler; so a network can rehearse without any data (Robins 1995, "Catastrophic
//! forgetting, rehearsal and pseudorehearsal").

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use engine::key::find_key;
use engine::{Conditions, Event, Metre, Note, NoteRequest, Onset, Pitch, Sampling, Session, TICKS_PER_BEAT, Weights};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::data::corpus::Split;
use crate::data::dataset::{Dataset, SamplingPolicy};
use crate::data::shards::{self, Index, Labels, Piece, PlacedNote, Prepared};

/// Pieces in each style. With few, the adapters learn them by heart instead of what they stand for.
const PIECES: u32 = 15;
/// The last of them are held out.
const HELD_OUT: u32 = 2;
/// Notes of a piece, at most.
const NOTES: usize = 400;
/// Bars of the pieces in turn; 0 for none.
const BAR_BEATS: [u32; 3] = [4, 3, 4];

/// The music of a prepared folder, by the styles of the weights.
pub(super) fn of_folder(folder: &Path, styles: &[String]) -> Result<Dataset> {
    let mut prepared = shards::read(folder)?;
    let place = |style: u8| {
        let name = prepared.index.styles.get(usize::from(style));
        styles.iter().position(|known| Some(known) == name).and_then(|place| u8::try_from(place).ok())
    };
    let places: Vec<u8> = prepared.index.pieces.iter().map(|piece| place(piece.style).unwrap_or(0)).collect();
    prepared.index.pieces.iter_mut().zip(places).for_each(|(piece, place)| piece.style = place);
    prepared.index.styles = styles.to_vec();
    Ok(Dataset::of(prepared, &SamplingPolicy::default()))
}

/// Pieces that the weights play freely, in all their styles.
pub(super) fn recalled(weights: &Arc<Weights>, seed: u64) -> Dataset {
    let styles = weights.header().styles.clone();
    let all: Vec<(u8, u32)> =
        (0..=u8::MAX).take(styles.len()).flat_map(|style| (0..PIECES).map(move |i| (style, i))).collect();
    let bar = ProgressBar::new(all.len() as u64);
    if let Ok(look) = ProgressStyle::with_template("recalling {pos}/{len} pieces {wide_bar} {eta} left") {
        bar.set_style(look);
    }
    let played: Vec<(Piece, Vec<PlacedNote>)> = all
        .into_par_iter()
        .progress_with(bar)
        .map_init(
            || Session::new(Arc::clone(weights)),
            |session, (style, i)| {
                session.seed(seed << 16 | u64::from(style) << 8 | u64::from(i));
                play(session, style, i)
            },
        )
        .collect();
    let mut notes = [const { Vec::new() }; 3];
    let mut pieces = Vec::new();
    for (piece, mut played) in played {
        let shard = &mut notes[piece.split as usize];
        pieces.push(Piece { offset: shard.len(), n_notes: played.len(), ..piece });
        shard.append(&mut played);
    }
    Dataset::of(Prepared { index: Index { styles, pieces, ..Index::default() }, notes }, &SamplingPolicy::default())
}

fn play(session: &mut Session, style: u8, i: u32) -> (Piece, Vec<PlacedNote>) {
    let bar_ticks = BAR_BEATS[i as usize % BAR_BEATS.len()] * TICKS_PER_BEAT;
    let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks };
    session.reset();
    session.set_metre(metre);
    let mode = u8::try_from(1 + i % 2).unwrap_or(0);
    let mut request = NoteRequest {
        conditions: Conditions { style, mode, ..Conditions::default() },
        // As they are, with all that is unlikely.
        sampling: Sampling { temperature: 1.0, top_p: 1.0 },
        lowest: Pitch::new(0).unwrap_or(Pitch::MIDDLE_C),
        highest: Pitch::new(127).unwrap_or(Pitch::MIDDLE_C),
        onset: Onset::NotBefore(0),
        may_end: true,
    };
    let mut notes: Vec<Note> = Vec::new();
    while notes.len() < NOTES
        && let Event::Note(note) = session.next(&request)
    {
        request.onset = Onset::NotBefore(note.onset_ticks);
        notes.push(note);
    }
    let end_ticks = notes.iter().map(Note::end_ticks).max().unwrap_or(0);
    let end = metre.position(end_ticks);
    let piece = Piece {
        path: format!("recalled/{style}/{i}"),
        title: String::new(),
        composer: String::new(),
        style,
        split: if i + HELD_OUT >= PIECES { Split::Valid } else { Split::Train },
        offset: 0,
        n_notes: notes.len(),
        mode: find_key(&notes).map_or(0, |(key, _)| key.mode_condition()),
        is_free: false,
        is_expressive: false,
        is_flat: false,
        tempo_bpm: 120.0,
        voices: 1.0,
        weight: 1.0,
        end_ticks,
        end_position: [end.beat_phase, end.bar_beat],
    };
    let placed =
        |note: Note| PlacedNote { position: metre.position(note.onset_ticks), note, labels: Labels::default() };
    (piece, notes.into_iter().map(placed).collect())
}
