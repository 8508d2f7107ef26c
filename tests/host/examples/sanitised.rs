//! Plays a built Antiphon.clap under LLVM's RealtimeSanitizer, which ends the program when `process()` allocates, frees,
//! waits for a lock or makes a system call. `cargo xtask validate` builds this with the sanitizer's runtime and runs it;
//! with `--plant` it allocates there itself, to show that the sanitizer looks.

#![forbid(unsafe_code)]

use std::path::Path;

use anyhow::{Context, Result, ensure};
use host::{Clap, Entry, Instance, Message, Pace, Rig, Settings, Transport};

const LIVE: Settings = Settings { sample_rate: 48_000.0, max_block: 64, is_offline: false };

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--plant") {
        let _audio_thread = rtsan_standalone::ScopedSanitizeRealtime::default();
        std::hint::black_box(vec![0u8; 1000]);
        return Ok(());
    }
    let path = arguments.get(1).context("say which .clap to play")?;
    let entry = Entry::from_file(Path::new(path))?;
    let mut rig = Rig::new(Clap::new(&entry, LIVE)?, LIVE, Pace::RealTime(1.0));
    rig.run(rig.samples(1.0))?;
    let parameters = rig.plugin.parameters().to_vec();
    rig.set_transport(Transport::rolling(240.0));
    let beat = rig.samples(0.25);
    for phrase in 0..10u8 {
        // A call, its answer, and every knob once while both sound; then the host does something else.
        for i in 0..8u8 {
            rig.send_note(rig.now() + beat / 2 * u64::from(i), beat / 2, 60 + (i * 5 + phrase) % 24, 90);
        }
        rig.send(rig.now() + beat, Message::Midi([0xB0, 64, 127]));
        rig.send(rig.now() + 3 * beat, Message::Midi([0xB0, 64, 0]));
        for (parameter, i) in parameters.iter().zip(0..).filter(|(parameter, _)| parameter.name != "Bypass") {
            let at = rig.now() + 100 * i;
            rig.send(at, Message::Parameter { id: parameter.id, value: *parameter.range.end() });
            rig.send(at + 2 * beat, Message::Parameter { id: parameter.id, value: parameter.default });
        }
        rig.run(12 * beat)?;
        match phrase {
            2 => rig.set_transport(Transport { beats: 100.0, ..rig.transport() }),
            4 => rig.set_transport(Transport { tempo: 90.0, ..rig.transport() }),
            6 => rig.set_transport(Transport { signature: (7, 8), ..rig.transport() }),
            7 => rig.set("Bypass", 1.0)?,
            8 => rig.set("Bypass", 0.0)?,
            _ => {}
        }
    }
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(beat)?;
    ensure!(!rig.heard.is_empty(), "the plugin did not answer");
    println!("{} events in {} blocks, and none of them broke a rule", rig.heard.len(), rig.process_times.len());
    Ok(())
}
