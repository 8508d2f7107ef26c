//! How often real music of each style breaks each rule, and what a break is therefore worth.
//!
//! The table `rates.txt` is written by `model benchmark rules --write`, from training pieces only. Its weights are part of it,
//! so that a score is made of sums and products alone, and is the same on every machine.

use std::fmt::Write;
use std::sync::LazyLock;

use super::{Count, Counts, N_CADENCES, N_RULES, Rule};

/// A style keeps a rule if it breaks it at most this share as often as spoilt music does.
const MOST_OF_CHANCE: f64 = 0.8;
/// And at most this share as often as each kind of spoilt music: each leaves some rules as they were.
const MOST_OF_EACH: f64 = 1.05;
/// And at most at every second opportunity: else the exception is the rule.
const MOST_BROKEN: f64 = 0.5;
/// From fewer opportunities than this nothing is concluded.
const LEAST_OPPORTUNITIES: u32 = 200;
/// Nor from fewer by chance: seventh chords hardly come about in notes at random.
const LEAST_BY_CHANCE: u32 = 20;
/// The style that stands for music of a style that is not in the table.
const ANY: &str = "Any style";

static TABLE: LazyLock<Vec<StyleRates>> = LazyLock::new(|| StyleRates::parse(include_str!("rates.txt")));

/// One rule in one style.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// In real music of the style.
    pub real: Count,
    /// In the same music when it does not mind the rule: with a voice transposed, and with notes at random in the key.
    pub chance: [Count; 2],
    /// Natural log of the odds that a real opportunity is a violation, so negative; 0 if the style does not keep the rule.
    pub weight: f64,
}

impl Rate {
    /// With the weight that follows from the counts, to three decimals.
    #[must_use]
    pub fn new(real: Count, chance: [Count; 2]) -> Self {
        let is_known = |count: &Count| count.opportunities >= LEAST_BY_CHANCE;
        let mut both = chance[0];
        both.add(chance[1]);
        let most = chance.into_iter().filter(is_known).map(|each| MOST_OF_EACH * smoothed(each));
        let most = most.fold(MOST_BROKEN.min(MOST_OF_CHANCE * smoothed(both)), f64::min);
        let is_kept = real.opportunities >= LEAST_OPPORTUNITIES && is_known(&both) && smoothed(real) <= most;
        let odds = smoothed(real) / (1.0 - smoothed(real));
        let weight = if is_kept { (1000.0 * odds.ln()).round() / 1000.0 } else { 0.0 };
        Self { real, chance, weight }
    }

    /// Nats by which violations make music less like the style than is usual; below 0 if there are more than usual.
    ///
    /// `k ln p + (n - k) ln (1 - p)` for `k` violations in `n` opportunities at the style's rate `p`, less what it is on average in
    /// the style: `(k - n p) ln (p / (1 - p))`.
    #[must_use]
    pub fn term(&self, count: Count) -> f64 {
        let usual = f64::from(count.opportunities) * smoothed(self.real);
        self.weight * (f64::from(count.violations) - usual)
    }

    /// Nats by which the rate of violations differs from the style's, in either direction: `n` times the divergence of Kullback
    /// and Leibler. It needs a logarithm, so choose by [`Rate::term`] where each machine must choose alike.
    #[must_use]
    pub fn divergence(&self, count: Count) -> f64 {
        let (Some(found), usual) = (count.rate(), smoothed(self.real)) else { return 0.0 };
        let part = |found: f64, usual: f64| if found > 0.0 { found * (found / usual).ln() } else { 0.0 };
        f64::from(count.opportunities) * (part(found, usual) + part(1.0 - found, 1.0 - usual))
    }
}

/// A rate that is never 0 or 1 (Krichevsky and Trofimov 1981).
fn smoothed(count: Count) -> f64 {
    (f64::from(count.violations) + 0.5) / (f64::from(count.opportunities) + 1.0)
}

/// What a style does with the rules.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleRates {
    /// As the corpus calls it.
    pub style: String,
    rules: [Rate; N_RULES],
    /// Ends of phrases by the number of their [`Cadence`](super::Cadence).
    pub cadences: [u32; N_CADENCES],
}

impl StyleRates {
    /// From what was counted in real music and in music that does not mind the rules.
    #[must_use]
    pub fn new(style: &str, real: &Counts, chance: [&Counts; 2]) -> Self {
        let rules = Rule::ALL.map(|rule| Rate::new(real[rule], chance.map(|counts| counts[rule])));
        Self { style: style.to_owned(), rules, cadences: real.cadences }
    }

