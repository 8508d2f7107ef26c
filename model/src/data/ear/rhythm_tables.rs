//! The ear's tables ([`music::rhythm::tables`]), counted over scores; and how well the ear hears scores that were not counted,
//! played by simulated hands. The ear's constants are set by the latter.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use music::rhythm::grid::{self, CLASSES, MAX_STEPS, N_CLASSES, Pattern};
use music::rhythm::hear;
use music::rhythm::note_values::{Ends, N_FEATURES, ScoreNote};
use music::rhythm::tables::{N_EMPTY, N_INTERVALS, N_LIKE, Tables};
use music::{Note, Reading, Reduction, file};
use rayon::prelude::*;
use serde::Serialize;

use crate::benchmark::hearing::{Hearing, TestNote, Written};
use crate::data::corpus::{self, Source, Split};
use crate::data::hands::{Hands, USUAL_SD_MS};

/// A row of counts begins as if each had been seen so often.
const ADDED: f64 = 0.5;
/// The same between beats, which have fewer places.
const ADDED_BETWEEN: f64 = 3.0;
/// A row that knows the beat before begins as if the row that does not had been seen so often.
const ADDED_LIKE: f64 = 8.0;
/// A place for an end that was seen less often than this goes by others like it.
const ADDED_ENDS: f64 = 6.0;
/// In a score, so many notes of 100 end where notes can end; a recording is none.
pub(super) const LEAST_ENDS_PERCENT: usize = 80;

/// What to count.
#[derive(Clone, Debug)]
pub struct RhythmConfig {
    /// A folder of MIDI files, or a manifest.
    pub data: PathBuf,
    /// No files whose path holds one of these.
    pub without: Vec<String>,
    /// Notes of one piece, so that no long one outweighs others.
    pub n_notes: usize,
    /// Only each so many-th piece.
    pub every: usize,
}

/// What was counted.
#[derive(Clone, Debug)]
struct Counts {
    n_pieces: usize,
    n_beats: usize,
    n_notes: usize,
    class: [f64; N_CLASSES],
    class_after: [[f64; N_CLASSES]; N_CLASSES],
    first: [[[f64; MAX_STEPS]; N_LIKE]; N_CLASSES],
    /// On the heap: sums of counts lie deep in a stack.
    next: Vec<[[[f64; MAX_STEPS + 1]; N_LIKE]; MAX_STEPS]>,
    empty: [[f64; N_EMPTY]; N_CLASSES],
    interval: [[f64; N_INTERVALS]; 2],
    end: Vec<[f64; 2]>,
}

/// How much was counted.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counted {
    /// Pieces.
    pub n_pieces: usize,
    /// Beats with onsets.
    pub n_beats: usize,
    /// Notes whose ends were counted.
    pub n_notes: usize,
}

/// Counts over the training split.
///
/// # Errors
/// When the corpus cannot be listed, or holds no score.
pub fn count(config: &RhythmConfig) -> Result<(Tables, Counted)> {
    let counts = scores(config, Split::Train)?
        .into_par_iter()
        .filter_map(|(source, seed)| {
            let score = read(&source, config.n_notes)?;
            let mut counts = Counts::new();
            counts.n_pieces = 1;
            counts.beats(&score);
            counts.notes(&score, seed);
            Some(counts)
        })
        .reduce(Counts::new, Counts::sum);
    ensure!(counts.n_beats > 0, "no score of the training split in {}", config.data.display());
    let Counts { n_pieces, n_beats, n_notes, .. } = counts;
    Ok((counts.tables(), Counted { n_pieces, n_beats, n_notes }))
}

/// Hears the pieces of the validation split, played by simulated hands with a standard deviation.
///
/// # Errors
/// When the corpus cannot be listed.
pub fn check(config: &RhythmConfig, sd_ms: f64) -> Result<Hearing> {
    let hear_one = |(source, seed): (Source, u64)| {
        let score = read(&source, config.n_notes)?;
        let us_per_beat = us_per_beat(&score);
        let played = Hands::new(sd_ms, seed).play(&score.notes, us_per_beat);
        let test = |(played, i): &(_, usize)| {
            let note = score.notes[*i];
            let onset = f64::from(i32::try_from(note.onset_ticks).unwrap_or(0)) / 48.0;
            TestNote { played: *played, written: Some(Written { onset, value: f64::from(note.duration_ticks) / 48.0 }) }
        };
        let notes: Vec<TestNote> = played.iter().map(test).collect();
        let heard = hear(&notes.iter().map(|note| note.played).collect::<Vec<_>>());
        Some(Hearing::new(&notes, &heard))
    };
    let hearings: Vec<Hearing> = scores(config, Split::Valid)?.into_par_iter().filter_map(hear_one).collect();
    Ok(hearings.into_iter().fold(Hearing::default(), |mut sum, hearing| {
        sum.add(hearing);
        sum
    }))
}

