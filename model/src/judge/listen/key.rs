//! Which side is which: what the page does not say.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::MakeConfig;
use super::order::{self, Purpose, Trial};
use super::scenes::Scenes;

/// First in every key.
const FORMAT: &str = "antiphon-listening-key-1";

/// A side of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The left one.
    A,
    /// The right one.
    B,
}

impl Side {
    /// The one beside it.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Why a pair is heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is what the page is about.
    Pair,
    /// As the pair of that name, its sides swapped: who listens says the same again.
    Repeat(String),
    /// The composer's answer beside one that is bad for certain.
    Anchor,
}

/// A pair, as the page plays it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTrial {
    /// What the page calls it.
    pub name: String,
    /// Why it is there.
    pub kind: Kind,
    /// The side of ours; in an anchor, of the composer.
    pub subject: Side,
    /// File that its call is from, within the corpus.
    pub piece: String,
    /// The style of that.
    pub style: String,
}

/// What belongs to a page and is kept apart from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Says what the file is.
    pub format: String,
    /// What the page calls itself.
    pub page: String,
    /// The page can be made again with it.
    pub seed: u64,
    /// What the subjects are.
    pub ours: String,
    /// What they stand beside.
    pub against: String,
    /// Calls sound as hands play them.
    pub is_played: bool,
    /// Scales are asked for.
    pub has_scales: bool,
    /// In the page's order.
    pub trials: Vec<KeyTrial>,
}

impl Key {
    /// Of a page with these trials.
    pub(super) fn new(config: &MakeConfig, made: &Scenes, order: &[Trial]) -> Self {
        let first = |scene| order.iter().find(|trial| trial.scene == scene && trial.purpose == Purpose::Pair);
        let trial = |trial: &Trial| KeyTrial {
            name: trial.name.clone(),
            kind: match trial.purpose {
                Purpose::Pair => Kind::Pair,
                Purpose::Repeat => {
                    Kind::Repeat(first(trial.scene).map_or_else(String::new, |first| first.name.clone()))
                }
                Purpose::Anchor => Kind::Anchor,
            },
            subject: trial.subject,
            piece: made.scenes[trial.scene].piece.clone(),
            style: made.scenes[trial.scene].style.clone(),
        };
        Self {
            format: FORMAT.to_owned(),
            // Another stream of the same seed.
            page: order::name(&mut ChaCha8Rng::seed_from_u64(config.seed.wrapping_add(1))),
            seed: config.seed,
            ours: made.ours.clone(),
            against: made.against.clone(),
            is_played: config.is_played,
            has_scales: config.has_scales,
            trials: order.iter().map(trial).collect(),
        }
    }

    /// As `model listen make` writes it.
    ///
    /// # Errors
    /// Never: it is plain text.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads what [`Key::json`] wrote.
    ///
    /// # Errors
    /// When it is something else, or has been changed so that it says no more which side is which.
    pub fn parse(json: &str) -> Result<Self> {
        let key: Self = serde_json::from_str(json)
            .context("this is no key.json of `model listen make`; give the one that was written beside the page")?;
        ensure!(
            key.format == FORMAT,
            "this key is of another version of Antiphon ({:?}); merge with that one",
            key.format
        );
        let places = key.places();
        ensure!(places.len() == key.trials.len(), "this key is damaged: two trials have one name");
        let is_pair = |name: &str| places.get(name).is_some_and(|&place| key.trials[place].kind == Kind::Pair);
        for trial in &key.trials {
            if let Kind::Repeat(of) = &trial.kind {
                ensure!(is_pair(of), "this key is damaged: trial {:?} repeats what is not there", trial.name);
            }
        }
        Ok(key)
    }

    /// Where a trial is.
    pub(super) fn places(&self) -> BTreeMap<&str, usize> {
        self.trials.iter().enumerate().map(|(place, trial)| (trial.name.as_str(), place)).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Four pairs named 0 to 3 with ours on A, B, A, B; `r` repeats 0, and `x` is an anchor with the composer on A.
    pub(in super::super) fn key() -> Key {
        let trial = |name: &str, kind, subject| KeyTrial {
            name: name.to_owned(),
            kind,
            subject,
            piece: "a.mid".to_owned(),
            style: "Classical".to_owned(),
        };
        let pairs = [("0", Side::A), ("1", Side::B), ("2", Side::A), ("3", Side::B)];
        let pairs = pairs.map(|(name, subject)| trial(name, Kind::Pair, subject));
        let more = [trial("r", Kind::Repeat("0".to_owned()), Side::B), trial("x", Kind::Anchor, Side::A)];
        Key {
            format: FORMAT.to_owned(),
            page: "p".to_owned(),
            seed: 1,
            ours: "nano, the plugin's defaults".to_owned(),
            against: "the composer".to_owned(),
            is_played: false,
            has_scales: true,
            trials: pairs.into_iter().chain(more).collect(),
        }
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_refused_when_it_is_changed() {
        let json = key().json().unwrap();
        assert_eq!(Key::parse(&json).unwrap(), key());
        let refused = |json: &str| format!("{:#}", Key::parse(json).unwrap_err());
        assert!(refused("{}").contains("no key.json"));
        assert!(refused(&json.replace("key-1", "key-9")).contains("another version"));
        assert!(refused(&json.replace("\"name\": \"3\"", "\"name\": \"2\"")).contains("one name"));
        assert!(refused(&json.replace("\"repeat\": \"0\"", "\"repeat\": \"x\"")).contains("repeats what is not there"));
    }
}
