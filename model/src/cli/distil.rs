//! `model distil`.

use std::path::PathBuf;

use anyhow::Result;
use model::train::distil::{DistilConfig, Report, distil};

use super::terminal::Terminal;
use super::train::TrainArgs;
use super::use_threads;

/// Whom to learn from, and how to train.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model distil --teacher base/best --data prepared --out nano --size nano")]
pub(super) struct DistilArgs {
    /// A checkpoint of `model train`, of the same data
    #[arg(long)]
    teacher: PathBuf,
    /// How much the teacher's opinion counts beside the notes that came, 0 to 1
    #[arg(long, default_value_t = 0.7)]
    weight: f64,
    /// As for `model train`
    #[command(flatten)]
    train: TrainArgs,
}

/// Trains a student, and prints what it learnt beside what its teacher knows.
pub(super) fn run(args: DistilArgs) -> Result<()> {
    let (train, threads) = args.train.config();
    use_threads(threads)?;
    let config = DistilConfig { teacher: args.teacher, weight: args.weight, train };
    let Report { teacher, student, untaught } = distil(&config, &mut Terminal::listening()?)?;
    println!("{:<28}{:>16}{:>34}", "on validation music", "bits per note", "bits of the teacher not learnt");
    for (name, distance) in [("teacher", teacher), ("student", student), ("student, before", untaught)] {
        println!("{name:<28}{:>16.3}{:>34.3}", distance.bits_per_note, distance.divergence_bits);
    }
    Ok(())
}
