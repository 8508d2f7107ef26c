//! Which of two answers is better, and how sure that is.
//!
//! Listeners and pairs are both samples of many: an interval holds for other listeners and other music only if both are drawn anew.

use serde::Serialize;

use crate::judge::features::mean;
use crate::judge::interval::{Interval, sign_test};

/// Half of the width of an interval of 95 % in standard deviations.
const NORMAL_95: f64 = 1.96;
/// With fewer, nothing is known of how listeners differ.
const LEAST_LISTENERS: usize = 3;

/// A pair of which a listener preferred one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) listener: usize,
    pub(super) pair: usize,
    pub(super) is_ours: bool,
}

/// Which answers are better.
#[derive(Clone, Debug, Serialize)]
pub struct Preference {
    /// Ours.
    pub n_ours: u32,
    /// The others.
    pub n_against: u32,
    /// Not to be told.
    pub n_same: u32,
    /// Share of ours among those that were told. The interval is exact if each answer is independent, which they are not.
    pub exact: Interval,
    /// For other listeners to the same pairs.
    pub by_listener: Interval,
    /// For the same listeners to other pairs.
    pub by_pair: Interval,
    /// For others of both.
    pub by_both: Interval,
    /// The sign test's p of all answers, as if they were independent.
    pub p_answers: f64,
    /// Of listeners, each of whom prefers one side as a whole: holds for these pairs.
    pub p_listeners: f64,
    /// Of pairs, each of which goes to one side as a whole: holds for these listeners.
    pub p_pairs: f64,
}

impl Preference {
    /// Of those answers that prefer one, and of so many that do not.
    pub(super) fn of(told: &[Told], n_same: usize) -> Self {
        let n = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let n_ours = n(told.iter().filter(|told| told.is_ours).count());
        let n_against = n(told.len()) - n_ours;
        let listeners: Vec<usize> = told.iter().map(|told| told.listener).collect();
        let pairs: Vec<usize> = told.iter().map(|told| told.pair).collect();
        let share = |places: &[usize]| mean(places.iter().map(|&place| f64::from(u8::from(told[place].is_ours))));
        Self {
            n_ours,
            n_against,
            n_same: n(n_same),
            exact: Interval::exact(n_ours, n_ours + n_against),
            by_listener: Interval::of(&listeners, share),
            by_pair: Interval::of(&pairs, share),
            by_both: Interval::crossed(&listeners, &pairs, share),
            p_answers: sign_test(n_ours, n_ours + n_against),
            p_listeners: p_of_groups(told, |told| told.listener),
            p_pairs: p_of_groups(told, |told| told.pair),
        }
    }

    /// Listeners for an interval of so much up and down, if further ones are like these: as many answers as a fair coin needs, times
    /// the design effect, by which an interval over listeners is wider than one over single answers.
    pub(super) fn listeners_needed(&self, n_listeners: usize, width: f64) -> Option<usize> {
        let n_told = f64::from(self.n_ours + self.n_against);
        if n_told < 1.0 {
            return None;
        }
        let per_listener = n_told / count(n_listeners);
        let of_coins = NORMAL_95 * (0.25 / n_told).sqrt();
        let half = (self.by_listener.high - self.by_listener.low) / 2.0;
        let effect = if n_listeners < LEAST_LISTENERS { 1.0 } else { (half / of_coins).powi(2).max(1.0) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of people")]
        Some((effect * 0.25 * (NORMAL_95 / width).powi(2) / per_listener).ceil() as usize)
    }
}

/// The sign test of groups, each of which is for the side that most of it is for; those that are split do not count.
fn p_of_groups(told: &[Told], group: impl Fn(&Told) -> usize) -> f64 {
    let mut balance = std::collections::BTreeMap::new();
    told.iter().for_each(|said| *balance.entry(group(said)).or_insert(0) += if said.is_ours { 1 } else { -1 });
    let count = |is_it: fn(&i32) -> bool| u32::try_from(balance.values().filter(|n| is_it(n)).count()).unwrap_or(0);
    let (n_for, n_against) = (count(|n| *n > 0), count(|n| *n < 0));
    sign_test(n_for, n_for + n_against)
}

#[expect(clippy::cast_precision_loss, reason = "people")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::super::findings::find;
    use super::super::key::tests::key;
    use super::super::returned::tests::{read_all, written};

    #[test]
    fn as_many_listeners_are_needed_as_their_differences_ask_for() {
        let of = |choices: &dyn Fn(usize, usize) -> &'static str| {
            let file = |listener: usize| {
                let answers: Vec<(&str, &str)> = ["0", "1", "2", "3"]
                    .into_iter()
                    .enumerate()
                    .map(|(i, name)| (name, choices(listener, i)))
                    .collect();
                written(&listener.to_string(), &answers).to_string()
            };
            let (listeners, _) = read_all(&(0..16).map(file).collect::<Vec<_>>());
            find(&key(), listeners, Vec::new(), false, 0.1).listeners_needed.unwrap()
        };
        // 96 answers for a tenth up and down, of four each.
        assert_eq!(of(&|listener, pair| if (listener * 5 + pair * 3) % 4 < 2 { "a" } else { "b" }), 25);
        // Who says always the same (ours is on A, B, A, B) counts once.
        let always = of(&|listener, pair| if (listener + pair) % 2 == 0 { "a" } else { "b" });
        assert!((70..=120).contains(&always), "{always}");
        let nothing = |_: usize, _: usize| "same";
        let (listeners, _) = read_all(&[written("l", &[("0", nothing(0, 0))]).to_string()]);
        let found = find(&key(), listeners, Vec::new(), false, 0.1);
        assert_eq!(found.listeners_needed, None);
        assert!(found.preference.exact.value.is_nan() && found.json().is_ok());
    }
}
