//! What an answer is like, in some sixty numbers of the kind that musicians speak of: what a judge looks at that knows no network.
//!
//! Reading order: `pitch`, `time`, `dynamics` and `form` each hold some of them; `texture` is what they are measured on.

mod dynamics;
pub(crate) mod form;
mod pitch;
mod texture;
pub(crate) mod time;

use music::{Key, Metre, Note};

use texture::Texture;

/// A call and what follows it, as a judge sees both. Times are in ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// In [`Note::order`].
    pub call: Vec<Note>,
    /// In [`Note::order`]; begins at `start_ticks` and is over at `end_ticks`.
    pub answer: Vec<Note>,
    /// At the answer's beginning.
    pub metre: Metre,
    /// Of the answer.
    pub start_ticks: i64,
    /// Of the answer.
    pub end_ticks: i64,
    /// Of the call.
    pub key: Key,
    /// Its style, as the corpus calls it.
    pub style: String,
    /// Says whether two passages are of one work.
    pub work: usize,
    /// The velocities of its music say nothing.
    pub is_flat: bool,
}

/// A passage, measured once for all features.
#[derive(Debug)]
struct View<'a> {
    passage: &'a Passage,
    call: Texture,
    answer: Texture,
}

/// Something to measure.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// In tables.
    pub name: &'static str,
    /// Not a number where it cannot be said.
    of: fn(&View) -> f64,
}

impl Feature {
    const fn new(name: &'static str, of: fn(&View) -> f64) -> Self {
        Self { name, of }
    }
}

/// All of them.
#[must_use]
pub fn features() -> Vec<Feature> {
    [&pitch::FEATURES[..], &time::FEATURES, &dynamics::FEATURES, &form::FEATURES].concat()
}

/// What a passage is like, in the order of [`features`]; not a number where that cannot be said.
#[must_use]
pub fn measure(passage: &Passage) -> Vec<f64> {
    let view = View {
        passage,
        call: Texture::new(&passage.call, passage.start_ticks),
        answer: Texture::new(&passage.answer, passage.end_ticks),
    };
    features().iter().map(|feature| (feature.of)(&view)).collect()
}

/// The mean; not a number of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts")]
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = values.into_iter().fold((0.0, 0usize), |(sum, n), value| (sum + value, n + 1));
    sum / n as f64
}

/// The standard deviation; not a number of nothing.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values.iter().copied());
    self::mean(values.iter().map(|value| (value - mean).powi(2))).sqrt()
}

/// The share of those for which it holds; not a number of nothing.
fn share<T>(items: impl IntoIterator<Item = T>, holds: impl Fn(T) -> bool) -> f64 {
    mean(items.into_iter().map(|item| f64::from(holds(item))))
}

/// How uneven values are, in bits: 0 if all are the same.
fn entropy<T: Ord>(values: impl IntoIterator<Item = T>) -> f64 {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    let n = as_f64(values.len());
    let shares = values.chunk_by(|a, b| a == b).map(|same| as_f64(same.len()) / n);
    shares.map(|share| -share * share.log2()).sum()
}

/// How many doublings one is above the other.
fn octaves(of: f64, over: f64) -> f64 {
    (of / over).log2()
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
pub(crate) fn as_f64(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "ticks of phrases")]
fn ticks_f64(ticks: i64) -> f64 {
    ticks as f64
}

#[cfg(test)]
pub(crate) mod tests {
    use engine::TICKS_PER_BEAT;
    use music::{Pitch, Velocity};

    use super::*;

    /// Notes of one length, one after the other.
    pub(crate) fn tune(keys: &[u8], from_ticks: i64, ticks: u32) -> Vec<Note> {
        let note = |(i, &key): (i64, &u8)| Note {
            onset_ticks: from_ticks + i64::from(ticks) * i,
            duration_ticks: ticks,
            pitch: Pitch::nearest(key),
            velocity: Velocity::MEDIUM,
        };
        (0..).zip(keys).map(note).collect()
    }

    /// Two bars in C major, and two bars that answer them.
    pub(crate) fn passage(answer: Vec<Note>) -> Passage {
        Passage {
            call: tune(&[60, 62, 64, 65, 67, 65, 64, 62], 0, TICKS_PER_BEAT),
            answer,
            metre: Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 },
            start_ticks: 384,
            end_ticks: 768,
            key: Key { tonic: 0, is_minor: false },
            style: "Classical".to_owned(),
            work: 0,
            is_flat: false,
        }
    }

    fn value(name: &str, passage: &Passage) -> f64 {
        let place = features().iter().position(|feature| feature.name == name).unwrap();
        measure(passage)[place]
    }

    #[test]
    fn features_have_names_of_their_own_and_values() {
        let all = features();
        let mut names: Vec<&str> = all.iter().map(|feature| feature.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
        let tune_and_bass =
            [tune(&[60, 62, 64, 65, 67, 64, 62, 60, 67, 65, 64, 62], 384, 24), tune(&[48, 55, 52, 48], 384, 96)];
        let mut notes = tune_and_bass.concat();
        notes.sort_by_key(Note::order);
        let values = measure(&passage(notes));
        for (feature, value) in all.iter().zip(values) {
            // Of two bars, none lies two bars after another.
            assert_eq!(value.is_finite(), feature.name != "like itself two bars later", "{}", feature.name);
        }
        assert_eq!(measure(&passage(Vec::new())).len(), all.len(), "nothing at all is no reason to stop");
    }

    #[test]
    fn a_feature_says_what_its_name_says() {
        let echo = passage(tune(&[60, 62, 64, 65, 67, 65, 64, 62], 384, 48));
        let near = |name, expected: f64| {
            let found = value(name, &echo);
            assert!((found - expected).abs() < 1e-6, "{name}: {found}, not {expected}");
        };
        near("motifs of the call that return", 1.0);
        near("rhythm like the call's", 1.0);
        near("onsets a beat", 1.0);
        near("onsets a beat, over the call's", 0.0);
        near("in the key", 1.0);
        near("steps in the top voice", 1.0);
        near("velocity deviation", 0.0);
        near("last note on the tonic triad", 0.0);
        near("last note, beats", 1.0);
        near("onsets on beats", 1.0);
        let close = passage(tune(&[67, 64, 61, 60], 384, 96));
        assert_eq!(value("last note on the tonic triad", &close), 1.0);
        assert_eq!(value("in the key", &close), 0.75);
        assert_eq!(value("in the key, over the call's", &close), -0.25);
        assert_eq!(value("onsets a beat, over the call's", &close), -1.0);
        let early = passage(tune(&[67, 64], 384, 96));
        assert_eq!(value("silence at the end, beats", &early), 4.0);
    }

    #[test]
    fn music_that_repeats_itself_bar_by_bar_is_like_itself() {
        let again = passage(tune(&[60, 64, 67, 64, 60, 64, 67, 64], 384, 48));
        let other = passage(tune(&[60, 64, 67, 64, 62, 65, 71, 74], 384, 48));
        let name = "like itself a bar later";
        assert_eq!((value(name, &again), value(name, &other)), (1.0, 0.0));
    }

    #[test]
    fn entropy_is_in_bits() {
        assert_eq!((entropy([1, 1, 1]), entropy([1, 2, 3, 4])), (0.0, 2.0));
        assert!(deviation(&[]).is_nan() && (deviation(&[1.0, 3.0]) - 1.0).abs() < 1e-12);
    }
}
