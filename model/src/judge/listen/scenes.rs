//! Calls, each with two answers.

use std::sync::Arc;

use anyhow::{Result, ensure};
use engine::answer::Controls;
use music::{Metre, Note, Velocity};

use super::{Against, MakeConfig};
use crate::data::performance::played_by_hands;
use crate::data::phrases::plain;
use crate::evaluate::chosen_whole;
use crate::evaluate::music::Music;
use crate::judge::anchors::{Anchor, Ngram};
use crate::judge::calls::{self, Task};
use crate::judge::features::Passage;
use crate::judge::{sets, weights};

/// More of a call, or of an answer, is not heard.
const MOST_SECONDS: f64 = 15.0;
/// Tempi at which music is played; others are mistakes of a file.
const TEMPI_BPM: std::ops::RangeInclusive<f64> = 40.0..=220.0;
const USUAL_BPM: f64 = 120.0;
/// The anchor that nobody takes for music: each bar in another key.
const ANCHOR: Anchor = Anchor::Transposed;

/// A call with two answers.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// Not before `from_ticks`.
    pub(super) call: Vec<Note>,
    /// Ours, or in an anchor the composer's; then what it stands beside. Between `start_ticks` and `end_ticks`.
    pub(super) answers: [Vec<Note>; 2],
    pub(super) from_ticks: i64,
    pub(super) start_ticks: i64,
    pub(super) end_ticks: i64,
    pub(super) bpm: f64,
    /// File that the call is from, within the corpus.
    pub(super) piece: String,
    pub(super) style: String,
}

/// All of a page.
#[derive(Debug)]
pub(super) struct Scenes {
    /// The pairs, then the anchors.
    pub(super) scenes: Vec<Scene>,
    /// What ours is called in the key.
    pub(super) ours: String,
    /// What it stands beside.
    pub(super) against: String,
}

/// Makes them; on the calls that the judge judges, with the same answers.
pub(super) fn scenes(config: &MakeConfig) -> Result<Scenes> {
    let ours = Arc::new(weights(config.weights.as_deref())?);
    let other = match &config.against {
        Against::Weights(path) => Arc::new(weights(Some(path))?),
        Against::Real | Against::Raw => Arc::clone(&ours),
    };
    let music = Music::open(&config.data, false)?;
    let MakeConfig { n_pairs, n_anchors, .. } = *config;
    let n = n_pairs + n_anchors;
    let tasks = calls::tasks(&music, &chosen_whole(&music, config.split), n + n_pairs);
    ensure!(
        tasks.len() >= n,
        "{} has {} phrases of the {} split whose answer is known, and {n} are needed; ask for fewer pairs, or prepare more music, \
         with bars",
        config.data.display(),
        tasks.len(),
        config.split.name()
    );
    let heard = |(task, seed): (&Task, u64)| if config.is_played { sets::heard(task, seed) } else { task.real.clone() };
    let passages: Vec<Passage> = tasks.iter().zip(0..).map(heard).collect();
    let two_answers = |calls: &[Passage]| -> Vec<[Vec<Note>; 2]> {
        let by_other = match config.against {
            Against::Real => calls.to_vec(),
            Against::Raw => sets::answers(calls, &ours, Controls::raw()),
            Against::Weights(_) => sets::answers(calls, &other, Controls::default()),
        };
        let by_ours = sets::answers(calls, &ours, Controls::default());
        by_ours.into_iter().zip(by_other).map(|(ours, other)| [ours.answer, other.answer]).collect()
    };
    let scene = |(i, answers): (usize, [Vec<Note>; 2])| scene(&tasks[i], config.is_played.then_some(i as u64), answers);
    // Nobody can choose between the same notes, which two weight files may play. Further calls are there for that.
    let mut scenes: Vec<Scene> = Vec::new();
    for calls in [0..n_pairs, n..tasks.len()] {
        if scenes.len() < n_pairs {
            let answers = calls.clone().zip(two_answers(&passages[calls]));
            scenes.extend(answers.map(scene).filter(|Scene { answers: [ours, other], .. }| ours != other));
        }
    }
    ensure!(
        scenes.len() >= n_pairs,
        "only {} calls have two answers with different notes, and {n_pairs} are needed; ask for fewer pairs, or compare others",
        scenes.len()
    );
    scenes.truncate(n_pairs);
    let nothing_learnt = Ngram::learn(&[]);
    let spoilt = |i: usize| ANCHOR.answer(&tasks[i], &nothing_learnt, i as u64).answer;
    scenes.extend((n_pairs..n).map(|i| scene((i, [tasks[i].real.answer.clone(), spoilt(i)]))));
    Ok(Scenes {
        scenes,
        ours: format!("{}, the plugin's defaults", ours.header().name),
        against: match config.against {
            Against::Real => "the composer".to_owned(),
            Against::Raw => format!("{}, the network alone", ours.header().name),
            Against::Weights(_) => format!("{}, the plugin's defaults", other.header().name),
        },
    })
}

