//! Whether a critic chooses well: what the best of several answers are like, by features that it does not know of, beside the first
//! answers and the composer's.

use std::fmt::Write as _;
use std::sync::Arc;

use engine::critic::roll::Frame;
use engine::critic::{Critic, CriticSession};
use engine::key::find_key;
use engine::{Note, Position};
use music::counterpoint::{StyleRates, count};
use rayon::prelude::*;
use serde::Serialize;

use super::learn::Separation;
use super::trials::Trial;
use crate::benchmark::mean;
use crate::benchmark::steering::{Call, Manner, Texture, manner};
use crate::data::phrases::PhrasePair;
use crate::data::shards::{Labels, PlacedNote};

/// Weights of the rules that are tried.
const RULE_WEIGHTS: [f32; 9] = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// What a critic says of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    /// [`CriticSession::logit`].
    pub logit: f32,
    /// [`CriticSession::rules`].
    pub rules: f32,
}

/// What it says of the composer's answer, and of ours.
#[derive(Clone, Debug, Default)]
pub struct SaidOf {
    /// The composer's.
    pub real: Said,
    /// Ours, in their order.
    pub ours: Vec<Said>,
}

/// Lets the engine's critic score all answers.
#[must_use]
pub fn hear(critic: &Arc<Critic>, trials: &[Trial]) -> Vec<SaidOf> {
    let hear = |session: &mut CriticSession, trial: &Trial| {
        let mut frame = Frame::of(&trial.call, trial.metre);
        if trial.is_flat {
            frame.velocity = None;
        }
        session.hear_in(frame, &trial.call, &trial.style);
        let mut said = |notes: &Vec<Note>| Said {
            logit: session.logit(notes, trial.start_ticks, trial.end_ticks),
            rules: session.rules(notes),
        };
        SaidOf { real: said(&trial.real), ours: trial.ours.iter().map(said).collect() }
    };
    trials.par_iter().map_init(|| CriticSession::new(Arc::clone(critic)), hear).collect()
}

/// How well the critic tells answers, with the rules weighing so much.
#[must_use]
pub fn separation(said: &[SaidOf], rule_weight: f32) -> Separation {
    let score = |said: &Said| said.logit + rule_weight * said.rules;
    let scores: Vec<_> =
        said.iter().map(|said| (score(&said.real), said.ours.iter().map(score).collect::<Vec<f32>>())).collect();
    Separation::of(&scores)
}

/// The weight of the rules with which the composers' answers most often score above ours, of any calls: what fewer pairs say is
/// noise. The smallest of equals.
#[must_use]
pub fn best_rule_weight(said: &[SaidOf]) -> f32 {
    let area = |weight: &f32| separation(said, *weight).area;
    RULE_WEIGHTS.into_iter().rev().max_by(|a, b| area(a).total_cmp(&area(b))).unwrap_or(0.0)
}

/// What answers are like that were chosen in one way.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// How they were chosen.
    pub manner: Manner,
    /// What they are made of.
    pub texture: Texture,
    /// [`StyleRates::score`], the mean.
    pub rules: f64,
    /// Standard deviation of velocities within an answer, where the music has dynamics.
    pub velocity_sd: f64,
    /// How often another critic, which did not choose, scores the composer's answer higher.
    pub witness: Option<f64>,
}

