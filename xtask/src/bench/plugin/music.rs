//! What the benchmark plays: a phrase of two bars, and four bars for its answer, again and again.

use anyhow::Result;
use host::{Clap, Entry, Message, Pace, Rig, Settings, Transport};

/// As a careful player sets the device.
pub(super) const LIVE: Settings = Settings { sample_rate: 48_000.0, max_block: 64, is_offline: false };
/// A call, its answer, and a bar between.
pub(super) const CYCLE_BEATS: f64 = 28.0;
/// (beat, length in beats, key)
const CALL: [(f64, f64, u8); 13] = [
    (0.0, 0.5, 62),
    (0.5, 0.5, 65),
    (1.0, 1.0, 69),
    (1.0, 1.0, 50),
    (2.0, 0.5, 67),
    (2.5, 0.5, 65),
    (3.0, 0.5, 64),
    (3.5, 0.5, 62),
    (4.0, 1.0, 61),
    (4.0, 2.0, 57),
    (5.0, 0.5, 64),
    (5.5, 0.5, 69),
    (6.0, 1.8, 62),
];

/// A stopped plugin that answers with four bars, from the next bar on, and plays nothing through.
pub(super) fn open(entry: &Entry, settings: Settings, pace: Pace, seed: u32) -> Result<Rig<Clap>> {
    let mut rig = Rig::new(Clap::new(entry, settings)?, settings, pace);
    for (name, text) in [("Seed", seed.to_string().as_str()), ("Start", "Next bar"), ("Answer length", "4 bars")] {
        let value = rig.plugin.read_text(name, text)?;
        rig.set(name, value)?;
    }
    rig.set("Thru", 0.0)?;
    Ok(rig)
}

/// Rolls from the song's start, with a call every [`CYCLE_BEATS`]. Returns when that begins and ends.
pub(super) fn send_calls(rig: &mut Rig<Clap>, tempo: f64, n_calls: u32) -> (u64, u64) {
    rig.set_transport(Transport::rolling(tempo));
    let start = rig.now();
    let at = |rig: &Rig<Clap>, beats: f64| start + rig.samples(beats * 60.0 / tempo);
    for call in 0..n_calls {
        let from = CYCLE_BEATS * f64::from(call);
        for (beat, length, key) in CALL {
            let (on, off) = (at(rig, from + beat), at(rig, from + beat + length));
            rig.send(on, Message::NoteOn { channel: 0, key, velocity: 90 });
            rig.send(off, Message::NoteOff { channel: 0, key });
        }
    }
    (start, at(rig, CYCLE_BEATS * f64::from(n_calls)))
}

/// Calls that fit into so many seconds, at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
pub(super) fn n_calls(tempo: f64, seconds: f64) -> u32 {
    ((seconds * tempo / 60.0 / CYCLE_BEATS).round() as u32).max(1)
}

/// Presses a button for a sample.
pub(super) fn press(rig: &mut Rig<Clap>, name: &str, at_samples: u64) -> Result<()> {
    let button = rig.parameter(name)?;
    rig.send(at_samples, Message::Parameter { id: button.id, value: *button.range.end() });
    rig.send(at_samples + 1, Message::Parameter { id: button.id, value: *button.range.start() });
    Ok(())
}
