//! A piece out of nothing, or the continuation of a call, as a MIDI file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use engine::{Ask, Conditions, Onset, Sampling, Session, Weights};
use music::midi::{read_reduction, summary, write};
use music::score::CALL_TRACK;
use music::{
    Metre, Note, Part, Pitch, Reading, Reduction, Role, Score, TICKS_PER_BEAT, TimeSignature, find_key, piano_roll,
    tidy,
};

use crate::answering::Answering;
use crate::evaluate::load;
use crate::shards;

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
    let bars = (end - start).div_euclid(i64::from(bar_ticks)) + 1;
    println!("{}: {} notes in {bars} bars", options.out.display(), answer.len());
    if let Some(path) = &options.picture {
        shards::write_atomically(path, &piano_roll::draw(&score, &title(&score))?)?;
        println!("{}: picture", path.display());
    }
    Ok(())
}

/// The notes of a piece, or of what follows the call.
///
/// # Errors
/// When the weights do not have the style.
pub fn generate(weights: &Arc<Weights>, call: Option<&Reduction>, options: &GenerateOptions) -> Result<Vec<Note>> {
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
    Ok(tidy(answer))
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
