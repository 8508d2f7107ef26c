//! The demo: plays a call to the real plugin in real time, and keeps what it answers.

mod key;
pub(crate) mod midi_file;
mod picture;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use host::{Clap, Entry, Instance, Message, Pace, Played, Rig, Settings, Transport, pair};

use crate::build;
use midi_file::{Call, Note};

/// Options of `cargo xtask play`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask play\n  cargo xtask play my-phrase.mid --style bach --seed 7\n  \
    cargo xtask play tests/fixtures/call-waltz.mid --bars 8 --out out/waltz")]
pub(crate) struct Options {
    /// The phrase to play, a MIDI file; without one, a phrase in D minor that ships with Antiphon.
    call: Option<PathBuf>,
    /// Style of the answer: the name of a composer or collection, or a part of it. A wrong name lists them all.
    #[arg(long)]
    style: Option<String>,
    /// Another number gives another answer; the same one repeats it.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Length of the answer in bars; without it, as long as the call.
    #[arg(long, value_parser = ["1", "2", "4", "8"])]
    bars: Option<String>,
    /// Play at most this many bars of the call.
    #[arg(long, default_value_t = 8)]
    call_bars: u32,
    /// Folder for answer.mid, take.mid and take.png.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

const SHIPPED_CALL: &str = "tests/fixtures/call.mid";
const LIVE: Settings = Settings { sample_rate: 48_000.0, max_block: 256, is_offline: false };
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
    let entry = Entry::from_file(&build::bundle()?.clap)?;

    // What the plugin means to say: an offline render waits for it, so nothing can be late.
    let meant = perform(&entry, &call, options, Settings { is_offline: true, ..LIVE }, Pace::Unpaced)?;
    let (numerator, denominator) = call.signature;
    println!("playing {} at {:.0} BPM in {numerator}/{denominator} ...", path.display(), call.tempo);
    let heard = perform(&entry, &call, options, LIVE, Pace::RealTime(1.0))?;
    report(&call, &Take::new(&call, meant, heard), options, &path)
}

/// What came of it.
struct Take {
    /// The answer as it was heard, on the timeline of the call.
    answer: Vec<Note>,
    /// From the moment at which the plugin takes over to its first note.
    hand_over_ms: f64,
    /// Notes heard later than they were meant.
    n_late: usize,
    /// Notes that were meant and not heard.
    n_dropped: usize,
    n_unreleased: usize,
}

impl Take {
    /// Compares what was heard live with what was meant. Both are in samples since the song's start.
    fn new(call: &Call, meant: Vec<Played>, heard: Vec<Played>) -> Self {
        let beats = |samples: u64| seconds(samples) * call.tempo / 60.0;
        let end = heard.iter().map(|note| note.off_samples.unwrap_or(note.on_samples)).max().unwrap_or(0);
        let answer = heard.iter().map(|note| Note {
            start_beats: beats(note.on_samples),
            end_beats: beats(note.off_samples.unwrap_or(end)),
            key: note.key,
            velocity: note.velocity,
        });
        let answer = answer.collect();
        let first = |notes: &[Played]| notes.first().map_or(0, |note| note.on_samples);
        let hand_over_ms = (seconds(first(&heard)) - seconds(first(&meant))) * 1e3;
        let n_unreleased = heard.iter().filter(|note| note.off_samples.is_none()).count();
        let (mut n_late, mut n_dropped, mut left) = (0, 0, heard);
        for note in meant {
            let same = |other: &Played| other.key == note.key && other.on_samples >= note.on_samples;
            match left.iter().position(same) {
                Some(place) => n_late += usize::from(left.remove(place).on_samples > note.on_samples),
                None => n_dropped += 1,
            }
        }
        Self { answer, hand_over_ms, n_late, n_dropped, n_unreleased }
    }
}

