//! What a prepared folder knows of its music beside the notes: phrases, relations, levels.

use engine::conditions::{Difficulty, N_DIFFICULTIES, N_RELATIONS, SEGMENT_NOTES};
use engine::{Note, conditions};

use crate::data::shards::Prepared;

/// Notes of each split on which difficulty is measured.
const MOST_SEGMENTS: usize = 20_000;

/// Counts of phrases, their lengths and relations, and of levels.
pub(super) fn summary(prepared: &Prepared) -> String {
    let (mut n_notes, mut n_phrases) = (0usize, 0usize);
    let mut relations = [0usize; N_RELATIONS];
    let mut bars = [0usize; 10];
    for placed in prepared.notes.iter().flatten() {
        n_notes += 1;
        if placed.labels.begins_phrase {
            n_phrases += 1;
            relations[usize::from(placed.labels.relation)] += 1;
            let length = placed.labels.last_bar.saturating_sub(placed.labels.bar);
            bars[usize::from(length).min(9)] += 1;
        }
    }
    let share = |n: usize| 100 * n / n_phrases.max(1);
    let [_, echo, vary, contrast] = relations;
    let lengths: Vec<String> = (1..).zip(bars).map(|(length, n)| format!("{length}: {} %", share(n))).collect();
    let (scores, levels) = difficulties(prepared);
    let quantiles: Vec<String> =
        (1..8).filter_map(|i| scores.get(i * scores.len() / 8)).map(|score| format!("{score:.2}")).collect();
    let levels: Vec<String> = (1..).zip(&levels[1..]).map(|(level, n)| format!("{level}: {n}")).collect();
    format!(
        "{n_phrases} phrases, {} notes each; bars: {} (and more)\n\
         relations to the bars before: echo {echo}, vary {vary}, contrast {contrast}\n\
         difficulty of runs of {SEGMENT_NOTES} notes by level: {}; eighths of the scores: {}\n",
        n_notes / n_phrases.max(1),
        lengths.join(", "),
        levels.join(", "),
        quantiles.join(", ")
    )
}

/// Difficulty scores of some runs of notes, rising, and how many are of each level.
fn difficulties(prepared: &Prepared) -> (Vec<f32>, [usize; N_DIFFICULTIES]) {
    let runs = prepared.index.pieces.iter().flat_map(|piece| {
        let notes = &prepared.notes[piece.split as usize][piece.offset..piece.offset + piece.n_notes];
        notes.chunks_exact(SEGMENT_NOTES).map(|run| (run, piece.tempo_bpm))
    });
    let every = prepared.notes.iter().map(Vec::len).sum::<usize>() / SEGMENT_NOTES / MOST_SEGMENTS + 1;
    let mut levels = [0; N_DIFFICULTIES];
    let mut scores: Vec<f32> = runs
        .step_by(every)
        .map(|(run, tempo_bpm)| {
            let notes: Vec<Note> = run.iter().map(|placed| placed.note).collect();
            levels[usize::from(conditions::difficulty(&notes, tempo_bpm))] += 1;
            Difficulty::of(&notes, tempo_bpm).score()
        })
        .collect();
    scores.sort_by(f32::total_cmp);
    (scores, levels)
}