/// Rows for the composer's answers, the first of ours, and the best of several, chosen with and without the rules.
#[must_use]
pub fn choices(trials: &[Trial], said: &[SaidOf], rule_weight: f32, witness: Option<&Arc<Critic>>) -> Vec<Row> {
    let witnessed = witness.map(|critic| hear(critic, trials));
    let pairs: Vec<Call> = trials.iter().filter_map(pair).collect();
    let whole: Vec<usize> = (0..trials.len()).filter(|&i| pair(&trials[i]).is_some()).collect();
    let row = |name: &str, choose: &dyn Fn(usize) -> Option<usize>| {
        let chosen: Vec<Option<usize>> = whole.iter().map(|&i| choose(i)).collect();
        let notes: Vec<Vec<Note>> = whole
            .iter()
            .zip(&chosen)
            .map(|(&i, place)| place.map_or_else(|| trials[i].real.clone(), |place| trials[i].ours[place].clone()))
            .collect();
        let of_rules =
            whole.iter().zip(&notes).map(|(&i, notes)| StyleRates::of(&trials[i].style).score(&count(notes)));
        let shaped: Vec<usize> = (0..whole.len()).filter(|&k| !trials[whole[k]].is_flat).collect();
        let shaped_pairs: Vec<Call> = shaped.iter().filter_map(|&k| pair(&trials[whole[k]])).collect();
        let shaped_notes: Vec<Vec<Note>> = shaped.iter().map(|&k| notes[k].clone()).collect();
        let lost = witnessed.as_ref().map(|said| {
            let losses = whole.iter().zip(&chosen).filter_map(|(&i, place)| {
                let ours = said[i].ours[(*place)?].logit;
                Some(f64::from(u8::from(said[i].real.logit > ours)))
            });
            mean(losses)
        });
        Row {
            velocity_sd: manner("", &shaped_pairs, &shaped_notes).velocity_sd,
            manner: manner(name, &pairs, &notes),
            texture: Texture::of(name, &notes),
            rules: mean(of_rules),
            witness: lost.filter(|_| chosen.iter().all(Option::is_some)),
        }
    };
    let best = |i: usize, n: usize, score: &dyn Fn(&Said) -> f32| {
        let ours = said[i].ours.iter().take(n).enumerate();
        // The first of the highest, as the plugin chooses.
        ours.rev().max_by(|(_, a), (_, b)| score(a).total_cmp(&score(b))).map(|(place, _)| place)
    };
    let (network, both) = (|said: &Said| said.logit, |said: &Said| said.logit + rule_weight * said.rules);
    let rules = |said: &Said| said.rules;
    let most = trials.iter().map(|trial| trial.ours.len()).max().unwrap_or(1);
    let mut rows = vec![row("the composer's", &|_| None), row("ours, the first", &|_| Some(0))];
    for n in [2, 4, 8, 16].into_iter().filter(|n| *n <= most) {
        rows.push(row(&format!("best of {n}, network"), &|i| best(i, n, &network)));
        rows.push(row(&format!("best of {n}, with rules"), &|i| best(i, n, &both)));
    }
    rows.push(row(&format!("best of {most}, rules alone"), &|i| best(i, most, &rules)));
    rows.push(row(&format!("worst of {most}, with rules"), &|i| best(i, most, &|said| -both(said))));
    rows
}

/// As `benchmark steering` measures them; `None` for a call without a key.
fn pair(trial: &Trial) -> Option<Call<'static>> {
    let placed = |&note: &Note| PlacedNote { note, position: Position::FREE, labels: Labels::default() };
    let pair = PhrasePair {
        call: trial.call.iter().map(placed).collect(),
        answer: &[],
        metre: trial.metre,
        start_ticks: trial.start_ticks,
        end_ticks: trial.end_ticks,
        next_ticks: trial.end_ticks,
        key: find_key(&trial.call)?.0,
    };
    Some((0, pair))
}

/// As text.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:28}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}\n",
        "",
        "motifs",
        "alike",
        "tonic",
        "long end",
        "close",
        "in key",
        "vel. sd",
        "onsets",
        "off grid",
        "rules",
        "witness"
    );
    for Row { manner, texture, rules, velocity_sd, witness } in rows {
        let witness = witness.map_or("-".to_owned(), |lost| format!("{lost:.3}"));
        let _ = writeln!(
            text,
            "{:28}{:>9.3}{:>9.3}{:>9.3}{:>9.3}{:>9.3}{:>+9.3}{:>9.2}{:>9.2}{:>9.3}{:>+9.3}{witness:>9}",
            manner.name,
            manner.motifs,
            manner.similarity,
            manner.end_on_tonic,
            manner.end_long,
            manner.close,
            manner.in_key_over_call,
            velocity_sd,
            texture.onsets_per_beat,
            texture.off_grid,
            rules
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(real: (f32, f32), ours: &[(f32, f32)]) -> SaidOf {
        let said = |&(logit, rules): &(f32, f32)| Said { logit, rules };
        SaidOf { real: said(&real), ours: ours.iter().map(said).collect() }
    }

    #[test]
    fn the_rules_weigh_as_much_as_helps() {
        let helped = [said((0.0, 0.0), &[(1.0, -1.0), (-1.0, 0.0)]), said((0.0, 0.0), &[(-3.0, 1.0)])];
        assert_eq!(best_rule_weight(&helped), 2.0);
        assert_eq!((separation(&helped, 0.0).paired, separation(&helped, 2.0).paired), (2.0 / 3.0, 1.0));
        assert_eq!(best_rule_weight(&[said((1.0, 0.0), &[(0.0, 0.5)])]), 0.0, "the smallest");
    }
}
