//! What all listeners said together, and how carefully each of them listened.

use serde::Serialize;

use super::key::{Key, Kind, Side};
use super::page::SCALES;
use super::preference::{Preference, Told};
use super::returned::{Answer, Listener};
use crate::judge::features::mean;
use crate::judge::interval::Interval;
use crate::judge::report::rounded_json;

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// What the page calls itself.
    pub page: String,
    /// Whose answers were asked about.
    pub ours: String,
    /// What they stood beside.
    pub against: String,
    /// Pairs of the page, without repeats and anchors.
    pub n_pairs: usize,
    /// Whose answers count.
    pub listeners: Vec<ListenerFindings>,
    /// Whose answers do not, since they liked a bad anchor better and that was asked for.
    pub careless: Vec<ListenerFindings>,
    /// What was left out of the files, and why.
    pub left_out: Vec<String>,
    /// Which answers are better.
    pub preference: Preference,
    /// Of each scale.
    pub scales: Vec<Scale>,
    /// How often the left side was chosen of those who chose one: half, if listening was fair.
    pub chose_a: Interval,
    /// For an interval of so much up and down.
    pub width: f64,
    /// So many listeners are needed in all, if further ones are like these.
    pub listeners_needed: Option<usize>,
}

/// How careful somebody listened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListenerFindings {
    /// The name of the file.
    pub file: String,
    /// Years that they have played; empty where they did not say.
    pub years: String,
    /// With what they listened.
    pub sound: String,
    /// Pairs that they answered, without repeats and anchors.
    pub n_pairs: usize,
    /// Of them, ours was better.
    pub n_ours: u32,
    /// The other was better.
    pub n_against: u32,
    /// Repeats on which they said the same as before.
    pub n_consistent: u32,
    /// Repeats of which they heard both.
    pub n_repeats: u32,
    /// Anchors of which they liked the bad side better.
    pub n_failed: u32,
    /// Anchors that they heard.
    pub n_anchors: u32,
    /// For a pair; the middle one.
    pub median_seconds: f64,
}

/// A question that was answered from 1 to 5.
#[derive(Clone, Debug, Serialize)]
pub struct Scale {
    /// Its name.
    pub name: String,
    /// Pairs that were rated, by all listeners.
    pub n: usize,
    /// Mean of ours. Intervals are for others of both, listeners and pairs.
    pub ours: Interval,
    /// Mean of the others.
    pub against: Interval,
    /// Mean of ours less the other of the same pair.
    pub difference: Interval,
}

impl Findings {
    /// As JSON, with four decimals.
    ///
    /// # Errors
    /// Never: all of it can be written.
    pub fn json(&self) -> anyhow::Result<String> {
        rounded_json(self)
    }
}

/// What a listener said of a pair, without repeats and anchors.
struct Said {
    listener: usize,
    pair: usize,
    /// Ours is better, if one is.
    is_ours: Option<bool>,
    /// A was chosen, if one was.
    is_a: Option<bool>,
    /// Of ours and of the other.
    ratings: Option<[[u8; SCALES.len()]; 2]>,
}

impl Said {
    /// Which answer is better, if one is.
    fn told(&self) -> Option<Told> {
        Some(Told { listener: self.listener, pair: self.pair, is_ours: self.is_ours? })
    }
}

