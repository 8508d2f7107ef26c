//! `model benchmark rules`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use model::benchmark::rules::{Anchor, RulesConfig, RulesReport, Separation, StyleReport, rules};
use model::data::corpus::{ANY_STYLE, Split};
use music::counterpoint::{Cadence, Counts, Rule, StyleRates};

/// What to count.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model benchmark rules --data shared/data/train/manifest.csv \
    --write model/music/src/harmony/counterpoint/rates.txt\n\n\
    Rates are violations per 100 opportunities; a weight is the natural log of the odds of one, and 0 where a style does not \
    keep the rule.")]
pub(in crate::cli) struct RulesArgs {
    /// A folder of MIDI files, or a manifest.csv
    #[arg(long)]
    data: PathBuf,
    /// The split that stands beside the training pieces
    #[arg(long, value_enum, default_value = "test")]
    split: HeldOut,
    /// A quick look at so many files of each style and split
    #[arg(long)]
    limit: Option<usize>,
    /// Write the table of rates, counted in training pieces, to this file
    #[arg(long)]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HeldOut {
    Valid,
    Test,
}

type Styles = BTreeMap<String, StyleReport>;

/// Counts, and prints the tables.
pub(super) fn run(args: RulesArgs) -> Result<()> {
    let RulesArgs { data, split, limit, write } = args;
    let split = match split {
        HeldOut::Valid => Split::Valid,
        HeldOut::Test => Split::Test,
    };
    let RulesReport { styles, rates, us_per_note } = rules(&RulesConfig { data, split, limit })?;
    print_separation(&styles, split);
    print_rates("train", &styles, |report| &report.train);
    print_rates(split.name(), &styles, |report| &report.held_out);
    print_cadences(&styles);
    print_weights(&rates);
    print_anchors(&styles, split);
    print_orderings(&styles, split);
    println!("\n{us_per_note:.2} us a note, on one thread");
    if let Some(file) = write {
        fs::write(&file, StyleRates::write(&rates)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn print_separation(styles: &Styles, split: Split) {
    println!(
        "{:<26}{:>8}{:>10}{:>9}{:>9}{:>9}{:>9}{:>10}",
        format!("voices, {}, per cent", split.name()),
        "pieces",
        "joins",
        "all:",
        "of true",
        "sure:",
        "of true",
        "moves:"
    );
    for (style, report) in styles.iter().filter(|(_, report)| report.separation.n_pieces > 0) {
        let Separation { n_pieces, n_true, n_found, n_right, n_sure, n_sure_right, n_moves, n_moves_right, .. } =
            report.separation;
        let percent = super::percent;
        println!(
            "{style:<26}{n_pieces:>8}{n_true:>10}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>10.1}",
            percent(n_right, n_found),
            percent(n_right, n_true),
            percent(n_sure_right, n_sure),
            percent(n_sure_right, n_true),
            percent(n_moves_right, n_moves)
        );
    }
    let all = &styles[ANY_STYLE].separation;
    println!("\n{:<26}{:>10}{:>10}{:>10}{:>10}", "broken, per cent", "in parts", "of", "found", "of");
    for rule in Rule::ALL {
        let (parts, found) = (all.in_parts[rule], all.in_found[rule]);
        println!(
            "{:<26}{:>10}{:>10}{:>10}{:>10}",
            rule.name(),
            rate(parts.rate()),
            parts.opportunities,
            rate(found.rate()),
            found.opportunities
        );
    }
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1}", 100.0 * rate))
}

/// A line for each rule and a column for each style.
fn print_table(title: &str, styles: &[&str], cell: impl Fn(usize, Rule) -> String) {
    for (i, style) in styles.iter().enumerate() {
        println!("{}{:>2} {style}", if i == 0 { "\n" } else { "" }, i + 1);
    }
    println!("{title:<26}{}", (1..=styles.len()).map(|i| format!("{i:>7}")).collect::<String>());
    for rule in Rule::ALL {
        let cells: String = (0..styles.len()).map(|i| format!("{:>7}", cell(i, rule))).collect();
        println!("{:<26}{cells}", rule.name());
    }
}

fn print_rates(title: &str, styles: &Styles, of: impl Fn(&StyleReport) -> &Counts) {
    let names: Vec<&str> = styles.keys().map(String::as_str).collect();
    let counts: Vec<&Counts> = styles.values().map(of).collect();
    print_table(&format!("broken in {title}, per cent"), &names, |i, rule| rate(counts[i][rule].rate()));
}

fn print_cadences(styles: &Styles) {
    let names: String = Cadence::ALL.iter().map(|cadence| format!("{:>16}", cadence.name())).collect();
    println!("\n{:<26}{names}", "cadences in train, per cent");
    for (style, StyleReport { train, .. }) in styles {
        let sum: u32 = train.cadences.iter().sum();
        let share = |&n: &u32| format!("{:>16.1}", 100.0 * f64::from(n) / f64::from(sum.max(1)));
        println!("{style:<26}{}", train.cadences.iter().map(share).collect::<String>());
    }
}

fn print_weights(rates: &[StyleRates]) {
    let names: Vec<&str> = rates.iter().map(|rates| rates.style.as_str()).collect();
    print_table("weight of one violation", &names, |i, rule| match rates[i].rate(rule).weight {
        0.0 => "-".to_owned(),
        weight => format!("{weight:.1}"),
    });
}

fn print_anchors(styles: &Styles, split: Split) {
    let all = &styles[ANY_STYLE];
    let names: String = Anchor::ALL.iter().map(|anchor| format!("{:>20}", anchor.name())).collect();
    println!("\n{:<26}{:>10}{names}", format!("broken in {}, per cent", split.name()), "real");
    for rule in Rule::ALL {
        let spoilt: String = all.spoilt.iter().map(|counts| format!("{:>20}", rate(counts[rule].rate()))).collect();
        println!("{:<26}{:>10}{spoilt}", rule.name(), rate(all.held_out[rule].rate()));
    }
}

fn print_orderings(styles: &Styles, split: Split) {
    let names: String = Anchor::ALL.iter().map(|anchor| format!("{:>24}", anchor.name())).collect();
    println!("\n{:<26}{names}", format!("real is better, {}", split.name()));
    println!("score, divergence, pairs");
    for (style, report) in styles {
        let cell = |ordering: &model::benchmark::rules::Ordering| {
            let percent = |won: f64| 100.0 * won / f64::from(ordering.n_pairs.max(1));
            format!(
                "{:>10.1}{:>7.1}{:>7}",
                percent(ordering.by_score),
                percent(ordering.by_divergence),
                ordering.n_pairs
            )
        };
        println!("{style:<26}{}", report.orderings.iter().map(cell).collect::<String>());
    }
}