    /// All styles that were counted.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &TABLE
    }

    /// The style of that name; what all styles do together if none has it.
    #[must_use]
    pub fn of(style: &str) -> &'static Self {
        static NONE: LazyLock<StyleRates> =
            LazyLock::new(|| StyleRates::new(ANY, &Counts::default(), [&Counts::default(); 2]));
        let named = |name: &str| TABLE.iter().find(|rates| rates.style == name);
        named(style).or_else(|| named(ANY)).unwrap_or(&NONE)
    }

    /// What the style does with a rule.
    #[must_use]
    pub fn rate(&self, rule: Rule) -> Rate {
        self.rules[rule as usize]
    }

    /// Nats per note by which a passage keeps the rules better than the style does on average; below 0 if worse. Rules that the style
    /// does not keep count nothing.
    #[must_use]
    pub fn score(&self, counts: &Counts) -> f64 {
        let sum: f64 = Rule::ALL.iter().map(|&rule| self.rate(rule).term(counts[rule])).sum();
        sum / f64::from(counts.n_notes.max(1))
    }

    /// Nats per note by which a passage differs from the style, be it better or worse; see [`Rate::divergence`].
    #[must_use]
    pub fn divergence(&self, counts: &Counts) -> f64 {
        let sum: f64 = Rule::ALL.iter().map(|&rule| self.rate(rule).divergence(counts[rule])).sum();
        sum / f64::from(counts.n_notes.max(1))
    }

    /// The table as text: a line for each style and rule, and one for the cadences of each style.
    #[must_use]
    pub fn write(table: &[Self]) -> String {
        let mut text =
            String::from("# style\trule\tweight\tof\tbroken\ttransposed: of\tbroken\tat random: of\tbroken\n");
        for rates in table {
            for rule in Rule::ALL {
                let Rate { real, chance: [transposed, random], weight } = rates.rate(rule);
                // Writing to a string cannot fail.
                let _ = write!(text, "{}\t{}\t{weight:.3}", rates.style, rule.name());
                for Count { opportunities, violations } in [real, transposed, random] {
                    let _ = write!(text, "\t{opportunities}\t{violations}");
                }
                text.push('\n');
            }
            let cadences = rates.cadences.map(|n| n.to_string()).join("\t");
            let _ = writeln!(text, "{}\t{CADENCES}\t{cadences}", rates.style);
        }
        text
    }

    /// What [`StyleRates::write`] wrote; other lines are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Vec<Self> {
        let mut table: Vec<Self> = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [style, name, numbers @ ..] = &fields[..] else { continue };
            if style.starts_with('#') {
                continue;
            }
            if table.last().is_none_or(|last| last.style != *style) {
                table.push(Self::new(style, &Counts::default(), [&Counts::default(); 2]));
            }
            let Some(rates) = table.last_mut() else { continue };
            let parse =
                |numbers: &[&str]| numbers.iter().map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>();
            if *name == CADENCES {
                rates.cadences = parse(numbers).and_then(|counts| counts.try_into().ok()).unwrap_or_default();
            } else if let Some(rule) = Rule::ALL.into_iter().find(|rule| rule.name() == *name)
                && let [weight, counts @ ..] = numbers
                && let (Ok(weight), Some(counts)) = (weight.parse(), parse(counts))
                && let &[n, k, transposed_n, transposed_k, random_n, random_k] = &counts[..]
            {
                let count = |opportunities, violations| Count { opportunities, violations };
                let chance = [count(transposed_n, transposed_k), count(random_n, random_k)];
                rates.rules[rule as usize] = Rate { real: count(n, k), chance, weight };
            }
        }
        table
    }
}

/// The name of the line of cadences.
const CADENCES: &str = "cadences";

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(violations: u32) -> Count {
        Count { opportunities: 1000, violations }
    }

    #[test]
    fn a_rule_weighs_as_much_as_a_style_keeps_it() {
        let rate = |real, transposed, random| Rate::new(counts(real), [counts(transposed), counts(random)]);
        let (strict, loose) = (rate(5, 200, 200), rate(100, 200, 200));
        assert!(strict.weight < loose.weight && loose.weight < 0.0, "{strict:?} {loose:?}");
        assert!(strict.term(Count { opportunities: 10, violations: 1 }) < -4.0);
        let twenty = Count { opportunities: 20, violations: 2 };
        assert!(loose.term(twenty).abs() < 0.02 && loose.divergence(twenty) < 0.001, "as usual");
        for unkept in [rate(190, 200, 200), rate(600, 900, 900), rate(100, 80, 300)] {
            assert_eq!((unkept.weight, unkept.term(counts(1000))), (0.0, 0.0));
        }
        let few = Count { opportunities: 50, violations: 0 };
        assert_eq!(Rate::new(few, [counts(500); 2]).weight, 0.0, "little is known");
    }

    #[test]
    fn a_divergence_sees_both_sides() {
        let rate = Rate::new(counts(100), [counts(300); 2]);
        let of = |violations| rate.divergence(Count { opportunities: 100, violations });
        assert!(of(10) < of(2) && of(10) < of(20) && rate.term(Count { opportunities: 100, violations: 2 }) > 0.0);
    }

    #[test]
    fn the_table_holds_all_rules_and_weights_that_follow_from_its_counts() {
        assert!(StyleRates::all().len() > 12);
        for rates in StyleRates::all() {
            assert!(rates.cadences.iter().sum::<u32>() > 0, "{}", rates.style);
            for rule in Rule::ALL {
                let rate = rates.rate(rule);
                let expected = Rate::new(rate.real, rate.chance);
                assert!((rate.weight - expected.weight).abs() < 0.0015, "{} {}", rates.style, rule.name());
                assert!(rate.real.violations <= rate.real.opportunities);
            }
        }
        assert_eq!(StyleRates::parse(&StyleRates::write(StyleRates::all())), StyleRates::all());
        assert_eq!(StyleRates::of("no such style").style, ANY);
    }

    #[test]
    fn no_text_is_refused_with_a_panic() {
        for text in ["", "\t", "a\tcadences\t1", "a\trange\t1\t2\t3\t4\tx", "a\trange\t1\t-2\t3\t4\t0"] {
            let _ = StyleRates::parse(text);
        }
    }
}