pub(super) fn scores(config: &RhythmConfig, split: Split) -> Result<Vec<(Source, u64)>> {
    let is_score = |source: &Source| {
        source.split == split
            && !source.is_transcription
            && !source.is_expressive
            && !config.without.iter().any(|name| source.path.contains(name.as_str()))
    };
    let sources = corpus::list(&config.data)?.sources.into_iter().filter(is_score);
    Ok(sources.step_by(config.every.max(1)).zip(0..).collect())
}

/// The beginning of a score, without its pedal, which would make notes longer than they are written. Times are from the first
/// metre's beginning. `None` if it cannot be read or is none.
pub(super) fn read(source: &Source, n_notes: usize) -> Option<Reduction> {
    let mut score = file::read(&fs::read(&source.file).ok()?).ok()?.score;
    score.parts.iter_mut().for_each(|part| part.pedal.clear());
    let mut score = Reduction::of(&score, Reading::Auto).filter(|score| !score.is_free)?;
    score.notes.truncate(n_notes);
    Some(score)
}

pub(super) fn us_per_beat(score: &Reduction) -> impl Fn(i64) -> u32 + '_ {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within")]
    |ticks| (60e6 / score.tempi.bpm(ticks)).clamp(60_000.0, 10e6) as u32
}

impl Counts {
    fn new() -> Self {
        Self {
            n_pieces: 0,
            n_beats: 0,
            n_notes: 0,
            class: [0.0; N_CLASSES],
            class_after: [[0.0; N_CLASSES]; N_CLASSES],
            first: [[[0.0; MAX_STEPS]; N_LIKE]; N_CLASSES],
            next: vec![[[[0.0; MAX_STEPS + 1]; N_LIKE]; MAX_STEPS]; N_CLASSES],
            empty: [[0.0; N_EMPTY]; N_CLASSES],
            interval: [[0.0; N_INTERVALS]; 2],
            end: vec![[0.0; 2]; N_FEATURES],
        }
    }

    fn sum(mut self, other: Self) -> Self {
        self.n_pieces += other.n_pieces;
        self.n_beats += other.n_beats;
        self.n_notes += other.n_notes;
        add(&mut self.class, &other.class);
        add(self.class_after.as_flattened_mut(), other.class_after.as_flattened());
        add(self.first.as_flattened_mut().as_flattened_mut(), other.first.as_flattened().as_flattened());
        let next = self.next.as_flattened_mut().as_flattened_mut().as_flattened_mut();
        add(next, other.next.as_flattened().as_flattened().as_flattened());
        add(self.empty.as_flattened_mut(), other.empty.as_flattened());
        add(self.interval.as_flattened_mut(), other.interval.as_flattened());
        add(self.end.as_flattened_mut(), other.end.as_flattened());
        self
    }

    /// Places of onsets in their beats.
    fn beats(&mut self, score: &Reduction) {
        let mut onsets: Vec<i64> = score.notes.iter().map(|note| note.onset_ticks).collect();
        onsets.dedup();
        let mut before: Option<(i64, usize, Pattern)> = None;
        for beat in onsets.chunk_by(|a, b| a.div_euclid(48) == b.div_euclid(48)) {
            let number = beat[0].div_euclid(48);
            let ticks = beat.iter().map(|ticks| ticks.rem_euclid(48));
            let Some(class) = grid::class_of(ticks.clone()) else {
                before = None;
                continue;
            };
            let steps: Vec<u8> = ticks.filter_map(|tick| grid::step_of(class, tick)).collect();
            let pattern = Pattern { class, steps: steps.iter().fold(0, |steps, step| steps | 1 << step) };
            let like = before.filter(|before| before.0 + 1 == number).map_or(Pattern::default(), |before| before.2);
            let next_like = |step: u8| like.next(class, step);
            let class = usize::from(class);
            self.n_beats += 1;
            self.class[class] += 1.0;
            self.first[class][next_like(0)][usize::from(steps[0])] += 1.0;
            let later = steps[1..].iter().map(|step| usize::from(*step)).chain([MAX_STEPS]);
            for (step, next) in steps.iter().zip(later) {
                self.next[class][usize::from(*step)][next_like(step + 1)][next] += 1.0;
            }
            if let Some((number_before, class_before, _)) = before {
                self.class_after[class_before][class] += 1.0;
                let empty = usize::try_from(number - number_before - 1).unwrap_or(0);
                self.empty[class_before][empty.min(N_EMPTY - 1)] += 1.0;
            }
            before = Some((number, class, pattern));
        }
    }