/// Counts.
pub(super) fn find(
    key: &Key,
    listeners: Vec<Listener>,
    left_out: Vec<String>,
    is_careful: bool,
    width: f64,
) -> Findings {
    let with_findings = listeners.into_iter().map(|listener| (findings_of(key, &listener), listener));
    let (careless, counted): (Vec<_>, Vec<_>) = with_findings.partition(|(found, _)| is_careful && found.n_failed > 0);
    let said: Vec<Said> =
        counted.iter().enumerate().flat_map(|(place, (_, listener))| said(key, place, &listener.answers)).collect();
    let told: Vec<Told> = said.iter().filter_map(Said::told).collect();
    let preference = Preference::of(&told, said.len() - told.len());
    let n = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let n_a = said.iter().filter(|said| said.is_a == Some(true)).count();
    let n_listeners = counted.len();
    Findings {
        page: key.page.clone(),
        ours: key.ours.clone(),
        against: key.against.clone(),
        n_pairs: key.trials.iter().filter(|trial| trial.kind == Kind::Pair).count(),
        listeners: counted.into_iter().map(|(found, _)| found).collect(),
        careless: careless.into_iter().map(|(found, _)| found).collect(),
        left_out,
        scales: SCALES.iter().enumerate().filter_map(|(place, name)| scale(name, place, &said)).collect(),
        chose_a: Interval::exact(n(n_a), preference.n_ours + preference.n_against),
        width,
        listeners_needed: preference.listeners_needed(n_listeners, width),
        preference,
    }
}

/// How a listener listened.
fn findings_of(key: &Key, listener: &Listener) -> ListenerFindings {
    let places = key.places();
    let answer = |place: usize| listener.answers.iter().find(|answer| answer.trial == place);
    let better = |answer: &Answer| is_subject(key, answer);
    let mut found = ListenerFindings {
        file: listener.file.clone(),
        years: listener.years.clone(),
        sound: listener.sound.clone(),
        n_pairs: 0,
        n_ours: 0,
        n_against: 0,
        n_consistent: 0,
        n_repeats: 0,
        n_failed: 0,
        n_anchors: 0,
        median_seconds: 0.0,
    };
    for said in &listener.answers {
        match &key.trials[said.trial].kind {
            Kind::Pair => {
                found.n_pairs += 1;
                found.n_ours += u32::from(better(said) == Some(true));
                found.n_against += u32::from(better(said) == Some(false));
            }
            Kind::Repeat(of) => {
                let before = places.get(of.as_str()).and_then(|&place| answer(place));
                found.n_repeats += u32::from(before.is_some());
                found.n_consistent += u32::from(before.is_some_and(|before| better(before) == better(said)));
            }
            Kind::Anchor => {
                found.n_anchors += 1;
                found.n_failed += u32::from(better(said) == Some(false));
            }
        }
    }
    let mut seconds: Vec<f64> = listener.answers.iter().map(|answer| answer.seconds).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    found.median_seconds = seconds.get(seconds.len() / 2).copied().unwrap_or(0.0);
    found
}

/// Whether the side that is asked about is better, if one is.
fn is_subject(key: &Key, answer: &Answer) -> Option<bool> {
    Some(answer.choice.side()? == key.trials[answer.trial].subject)
}

fn said<'a>(key: &'a Key, listener: usize, answers: &'a [Answer]) -> impl Iterator<Item = Said> + 'a {
    let of_pairs = answers.iter().filter(|answer| key.trials[answer.trial].kind == Kind::Pair);
    of_pairs.map(move |answer| Said {
        listener,
        pair: answer.trial,
        is_ours: is_subject(key, answer),
        is_a: answer.choice.side().map(|side| side == Side::A),
        ratings: answer.ratings.map(|[a, b]| match key.trials[answer.trial].subject {
            Side::A => [a, b],
            Side::B => [b, a],
        }),
    })
}