/// Plays the call to a new instance, and waits until its answer is over.
fn perform(entry: &Entry, call: &Call, options: &Options, settings: Settings, pace: Pace) -> Result<Vec<Played>> {
    let mut rig = Rig::new(Clap::new(entry, settings)?, settings, pace);
    configure(&mut rig, call, options)?;
    let start = rig.now();
    let transport =
        Transport { is_playing: true, tempo: call.tempo, signature: call.signature, ..Transport::default() };
    rig.set_transport(transport);
    let beat_seconds = 60.0 / call.tempo;
    for note in &call.notes {
        let at = |beats: f64| start + rig.samples(beats * beat_seconds);
        let (on, off) = (at(note.start_beats), at(note.end_beats));
        rig.send(on, Message::NoteOn { channel: 0, key: note.key, velocity: note.velocity });
        rig.send(off.max(on + 1), Message::NoteOff { channel: 0, key: note.key });
    }
    let call_end = call.notes.iter().map(|n| n.end_beats).fold(0.0, f64::max);
    let patience = rig.samples(PATIENCE_BARS * transport.bar_beats() * beat_seconds);
    rig.run(rig.samples(call_end * beat_seconds))?;

    // Each block may bring a new note; silence for long enough means that the answer is over.
    let handed_over = rig.now();
    let mut last_sound = handed_over;
    let mut n_heard = rig.heard.len();
    while rig.now() - last_sound < patience {
        rig.run(u64::from(settings.max_block))?;
        if rig.heard.len() > n_heard || pair(&rig.heard).iter().any(|note| note.off_samples.is_none()) {
            n_heard = rig.heard.len();
            last_sound = rig.now();
        }
        ensure!(rig.now() - handed_over < 20 * patience, "the answer does not end");
    }
    let since_start = |samples: u64| samples.saturating_sub(start);
    let notes = pair(&rig.heard).into_iter().map(|note| Played {
        on_samples: since_start(note.on_samples),
        off_samples: note.off_samples.map(since_start),
        ..note
    });
    let notes: Vec<Played> = notes.collect();
    ensure!(!notes.is_empty(), "the plugin did not answer; does it have weights? (see model/weights)");
    Ok(notes)
}

fn configure(rig: &mut Rig<Clap>, call: &Call, options: &Options) -> Result<()> {
    // The answer comes with the first bar line after the call, and not in one of the call's own rests.
    let silence_ms = format!("{:.0} ms", longest_rest_beats(call) * 60e3 / call.tempo + 100.0);
    let seed = options.seed.to_string();
    for (name, text) in [("Seed", seed.as_str()), ("Start", "Next bar"), ("Silence", silence_ms.as_str())] {
        let value = rig.plugin.read_text(name, text)?;
        rig.set(name, value)?;
    }
    rig.set("Thru", 0.0)?;
    if let Some(wanted) = &options.style {
        let value = find_style(rig, wanted)?;
        rig.set("Style", value)?;
    }
    if let Some(bars) = &options.bars {
        let value = rig.plugin.read_text("Answer length", bars)?;
        rig.set("Answer length", value)?;
    }
    rig.run(rig.samples(LOADING_SECONDS))
}

/// The first style whose name contains the wanted text; the plugin lists those first that it knows best.
fn find_style(rig: &mut Rig<Clap>, wanted: &str) -> Result<f64> {
    let style = rig.parameter("Style")?;
    let values = (0..32u8).map(f64::from).take_while(|value| style.range.contains(value));
    let mut names: Vec<(f64, String)> =
        values.filter_map(|value| Some((value, rig.plugin.value_text(style.id, value).ok()?))).collect();
    names.retain(|(_, name)| !name.contains("not in this model"));
    let found = names.iter().find(|(_, name)| name.to_lowercase().contains(&wanted.to_lowercase()));
    let (value, name) = found.with_context(|| {
        let names: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        format!("no style has \"{wanted}\" in its name; the styles are:\n  {}", names.join("\n  "))
    })?;
    if !rig.settings().is_offline {
        println!("style    {name}");
    }
    Ok(*value)
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
    println!("answer   {} notes, {answer_key}", take.answer.len());
    println!(
        "timing   {:.1} ms from hand-over to first note, {} late, {} dropped",
        take.hand_over_ms, take.n_late, take.n_dropped
    );
    println!("saved    {}, take.mid, take.png", file("answer.mid").display());
    ensure!(take.n_unreleased == 0, "{} notes of the answer were never released", take.n_unreleased);
    Ok(())
}

/// The longest time between two notes of the call in which nothing sounds.
fn longest_rest_beats(call: &Call) -> f64 {
    let (mut longest, mut end) = (0.0f64, f64::MAX);
    for note in &call.notes {
        longest = longest.max(note.start_beats - end);
        end = if end == f64::MAX { note.end_beats } else { end.max(note.end_beats) };
    }
    longest
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
fn seconds(samples: u64) -> f64 {
    samples as f64 / LIVE.sample_rate
}
