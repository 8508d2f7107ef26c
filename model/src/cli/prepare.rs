//! `model prepare`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use model::data::corpus::Split;
use model::data::prepare::{Filters, Mode, PrepareOptions, Span, key_named, prepare_until};
use music::Key;

use super::terminal::ctrl_c;

/// What to prepare.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  model prepare --data ~/Music/midi --out prepared\n\n\
    model prepare --data maestro-v2.0.0 --out prepared --composers bach,mozart --density 2-12\n\n\
    Subfolders become styles. With a manifest.csv in the folder, its columns path, composer, title, style, split,\n\
    kind, expressive, licence_class, work_group and weight are used; MAESTRO's own table is understood too.\n\
    Stopped by Ctrl-C or a full disk, the same command goes on where it was. Next: model train --data prepared")]
pub(super) struct PrepareArgs {
    /// A folder of MIDI or MusicXML files, searched to its depths, a manifest.csv, or one such file
    #[arg(long)]
    data: PathBuf,
    /// The folder to write: train, valid and test notes, pieces.json, and rejected.csv with a reason for each file left out
    /// or read in part
    #[arg(long)]
    out: PathBuf,
    /// Only files of these licence classes, for example free,attribution; all when not given
    #[arg(long, value_delimiter = ',')]
    licences: Vec<String>,
    /// Leave out transcribed recordings, whose times are not those of a score
    #[arg(long)]
    without_transcriptions: bool,
    /// Read what hands played as it was recorded, not as the plugin's ear hears it
    #[arg(long)]
    without_ear: bool,
    /// Only composers whose names hold one of these, for example bach,mozart
    #[arg(long, value_delimiter = ',')]
    composers: Vec<String>,
    /// Only this first tempo in BPM, for example 60-140 or 100-; leaves out pieces that have no beat
    #[arg(long)]
    tempo: Option<Span>,
    /// Only major or minor, as found from the notes
    #[arg(long)]
    mode: Option<ModeName>,
    /// Only these keys, as found from the notes, for example "C major,F# minor"
    #[arg(long, value_delimiter = ',', value_parser = key_named)]
    keys: Vec<Key>,
    /// Only this many notes per second on average, for example 2-12
    #[arg(long)]
    density: Option<Span>,
    /// Only pieces this long, in seconds, for example 30-900
    #[arg(long)]
    length: Option<Span>,
}

/// Major or minor.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ModeName {
    /// As C major.
    Major,
    /// As A minor.
    Minor,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Major => Self::Major,
            ModeName::Minor => Self::Minor,
        }
    }
}

/// Prepares a folder, and prints what became of the files. Ctrl-C ends it in good order.
pub(super) fn run(args: PrepareArgs) -> Result<()> {
    let PrepareArgs { data, out, licences, without_transcriptions, without_ear, .. } = args;
    let PrepareArgs { composers, tempo, mode, keys, density, length, .. } = args;
    let options = PrepareOptions { data, out, licences, without_transcriptions, without_ear };
    let filters = Filters { composers, tempo, mode: mode.map(Mode::from), keys, density, length };
    let start = Instant::now();
    let summary = prepare_until(&options, &filters, &*ctrl_c()?)?;
    let seconds = start.elapsed().as_secs_f64();
    for split in Split::ALL {
        let pieces = summary.index.pieces.iter().filter(|piece| piece.split == split);
        let (n_pieces, n_notes) = pieces.fold((0, 0), |(n, notes), piece| (n + 1, notes + piece.n_notes));
        println!("{:>6} {n_pieces:>6} pieces {n_notes:>9} notes", split.name());
    }
    println!("styles: {}", summary.index.styles.join(", "));
    let mut by_reason = BTreeMap::new();
    for reject in &summary.rejects {
        *by_reason.entry(&reject.reason).or_insert(0) += 1;
    }
    for (reason, n_files) in &by_reason {
        println!("left out: {n_files:>6} {reason}");
    }
    let mut in_part = BTreeMap::new();
    for file in &summary.in_part {
        *in_part.entry(&file.reason).or_insert(0) += 1;
    }
    for (reason, n_files) in &in_part {
        println!("but kept: {n_files:>6} {reason}");
    }
    if !by_reason.is_empty() || !in_part.is_empty() {
        println!("each file left out or read in part is in {}", options.out.join("rejected.csv").display());
    }
    let n_files = summary.index.pieces.len() + summary.rejects.len();
    let before = match summary.n_resumed {
        0 => String::new(),
        n => format!(", {n} of them read by the run before"),
    };
    println!("{n_files} files in {seconds:.1} s{before}");
    Ok(())
}