    /// Intervals between neighbours, and ends, as hands play them.
    fn notes(&mut self, score: &Reduction, seed: u64) {
        let played = Hands::new(USUAL_SD_MS, seed).play(&score.notes, us_per_beat(score));
        let written = |i: usize| -> Option<&Note> { score.notes.get(played.get(i)?.1) };
        let mut ends = Vec::with_capacity(played.len());
        for (index, (note, _)) in played.iter().enumerate() {
            let Some(this) = written(index) else { continue };
            if let Some(before) = index.checked_sub(1).and_then(written) {
                let interval = usize::from(before.pitch.get().abs_diff(this.pitch.get())).min(N_INTERVALS - 1);
                self.interval[usize::from(before.onset_ticks == this.onset_ticks)][interval] += 1.0;
            }
            let of = |i: usize| {
                let Note { onset_ticks, pitch, .. } = *written(i)?;
                let held_parts = played[i].0.off_parts - played[i].0.onset_parts;
                Some(ScoreNote { onset_ticks, pitch: pitch.get(), held_parts, value_ticks: None })
            };
            ends.push((i64::from(this.duration_ticks), Ends::new(index, note.off_parts - note.onset_parts, of)));
        }
        let is_known = |(ticks, ends): &&(i64, Ends)| ends.as_slice().iter().any(|end| end.value_ticks == *ticks);
        if ends.iter().filter(is_known).count() * 100 < ends.len() * LEAST_ENDS_PERCENT {
            return;
        }
        for (ticks, ends) in ends.iter().filter(is_known) {
            self.n_notes += 1;
            for end in ends.as_slice().iter().take_while(|end| end.value_ticks <= *ticks) {
                self.end[usize::from(end.feature)][usize::from(end.value_ticks == *ticks)] += 1.0;
            }
        }
    }

    fn tables(&self) -> Tables {
        let mut tables = Tables::ZERO;
        costs(&self.class, ADDED_BETWEEN, N_CLASSES, &mut tables.class);
        for (class, steps) in CLASSES.map(usize::from).into_iter().enumerate() {
            costs(&self.class_after[class], ADDED_BETWEEN, N_CLASSES, &mut tables.class_after[class]);
            shares_like(&self.first[class], |step| step < steps, &mut tables.first[class]);
            costs(&self.empty[class], ADDED_BETWEEN, N_EMPTY, &mut tables.empty[class]);
            for step in 0..steps {
                let is_possible = |next: usize| next == MAX_STEPS || next > step && next < steps;
                shares_like(&self.next[class][step], is_possible, &mut tables.next[class][step]);
            }
        }
        for (row, costs_row) in self.interval.iter().zip(&mut tables.interval) {
            costs(row, ADDED, N_INTERVALS, costs_row);
        }
        self.ends(&mut tables);
        tables
    }

    /// What was seen seldom goes by what is alike: the same but for the last two things that are told apart, then but for four.
    fn ends(&self, tables: &mut Tables) {
        let sums = |size: usize| -> Vec<[f64; 2]> {
            let sum = |cells: &[[f64; 2]]| cells.iter().fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
            self.end.chunks(size).map(sum).collect()
        };
        let (middle_size, wide_size) = (8, 8 * 3 * 4);
        let (middle, wide) = (sums(middle_size), sums(wide_size));
        for feature in 0..N_FEATURES {
            let [goes_on, ends] = wide[feature / wide_size];
            let mut share = (ends + 0.5) / (goes_on + ends + 1.0);
            for [goes_on, ends] in [middle[feature / middle_size], self.end[feature]] {
                share = (ends + ADDED_ENDS * share) / (goes_on + ends + ADDED_ENDS);
            }
            tables.end[feature] = [cost(1.0 - share), cost(share)];
        }
    }
}

fn add(sums: &mut [f64], others: &[f64]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

/// Rows that know the beat before; the last one, which does not, is of all of them.
fn shares_like<const N: usize>(
    rows: &[[f64; N]; N_LIKE],
    is_possible: impl Fn(usize) -> bool,
    costs: &mut [[i16; N]; N_LIKE],
) {
    let possible = |i: usize, x: f64| if is_possible(i) { x } else { 0.0 };
    let all: [f64; N] = std::array::from_fn(|i| possible(i, rows.iter().map(|row| row[i]).sum::<f64>() + ADDED));
    let n: f64 = all.iter().sum();
    for (like, (row, costs)) in rows.iter().zip(costs).enumerate() {
        let known = if like + 1 < N_LIKE { row.iter().sum::<f64>() } else { 0.0 };
        for (i, cell) in costs.iter_mut().enumerate() {
            let seen = if like + 1 < N_LIKE { row[i] } else { 0.0 };
            *cell = cost((seen + ADDED_LIKE * all[i] / n) / (known + ADDED_LIKE));
        }
    }
}

/// Of the first `n` of a row; the others cannot be.
fn costs(counts: &[f64], added: f64, n: usize, costs: &mut [i16]) {
    let sum: f64 = counts[..n].iter().map(|count| count + added).sum();
    for (i, cell) in costs.iter_mut().enumerate() {
        *cell = cost(if i < n { (counts[i] + added) / sum } else { 0.0 });
    }
}

/// In 1/256 nat, at most 30 nats.
#[expect(clippy::cast_possible_truncation, reason = "held within")]
fn cost(share: f64) -> i16 {
    (-256.0 * share.max(1e-13).ln()).round().clamp(0.0, 7680.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_of_shares() {
        let mut row = [0; 3];
        costs(&[1.5, 0.5, 9.0], 0.5, 2, &mut row);
        assert_eq!(row, [cost(2.0 / 3.0), cost(1.0 / 3.0), 7663]);
        assert_eq!(cost((-1.0f64).exp()), 256);
    }
}
