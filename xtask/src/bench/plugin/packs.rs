//! Style packs while they are played: the notes that come late while two packs take turns and the style mix never rests,
//! and what a step of the network costs with a pack.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use engine::pack::{self, Adapter};
use engine::{Ask, Conditions, Note, Onset, Pack, PackHeader, Pitch, Sampling, Session, Velocity, Weights};
use host::{Clap, Entry, Instance, Message, Pace, Played, Settings, pair};

use super::measure::{LOADING_SECONDS, Late, as_main_thread, quantile};
use super::music::{LIVE, n_calls, open, send_calls};
use super::{Row, row};

/// What the plugin is built with.
const BASE: &str = "model/weights/nano.antiphon";
/// As `model adapt` makes them.
const RANK: usize = 8;
const TEMPO: f64 = 120.0;
const SWAP_EVERY_BEATS: f64 = 4.0;
/// The mix goes from none of the second style to all of it, and back.
const MIX_PERIOD_BLOCKS: u32 = 1100;
const N_STEPS: usize = 2000;
const CONTEXT_NOTES: usize = 512;
const SPACING_TICKS: i64 = 12;

/// A pack for these weights, with adapters of numbers up to `size`.
fn pack(base: &Weights, name: &str, size: f32) -> Result<Vec<u8>> {
    let number = |i: usize| size * (f32::from(u8::try_from(i * 37 % 101).unwrap_or(0)) / 50.0 - 1.0);
    let numbers = |n: usize| (0..n).map(number).collect::<Vec<f32>>();
    let adapters: Vec<_> = pack::layers(base.config())
        .iter()
        .map(|layer| Adapter { b: numbers(layer.rows * RANK), a: numbers(layer.columns * RANK) })
        .collect();
    let header = PackHeader {
        name: name.into(),
        author: String::new(),
        licence: "CC0-1.0".into(),
        sources: Vec::new(),
        card: String::new(),
        tokeniser: base.header().tokeniser,
        base: base.header().name.clone(),
        base_sha256: pack::hex(&base.checksum()),
        config: *base.config(),
        rank: RANK,
    };
    let styles = base.tensors().find(|(shape, _)| shape.name == "embed.style");
    // Like the first style that has a name.
    let (shape, styles) = styles.context("the weights have no styles")?;
    let style = styles.get(shape.columns..2 * shape.columns).context("the weights have one style only")?;
    Ok(pack::write(&header, style, &adapters)?)
}

fn base() -> Result<Weights> {
    let bytes = std::fs::read(BASE).with_context(|| format!("cannot read {BASE}; run this in Antiphon's folder"))?;
    Ok(Weights::parse(&bytes)?)
}

