//! The report, to be read.

use super::Report;
use super::passages::PASSAGE_NOTES;
use super::resemblance::Resemblance;
use crate::data::batch::ATTRIBUTES;

/// Published nats per token of the same kind, of MAESTRO: another corpus, unless that is what was evaluated.
const PUBLISHED_MAESTRO: &str = "1.84 (Music Transformer, v1) to 1.99 (Transformer, v2)";

/// Prints all of a report.
pub(super) fn print(report: &Report) {
    println!("{} on {} notes of {} {} pieces", report.weights, report.n_notes, report.n_pieces, report.split.name());
    println!("\n{:<32}{:>10}{:>10}{:>10}{:>12}", "bits per note", "weights", "n-gram", "unigram", "right, %");
    let row = |name: &str, [weights, ngram, unigram]: [f64; 3], accuracy: f64| {
        println!("{name:<32}{weights:>10.3}{ngram:>10.3}{unigram:>10.3}{:>12.1}", 100.0 * accuracy);
    };
    for name in ATTRIBUTES {
        let bits = [&report.attributes, &report.ngram_attributes, &report.unigram_attributes].map(|by| by[name]);
        row(name, bits, report.accuracy_by_attribute[name]);
    }
    let bits = [report.bits_per_note, report.ngram_bits_per_note, report.unigram_bits_per_note];
    row("all", bits, report.accuracy);
    println!("\n{:<32}{:>10}{:>10}{:>10}", "by style", "weights", "right, %", "notes");
    for (name, style) in &report.styles {
        println!("{name:<32}{:>10.3}{:>10.1}{:>10}", style.bits_per_note, 100.0 * style.accuracy, style.n_notes);
    }
    println!(
        "\n{:.3} nats (perplexity {:.2}) per note-on, note-off, time-shift or velocity token; {:.2} such tokens a note",
        report.nats_per_token, report.perplexity_per_token, report.tokens_per_note
    );
    println!("  published on MAESTRO: {PUBLISHED_MAESTRO}");
    if let Some(resemblance) = &report.answers {
        print_resemblance(resemblance, report.answers_are_raw);
    }
}

fn print_resemblance(resemblance: &Resemblance, is_raw: bool) {
    let whose = if is_raw { "the network alone" } else { "the plugin" };
    println!(
        "\n{} answers of {whose}, of {PASSAGE_NOTES} notes, and (in brackets) other real music, beside what really follows",
        resemblance.n_passages
    );
    println!("{:<32}{:>18}{:>20}{:>18}", "", "overlap", "Wasserstein", "KL, nats");
    for (name, pair) in &resemblance.features {
        let cell = |of_generated: f64, of_real: f64| format!("{of_generated:.3} ({of_real:.3})");
        println!(
            "{name:<32}{:>18}{:>20}{:>18}",
            cell(pair.generated.overlap, pair.real.overlap),
            cell(pair.generated.wasserstein, pair.real.wasserstein),
            cell(pair.generated.kl, pair.real.kl)
        );
    }
    match resemblance.copied_notes {
        None => println!("Nothing to have copied from: there is no training music in this folder"),
        Some(copied) => println!(
            "Longest passage that stands in the training music, in any key, 95th percentile: {} notes (real music: {}); \
             longest of all {}",
            copied.generated, copied.real, copied.longest_generated
        ),
    }
}
