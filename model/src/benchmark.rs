//! Known test sets with published numbers, to see how this trainer stands. What is trained here is thrown away: the sets
//! may be measured on, not shipped.

mod average;
mod chorales;
mod jsb;
mod maestro;

use anyhow::Result;

/// Which test set.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Benchmark {
    /// Train on Bach's chorales and report nats per voice and sixteenth
    Jsb(jsb::JsbOptions),
    /// Score weights on prepared MAESTRO and report nats per note-on, note-off, time-shift or velocity token
    Maestro(maestro::MaestroOptions),
}

/// Runs a benchmark and prints its number beside the published ones.
///
/// # Errors
/// When the data cannot be read, or training fails.
pub fn run(benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Jsb(options) => jsb::run(options),
        Benchmark::Maestro(options) => maestro::run(options),
    }
}

/// A published result.
struct Row {
    name: &'static str,
    nats: f64,
}

fn print_rows(title: &str, rows: &[Row]) {
    println!("\n{title:<64}{:>10}", "nats");
    for Row { name, nats } in rows {
        println!("{name:<64}{nats:>10.3}");
    }
}