/// A pack's file, which goes away with this.
struct File {
    name: &'static str,
    path: PathBuf,
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Notes that come late while the mix of two styles changes in each block, and a pack is replaced by another every few beats.
/// The two packs bring a style, but change no weight, so that it is known from a render which notes are meant: those
/// are the same whenever a pack is ready.
pub(super) fn late(entry: &Entry, seconds: f64) -> Result<Vec<Row>> {
    let base = base()?;
    let mut files = Vec::new();
    for name in ["One", "Other"] {
        let file = format!("antiphon-bench-{}-{name}.antiphon", std::process::id());
        let file = File { name, path: std::env::temp_dir().join(file) };
        let pack = pack(&base, name, 0.0)?;
        std::fs::write(&file.path, pack).with_context(|| format!("cannot write {}", file.path.display()))?;
        files.push(file);
    }
    // Packs add their style after the others.
    let own = f64::from(u8::try_from(base.header().styles.len())?);
    let n_calls = n_calls(TEMPO, seconds);
    let offline = Settings { is_offline: true, ..LIVE };
    let meant = perform(entry, offline, Pace::Unpaced, n_calls, own, &files)?;
    let unswapped = perform(entry, offline, Pace::Unpaced, n_calls, own, &files[..1])?;
    ensure!(meant == unswapped, "a pack that changes no weight changes notes, so nothing can be compared");
    let heard = perform(entry, LIVE, Pace::RealTime(1.0), n_calls, own, &files)?;
    let late = Late::new(&meant, heard);
    ensure!(late.n_meant > 0, "the plugin did not answer; does it have weights? (see model/weights)");
    let what = format!("late by 20 ms or more, of {} notes while packs swap", late.n_meant);
    let rest = "  late at all, while packs swap and the styles' mix moves";
    Ok(vec![row(what, "%", late.percent_dropped(), 0.1), row(rest, "%", late.percent_late(), None)])
}

/// Plays calls with these packs in turn, or with one all the time, from the pack's style to the third and back all the time.
fn perform(
    entry: &Entry,
    settings: Settings,
    pace: Pace,
    n_calls: u32,
    own: f64,
    packs: &[File],
) -> Result<Vec<Played>> {
    let mut rig = open(entry, settings, pace, 1)?;
    rig.set("Style", own)?;
    rig.set("Second style", 2.0)?;
    rig.run(1)?;
    let plain = rig.plugin.save()?;
    let states = packs.iter().map(|pack| with_pack(&plain, &pack.path)).collect::<Result<Vec<_>>>()?;
    let mut turns = packs.iter().zip(&states).cycle();
    let (style, mix) = (rig.parameter("Style")?.id, rig.parameter("Style mix")?.id);
    let mut playing = None;
    // Takes the next pack, and makes sure that the last one has been playing; a render is too fast to tell in its rests.
    let mut swap = |plugin: &mut Clap| -> Result<()> {
        if let Some(name) = playing.filter(|_| !settings.is_offline) {
            let text = plugin.value_text(style, own)?;
            ensure!(text == name, "the pack \"{name}\" is not ready in time: the plugin shows \"{text}\"");
        }
        let (file, state) = turns.next().context("no packs")?;
        playing = Some(file.name);
        as_main_thread(|| plugin.load(state))
    };
    swap(&mut rig.plugin)?;
    rig.run(rig.samples(LOADING_SECONDS))?;
    let (_, end) = send_calls(&mut rig, TEMPO, n_calls);
    let swap_samples = rig.samples(SWAP_EVERY_BEATS * 60.0 / TEMPO);
    let mut next_swap = rig.now() + swap_samples;
    for block in 0.. {
        if rig.now() >= end {
            break;
        }
        if packs.len() > 1 && rig.now() >= next_swap {
            swap(&mut rig.plugin)?;
            next_swap += swap_samples;
        }
        let place = f64::from(block % MIX_PERIOD_BLOCKS) / f64::from(MIX_PERIOD_BLOCKS);
        rig.send(rig.now(), Message::Parameter { id: mix, value: 1.0 - (2.0 * place - 1.0).abs() });
        rig.run(u64::from(settings.max_block))?;
    }
    Ok(pair(&rig.heard))
}

/// The state of a CLAP, which begins with its length, with another pack in it.
fn with_pack(state: &[u8], path: &Path) -> Result<Vec<u8>> {
    let mut json: serde_json::Value = serde_json::from_slice(state.get(8..).context("the plugin saved nothing")?)?;
    json["fields"]["pack"] = serde_json::json!({ "path": path, "sha256": "", "name": "" }).to_string().into();
    let body = serde_json::to_vec(&json)?;
    Ok([&u64::try_from(body.len())?.to_le_bytes(), &*body].concat())
}

/// Median of the time of a step with a pack over that without one, in turns, so that both see the same machine.
pub(super) fn step_time() -> Result<Vec<Row>> {
    let base = base()?;
    let packed = Pack::parse(&pack(&base, "One", 0.01)?)?.apply(&base)?;
    let mut sessions = [base, packed].map(|weights| Session::new(Arc::new(weights)));
    let note = |i: i64| Note {
        onset_ticks: i * SPACING_TICKS,
        duration_ticks: 12,
        pitch: Pitch::MIDDLE_C,
        velocity: Velocity::MEDIUM,
    };
    let n_notes = i64::try_from(CONTEXT_NOTES.min(sessions[0].weights().config().n_context - 2))?;
    let ask = Ask {
        conditions: Conditions::default(),
        sampling: Sampling { temperature: 1.0, top_p: 0.95 },
        lowest: Pitch::new(21).unwrap_or(Pitch::MIDDLE_C),
        highest: Pitch::new(108).unwrap_or(Pitch::MIDDLE_C),
        onset: Onset::NotBefore(n_notes * SPACING_TICKS),
        may_end: false,
    };
    let marks = sessions.each_mut().map(|session| {
        session.feed_all((0..n_notes).map(|i| (note(i), Conditions::default())));
        session.mark()
    });
    let mut us = [const { Vec::new() }; 2];
    for _ in 0..N_STEPS {
        for ((session, mark), us) in sessions.iter_mut().zip(&marks).zip(&mut us) {
            session.rewind(mark);
            let begun = Instant::now();
            std::hint::black_box(session.next(&ask));
            us.push(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    let [plain, packed] = us.each_mut().map(|us| quantile(us, 0.5));
    Ok(vec![row(format!("step with a pack, in steps without ({plain:.0} us)"), "", packed / plain, 1.05)])
}
