//! The figures, each from runs of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use host::{Clap, Entry, Message, Pace, Played, Rig, Settings, Transport, pair};

use super::machine::{interruptions_per_second, only_read_the_clock};
use super::music::{LIVE, n_calls, open, press, send_calls};
use super::{Row, row};

/// Time for the plugin to load its weights, on its own thread.
pub(super) const LOADING_SECONDS: f64 = 1.0;
const N_AT_ONCE: u32 = 16;
const BLOCK_AT_ONCE: u32 = 256;

/// The value below which this share lies. Sorts.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// What `process` takes in a block of 64 samples, while calls and answers follow each other in real time. The same music is
/// played three times: what a block takes each time is the plugin's, and what it takes once is the machine's.
pub(super) fn blocks(entry: &Entry, seconds: f64) -> Result<Vec<Row>> {
    const TEMPO: f64 = 120.0;
    let mut all = Vec::new();
    let mut least: Vec<f64> = Vec::new();
    let mut machine = Vec::new();
    for _ in 0..3 {
        let mut rig = open(entry, LIVE, Pace::RealTime(1.0), 1)?;
        rig.run(rig.samples(LOADING_SECONDS))?;
        let (_, end) = send_calls(&mut rig, TEMPO, n_calls(TEMPO, seconds / 3.0));
        let mut us = Vec::new();
        rig.run_until(end - rig.now(), |rig| {
            us.push(rig.plugin.process_time().as_secs_f64() * 1e6);
            false
        })?;
        least = if least.is_empty() { us.clone() } else { least.iter().zip(&us).map(|(a, b)| a.min(*b)).collect() };
        drop(rig);
        let busy = Duration::from_secs_f64(quantile(&mut us, 0.5) / 1e6);
        machine.extend(only_read_the_clock(us.len(), busy));
        all.extend(us);
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 blocks")]
    let n_blocks = all.len() as f64;
    let rate = interruptions_per_second();
    let interrupted = rate * all.iter().map(|us| us.min(10.0)).sum::<f64>() / n_blocks / 1e6;
    let over = all.iter().map(|us| f64::from(u8::from(*us > 10.0))).sum::<f64>() / n_blocks;
    let name = |what: &str| format!("process() of 64 samples, {what}");
    Ok(vec![
        row(name("median"), "us", quantile(&mut all, 0.5), None),
        row(name("p99"), "us", quantile(&mut all, 0.99), None),
        row(name("p99.9"), "us", quantile(&mut all, 0.999), 10.0),
        row(name("longest"), "us", quantile(&mut all, 1.0), None),
        row(name("longer than 10 us"), "%", 100.0 * over, 0.1),
        row("  a loop that only reads the clock: held up for 10 us", "/s", rate, None),
        row("  blocks that those must hit", "%", 100.0 * interrupted, None),
        row("  only reading the clock for as long as the median: p99.9", "us", quantile(&mut machine, 0.999), None),
        row("  only reading the clock for as long: longest", "us", quantile(&mut machine, 1.0), None),
        row("  each block's least of three: p99.9", "us", quantile(&mut least, 0.999), 10.0),
        row("  each block's least of three: longest", "us", quantile(&mut least, 1.0), None),
    ])
}

/// From the press of the hand-over button, with a key still down so that nothing could be planned, to the answer's first note.
pub(super) fn hand_over(entry: &Entry, seconds: f64) -> Result<Vec<Row>> {
    let mut rig = open(entry, LIVE, Pace::RealTime(1.0), 1)?;
    let at_once = rig.plugin.read_text("Start", "At once")?;
    rig.set("Start", at_once)?;
    rig.set_transport(Transport::rolling(120.0));
    let mut ms = Vec::new();
    rig.run(rig.samples(LOADING_SECONDS))?;
    let end = rig.now() + rig.samples(seconds);
    while rig.now() < end {
        let start = rig.now();
        for (i, key) in [62u8, 65, 69, 67].into_iter().enumerate() {
            rig.send_note(start + 4800 * u64::try_from(i)?, 4800, key, 90);
        }
        rig.send(start + 19_200, Message::NoteOn { channel: 0, key: 65, velocity: 90 });
        rig.run(21_600)?;
        rig.heard.clear();
        let pressed = rig.now();
        press(&mut rig, "Hand over now", pressed)?;
        let is_answered = |rig: &Rig<Clap>| rig.heard.iter().any(|e| matches!(e.message, Message::NoteOn { .. }));
        rig.run_until(24_000, is_answered)?;
        let first = rig.heard.iter().find(|event| matches!(event.message, Message::NoteOn { .. }));
        let first = first.context("no answer within half a second")?;
        ms.push(samples_as_seconds(first.at_samples - pressed) * 1e3);
        rig.send(rig.now(), Message::NoteOff { channel: 0, key: 65 });
        rig.run(4800)?;
        rig.plugin.reset();
        rig.run(4800)?;
    }
    let name = |what: &str| format!("hand-over to first note, {what} of {}", ms.len());
    let names = (name("p50"), name("p99"));
    Ok(vec![row(names.0, "ms", quantile(&mut ms, 0.5), None), row(names.1, "ms", quantile(&mut ms, 0.99), 10.0)])
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 samples")]
fn samples_as_seconds(samples: u64) -> f64 {
    samples as f64 / LIVE.sample_rate
}

/// Notes that were not heard when they were meant.
pub(super) struct Late {
    pub(super) n_meant: usize,
    n_late: usize,
    n_dropped: usize,
}

impl Late {
    /// Compares an offline render, which waits for the plugin and so has all notes in time, with what was heard live.
    pub(super) fn new(meant: &[Played], mut heard: Vec<Played>) -> Self {
        let mut late = Self { n_meant: meant.len(), n_late: 0, n_dropped: 0 };
        for note in meant {
            let is_it = |other: &Played| other.key == note.key && other.on_samples >= note.on_samples;
            // The plugin leaves out what would be later than 20 ms.
            let is_near = |other: &Played| other.on_samples - note.on_samples <= 1024;
            match heard.iter().position(|other| is_it(other) && is_near(other)) {
                Some(place) => late.n_late += usize::from(heard.remove(place).on_samples > note.on_samples),
                None => late.n_dropped += 1,
            }
        }
        late
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    fn percent(&self, n: usize) -> f64 {
        100.0 * n as f64 / self.n_meant.max(1) as f64
    }

    pub(super) fn percent_dropped(&self) -> f64 {
        self.percent(self.n_dropped)
    }

    pub(super) fn percent_late(&self) -> f64 {
        self.percent(self.n_late + self.n_dropped)
    }
}

/// Plays calls, offline and then live.
pub(super) fn late(entry: &Entry, tempo: f64, seconds: f64) -> Result<Late> {
    let n_calls = n_calls(tempo, seconds);
    let meant = perform(entry, Settings { is_offline: true, ..LIVE }, Pace::Unpaced, tempo, n_calls)?;
    let heard = perform(entry, LIVE, Pace::RealTime(1.0), tempo, n_calls)?;
    Ok(Late::new(&meant, heard))
}

fn perform(entry: &Entry, settings: Settings, pace: Pace, tempo: f64, n_calls: u32) -> Result<Vec<Played>> {
    let mut rig = open(entry, settings, pace, 1)?;
    rig.run(rig.samples(LOADING_SECONDS))?;
    let (_, end) = send_calls(&mut rig, tempo, n_calls);
    rig.run(end - rig.now())?;
    Ok(pair(&rig.heard))
}

/// A long performance in real time.
pub(super) fn soak(entry: &Entry, minutes: u32) -> Result<Vec<Row>> {
    const TEMPO: f64 = 120.0;
    let n_calls = n_calls(TEMPO, 60.0 * f64::from(minutes));
    let meant = perform(entry, Settings { is_offline: true, ..LIVE }, Pace::Unpaced, TEMPO, n_calls)?;
    let mut rig = open(entry, LIVE, Pace::RealTime(1.0), 1)?;
    rig.run(rig.samples(LOADING_SECONDS))?;
    let (start, end) = send_calls(&mut rig, TEMPO, n_calls);
    // Memory is compared with that after a quarter, when all that is used now and then has been used.
    let quarter = (end - start) / 4;
    let mut after_first = None;
    while rig.now() < end {
        rig.run(quarter.min(end - rig.now()))?;
        rig.process_times.clear();
        after_first = after_first.or_else(resident_mib);
    }
    // The last answer ends with the last call's time, so its notes are released when the song stops.
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(rig.samples(1.0))?;
    let heard = pair(&rig.heard);
    let n_held = u32::try_from(heard.iter().filter(|note| note.off_samples.is_none()).count())?;
    let late = Late::new(&meant, heard);
    let what = format!("{minutes} minutes");
    let mut rows = vec![
        row(format!("{what}: late by 20 ms or more, of {} notes", late.n_meant), "%", late.percent_dropped(), 0.1),
        row("  late at all", "%", late.percent_late(), None),
        row(format!("{what}: notes never released"), "", f64::from(n_held), 0.0),
    ];
    if let (Some(before), Some(after)) = (after_first, resident_mib()) {
        rows.push(row(format!("{what}: memory, growth from {before:.1} MiB"), "MiB", after - before, 1.0));
    }
    Ok(rows)
}

/// Sixteen instances on one audio thread, each with its own seed, as on sixteen tracks.
pub(super) fn sixteen(entry: &Entry, seconds: f64) -> Result<Vec<Row>> {
    const TEMPO: f64 = 120.0;
    let settings = Settings { max_block: BLOCK_AT_ONCE, ..LIVE };
    let n_calls = n_calls(TEMPO, seconds);
    let mut meant = Vec::new();
    let mut rigs = Vec::new();
    for seed in 1..=N_AT_ONCE {
        let mut rig = open(entry, Settings { is_offline: true, ..settings }, Pace::Unpaced, seed)?;
        rig.run(rig.samples(LOADING_SECONDS))?;
        let (_, end) = send_calls(&mut rig, TEMPO, n_calls);
        rig.run(end - rig.now())?;
        meant.push(pair(&rig.heard));
        rigs.push(open(entry, settings, Pace::Unpaced, seed)?);
    }
    let mut longest = Duration::ZERO;
    let block = Duration::from_secs_f64(f64::from(BLOCK_AT_ONCE) / LIVE.sample_rate);
    std::thread::sleep(Duration::from_secs_f64(2.0 * LOADING_SECONDS));
    let loading = rigs[0].samples(LOADING_SECONDS);
    let mut end = 0;
    for rig in &mut rigs {
        rig.run(loading)?;
        end = send_calls(rig, TEMPO, n_calls).1;
    }
    let mut due = Instant::now();
    while rigs[0].now() < end {
        let begun = Instant::now();
        for rig in &mut rigs {
            rig.run(u64::from(BLOCK_AT_ONCE))?;
        }
        longest = longest.max(begun.elapsed());
        due += block;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let heard = rigs.iter().map(|rig| pair(&rig.heard));
    let mut all = Late { n_meant: 0, n_late: 0, n_dropped: 0 };
    for late in meant.iter().zip(heard).map(|(meant, heard)| Late::new(meant, heard)) {
        all.n_meant += late.n_meant;
        all.n_late += late.n_late;
        all.n_dropped += late.n_dropped;
    }
    Ok(vec![
        row(format!("16 instances: late by 20 ms or more, of {} notes", all.n_meant), "%", all.percent_dropped(), 0.1),
        row("  late at all", "%", all.percent_late(), None),
        row("16 instances: longest block of 256", "ms", longest.as_secs_f64() * 1e3, block.as_secs_f64() * 1e3),
    ])
}

/// Resident memory after the first phrases, and after many. Only where the system tells it.
pub(super) fn memory(entry: &Entry, n_phrases: u32) -> Result<Vec<Row>> {
    const TEMPO: f64 = 240.0;
    const FIRST: u32 = 100;
    let settings = Settings { max_block: 512, is_offline: true, ..LIVE };
    let mut rig = open(entry, settings, Pace::Unpaced, 1)?;
    rig.run(rig.samples(LOADING_SECONDS))?;
    let mut after_first = None;
    for phrase in 0..FIRST + n_phrases {
        if phrase == FIRST {
            after_first = resident_mib();
        }
        let (_, end) = send_calls(&mut rig, TEMPO, 1);
        rig.run(end - rig.now())?;
        rig.heard.clear();
        rig.process_times.clear();
    }
    let (Some(before), Some(after)) = (after_first, resident_mib()) else { return Ok(Vec::new()) };
    Ok(vec![
        row(format!("memory after {FIRST} phrases"), "MiB", before, None),
        row(format!("memory, growth over {n_phrases} phrases more"), "MiB", after - before, 1.0),
    ])
}

pub(super) fn resident_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
