//! A piece out of nothing, or the continuation of a call, as a MIDI file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use engine::key::find_key;
use engine::{Ask, Conditions, Metre, Note, Onset, Pitch, Sampling, Session, TICKS_PER_BEAT, Weights};

use crate::answering::Answering;
use crate::evaluate::load;
use crate::midi::{self, Part, Reading, Score};
use crate::{picture, shards};

/// A piece that does not end by itself is cut here.
const MAX_NOTES: usize = 4096;
const COMMON_BAR_TICKS: u32 = 4 * TICKS_PER_BEAT;

/// What to generate.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  model generate --weights my.antiphon --style bach --notes 400 --out piece.mid\n  \
    model generate --weights my.antiphon --call phrase.mid --bars 4 --seed 7 --out answer.mid --picture answer.png\n\n\
    With a call, the file holds it on one track and its continuation on another."
)]
pub struct GenerateOptions {
    /// A weight file
    #[arg(long)]
    pub weights: PathBuf,
    /// A MIDI file to continue
    #[arg(long)]
    pub call: Option<PathBuf>,
    /// A style of the weights, or a word of its name
    #[arg(long)]
    pub style: Option<String>,
    /// Length in bars
    #[arg(long, conflicts_with = "notes")]
    pub bars: Option<u32>,
    /// Length in notes; until the music ends by itself when neither is given
    #[arg(long)]
    pub notes: Option<usize>,
    /// How freely to choose: 0 takes the likeliest, 1 follows the style, more is wilder
    #[arg(long, default_value_t = 0.95)]
    pub temperature: f32,
    /// Choose among the likeliest values that together have this probability
    #[arg(long, default_value_t = 0.95)]
    pub top_p: f32,
    /// The same seed gives the same notes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The MIDI file to write
    #[arg(long)]
    pub out: PathBuf,
    /// Also draw the notes to this .png
    #[arg(long)]
    pub picture: Option<PathBuf>,
}

/// Generates, writes, and says what came out.
///
/// # Errors
/// When a file cannot be read or written, or the style is unknown.
pub fn run(options: &GenerateOptions) -> Result<()> {
    ensure!(options.temperature >= 0.0, "--temperature is {}; give 0 or more", options.temperature);
    ensure!((0.0..=1.0).contains(&options.top_p), "--top-p is {}; give 0 to 1", options.top_p);
    let weights = Arc::new(load(&options.weights)?);
    let call = options.call.as_ref().map(|path| {
        let bytes = fs::read(path).with_context(|| format!("cannot open the call {}", path.display()))?;
        midi::read(&bytes, Reading::Auto).with_context(|| format!("cannot use the call {}", path.display()))
    });
    let call = call.transpose()?;
    let answer = generate(&weights, call.as_ref(), options)?;
    ensure!(
        !answer.is_empty(),
        "no note came within the length asked for; try another --seed, a higher --temperature or more --bars"
    );

    let called = call.as_ref().map_or(&[][..], |call| &call.notes);
    let mut parts = vec![Part { name: "answer", channel: 0, notes: &answer }];
    if !called.is_empty() {
        parts.insert(0, Part { name: "call", channel: 1, notes: called });
    }
    let bar_ticks = bar_ticks(metre(call.as_ref()));
    let tempo_bpm = call.as_ref().map_or(120.0, |call| call.tempo_bpm);
    let beats_per_bar = u8::try_from(bar_ticks / TICKS_PER_BEAT).unwrap_or(4);
    shards::write_atomically(&options.out, &midi::write(&parts, tempo_bpm, beats_per_bar)?)?;
    let start = answer.first().map_or(0, |note| note.onset_ticks);
    let end = answer.iter().map(Note::end_ticks).max().unwrap_or(start);
    let bars = (end - start).div_euclid(i64::from(bar_ticks)) + 1;
    println!("{}: {} notes in {bars} bars", options.out.display(), answer.len());
    if let Some(path) = &options.picture {
        shards::write_atomically(path, &picture::piano_roll(&[called, &answer], bar_ticks)?)?;
        println!("{}: picture", path.display());
    }
    Ok(())
}

/// The notes of a piece, or of what follows the call.
///
/// # Errors
/// When the weights do not have the style.
pub fn generate(weights: &Arc<Weights>, call: Option<&Score>, options: &GenerateOptions) -> Result<Vec<Note>> {
    let style = match &options.style {
        None => 0,
        Some(name) => match weights.style_index(name) {
            Some(style) => style,
            None => bail!("no style \"{name}\" in these weights; they have: {}", weights.header().styles.join(", ")),
        },
    };
    let metre = metre(call);
    let mut session = Session::new(Arc::clone(weights));
    session.seed(options.seed);
    session.set_metre(metre);
    let mode = call.and_then(|call| find_key(&call.notes)).map_or(0, |(key, _)| key.mode_condition());
    let conditions = Conditions { style, mode, ..Conditions::default() };
    let mut start = 0;
    if let Some(call) = call {
        for &note in &call.notes {
            session.set_metre(call.metre(note.onset_ticks));
            session.feed(note, conditions);
        }
        session.set_metre(metre);
        start = call.end_ticks;
    }
    let stop = options.bars.map(|bars| start + i64::from(bars) * i64::from(bar_ticks(metre)));
    let sampling = Sampling { temperature: options.temperature, top_p: options.top_p };
    let mut ask = Ask {
        conditions,
        sampling,
        lowest: Pitch::new(21).unwrap_or(Pitch::MIDDLE_C),
        highest: Pitch::new(108).unwrap_or(Pitch::MIDDLE_C),
        onset: Onset::NotBefore(start),
        may_end: options.bars.is_none() && options.notes.is_none(),
    };
    let (mut answering, mut answer) = (Answering::new(options.seed), Vec::new());
    while answer.len() < options.notes.unwrap_or(MAX_NOTES) {
        let Some(mut note) = answering.next(&mut session, &ask) else { break };
        if let Some(stop) = stop {
            let room_ticks = u32::try_from(stop - note.onset_ticks).unwrap_or(0);
            if room_ticks == 0 {
                break;
            }
            note.duration_ticks = note.duration_ticks.min(room_ticks);
        }
        answer.push(note);
        ask.onset = Onset::NotBefore(note.onset_ticks);
    }
    Ok(midi::tidy(answer))
}

/// The metre to go on in: that of the call's end, or four quarters.
fn metre(call: Option<&Score>) -> Metre {
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
