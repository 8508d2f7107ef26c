//! The demo: plays a call to the real plugin in real time, and keeps what it answers.

pub(crate) mod call;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use host::{Clap, Entry, Instance, Message, Pace, Played, Rig, Settings, Transport, pair};
use music::score::ANSWER_TRACK;
use music::{Note, Part, Role, Score, TICKS_PER_BEAT, find_key, midi, musicxml, piano_roll};

use crate::build;

/// Options of `cargo xtask play`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask play\n  cargo xtask play my-phrase.mid --style bach --seed 7\n  \
    cargo xtask play tests/fixtures/call-waltz.mid --bars 8 --out out/waltz")]
pub(crate) struct Options {
    /// The phrase to play, a MIDI or MusicXML file; without one, a phrase in D minor that ships with Antiphon.
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
    /// Folder for answer.mid, take.mid, take.wav, take.musicxml and take.png.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

const SHIPPED_CALL: &str = "tests/fixtures/call.mid";
const LIVE: Settings = Settings { sample_rate: 48_000.0, max_block: 256, is_offline: false };
/// Of the take as sound.
const WAV_RATE_HZ: u32 = 44_100;
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
    let call = call::shorten(&call::read(&path)?, options.call_bars);
    let entry = Entry::from_file(&build::bundle()?.clap)?;