/// None where nobody has rated.
fn scale(name: &str, place: usize, said: &[Said]) -> Option<Scale> {
    let rated: Vec<(&Said, [f64; 2])> =
        said.iter().filter_map(|said| Some((said, said.ratings?.map(|ratings| f64::from(ratings[place]))))).collect();
    let listeners: Vec<usize> = rated.iter().map(|(said, _)| said.listener).collect();
    let pairs: Vec<usize> = rated.iter().map(|(said, _)| said.pair).collect();
    let of = |value: fn([f64; 2]) -> f64| {
        Interval::crossed(&listeners, &pairs, |places| mean(places.iter().map(|&place| value(rated[place].1))))
    };
    (!rated.is_empty()).then(|| Scale {
        name: name.to_owned(),
        n: rated.len(),
        ours: of(|[ours, _]| ours),
        against: of(|[_, against]| against),
        difference: of(|[ours, against]| ours - against),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::key::tests::key;
    use super::super::returned::tests::{read_all, written};
    use super::*;

    /// Two listeners: one for ours on three of four pairs and sure of it, one who clicks A.
    pub(in super::super) fn findings(is_careful: bool) -> Findings {
        let careful = [("0", "a"), ("1", "b"), ("2", "a"), ("3", "a"), ("r", "b"), ("x", "a")];
        let careless = [("0", "a"), ("1", "a"), ("2", "same"), ("r", "a"), ("x", "b")];
        let (listeners, left_out) =
            read_all(&[written("l", &careful).to_string(), written("m", &careless).to_string(), "{}".to_owned()]);
        find(&key(), listeners, left_out, is_careful, 0.1)
    }

    #[test]
    fn two_listeners_are_counted_as_by_hand() {
        let found = findings(false);
        // For ours: 0, 1 and 2 of the first, 0 of the second; against: 3 of the first, 1 of the second.
        let Preference { n_ours, n_against, n_same, exact, by_both, .. } = found.preference;
        assert_eq!((n_ours, n_against, n_same), (4, 2, 1));
        assert!((exact.value - 4.0 / 6.0).abs() < 1e-9 && (by_both.value - exact.value).abs() < 1e-9);
        // R: binom.test(4, 6) gives 0.2228 to 0.9567, p = 0.6875.
        assert!((exact.low - 0.2228).abs() < 1e-4 && (exact.high - 0.9567).abs() < 1e-4, "{exact:?}");
        assert!((found.preference.p_answers - 0.6875).abs() < 1e-9);
        // One listener is for ours and one split; of pairs two are for ours, one against, one split.
        assert!((found.preference.p_listeners - 1.0).abs() < 1e-9 && (found.preference.p_pairs - 1.0).abs() < 1e-9);
        assert!((found.chose_a.value - 5.0 / 6.0).abs() < 1e-9, "0, 2 and 3 of the first, 0 and 1 of the second");

        let [first, second] = &found.listeners[..] else { panic!("{:?}", found.listeners) };
        assert_eq!((first.n_consistent, first.n_repeats, first.n_failed, first.n_anchors), (1, 1, 0, 1));
        assert_eq!((second.n_consistent, second.n_repeats, second.n_failed, second.n_anchors), (0, 1, 1, 1));
        assert_eq!((second.n_pairs, second.n_ours, second.n_against), (3, 1, 1));
        assert_eq!(found.left_out.len(), 1);
    }

    #[test]
    fn scales_follow_the_sides() {
        // A is rated 4 and B 2 for coherence, always. Ours is A on pairs 0 and 2, which come four times, and B three times.
        let found = findings(false);
        let coherence = &found.scales[0];
        assert_eq!((coherence.name.as_str(), coherence.n), ("coherence", 7));
        assert!((coherence.ours.value - 22.0 / 7.0).abs() < 1e-9, "{coherence:?}");
        assert!((coherence.difference.value - 2.0 / 7.0).abs() < 1e-9);
        let originality = &found.scales[1];
        assert!(originality.difference.value.abs() < 1e-9 && (originality.ours.high - 3.0).abs() < 1e-9);
    }

    #[test]
    fn who_likes_what_is_bad_can_be_left_out() {
        let found = findings(true);
        assert_eq!(found.careless.iter().map(|listener| listener.file.as_str()).collect::<Vec<_>>(), ["1.json"]);
        assert_eq!((found.preference.n_ours, found.preference.n_against), (3, 1));
        let json = found.json().unwrap();
        assert!(json.contains("\"p_answers\": 0.625"), "{json}");
    }
}
