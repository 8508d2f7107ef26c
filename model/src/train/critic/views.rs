//! What a critic sees of a trial: the engine's piano rolls, or for the ablations others in their place, and how a training step
//! changes them so that it does not learn trials by heart.

use std::sync::Arc;

use engine::Note;
use engine::critic::roll::{Frame, GROUP_COLUMNS, N_CHANNELS, Roll};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::mel;
use super::sparse::{Cell, Pictures};
use super::trials::Trial;

/// How often training leaves out the dynamics, the style, and moves all by an octave.
const SHARE_WITHOUT_DYNAMICS: f64 = 0.2;
const SHARE_WITHOUT_STYLE: f64 = 0.5;
const SHARE_MOVED: f64 = 0.3;

/// What is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Piano rolls from the tonic of the call on, as the engine draws them.
    #[default]
    Tonic,
    /// Piano rolls from C on; training moves them to other keys.
    Pitch,
    /// Mel spectra of rendered sound.
    Mel,
}

impl View {
    /// Values of each of eight rows of a column.
    #[must_use]
    pub const fn n_channels(self) -> usize {
        match self {
            Self::Tonic | Self::Pitch => N_CHANNELS,
            Self::Mel => mel::N_CHANNELS,
        }
    }

    /// As `change` says: the call, then each answer.
    fn draw<'a>(self, trial: &Trial, answers: impl Iterator<Item = &'a Vec<Note>>, change: Change) -> Vec<Picture> {
        let mut frame = Frame::of(&trial.call, trial.metre);
        if trial.is_flat || change.is_without_dynamics {
            frame.velocity = None;
        }
        frame.moved = change.moved + if self == Self::Tonic { frame.moved } else { change.transposed };
        if self == Self::Mel {
            let (from, has_dynamics) = (change.moved + change.transposed, frame.velocity.is_some());
            let sound = |notes: &[Note], start: i64, end: i64| mel::picture(notes, [start, end], from, has_dynamics);
            let first = trial.call.first().map_or(0, |note| note.onset_ticks);
            let call = sound(&trial.call, first, trial.start_ticks);
            return std::iter::once(call)
                .chain(answers.map(|answer| sound(answer, trial.start_ticks, trial.end_ticks)))
                .collect();
        }
        let mut roll = Roll::new();
        roll.draw_call(&frame, &trial.call);
        let mut pictures = vec![Picture::of_roll(&roll)];
        for answer in answers {
            roll.draw_answer(&frame, answer, trial.start_ticks, trial.end_ticks);
            pictures.push(Picture::of_roll(&roll));
        }
        pictures
    }
}

/// One picture.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// What is not 0.
    pub(super) cells: Vec<Cell>,
    pub(super) n_columns: usize,
}

impl Picture {
    /// cells: (rows, columns, channels)
    pub(super) fn of(cells: &[f32], n_columns: usize, n_channels: usize) -> Self {
        let place = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let cell = |(at, &value): (usize, &f32)| {
            let (row, column) = (at / n_channels / n_columns, at / n_channels % n_columns);
            (value != 0.0).then_some((place(row), place(column), place(at % n_channels), value))
        };
        Self { cells: cells.iter().enumerate().filter_map(cell).collect(), n_columns }
    }

    fn of_roll(roll: &Roll) -> Self {
        Self::of(roll.cells(), roll.n_columns(), N_CHANNELS)
    }
}

/// What a training step changes; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    is_without_dynamics: bool,
    is_without_style: bool,
    /// Semitones, an octave.
    moved: i32,
    /// Semitones, for what is not told from the tonic on.
    transposed: i32,
}

impl Change {
    /// For a trial of a training step.
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        Self {
            is_without_dynamics: random.random_bool(SHARE_WITHOUT_DYNAMICS),
            is_without_style: random.random_bool(SHARE_WITHOUT_STYLE),
            moved: if random.random_bool(SHARE_MOVED) { 12 * (2 * random.random_range(0..2) - 1) } else { 0 },
            transposed: random.random_range(-6..6),
        }
    }
}

/// Calls, and as many answers to each.
#[derive(Clone, Debug)]
pub struct TrialBatch {
    /// (calls)
    pub calls: Pictures,
    /// (answers of each, calls): the composer's come first.
    pub answers: Pictures,
    /// Of each call.
    pub styles: Vec<usize>,
}

impl TrialBatch {
    /// Of trials, each with those of our answers; all must have as many.
    #[must_use]
    pub fn new(items: &[(&Trial, &[usize], Change)], styles: &[String], view: View) -> Self {
        let draw = |(trial, ours, change): &(&Trial, &[usize], Change)| {
            let ours = ours.iter().filter_map(|&place| trial.ours.get(place));
            view.draw(trial, std::iter::once(&trial.real).chain(ours), *change)
        };
        let drawn: Vec<Vec<Picture>> = items.par_iter().map(draw).collect();
        let n_answers = drawn.first().map_or(1, Vec::len);
        let answers = (1..n_answers).flat_map(|k| drawn.iter().filter_map(move |pictures| pictures.get(k)));
        let style = |(trial, _, change): &(&Trial, &[usize], Change)| {
            let place = styles.iter().position(|style| *style == trial.style).unwrap_or(0);
            if change.is_without_style { 0 } else { place }
        };
        Self {
            calls: stack(drawn.iter().filter_map(|pictures| pictures.first()), view),
            answers: stack(answers, view),
            styles: items.iter().map(style).collect(),
        }
    }
}

fn stack<'a>(pictures: impl Iterator<Item = &'a Picture>, view: View) -> Pictures {
    let (cells, n_groups) = pictures.map(|one| (one.cells.clone(), one.n_columns / GROUP_COLUMNS)).unzip();
    Pictures { cells: Arc::new(cells), n_groups, n_channels: view.n_channels() }
}