    // What the plugin means to say: an offline render waits for it, so nothing can be late.
    let meant = perform(&entry, &call, options, Settings { is_offline: true, ..LIVE }, Pace::Unpaced)?;
    println!("playing {} at {:.0} BPM in {} ...", path.display(), call.tempi.bpm(0), call.signature(0));
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
    fn new(call: &Score, meant: Vec<Played>, heard: Vec<Played>) -> Self {
        let ticks = |samples: u64| nearest(call.tempi.ticks(seconds(samples)));
        let end = heard.iter().map(|note| note.off_samples.unwrap_or(note.on_samples)).max().unwrap_or(0);
        let answer = heard.iter().map(|note| note.note(end, ticks)).collect();
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
fn perform(entry: &Entry, call: &Score, options: &Options, settings: Settings, pace: Pace) -> Result<Vec<Played>> {
    let mut rig = Rig::new(Clap::new(entry, settings)?, settings, pace);
    configure(&mut rig, call, options)?;
    let start = rig.now();
    rig.set_transport(transport(call, 0, Transport { is_playing: true, ..Transport::default() }));
    for (at, message) in messages(call, |seconds| start + rig.samples(seconds)) {
        rig.send(at, message);
    }
    // The song keeps all its tempi and metres while the call plays, and the last of each from then on.
    let call_end = call.end_ticks();
    let mut changes: Vec<i64> = call.tempi.changes().map(|(ticks, _)| ticks).collect();
    changes.extend(call.metres.iter().map(|metre| metre.start_ticks));
    changes.push(call_end);
    changes.retain(|&ticks| ticks > 0 && ticks <= call_end);
    changes.sort_unstable();
    for ticks in changes {
        let at = start + rig.samples(call.tempi.seconds(ticks));
        rig.run(at.saturating_sub(rig.now()))?;
        rig.set_transport(transport(call, ticks, rig.transport()));
    }
    let bar_seconds = rig.transport().bar_beats() * 60.0 / rig.transport().tempo;
    let patience = rig.samples(PATIENCE_BARS * bar_seconds);

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

/// The transport with the tempo and metre that the call has at a time.
fn transport(call: &Score, ticks: i64, now: Transport) -> Transport {
    let signature = call.signature(ticks);
    let signature = (signature.numerator().into(), signature.denominator().into());
    Transport { tempo: call.tempi.bpm(ticks), signature, ..now }
}

/// What the player's hands and feet do, in order of time. `at` is the sample at so many seconds of the call.
fn messages(call: &Score, at: impl Fn(f64) -> u64) -> Vec<(u64, Message)> {
    let message = |message: [u8; 3]| match message {
        [on @ 0x90..=0x9f, key, velocity] => Message::NoteOn { channel: on & 15, key, velocity },
        [off @ 0x80..=0x8f, key, _] => Message::NoteOff { channel: off & 15, key },
        control => Message::Midi(control),
    };
    call.messages(at).into_iter().map(|(at, bytes)| (at, message(bytes))).collect()
}

fn configure(rig: &mut Rig<Clap>, call: &Score, options: &Options) -> Result<()> {
    // The answer comes with the first bar line after the call, and not in one of the call's own rests.
    let silence_ms = format!("{:.0} ms", call::longest_rest_seconds(call) * 1e3 + 100.0);
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

fn report(call: &Score, take: &Take, options: &Options, path: &Path) -> Result<()> {
    std::fs::create_dir_all(&options.out).with_context(|| format!("cannot create {}", options.out.display()))?;
    let file = |name: &str| options.out.join(name);
    let answer = Part::new(ANSWER_TRACK, take.answer.clone()).on_channel(1);
    let alone = Score { parts: vec![answer.clone()], ..call.clone() };
    let both = call.clone().with_part(answer);
    for (name, score) in [("answer.mid", &alone), ("take.mid", &both)] {
        write(&file(name), &midi::write(score)?)?;
    }
    write(&file("take.wav"), &piano::wav(&both, WAV_RATE_HZ)?)?;
    write(&file("take.musicxml"), musicxml::write(&both)?.as_bytes())?;
    let (call_key, answer_key) = (key_name(&both, Role::Call), key_name(&both, Role::Answer));
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let tempo = call.tempi.bpm(0);
    let title = format!("{name}: a call in {call_key}, an answer in {answer_key}, {tempo:.0} BPM");
    write(&file("take.png"), &piano_roll::draw(&both, &title)?)?;
    println!("call     {} notes, {call_key}", call.n_notes());
    println!("answer   {} notes, {answer_key}", take.answer.len());
    println!(
        "timing   {:.1} ms from hand-over to first note, {} late, {} dropped",
        take.hand_over_ms, take.n_late, take.n_dropped
    );
    println!("saved    {}, take.mid, take.wav, take.musicxml, take.png", file("answer.mid").display());
    ensure!(take.n_unreleased == 0, "{} notes of the answer were never released", take.n_unreleased);
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The key of a role's notes, such as "D minor"; "no key" if they have none.
fn key_name(score: &Score, role: Role) -> String {
    let score = score.resampled(TICKS_PER_BEAT);
    let notes: Vec<Note> = score.notes_of(role).copied().collect();
    find_key(&notes).map_or("no key".to_owned(), |(key, _)| key.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "a take is far shorter than 2^52 samples")]
fn seconds(samples: u64) -> f64 {
    samples as f64 / LIVE.sample_rate
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; no take is that long")]
fn nearest(ticks: f64) -> i64 {
    ticks.round() as i64
}

#[cfg(test)]
mod tests {
    use music::{PedalChange, Pitch, TempoMap, TimeSignature, Velocity};

    use super::*;

    #[test]
    fn hands_and_feet_move_in_order_at_every_tempo() {
        let note = |onset_ticks| {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            Note { onset_ticks, duration_ticks: 48, pitch, velocity }
        };
        let mut part = Part::new("Call", vec![note(0), note(48)]);
        part.pedal = vec![PedalChange { ticks: 48, is_down: true }, PedalChange { ticks: 96, is_down: false }];
        let mut call = Score::new(60.0, TimeSignature::COMMON).with_part(part);
        call.tempi = TempoMap::new(48, [(0, 1_000_000), (48, 500_000)]);
        let sent = messages(&call, |seconds| nearest(seconds * 1000.0).unsigned_abs());
        let (on, off) =
            (Message::NoteOn { channel: 0, key: 60, velocity: 74 }, Message::NoteOff { channel: 0, key: 60 });
        let pedal = |value| Message::Midi([0xB0, 64, value]);
        assert_eq!(sent, [(0, on), (1000, off), (1000, pedal(127)), (1000, on), (1500, off), (1500, pedal(0))]);
        assert!((transport(&call, 48, Transport::default()).tempo - 120.0).abs() < 1e-9);
    }
}
