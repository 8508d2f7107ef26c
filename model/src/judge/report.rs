//! What a judge found: as a table, as JSON, as pictures, and as a part of the model card.
//!
//! Reading order: this file holds the findings; [`table`] writes them down, [`pictures`] draws them, [`card`] writes them into the card.

pub mod card;
pub mod pictures;
pub mod table;

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Measure, Tell};
use crate::data::corpus::Split;

/// Names of what a judge of features told.
pub const BY_FEATURES: [&str; 3] =
    ["told by features, in pairs", "told by features, AUC", "told by features, one by one"];
/// Names of what a judge of piano rolls told.
pub const BY_ROLLS: [&str; 3] =
    ["told by piano rolls, in pairs", "told by piano rolls, AUC", "told by piano rolls, one by one"];
/// Names of the Frechet distances.
pub(super) const FRECHET_OWN: &str = "Frechet distance, the network's space";
pub(super) const FRECHET_OUTSIDE: &str = "Frechet distance, jSymbolic's features";

/// By what a column is told from real music.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldBy {
    /// One of the report's columns.
    pub column: String,
    /// The most telling first.
    pub tells: Vec<Tell>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the weights.
    pub weights: String,
    /// Whose calls were answered.
    pub split: Split,
    /// Calls.
    pub n_calls: usize,
    /// Works that they are from.
    pub n_works: usize,
    /// Calls of each style.
    pub styles: BTreeMap<String, usize>,
    /// What the measures' figures are of: other real music, the anchors, then ours.
    pub columns: Vec<String>,
    /// Those that tell bad from real.
    pub measures: Vec<Measure>,
    /// Those that do not, each with the reason.
    pub dropped: Vec<Measure>,
    /// By what each column is told.
    pub told_by: Vec<ToldBy>,
    /// Of the composers' answers, for each note-on, note-off, time-shift or velocity token.
    pub perplexity: f64,
    /// Whether music21 was asked.
    pub has_outside: bool,
}

impl Report {
    /// With four decimals, so that the same findings are the same text.
    ///
    /// # Errors
    /// When a number is none.
    pub fn json(&self) -> Result<String> {
        rounded_json(self)
    }

    /// As [`Report::json`] wrote it.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(json: &str) -> Result<Self> {
        Ok(serde_json::from_str(json)?)
    }

    /// A measure by its name, kept or dropped.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().chain(&self.dropped).find(|measure| measure.name == name)
    }

    /// By what the first of our columns is told, with the column's name.
    #[must_use]
    pub fn tells_of_ours(&self) -> Option<&ToldBy> {
        self.told_by.iter().find(|told| told.column.ends_with(", page"))
    }

    /// What a column says of a measure.
    fn figure(&self, measure: &str, column: &str) -> Option<f64> {
        let place = self.columns.iter().position(|name| name == column)?;
        Some(self.measure(measure)?.figures.get(place)?.interval.value)
    }

    /// The first of our columns.
    fn ours(&self) -> &str {
        self.columns.iter().find(|name| name.ends_with(", page")).map_or("", String::as_str)
    }

    /// Numbers that articles on such models give as typical, beside ours, and what they lack.
    #[must_use]
    pub fn typical(&self) -> Vec<Typical> {
        let ours = |measure| self.figure(measure, self.ours());
        vec![
            Typical {
                name: "Frechet music distance",
                said: "below 2",
                ours: ours(FRECHET_OWN),
                lacks: "It has no unit: it grows with the embedding's scale and with small samples, and says nothing without the \
                        distance of real music from real music in the same space.",
            },
            Typical {
                name: "music inception score",
                said: "MuseGAN 1.5",
                ours: ours("music inception score"),
                lacks: "It depends on the classifier and on how many classes it has, and confident nonsense does well; real \
                        music's own score is the mark.",
            },
            Typical {
                name: "cosine in the latent space",
                said: "0.7 to 0.85",
                ours: ours("cosine of call and answer, in the network's space"),
                lacks: "Cosines of raw embeddings are high for any two pieces, since all lie to one side of the origin; ours are \
                        seen from the mean of real music.",
            },
            Typical {
                name: "perplexity",
                said: "5 to 10",
                ours: Some(self.perplexity),
                lacks: "It is for each token, so it falls as the vocabulary cuts notes finer; bits per note compare, perplexities \
                        of different vocabularies do not.",
            },
        ]
    }
}

/// A number that articles give.
#[derive(Clone, Copy, Debug)]
pub struct Typical {
    /// What it is called.
    pub name: &'static str,
    /// What is said to be typical.
    pub said: &'static str,
    /// Ours, where it was measured.
    pub ours: Option<f64>,
    /// Why that says little.
    pub lacks: &'static str,
}

/// As JSON whose numbers have four decimals.
pub(super) fn rounded_json(findings: &impl Serialize) -> Result<String> {
    let mut value = serde_json::to_value(findings)?;
    round(&mut value);
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

/// To four decimals.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().map(|number| (1e4 * number).round() / 1e4);
            if let Some(number) = rounded.and_then(serde_json::Number::from_f64) {
                *value = Value::Number(number);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

/// Three figures that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Better, Figure, Interval};
    use super::*;

    /// Two measures, one of them dropped.
    pub(crate) fn report() -> Report {
        let figure = |value: f64| Figure {
            interval: Interval { value, low: value - 0.05, high: value + 0.05 },
            off: value,
            is_off_for_certain: value > 0.6,
        };
        let measure = |name: &str, dropped: Option<&str>| Measure {
            name: name.to_owned(),
            better: Better::Lower,
            real: None,
            figures: [0.5, 0.99, 0.8, 0.9, 0.951_234_567, 0.97].map(figure).to_vec(),
            sees: super::super::Anchor::ALL.map(|anchor| anchor.name().to_owned()).to_vec(),
            is_beyond_an_anchor: true,
            dropped: dropped.map(str::to_owned),
        };
        let tell = Tell {
            feature: "velocity deviation".to_owned(),
            importance: 0.3,
            real: 8.7,
            ours: 3.6,
            shift: -1.0,
            paired_alone: 0.8,
        };
        let columns = ["other real", "n-gram", "bars shuffled", "bars transposed", "ours, page", "ours, played"]
            .map(str::to_owned);
        Report {
            weights: "nano".to_owned(),
            split: Split::Test,
            n_calls: 30,
            n_works: 12,
            styles: BTreeMap::from([("Chopin".to_owned(), 30)]),
            told_by: vec![ToldBy { column: columns[4].clone(), tells: vec![tell] }],
            columns: columns.to_vec(),
            measures: vec![measure(BY_FEATURES[0], None)],
            dropped: vec![measure("blind", Some("it sees nothing"))],
            perplexity: 2.5,
            has_outside: false,
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let mut report = report();
        report.measures[0].figures[1].interval.low = f64::NAN;
        let json = report.json().unwrap();
        let read = Report::parse(&json).unwrap();
        assert!((read.measures[0].figures[4].interval.value - 0.9512).abs() < 1e-9, "four decimals");
        assert_eq!(read.json().unwrap(), json, "what is no number too");
        assert!(Report::parse("{}").is_err());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([123.4, 12.34, 1.234, 0.1234, -0.5].map(number), ["123", "12.3", "1.23", "0.123", "-0.500"]);
    }
}
