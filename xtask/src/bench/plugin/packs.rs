//! Style packs while they are played: the notes that come late while two packs take turns and the style mix never rests,
//! and what a step of the network costs with a pack.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use host::{Clap, Entry, Instance, Message, Pace, Played, Settings, pair};

use super::machine::as_main_thread;
use super::measure::{LOADING_SECONDS, Late};
use super::music::{LIVE, n_calls, open, send_calls};
use super::{Row, row};

/// What the plugin is built with.
const BASE: &str = "model/weights/nano.antiphon";
/// The packs that the engine's benchmark makes for it.
const NAMES: [&str; 2] = ["One", "Other"];
const TEMPO: f64 = 120.0;
const SWAP_EVERY_BEATS: f64 = 4.0;
/// The mix goes from none of the second style to all of it, and back.
const MIX_PERIOD_BLOCKS: u32 = 1100;

/// The packs' folder, which goes away with this, and what the engine said when it made them.
pub(super) struct Packs {
    folder: PathBuf,
    said: serde_json::Value,
}

impl Packs {
    /// Lets the engine's own benchmark make them, which also measures a step.
    pub(super) fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("antiphon-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut packs = Self { folder, said: serde_json::Value::Null };
        let mut cargo = Command::new("cargo");
        cargo.args(["bench", "--quiet", "-p", "engine", "--bench", "packs", "--"]);
        let base = Path::new(BASE).canonicalize().with_context(|| format!("there is no {BASE}"))?;
        let output =
            cargo.arg(base).arg(&packs.folder).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
        ensure!(output.status.success(), "the engine could not make packs; the lines above say why");
        packs.said = serde_json::from_slice(&output.stdout).context("the engine's benchmark printed no JSON")?;
        Ok(packs)
    }

    /// Median of the time of a step with a pack over that without one.
    pub(super) fn step_time(&self) -> Row {
        let [plain_us, packed_us] = ["plain_us", "packed_us"].map(|name| self.number(name));
        row(format!("step with a pack, in steps without ({plain_us:.0} us)"), "", packed_us / plain_us, 1.05)
    }

    fn number(&self, name: &str) -> f64 {
        self.said[name].as_f64().unwrap_or(f64::NAN)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("antiphon")
    }
}

impl Drop for Packs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Notes that come late while the mix of two styles changes in each block, and a pack is replaced by another every few beats.
/// The two packs bring a style, but change no weight, so that it is known from a render which notes are meant: those
/// are the same whenever a pack is ready.
pub(super) fn late(entry: &Entry, seconds: f64, packs: &Packs) -> Result<Vec<Row>> {
    // Packs add their style after the others.
    let own = packs.number("n_styles");
    let files = NAMES.map(|name| (name, packs.path(name)));
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
    packs: &[(&str, PathBuf)],
) -> Result<Vec<Played>> {
    let mut rig = open(entry, settings, pace, 1)?;
    rig.set("Style", own)?;
    rig.set("Second style", 2.0)?;
    rig.run(1)?;
    let plain = rig.plugin.save()?;
    let states = packs.iter().map(|(_, path)| with_pack(&plain, path)).collect::<Result<Vec<_>>>()?;
    let mut turns = packs.iter().zip(&states).cycle();
    let (style, mix) = (rig.parameter("Style")?.id, rig.parameter("Style mix")?.id);
    let mut playing = None;
    // Takes the next pack, and makes sure that the last one has been playing; a render is too fast to tell in its rests.
    let mut swap = |plugin: &mut Clap| -> Result<()> {
        if let Some(name) = playing.filter(|_| !settings.is_offline) {
            let text = plugin.value_text(style, own)?;
            ensure!(text == name, "the pack \"{name}\" is not ready in time: the plugin shows \"{text}\"");
        }
        let ((name, _), state) = turns.next().context("no packs")?;
        playing = Some(*name);
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
