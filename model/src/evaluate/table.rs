//! The report, to be read.

use super::Report;
use super::passages::PASSAGE_NOTES;
use super::resemblance::Resemblance;
use crate::data::batch::ATTRIBUTES;

/// Published nats per token of the same kind, of MAESTRO: another corpus, unless that is what was evaluated.
const PUBLISHED_MAESTRO: &str = "1.84 (Music Transformer, v1) to 1.99 (Transformer, v2)";

/// All of a report.
#[must_use]
pub fn table(report: &Report) -> String {
    let Report { weights, n_notes, n_pieces, split, .. } = report;
    let mut text = format!("{weights} on {n_notes} notes of {n_pieces} {} pieces\n", split.name());
    text += &format!("\n{:<32}{:>10}{:>10}{:>10}{:>12}\n", "bits per note", "weights", "n-gram", "unigram", "right, %");
    let row = |name: &str, [weights, ngram, unigram]: [f64; 3], accuracy: f64| {
        format!("{name:<32}{weights:>10.3}{ngram:>10.3}{unigram:>10.3}{:>12.1}\n", 100.0 * accuracy)
    };
    for name in ATTRIBUTES {
        let bits = [&report.attributes, &report.ngram_attributes, &report.unigram_attributes].map(|by| by[name]);
        text += &row(name, bits, report.accuracy_by_attribute[name]);
    }
    let bits = [report.bits_per_note, report.ngram_bits_per_note, report.unigram_bits_per_note];
    text += &row("all", bits, report.accuracy);
    text += &format!("\n{:<32}{:>10}{:>10}{:>10}\n", "by style", "weights", "right, %", "notes");
    for (name, style) in &report.styles {
        text +=
            &format!("{name:<32}{:>10.3}{:>10.1}{:>10}\n", style.bits_per_note, 100.0 * style.accuracy, style.n_notes);
    }
    text += &format!(
        "\n{:.3} nats (perplexity {:.2}) per note-on, note-off, time-shift or velocity token; {:.2} such tokens a note\n",
        report.nats_per_token, report.perplexity_per_token, report.tokens_per_note
    );
    text += &format!("  published on MAESTRO: {PUBLISHED_MAESTRO}\n");
    if let Some(resemblance) = &report.answers {
        text += &resemblance_table(resemblance, report.answers_are_raw);
    }
    text
}

fn resemblance_table(resemblance: &Resemblance, is_raw: bool) -> String {
    let whose = if is_raw { "the network alone" } else { "the plugin" };
    let mut text = format!(
        "\n{} answers of {whose}, of {PASSAGE_NOTES} notes, and (in brackets) other real music, beside what really follows\n",
        resemblance.n_passages
    );
    text += &format!("{:<32}{:>18}{:>20}{:>18}\n", "", "overlap", "Wasserstein", "KL, nats");
    for (name, pair) in &resemblance.features {
        let cell = |of_generated: f64, of_real: f64| format!("{of_generated:.3} ({of_real:.3})");
        text += &format!(
            "{name:<32}{:>18}{:>20}{:>18}\n",
            cell(pair.generated.overlap, pair.real.overlap),
            cell(pair.generated.wasserstein, pair.real.wasserstein),
            cell(pair.generated.kl, pair.real.kl)
        );
    }
    text += &match resemblance.copied_notes {
        None => "Nothing to have copied from: there is no training music in this folder\n".to_owned(),
        Some(copied) => format!(
            "Longest passage that stands in the training music, in any key, 95th percentile: {} notes (real music: {}); \
             longest of all {}\n",
            copied.generated, copied.real, copied.longest_generated
        ),
    };
    text
}
