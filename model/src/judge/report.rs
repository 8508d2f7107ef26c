//! What a judge found: as a table, as JSON, as pictures, and as a part of the model card.
//!
//! Reading order: this file holds the findings and their table; `pictures` draws them, [`card`] writes them into the card.

pub mod card;
pub mod pictures;

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Better, Measure, Tell};
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
/// Tells that are shown.
const N_TELLS: usize = 15;

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
        let mut value = serde_json::to_value(self)?;
        round(&mut value);
        Ok(serde_json::to_string_pretty(&value)? + "\n")
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

/// All of a report, to be read.
#[must_use]
pub fn table(report: &Report) -> String {
    let Report { weights, n_calls, n_works, split, columns, measures, .. } = report;
    let mut text = format!("{weights}: answers to {n_calls} calls of {n_works} works of the {} split\n", split.name());
    let styles: Vec<String> = report.styles.iter().map(|(style, n)| format!("{style} {n}")).collect();
    let _ = writeln!(text, "  {}", styles.join(", "));
    let _ = write!(text, "\n{:<58}{:>9}", "", "real");
    columns.iter().for_each(|column| {
        let _ = write!(text, "{column:>22}");
    });
    text.push('\n');
    for measure in measures {
        let way = match measure.better {
            Better::Lower => "low",
            Better::Higher => "high",
            Better::LikeReal => "like",
        };
        let beyond = if measure.is_beyond_an_anchor { "!" } else { " " };
        let real = measure.real.map_or(String::new(), number);
        let _ = write!(text, "{beyond}{:<52}{way:<5}{real:>9}", measure.name);
        for (figure, column) in measure.figures.iter().zip(columns) {
            let [value, low, high] = [figure.interval.value, figure.interval.low, figure.interval.high].map(number);
            let certain = if figure.is_off_for_certain { "*" } else { " " };
            let is_anchor = measure.sees.contains(column) || super::Anchor::ALL.iter().any(|a| a.name() == column);
            let is_seen = !is_anchor || measure.sees.contains(column);
            let cell = match (is_anchor, is_seen) {
                (true, true) => value,
                (true, false) => format!("({value})"),
                (false, _) => format!("{value} [{low}, {high}]"),
            };
            let _ = write!(text, "{cell:>21}{certain}");
        }
        text.push('\n');
    }
    text += "  low, high, like real: which is better. * off by more than chance. ! ours is worse than an anchor. (anchors that do not \
             touch what is measured)\n  [95 of 100 resamples of the works]\n";
    for told in report.told_by.iter().filter(|told| told.column.ends_with(", page") || told.column.ends_with(", played")) {
        let _ = writeln!(
            text,
            "\n{:<48}{:>12}{:>10}{:>10}{:>12}{:>14}",
            format!("what tells {} most", told.column),
            "importance",
            "real",
            "ours",
            "shift, sd",
            "alone, pairs"
        );
        for tell in told.tells.iter().take(N_TELLS) {
            let Tell { feature, importance, real, ours, shift, paired_alone } = tell;
            let [real, ours] = [*real, *ours].map(number);
            let _ = writeln!(
                text,
                "{feature:<48}{importance:>12.3}{real:>10}{ours:>10}{shift:>+12.2}{paired_alone:>14.3}"
            );
        }
    }
    text += "\nDropped, since they do not tell bad from real:\n";
    for measure in &report.dropped {
        let _ = writeln!(text, "  {}: {}", measure.name, measure.dropped.as_deref().unwrap_or_default());
    }
    if report.dropped.is_empty() {
        text += "  none\n";
    }
    text += "\nWhat articles call typical:\n";
    for Typical { name, said, ours, lacks } in report.typical() {
        let ours = ours.map_or_else(|| "not measured".to_owned(), number);
        let _ = writeln!(text, "  {name}: {said}; ours {ours}. {lacks}");
    }
    if !report.has_outside {
        text += "\nThe distance in jSymbolic's features was not measured: give --python a Python that has music21 (python3 -m venv venv; \
                 venv/bin/pip install music21; --python venv/bin/python).\n";
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Figure, Interval};
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
        let columns =
            ["other real", "n-gram", "bars shuffled", "bars transposed", "ours, page", "ours, played"].map(str::to_owned);
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
        let json = report().json().unwrap();
        let read = Report::parse(&json).unwrap();
        assert!((read.measures[0].figures[4].interval.value - 0.9512).abs() < 1e-9, "four decimals");
        assert_eq!(read.json().unwrap(), json);
        assert!(Report::parse("{}").is_err());
    }

    #[test]
    fn the_table_says_what_was_dropped_and_what_is_typical() {
        let text = table(&report());
        for words in ["blind: it sees nothing", "velocity deviation", "0.951", "below 2", "pip install music21", "!told by"] {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([123.4, 12.34, 1.234, 0.1234, -0.5].map(number), ["123", "12.3", "1.23", "0.123", "-0.500"]);
    }
}
