//! What the ear's scorer of note values is trained on: training scores played by simulated hands and heard, and of each note
//! that was put in its place, where it could end and where it does.

use std::path::Path;

use anyhow::{Result, ensure};
use music::rhythm::hear_and_see;
use music::rhythm::note_values::N_SEEN;
use rayon::prelude::*;

use super::perceptron::{self, Example, Fit};
use super::rhythm_tables::{LEAST_ENDS_PERCENT, RhythmConfig, read, scores, us_per_beat};
use crate::data::corpus::{Source, Split};
use crate::data::hands::{Hands, USUAL_SD_MS};
use crate::data::shards::write_atomically;

/// Notes of one piece.
const N_PER_PIECE: usize = 120;
const N_EPOCHS: u16 = 6;

/// Trains on the training split, tries on the validation split, and writes the file.
///
/// # Errors
/// When the corpus cannot be listed, or holds no score, or the file cannot be written.
pub fn train(config: &RhythmConfig, out: &Path) -> Result<(usize, Fit)> {
    let train = examples(config, Split::Train)?;
    let test = examples(config, Split::Valid)?;
    ensure!(!train.is_empty(), "no score of the training split in {}", config.data.display());
    let (bytes, fit) = perceptron::fit(&train, &test, N_EPOCHS);
    write_atomically(out, &bytes)?;
    Ok((train.len(), fit))
}

fn examples(config: &RhythmConfig, split: Split) -> Result<Vec<Example<N_SEEN>>> {
    let of_piece = |(source, seed): (Source, u64)| -> Option<Vec<Example<N_SEEN>>> {
        let score = read(&source, config.n_notes)?;
        let played = Hands::new(USUAL_SD_MS, seed).play(&score.notes, us_per_beat(&score));
        let (heard, mut seen) = hear_and_see(&played.iter().map(|(note, _)| *note).collect::<Vec<_>>());
        let written = |number: usize| score.notes[played[number].1];
        seen.retain(|(number, _)| heard[*number].onset_ticks == written(*number).onset_ticks);
        let n_placed = seen.len();
        let value_ticks = |number: usize| i64::from(written(number).duration_ticks);
        seen.retain(|(number, ends)| ends.iter().any(|(ticks, _)| *ticks == value_ticks(*number)));
        if seen.len() * 100 < n_placed * LEAST_ENDS_PERCENT {
            return None;
        }
        let step = (seen.len() / N_PER_PIECE).max(1);
        let example = |(number, ends): (usize, Vec<(i64, [i16; N_SEEN])>)| {
            let worth = |ticks: i64| if ticks == value_ticks(number) { 1.0 } else { 0.0 };
            ends.into_iter().map(|(ticks, seen)| (seen, worth(ticks))).collect()
        };
        Some(seen.into_iter().step_by(step).map(example).collect())
    };
    Ok(scores(config, split)?.into_par_iter().filter_map(of_piece).flatten_iter().collect())
}
