//! What the built-in piano costs in a block, with sixteen notes that sound.

use anyhow::Result;
use host::{Clap, Entry, Instance, Message, Pace, Rig};

use super::measure::{LOADING_SECONDS, quantile};
use super::music::LIVE;
use super::{Row, row};

const KEYS: std::ops::Range<u8> = 48..64;
const N_RUNS: u32 = 3;

/// What `process` takes in a block of 64 samples while sixteen notes pass through, without and with the sound of them. They begin at one
/// sample, once a second. Each is played three times, in turn: what a block takes each time is the plugin's.
pub(super) fn preview(entry: &Entry, seconds: f64) -> Result<Vec<Row>> {
    let (mut all, mut least) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..N_RUNS {
        for (preview, (all, least)) in ["Off", "Both"].into_iter().zip(all.iter_mut().zip(&mut least)) {
            let us = run(entry, preview, seconds / f64::from(2 * N_RUNS))?;
            *least = match least.is_empty() {
                true => us.clone(),
                false => least.iter().zip(&us).map(|(a, b): (&f64, &f64)| a.min(*b)).collect(),
            };
            all.extend(us);
        }
    }
    let mut more = |share: f64| {
        let [without, with] = [0, 1].map(|place| quantile(&mut all[place], share));
        (with, with - without)
    };
    let (median, more_median) = more(0.5);
    let (p999, more_p999) = more(0.999);
    let least = least.map(|mut us| quantile(&mut us, 0.999));
    Ok(vec![
        row("process() of 64 samples, 16 notes with preview sound, median", "us", median, None),
        row("  more than without", "us", more_median, None),
        row("process() of 64 samples, 16 notes with preview sound, p99.9", "us", p999, None),
        row("  more than without", "us", more_p999, 150.0),
        row("  each block's least of three, p99.9: more than without", "us", least[1] - least[0], 150.0),
    ])
}

/// The time that each block takes.
fn run(entry: &Entry, preview: &str, seconds: f64) -> Result<Vec<f64>> {
    let mut rig = Rig::new(Clap::new(entry, LIVE)?, LIVE, Pace::RealTime(1.0));
    for (name, text) in [("Preview sound", preview), ("Mode", "Off")] {
        let value = rig.plugin.read_text(name, text)?;
        rig.set(name, value)?;
    }
    rig.run(rig.samples(LOADING_SECONDS))?;
    let (second, end) = (rig.samples(1.0), rig.now() + rig.samples(seconds));
    let mut us = Vec::new();
    while rig.now() < end {
        let begun = rig.now();
        for key in KEYS {
            rig.send(begun, Message::NoteOn { channel: 0, key, velocity: 90 });
            rig.send(begun + second * 9 / 10, Message::NoteOff { channel: 0, key });
        }
        rig.run_until(second, |rig| {
            us.push(rig.plugin.process_time().as_secs_f64() * 1e6);
            false
        })?;
        rig.heard.clear();
        rig.plugin.take_notes();
    }
    Ok(us)
}
