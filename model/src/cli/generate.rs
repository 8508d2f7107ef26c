//! `model generate`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use model::evaluate::load;
use model::generate::{GenerateConfig, generate, n_bars, score, title};
use music::file::{self, read_reduction, summary};
use music::{Reading, piano_roll};

use super::controls::ControlArgs;
use super::write_atomically;

/// What to generate.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  model generate --weights my.antiphon --style bach --notes 400 --out piece.mid\n  \
    model generate --weights my.antiphon --call phrase.mid --bars 4 --seed 7 --out answer.mid --picture answer.png\n  \
    model generate --weights my.antiphon --call phrase.mid --density 2 --key-lock strict --out answer.mid\n\n\
    With a call, the file holds it on one track and the answer on another: note for note what the plugin answers with the\n\
    same controls and seed, when it hears this call from a song's start. Without one, it is what the plugin plays by itself."
)]
pub(super) struct GenerateArgs {
    /// A weight file
    #[arg(long)]
    weights: PathBuf,
    /// A MIDI or MusicXML file to answer
    #[arg(long)]
    call: Option<PathBuf>,
    /// How long the call is silent before the answer begins; 0 begins with the last key up
    #[arg(long, default_value_t = 700.0, value_name = "MS")]
    silence: f64,
    /// Length in bars, of which the music may leave out the end; when neither is given, the call's length, or 32 bars
    #[arg(long, conflicts_with = "notes")]
    bars: Option<u32>,
    /// Length in notes
    #[arg(long)]
    notes: Option<usize>,
    /// The same seed gives the same notes; without a call it also chooses the key
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// The file to write: MIDI (.mid), or a score (.musicxml, .mxl)
    #[arg(long)]
    out: PathBuf,
    /// Also draw the notes to this .png
    #[arg(long)]
    picture: Option<PathBuf>,
    /// What the music should be like
    #[command(flatten)]
    controls: ControlArgs,
}

/// Generates, writes, and says what came out.
pub(super) fn run(args: GenerateArgs) -> Result<()> {
    ensure!(args.silence >= 0.0, "--silence is {}; give 0 or more milliseconds", args.silence);
    let weights = Arc::new(load(&args.weights)?);
    let call = args.call.as_ref().map(|path| {
        let bytes = fs::read(path).with_context(|| format!("cannot open the call {}", path.display()))?;
        let call = read_reduction(&bytes, Reading::Heard);
        let (call, left_out) = call.with_context(|| format!("cannot use the call {}", path.display()))?;
        if !left_out.is_empty() {
            println!("left out of the call: {}", summary(&left_out));
        }
        anyhow::Ok(call)
    });
    let call = call.transpose()?;
    let controls = args.controls.controls(&weights)?;
    let GenerateArgs { silence, bars, notes, seed, .. } = args;
    let answer =
        generate(&weights, call.as_ref(), &GenerateConfig { silence_ms: silence, bars, notes, seed, controls });
    ensure!(
        !answer.is_empty(),
        "no note came within the length asked for; try another --seed, a higher --temperature or more --bars"
    );
    let score = score(call.as_ref(), &answer);
    write_atomically(&args.out, &file::write(&score, super::ending(&args.out))?)?;
    println!("{}: {} notes in {} bars", args.out.display(), answer.len(), n_bars(call.as_ref(), &answer));
    if let Some(path) = &args.picture {
        write_atomically(path, &piano_roll::draw(&score, &title(&score))?)?;
        println!("{}: picture", path.display());
    }
    Ok(())
}
