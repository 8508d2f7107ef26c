//! Findings as text.

use std::fmt::Write as _;

use super::findings::{Findings, ListenerFindings};
use super::preference::Preference;
use crate::judge::interval::Interval;
use crate::judge::report::number;

/// All of it.
#[must_use]
pub fn table(found: &Findings) -> String {
    let mut text = format!(
        "{} listener{}, {} pairs: {} (ours), {} (the other)\n\n",
        found.listeners.len(),
        if is_one(found) { "" } else { "s" },
        found.n_pairs,
        found.ours,
        found.against
    );
    preference(&mut text, found);
    if !found.scales.is_empty() {
        let _ = writeln!(text, "\n{:14}{:>5}{:>24}{:>24}{:>24}", "from 1 to 5", "n", "ours", "the other", "difference");
        for scale in &found.scales {
            let [ours, against, difference] =
                [scale.ours, scale.against, scale.difference].map(|of| within(of, number));
            let _ = writeln!(text, "{:14}{:>5}{ours:>24}{against:>24}{difference:>24}", scale.name, scale.n);
        }
        let others = if is_one(found) { "other pairs" } else { "other listeners and other pairs" };
        let _ = writeln!(text, "Intervals of 95 %, for {others}.");
    }
    let _ = writeln!(
        text,
        "\n{:32}{:>7}{:>7}{:>7}{:>13}{:>15}{:>10}",
        "listener", "pairs", "ours", "other", "same again", "bad preferred", "s a pair"
    );
    for listener in &found.listeners {
        row(&mut text, listener);
    }
    if !found.careless.is_empty() {
        let _ = writeln!(text, "Left out, since they liked a bad answer better than the composer's:");
        found.careless.iter().for_each(|listener| row(&mut text, listener));
    } else if found.listeners.iter().any(|listener| listener.n_failed > 0) {
        let _ = writeln!(text, "Some liked a bad answer better than the composer's; --careful leaves them out.");
    }
    if !found.left_out.is_empty() {
        let _ = writeln!(text, "\nLeft out of the files:");
        for line in &found.left_out {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

fn preference(text: &mut String, found: &Findings) {
    let Preference { n_ours, n_against, n_same, exact, by_listener, by_pair, by_both, .. } = found.preference;
    let _ = writeln!(text, "ours is better {n_ours} times, the other {n_against}, not to be told {n_same}");
    if n_ours + n_against == 0 {
        return;
    }
    let _ = writeln!(text, "share of ours among those that were told: {}", percent(exact.value));
    for (what, interval) in [
        ("if each answer stood for itself (exact)", exact),
        ("for other listeners", by_listener),
        ("for other pairs", by_pair),
        ("for both", by_both),
    ] {
        let (low, high) = (percent(interval.low), percent(interval.high));
        let _ = match what {
            "for other listeners" | "for both" if is_one(found) => {
                writeln!(text, "  {what:42}not to be said of one listener")
            }
            _ => writeln!(text, "  {what:42}{low:>6} to {high}"),
        };
    }
    let Preference { p_answers, p_listeners, p_pairs, .. } = found.preference;
    let _ = writeln!(
        text,
        "sign test: {} of all answers, {} of listeners, {} of pairs",
        p(p_answers),
        p(p_listeners),
        p(p_pairs)
    );
    let _ = writeln!(
        text,
        "the left side was chosen {} of the time ({} to {}); half, if listening was fair",
        percent(found.chose_a.value),
        percent(found.chose_a.low),
        percent(found.chose_a.high)
    );
    if let Some(needed) = found.listeners_needed {
        let more = match needed.saturating_sub(found.listeners.len()) {
            0 => "there are enough".to_owned(),
            more => format!("{more} more"),
        };
        let _ = writeln!(
            text,
            "for {} up and down over listeners like these: {needed} listeners, {more}; for other pairs, more pairs",
            percent(found.width)
        );
    }
}

/// Of one listener, nothing follows for others.
fn is_one(found: &Findings) -> bool {
    found.listeners.len() == 1
}

fn row(text: &mut String, listener: &ListenerFindings) {
    let ListenerFindings { n_consistent, n_repeats, n_failed, n_anchors, .. } = *listener;
    let _ = writeln!(
        text,
        "{:32}{:>7}{:>7}{:>7}{:>13}{:>15}{:>10.0}",
        listener.file,
        listener.n_pairs,
        listener.n_ours,
        listener.n_against,
        format!("{n_consistent} of {n_repeats}"),
        format!("{n_failed} of {n_anchors}"),
        listener.median_seconds
    );
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn p(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {}", number(p)) }
}

fn within(interval: Interval, number: impl Fn(f64) -> String) -> String {
    format!("{} ({} to {})", number(interval.value), number(interval.low), number(interval.high))
}

#[cfg(test)]
mod tests {
    use super::super::findings::tests::findings;
    use super::*;

    #[test]
    fn the_table_says_what_was_found_and_what_was_left_out() {
        let text = table(&findings(false));
        for words in [
            "2 listeners, 4 pairs: nano, the plugin's defaults (ours), the composer (the other)",
            "ours is better 4 times, the other 2, not to be told 1",
            "among those that were told: 67 %",
            "if each answer stood for itself (exact)     22 % to 96 %",
            "p = 0.688 of all answers",
            "1.json                                3      1      1       0 of 1         1 of 1        40",
            "--careful leaves them out",
            "2.json: all of it, since it is no file that the page saves",
        ] {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
        let text = table(&findings(true));
        for words in [
            "1 listener, 4 pairs",
            "for both                                  not to be said",
            "Left out, since they liked a bad answer",
        ] {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
    }
}
