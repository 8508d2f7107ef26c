//! The report, to be read.

use std::fmt::Write;

use super::{Report, Typical, number};
use crate::judge::{Anchor, Better, Tell};

/// Tells that are shown.
const N_TELLS: usize = 15;

/// All of a report, to be read.
#[must_use]
pub fn table(report: &Report) -> String {
    let Report { weights, n_calls, n_works, split, columns, measures, .. } = report;
    let mut text = format!("{weights}: answers to {n_calls} calls of {n_works} works of the {} split\n", split.name());
    let styles: Vec<String> = report.styles.iter().map(|(style, n)| format!("{style} {n}")).collect();
    let _ = writeln!(text, "  {}", styles.join(", "));
    let _ = write!(text, "\n{:<58}{:>9}", "", "real");
    columns.iter().for_each(|column| {
        let _ = write!(text, "{column:>25}");
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
            let is_anchor = measure.sees.contains(column) || Anchor::ALL.iter().any(|a| a.name() == column);
            let is_seen = !is_anchor || measure.sees.contains(column);
            let cell = match (is_anchor, is_seen) {
                (true, true) => value,
                (true, false) => format!("({value})"),
                (false, _) => format!("{value} [{low}, {high}]"),
            };
            let _ = write!(text, "{cell:>24}{certain}");
        }
        text.push('\n');
    }
    text += "  low, high, like real: which is better. * off by more than chance. ! ours is worse than an anchor. (anchors that do not \
             touch what is measured)\n  [95 of 100 resamples of the works]\n";
    for told in
        report.told_by.iter().filter(|told| told.column.ends_with(", page") || told.column.ends_with(", played"))
    {
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
            let _ =
                writeln!(text, "{feature:<48}{importance:>12.3}{real:>10}{ours:>10}{shift:>+12.2}{paired_alone:>14.3}");
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
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn the_table_says_what_was_dropped_and_what_is_typical() {
        let text = table(&report());
        for words in
            ["blind: it sees nothing", "velocity deviation", "0.951", "below 2", "pip install music21", "!told by"]
        {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
    }
}