/// What is heard of a task, by hands with a seed if there is one.
fn scene(task: &Task, hands: Option<u64>, answers: [Vec<Note>; 2]) -> Scene {
    let Passage { start_ticks, end_ticks, metre, is_flat, ref style, .. } = task.real;
    let bpm = Some(f64::from(task.tempo_bpm)).filter(|bpm| TEMPI_BPM.contains(bpm)).unwrap_or(USUAL_BPM);
    #[expect(clippy::cast_possible_truncation, reason = "of a tempo in the range above")]
    let most_ticks = (MOST_SECONDS * super::sound::ticks_per_second(bpm)) as i64;
    let end_ticks = end_ticks.min(start_ticks + most_ticks);
    let call = plain(&hands.map_or_else(|| task.call.clone(), |seed| played_by_hands(&task.call, seed)));
    let from_ticks = beginning(&call, metre, start_ticks, most_ticks);
    let velocity = |note: &Note| if is_flat { Velocity::MEDIUM } else { note.velocity };
    let heard = call.iter().filter(|note| note.onset_ticks >= from_ticks);
    let cut = |notes: Vec<Note>| -> Vec<Note> {
        let room = |note: &Note| u32::try_from(end_ticks - note.onset_ticks).ok().filter(|&room| room > 0);
        let cut = |note: Note| Some(Note { duration_ticks: note.duration_ticks.min(room(&note)?), ..note });
        notes.into_iter().filter_map(cut).collect()
    };
    Scene {
        call: heard.map(|note| Note { velocity: velocity(note), ..*note }).collect(),
        answers: answers.map(cut),
        from_ticks,
        start_ticks,
        end_ticks,
        bpm,
        piece: task.piece.clone(),
        style: style.clone(),
    }
}

/// Where a call begins to be heard: with its first note, or if it is too long with a bar.
fn beginning(call: &[Note], metre: Metre, start_ticks: i64, most_ticks: i64) -> i64 {
    let earliest = start_ticks - most_ticks;
    let first = call.first().map_or(start_ticks, |note| note.onset_ticks);
    if first >= earliest {
        return first;
    }
    match metre {
        Metre::Bars { bar_line_ticks, bar_ticks } if bar_ticks > 0 => {
            let bar_ticks = i64::from(bar_ticks);
            let bar_line = earliest + (bar_line_ticks - earliest).rem_euclid(bar_ticks);
            if bar_line < start_ticks { bar_line } else { earliest }
        }
        _ => earliest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::features::tests::{passage, tune};

    #[test]
    fn long_calls_are_heard_from_a_bar_on_and_long_answers_end_together() {
        let call = tune(&[60, 62, 64, 65], 0, 480);
        let metre = Metre::Bars { bar_line_ticks: 1920, bar_ticks: 192 };
        assert_eq!(beginning(&call, metre, 1920, 4000), 0);
        assert_eq!(beginning(&call, metre, 1920, 1500), 576, "the bar line after 420");
        assert_eq!(beginning(&call, Metre::Free, 1920, 1500), 420);

        let real = passage(tune(&[60; 100], 384, 96));
        let (notes, other) = (real.answer.clone(), real.clone());
        let task = Task {
            call: Vec::new(),
            real: Passage { end_ticks: 9984, ..real },
            other,
            piece: "a".into(),
            tempo_bpm: 0.0,
        };
        let scene = scene(&task, None, [notes.clone(), notes]);
        assert!((scene.bpm - 120.0).abs() < 1e-9, "no music is played at 0 beats a minute");
        assert_eq!(scene.end_ticks - scene.start_ticks, 15 * 96);
        assert_eq!(scene.answers[0].last().map(Note::end_ticks), Some(scene.end_ticks));
        assert_eq!(scene.answers[0], scene.answers[1]);
    }
}
