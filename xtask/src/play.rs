//! The demo: plays a call to the real plugin in real time, and keeps what it answers.

mod key;
mod midi_file;
mod picture;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use host::{Clap, Entry, Message, Pace, Rig, Settings, Transport, pair};

use crate::build;
use midi_file::{Call, Note};

/// Options of `cargo xtask play`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask play\n  cargo xtask play my-phrase.mid --style bach --seed 7\n  \
    cargo xtask play tests/fixtures/call-waltz.mid --bars 8 --out out/waltz")]
pub(crate) struct Options {
    /// The phrase to play, a MIDI file; without one, a phrase in D minor that ships with Antiphon.
    call: Option<PathBuf>,
    /// Style of the answer: a name from the plugin's list, or one word of it.
    #[arg(long)]
    style: Option<String>,
    /// Another number gives another answer; the same one repeats it.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Length of the answer in bars; without it, as long as the call.
    #[arg(long)]
    bars: Option<u32>,
    /// Play at most this many bars of the call.
    #[arg(long, default_value_t = 8)]
    call_bars: u32,
    /// Folder for answer.mid, take.mid and take.png.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

const SHIPPED_CALL: &str = "tests/fixtures/call.mid";
const SETTINGS: Settings = Settings { sample_rate: 48_000.0, max_block: 256, is_offline: false };
/// Time for the plugin to load its weights, on its own thread, before the music starts.
const LOADING_SECONDS: f64 = 1.0;
/// The longest that an answer may keep us waiting before it begins, and the silence after which it has ended.
const PATIENCE_BARS: f64 = 4.0;

/// Plays, reports and saves.
///
/// # Errors
/// When the call cannot be read, the plugin fails or says nothing, or a note is left sounding.
pub(crate) fn run(options: &Options) -> Result<()> {
    let path = options.call.clone().unwrap_or_else(|| PathBuf::from(SHIPPED_CALL));
    let call = shorten(midi_file::read(&path)?, options.call_bars);
    let bundles = build::bundle()?;
    let mut rig = Rig::new(Clap::new(&Entry::from_file(&bundles.clap)?, SETTINGS)?, SETTINGS, Pace::RealTime(1.0));
    configure(&mut rig, options)?;

    let (numerator, denominator) = call.signature;
    println!("playing {} at {:.0} BPM in {numerator}/{denominator} ...", path.display(), call.tempo);
    let take = perform(&mut rig, &call)?;
    report(&call, &take, options, &path)
}

/// What came of it.
struct Take {
    answer: Vec<Note>,
    /// From the last note-off of the call to the first note of the answer.
    gap_ms: f64,
    n_unreleased: usize,
}

fn configure(rig: &mut Rig<Clap>, options: &Options) -> Result<()> {
    rig.set("Thru", 0.0)?;
    let seed = rig.plugin.read_text("Seed", &options.seed.to_string())?;
    rig.set("Seed", seed)?;
    if let Some(style) = &options.style {
        let value = rig.plugin.read_text("Style", style)?;
        rig.set("Style", value)?;
    }
    if let Some(bars) = options.bars {
        let value = rig.plugin.read_text("Answer length", &bars.to_string())?;
        rig.set("Answer length", value)?;
    }
    rig.run(rig.samples(LOADING_SECONDS))
}

/// Rolls the transport, plays the call, and waits until the answer is over.
fn perform(rig: &mut Rig<Clap>, call: &Call) -> Result<Take> {
    let start = rig.now();
    let transport =
        Transport { is_playing: true, tempo: call.tempo, signature: call.signature, ..Transport::default() };
    rig.set_transport(transport);
    let beat_samples = 60.0 / call.tempo * SETTINGS.sample_rate;
    for note in &call.notes {
        let at = |beats: f64| start + rig.samples(beats * 60.0 / call.tempo);
        let (on, off) = (at(note.start_beats), at(note.end_beats));
        rig.send(on, Message::NoteOn { channel: 0, key: note.key, velocity: note.velocity });
        rig.send(off.max(on + 1), Message::NoteOff { channel: 0, key: note.key });
    }
    let call_end = call.notes.iter().map(|n| n.end_beats).fold(0.0, f64::max);
    let bar = transport.bar_beats();
    let patience = rig.samples(PATIENCE_BARS * bar * 60.0 / call.tempo);
    rig.run(rig.samples(call_end * 60.0 / call.tempo))?;
    let handed_over = rig.now();

    // Each block may bring a new note; silence for long enough means that the answer is over.
    let mut last_sound = rig.now();
    let mut n_heard = rig.heard.len();
    while rig.now() - last_sound < patience {
        rig.run(u64::from(SETTINGS.max_block))?;
        if rig.heard.len() > n_heard || pair(&rig.heard).iter().any(|note| note.off_samples.is_none()) {
            n_heard = rig.heard.len();
            last_sound = rig.now();
        }
        ensure!(rig.now() - handed_over < 20 * patience, "the answer does not end");
    }
    let played = pair(&rig.heard);
    let n_unreleased = played.iter().filter(|note| note.off_samples.is_none()).count();
    let beats = |samples: u64| samples_f64(samples.saturating_sub(start)) / beat_samples;
    let answer: Vec<Note> = played
        .iter()
        .map(|note| Note {
            start_beats: beats(note.on_samples),
            end_beats: beats(note.off_samples.unwrap_or(rig.now())),
            key: note.key,
            velocity: note.velocity,
        })
        .collect();
    let first = played.first().map(|note| note.on_samples);
    let first = first.context("the plugin did not answer; does it have weights? (see model/weights)")?;
    let gap_ms = (samples_f64(first) - samples_f64(handed_over)) / SETTINGS.sample_rate * 1e3;
    Ok(Take { answer, gap_ms, n_unreleased })
}

fn report(call: &Call, take: &Take, options: &Options, path: &Path) -> Result<()> {
    std::fs::create_dir_all(&options.out).with_context(|| format!("cannot create {}", options.out.display()))?;
    let file = |name: &str| options.out.join(name);
    let (tempo, signature) = (call.tempo, call.signature);
    midi_file::write(&file("answer.mid"), tempo, signature, &[("Answer", &take.answer)])?;
    midi_file::write(&file("take.mid"), tempo, signature, &[("Call", &call.notes), ("Answer", &take.answer)])?;
    let (call_key, answer_key) = (key::name(&call.notes), key::name(&take.answer));
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    picture::draw(
        &file("take.png"),
        &picture::Take {
            title: &format!("{name}: a call in {call_key}, an answer in {answer_key}, {tempo:.0} BPM"),
            bar_beats: f64::from(signature.0) * 4.0 / f64::from(signature.1),
            call: &call.notes,
            answer: &take.answer,
        },
    )?;
    println!("call     {} notes, {call_key}", call.notes.len());
    println!("answer   {} notes, {answer_key}, {:.1} ms after the call ended", take.answer.len(), take.gap_ms);
    println!("saved    {}, take.mid, take.png", file("answer.mid").display());
    ensure!(take.n_unreleased == 0, "{} notes of the answer were never released", take.n_unreleased);
    Ok(())
}

/// Drops whole empty bars before the first note, and what comes after the wanted bars.
fn shorten(mut call: Call, max_bars: u32) -> Call {
    let bar = f64::from(call.signature.0) * 4.0 / f64::from(call.signature.1);
    let lead = call.notes.first().map_or(0.0, |note| (note.start_beats / bar).floor() * bar);
    let end = f64::from(max_bars.max(1)) * bar;
    for note in &mut call.notes {
        note.start_beats -= lead;
        note.end_beats = (note.end_beats - lead).min(end);
    }
    call.notes.retain(|note| note.start_beats < end);
    call
}

#[expect(clippy::cast_precision_loss, reason = "a take is far shorter than 2^52 samples")]
fn samples_f64(samples: u64) -> f64 {
    samples as f64
}
