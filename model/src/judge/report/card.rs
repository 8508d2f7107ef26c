//! The part of a model card that a judge writes, so that no number in it is typed by hand.

use std::fmt::Write;

use anyhow::{Result, ensure};

use super::{Report, Typical, number};
use crate::judge::Tell;

const BEGIN: &str = "<!-- judge: begin, written by `model judge --card` -->";
const END: &str = "<!-- judge: end -->";
const N_TELLS: usize = 12;

/// The card with its part written anew.
///
/// # Errors
/// When the card has no place for it.
pub fn update(card: &str, report: &Report) -> Result<String> {
    let places = card.find(BEGIN).zip(card.find(END)).filter(|(begin, end)| begin < end);
    ensure!(
        places.is_some(),
        "the card has no place for this; write these two lines where it should go:\n{BEGIN}\n{END}"
    );
    let (begin, end) = places.unwrap_or_default();
    Ok(format!("{}{BEGIN}\n\n{}\n{}", &card[..begin], section(report), &card[end..]))
}

/// The part itself, as Markdown.
#[must_use]
pub fn section(report: &Report) -> String {
    let mut text = format!(
        "{} calls of {} works of the {} split, as many of each style as there are; the composer's answer, ours and bad ones pass the same \
         quantiser, range of keys and end. Calls come as they are *written*, and *played* by hands (20 ms) and heard by the ear. In \
         brackets, where 95 of 100 resamples of the works lie.\n\n",
        report.n_calls,
        report.n_works,
        report.split.name()
    );
    let ours: Vec<usize> = (0..report.columns.len())
        .filter(|&place| [", page", ", played"].iter().any(|end| report.columns[place].ends_with(end)))
        .collect();
    text += "| | real |";
    report.columns.iter().for_each(|column| {
        let _ = write!(text, " {column} |");
    });
    text += "\n|---|---|";
    text += &"---|".repeat(report.columns.len());
    text.push('\n');
    for measure in &report.measures {
        let _ = write!(text, "| {} | {} |", measure.name, measure.real.map_or(String::new(), number));
        for (place, figure) in measure.figures.iter().enumerate() {
            let [value, low, high] = [figure.interval.value, figure.interval.low, figure.interval.high].map(number);
            let _ = if ours.contains(&place) {
                write!(text, " **{value}** ({low} to {high}) |")
            } else {
                write!(text, " {value} |")
            };
        }
        text.push('\n');
    }
    if let Some(told) = report.tells_of_ours() {
        let _ = write!(
            text,
            "\nWhat gives answers to written calls away, by its share in the trees of the judge of features:\n\n"
        );
        text += "| | share | real | ours |\n|---|---|---|---|\n";
        for Tell { feature, importance, real, ours, .. } in told.tells.iter().take(N_TELLS) {
            let _ = writeln!(text, "| {feature} | {importance:.3} | {} | {} |", number(*real), number(*ours));
        }
    }
    let beyond: Vec<&str> =
        report.measures.iter().filter(|measure| measure.is_beyond_an_anchor).map(|measure| &measure.name[..]).collect();
    if !beyond.is_empty() {
        let _ =
            write!(text, "\nIn these, ours is worse than an answer that is bad for certain: {}.\n", beyond.join("; "));
    }
    if !report.dropped.is_empty() {
        let names: Vec<String> = report
            .dropped
            .iter()
            .map(|measure| format!("{} ({})", measure.name, measure.dropped.as_deref().unwrap_or_default()))
            .collect();
        let _ = write!(text, "\nDropped, since they do not tell bad from real: {}.\n", names.join("; "));
    }
    text += "\nWhat articles call typical, and what that lacks:\n\n";
    for Typical { name, said, ours, lacks } in report.typical() {
        let ours = ours.map_or_else(|| "not measured".to_owned(), number);
        let _ = writeln!(text, "- {name}: {said}; here {ours}. {lacks}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn only_its_own_part_of_the_card_is_written() {
        let card = format!("# Card\n\n{BEGIN}\nstale\n{END}\n\n## Licence\n");
        let updated = update(&card, &report()).unwrap();
        assert!(updated.starts_with("# Card\n") && updated.ends_with("## Licence\n") && !updated.contains("stale"));
        assert!(updated.contains("told by features, in pairs"));
        assert_eq!(update(&updated, &report()).unwrap(), updated, "written twice is written once");
        assert!(update("# Card\n", &report()).unwrap_err().to_string().contains(BEGIN));
    }

    #[test]
    fn the_card_of_the_shipped_weights_is_not_stale() {
        let report = Report::parse(include_str!("../../../weights/judge.json")).unwrap();
        let card = include_str!("../../../weights/README.md");
        let hint = "run `model judge` with --json model/weights/judge.json --card model/weights/README.md";
        assert_eq!(update(card, &report).unwrap(), card, "the card is stale: {hint}");
    }
}
