//! All that is judged: real music, our answers to its calls, and answers that are bad for certain.

use std::sync::Arc;

use engine::Weights;
use engine::answer::{Call, Controls};
use rayon::prelude::*;

use super::Setting;
use super::anchors::{Anchor, Ngram};
use super::calls::{Task, fair};
use super::features::Passage;
use crate::data::performance::heard_from_hands;
use crate::data::phrases::plain;
use crate::evaluate::music::Held;
use crate::evaluate::passages::answer_of_plugin;
use crate::evaluate::score;

/// Notes that the n-gram model reads.
const NGRAM_NOTES: usize = 400_000;

/// What a column of passages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What the composer answered.
    Real,
    /// The same; the calls are as they are heard when hands have played them.
    RealPlayed,
    /// What the composer answered to another call of the same piece.
    Other,
    /// Bad for certain.
    Anchor(Anchor),
    /// Ours, with the setting of that number; to calls as they are written or as they are heard.
    Ours { setting: usize, is_played: bool },
}

/// Answers to the same calls in the same order, in each column.
#[derive(Debug)]
pub(super) struct Sets {
    pub(super) columns: Vec<(Kind, Vec<Passage>)>,
}

impl Sets {
    /// The first column of a kind; there is one of each.
    pub(super) fn of(&self, kind: Kind) -> &[Passage] {
        self.columns.iter().find(|(other, _)| *other == kind).map_or(&[], |(_, passages)| passages)
    }

    /// The place of the real music that a column stands beside.
    pub(super) fn reference(&self, column: usize) -> usize {
        let is_played = matches!(self.columns[column].0, Kind::RealPlayed | Kind::Ours { is_played: true, .. });
        usize::from(is_played)
    }

    /// Places of the columns that are compared with real music.
    pub(super) fn compared(&self) -> std::ops::Range<usize> {
        2..self.columns.len()
    }
}

/// Makes them all; the same for the same tasks, weights and settings.
pub(super) fn sets(tasks: &[Task], weights: &Arc<Weights>, settings: &[Setting], train: &[Held]) -> Sets {
    let ngram = Ngram::learn(&ngram_music(train, tasks));
    let seeds = || (0u64..).zip(tasks);
    let real: Vec<Passage> = tasks.iter().map(|task| task.real.clone()).collect();
    let real_played: Vec<Passage> = seeds().map(|(seed, task)| heard(task, seed)).collect();
    let ours = settings.iter().enumerate().flat_map(|(setting, Setting { controls, .. })| {
        [(false, &real), (true, &real_played)]
            .map(|(is_played, calls)| (Kind::Ours { setting, is_played }, answers(calls, weights, *controls)))
    });
    let ours: Vec<_> = ours.collect();
    let anchors = Anchor::ALL
        .map(|anchor| (Kind::Anchor(anchor), seeds().map(|(seed, task)| anchor.answer(task, &ngram, seed)).collect()));
    let other = (Kind::Other, tasks.iter().map(|task| task.other.clone()).collect());
    // The real ones first, see `reference`.
    let columns = [(Kind::Real, real), (Kind::RealPlayed, real_played), other];
    Sets { columns: columns.into_iter().chain(anchors).chain(ours).collect() }
}

/// A task whose call is as it is heard when hands have played it.
pub(super) fn heard(task: &Task, seed: u64) -> Passage {
    Passage { call: plain(&heard_from_hands(&task.call, seed)), ..task.real.clone() }
}

/// Some of the training music; of the other music of the tasks if there is none.
fn ngram_music(train: &[Held], tasks: &[Task]) -> Vec<Vec<crate::data::sequence::Event>> {
    let mut n_left = NGRAM_NOTES;
    let mut pieces = Vec::new();
    // Spread over the pieces.
    for (piece, notes) in train.iter().step_by(7).chain(train.iter().skip(1).step_by(7)) {
        if n_left == 0 {
            break;
        }
        let notes = &notes[..notes.len().min(n_left).min(4096)];
        n_left -= notes.len();
        pieces.push(score::events(piece, notes));
    }
    if pieces.is_empty() {
        pieces = tasks.iter().map(|task| crate::data::sequence::events(&task.call, None)).collect();
    }
    pieces
}

/// What the plugin answers to each call, in the style of its piece and in the time that the composer took.
pub(super) fn answers(calls: &[Passage], weights: &Arc<Weights>, controls: Controls) -> Vec<Passage> {
    let answer_to = |(song_seed, call): (u32, &Passage)| {
        let &Passage { start_ticks, end_ticks, metre, .. } = call;
        let style = weights.style_index(&call.style).unwrap_or(0);
        let heard = Call::new(call.call.iter().copied(), metre);
        let (between, controls) = ((start_ticks, end_ticks), Controls { style, ..controls });
        let notes = answer_of_plugin(weights, &heard, between, song_seed, &controls, usize::MAX);
        Passage { answer: fair(&notes, start_ticks, end_ticks, call.is_flat), ..call.clone() }
    };
    (0..).zip(calls).collect::<Vec<_>>().into_par_iter().with_max_len(1).map(answer_to).collect()
}
