//! A judge that looks at the piano roll of call and answer: a small convolutional network over time, trained for the occasion. It
//! shares neither shape nor seed nor music with what chooses or trains answers: the judge is never the trainer.
//!
//! Reading order: this file draws rolls and asks judges of other works; `network` is the judge.

mod network;

use engine::TICKS_PER_BEAT;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::discriminator::{Scores, folds};
use super::features::Passage;
use network::{Cell, Network};

/// Fewer than for the trees, since each takes some seconds.
const N_FOLDS: usize = 3;
/// Ticks of a column: a sixteenth.
const STEP_TICKS: i64 = TICKS_PER_BEAT as i64 / 4;
/// Columns of the call (its end) and of the answer (its beginning): 12 and 24 beats.
const CALL_STEPS: i64 = 48;
const N_STEPS: i64 = 144;
/// Keys from 36 to 96, as the plugin plays them.
const LOWEST: i16 = 36;
const N_KEYS: i16 = 61;
/// Inputs of a column: onsets by key, held notes by key, whether it is the answer's, whether the answer ends there.
const HELD: usize = N_KEYS as usize;
const IS_ANSWER: usize = 2 * HELD;
const IS_END: usize = IS_ANSWER + 1;
const N_INPUTS: usize = IS_END + 1;
const N_EPOCHS: usize = 14;
const BATCH_SIZE: usize = 32;
const LEARNING_RATE: f32 = 2e-3;
/// Pieces are learnt in keys up to so many semitones away.
const MOST_TRANSPOSITION: i16 = 4;
const SEED: u64 = 20_261;

/// Judges two kinds of passages by how they look; the same for the same passages.
pub(super) fn by_rolls(real: &[Passage], ours: &[Passage]) -> Scores {
    let works: Vec<usize> = real.iter().map(|passage| passage.work).collect();
    let folds = folds(&works, N_FOLDS);
    let judge = |fold: usize| {
        let seen = |passages| {
            let all = <[Passage]>::iter(passages).zip(&folds);
            all.filter(|(_, other)| **other != fold).map(|(passage, _)| passage).collect::<Vec<_>>()
        };
        fit(&seen(real), &seen(ours), SEED + fold as u64)
    };
    let judges: Vec<Network> = (0..N_FOLDS).into_par_iter().with_max_len(1).map(judge).collect();
    let score = |passages: &[Passage]| -> Vec<f64> {
        let one = |(passage, &fold): (&Passage, &usize)| f64::from(judges[fold].forward(&[draw(passage, 0)]).odds[0]);
        passages.iter().zip(&folds).map(one).collect()
    };
    Scores { real: score(real), ours: score(ours) }
}

/// A network that has learnt to tell these apart.
fn fit(real: &[&Passage], ours: &[&Passage], seed: u64) -> Network {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut network = Network::new(N_INPUTS, usize::try_from(N_STEPS).unwrap_or(0), &mut random);
    let mut examples: Vec<(&Passage, f32)> =
        real.iter().map(|&p| (p, 0.0)).chain(ours.iter().map(|&p| (p, 1.0))).collect();
    let n_steps = N_EPOCHS * examples.len().div_ceil(BATCH_SIZE);
    let mut step = 0;
    for _ in 0..N_EPOCHS {
        examples.shuffle(&mut random);
        for batch in examples.chunks(BATCH_SIZE) {
            let mut semitones = || random.random_range(-MOST_TRANSPOSITION..=MOST_TRANSPOSITION);
            let rolls: Vec<Vec<Cell>> = batch.iter().map(|(passage, _)| draw(passage, semitones())).collect();
            let labels: Vec<f32> = batch.iter().map(|(_, label)| *label).collect();
            #[expect(clippy::cast_precision_loss, reason = "counts")]
            let rate = LEARNING_RATE * (1.0 - step as f32 / n_steps as f32);
            network.learn(&rolls, &labels, rate);
            step += 1;
        }
    }
    network
}

/// Draws a passage, moved by some semitones: the cells that are not 0.
fn draw(passage: &Passage, semitones: i16) -> Vec<Cell> {
    let column = |ticks: i64| (ticks - passage.start_ticks).div_euclid(STEP_TICKS) + CALL_STEPS;
    let mut cells = Vec::new();
    let mut set = |column: i64, input: usize, value: f32| {
        if (0..N_STEPS).contains(&column) {
            cells.push(Cell { column: usize::try_from(column).unwrap_or(0), input, value });
        }
    };
    for note in passage.call.iter().chain(&passage.answer) {
        let key = (i16::from(note.pitch.get()) + semitones - LOWEST).clamp(0, N_KEYS - 1);
        let key = usize::try_from(key).unwrap_or(0);
        // A held note of the call ends where the answer begins.
        let is_call = note.onset_ticks < passage.start_ticks;
        let end_ticks = if is_call { note.end_ticks().min(passage.start_ticks) } else { note.end_ticks() };
        let (first, last) = (column(note.onset_ticks), column(end_ticks - 1));
        set(first, key, 0.5 + f32::from(note.velocity.get()) / 127.0);
        (first.max(0)..=last.min(N_STEPS - 1)).for_each(|column| set(column, HELD + key, 1.0));
    }
    (CALL_STEPS..N_STEPS).for_each(|column| set(column, IS_ANSWER, 1.0));
    set(column(passage.end_ticks), IS_END, 1.0);
    cells.sort_by_key(|cell| (cell.column, cell.input));
    cells.dedup_by_key(|cell| (cell.column, cell.input));
    cells
}

#[cfg(test)]
mod tests {
    use super::super::features::tests::{passage, tune};
    use super::*;

    #[test]
    fn a_roll_shows_onsets_and_held_notes() {
        let cells = draw(&passage(tune(&[60, 62], 384, 24)), 2);
        let cell = |column: i64, input: usize| {
            let column = usize::try_from(column).unwrap();
            cells.iter().find(|cell| (cell.column, cell.input) == (column, input)).map_or(0.0, |cell| cell.value)
        };
        let key = 60 + 2 - 36;
        assert!(cell(CALL_STEPS, key) > 0.5 && cell(CALL_STEPS + 1, key) == 0.0);
        assert_eq!([0, 1, 2].map(|i| cell(CALL_STEPS + i, HELD + key)), [1.0, 1.0, 0.0]);
        assert_eq!((cell(CALL_STEPS - 1, IS_ANSWER), cell(CALL_STEPS, IS_ANSWER)), (0.0, 1.0));
        assert_eq!(cell(CALL_STEPS + 32, IS_END), 1.0, "eight beats later it is over");
    }

    #[test]
    fn what_looks_otherwise_is_told_and_what_looks_alike_is_not() {
        let answers = |spread: u8| -> Vec<Passage> {
            let answer = |work: u8| {
                let key = |i: u8| 60 + (work.wrapping_mul(7) ^ i.wrapping_mul(5)) % 6 * spread;
                Passage { work: work.into(), ..passage(tune(&(0..16).map(key).collect::<Vec<_>>(), 384, 24)) }
            };
            (0..12).map(answer).collect()
        };
        let works: Vec<usize> = (0..12).collect();
        let verdict = by_rolls(&answers(1), &answers(5)).verdict(&works);
        assert!(verdict.paired.value > 0.9, "{verdict:?}");
        let verdict = by_rolls(&answers(1), &answers(1)).verdict(&works);
        assert_eq!(verdict.paired.value, 0.5, "twice the same");
    }
}
