//! A piece out of nothing, or the answer to a call, as a MIDI file: as the plugin plays it.

mod controls;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::answer::{AnswerRequest, Call, answer};
use engine::{Session, Weights};
use music::midi::{read_reduction, summary, write};
use music::score::CALL_TRACK;
use music::{Metre, Note, Part, Reading, Reduction, Role, Score, TICKS_PER_BEAT, TimeSignature, find_key, piano_roll};

pub use self::controls::{ControlOptions, KeyLockOption};
use crate::data::shards;
use crate::evaluate::load;

/// More notes are never written.
const MAX_NOTES: usize = 4096;
/// Length of a piece without a call, when nothing else is said: about a minute.
const PIECE_BARS: u32 = 32;
const COMMON_BAR_TICKS: u32 = 4 * TICKS_PER_BEAT;

/// What to generate.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  model generate --weights my.antiphon --style bach --notes 400 --out piece.mid\n  \
    model generate --weights my.antiphon --call phrase.mid --bars 4 --seed 7 --out answer.mid --picture answer.png\n  \
    model generate --weights my.antiphon --call phrase.mid --density 2 --key-lock strict --out answer.mid\n\n\
    With a call, the file holds it on one track and the answer on another: note for note what the plugin answers with the\n\
    same controls and seed, when it hears this call from a song's start. Without one, it is what the plugin plays by itself."
)]
pub struct GenerateOptions {
    /// A weight file
    #[arg(long)]
    pub weights: PathBuf,
    /// A MIDI file to answer
    #[arg(long)]
    pub call: Option<PathBuf>,
    /// How long the call is silent before the answer begins; 0 begins with the last key up
    #[arg(long, default_value_t = 700.0, value_name = "MS")]
    pub silence: f64,
    /// Length in bars, of which the music may leave out the end; when neither is given, the call's length, or 32 bars
    #[arg(long, conflicts_with = "notes")]
    pub bars: Option<u32>,
    /// Length in notes
    #[arg(long)]
    pub notes: Option<usize>,
    /// The same seed gives the same notes; without a call it also chooses the key
    #[arg(long, default_value_t = 1)]
    pub seed: u32,
    /// The MIDI file to write
    #[arg(long)]
    pub out: PathBuf,
    /// Also draw the notes to this .png
    #[arg(long)]
    pub picture: Option<PathBuf>,
    /// What the music should be like
    #[command(flatten)]
    pub controls: ControlOptions,
}

/// Generates, writes, and says what came out.
///
/// # Errors
/// When a file cannot be read or written, or the style is unknown.
pub fn run(options: &GenerateOptions) -> Result<()> {
    ensure!(options.silence >= 0.0, "--silence is {}; give 0 or more milliseconds", options.silence);
    let weights = Arc::new(load(&options.weights)?);
    let call = options.call.as_ref().map(|path| {
        let bytes = fs::read(path).with_context(|| format!("cannot open the call {}", path.display()))?;
        let call = read_reduction(&bytes, Reading::Auto);
        let (call, left_out) = call.with_context(|| format!("cannot use the call {}", path.display()))?;
        if !left_out.is_empty() {
            println!("left out of the call: {}", summary(&left_out));
        }
        anyhow::Ok(call)
    });
    let call = call.transpose()?;
    let answer = generate(&weights, call.as_ref(), options)?;
    ensure!(
        !answer.is_empty(),
        "no note came within the length asked for; try another --seed, a higher --temperature or more --bars"
    );

    let bar_ticks = bar_ticks(metre(call.as_ref()));
    let score = score(call.as_ref(), &answer);
    shards::write_atomically(&options.out, &write(&score)?)?;
    let start = answer.first().map_or(0, |note| note.onset_ticks);
    let end = answer.iter().map(Note::end_ticks).max().unwrap_or(start);
    let bars = (end - start - 1).div_euclid(i64::from(bar_ticks)) + 1;
    println!("{}: {} notes in {bars} bars", options.out.display(), answer.len());
    if let Some(path) = &options.picture {
        shards::write_atomically(path, &piano_roll::draw(&score, &title(&score))?)?;
        println!("{}: picture", path.display());
    }
    Ok(())
}

/// The notes of a piece, or of the answer to the call.
///
/// # Errors
/// When the weights do not have the style, or a control is out of its range.
pub fn generate(weights: &Arc<Weights>, call: Option<&Reduction>, options: &GenerateOptions) -> Result<Vec<Note>> {
    let controls = options.controls.controls(weights)?;
    let metre = metre(call);
    let silence_ticks = call.map_or(0, |call| ticks_of_ms(options.silence, call.tempi.bpm(call.end_ticks)));
    let call = match call {
        None => Call::none(metre),
        Some(call) => Call::in_metres(call.notes.iter().map(|&note| (note, call.metre(note.onset_ticks))), metre),
    };
    let mut request = AnswerRequest::like_the_call(&call, silence_ticks, options.seed);
    let is_alone = call.bounds_ticks().is_none();
    if options.notes.is_some() {
        request.end_ticks = i64::MAX;
    } else if let Some(bars) = options.bars.or(is_alone.then_some(PIECE_BARS)) {
        request.end_ticks = request.start_ticks + i64::from(bars) * i64::from(bar_ticks(metre));
    }
    let n_most = options.notes.unwrap_or(MAX_NOTES);
    Ok(answer(&mut Session::new(Arc::clone(weights)), &call, request, &controls, n_most))
}

/// A time in ticks, rounded as by the plugin's clock: what falls halfway between two ticks is the later one.
#[expect(clippy::cast_possible_truncation, reason = "saturates, and no silence is that long")]
fn ticks_of_ms(ms: f64, bpm: f64) -> i64 {
    (ms / 60_000.0 * bpm * f64::from(TICKS_PER_BEAT) + 0.5 + 1e-4).floor() as i64
}

/// The call, in its own metres and tempi, and what follows it.
fn score(call: Option<&Reduction>, answer: &[Note]) -> Score {
    let mut score = Score::new(120.0, TimeSignature::COMMON);
    if let Some(call) = call {
        score.tempi = call.tempi.clone();
        if !call.is_free {
            score.metres.clone_from(&call.metres);
        }
        score.parts.push(Part::new(CALL_TRACK, call.notes.clone()).on_channel(1));
    }
    score.with_part(Part { role: Role::Answer, ..Part::new("answer", answer.to_vec()) })
}

/// What stands above the picture.
fn title(score: &Score) -> String {
    let notes: Vec<Note> = score.notes_of(Role::Answer).copied().collect();
    let key = find_key(&notes).map_or("no key".to_owned(), |(key, _)| key.to_string());
    format!("A piece in {key}, {:.0} BPM", score.tempi.bpm(0))
}

/// The metre to go on in: that of the call's end, or four quarters.
fn metre(call: Option<&Reduction>) -> Metre {
    match call {
        Some(call) => call.metre(call.end_ticks),
        None => Metre::Bars { bar_line_ticks: 0, bar_ticks: COMMON_BAR_TICKS },
    }
}

const fn bar_ticks(metre: Metre) -> u32 {
    match metre {
        Metre::Bars { bar_ticks, .. } if bar_ticks > 0 => bar_ticks,
        _ => COMMON_BAR_TICKS,
    }
}
