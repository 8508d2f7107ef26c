//! What the tests start from: the plugin, and a short call.

use std::path::Path;
use std::sync::OnceLock;

use host::{Clap, Entry, Instance, Message, Pace, Played, Rig, Settings, Transport, pair};

/// Quick, so that tests are short: a bar of 4/4 lasts a second.
pub(crate) const TEMPO: f64 = 240.0;

/// An offline render, which waits for the worker and so is repeatable.
pub(crate) const OFFLINE: Settings = Settings { sample_rate: 48_000.0, max_block: 512, is_offline: true };

/// The file that `ANTIPHON_CLAP` names, such as one from a download, or else the plugin that is linked into this program.
/// (`ANTIPHON_VST3` does the same for the VST3.)
pub(crate) fn entry() -> Entry {
    // Loaded once, as hosts do: each time that Windows loads a library of Rust anew, it loses some of its 1,088 places for
    // what threads own.
    static ENTRY: OnceLock<Entry> = OnceLock::new();
    let load = || match std::env::var_os("ANTIPHON_CLAP") {
        Some(file) => Entry::from_file(Path::new(&file)).unwrap(),
        None => linked(),
    };
    ENTRY.get_or_init(load).clone()
}

/// The plugin that is linked into this program, for tests that look into it or change what it stands on.
pub(crate) fn linked() -> Entry {
    Entry::linked(&antiphon::clap_entry).unwrap()
}

/// The plugin with the transport rolling from the start of the song. Thru is off, so that all that is heard is the answer.
pub(crate) fn open(settings: Settings, pace: Pace) -> Rig<Clap> {
    open_entry(&entry(), settings, pace)
}

/// The same of an entry.
pub(crate) fn open_entry(entry: &Entry, settings: Settings, pace: Pace) -> Rig<Clap> {
    start(Rig::new(Clap::new(entry, settings).unwrap(), settings, pace))
}

/// Sets up any plugin for a test: answers are played as they are written.
pub(crate) fn start<I: Instance>(mut rig: Rig<I>) -> Rig<I> {
    rig.set_transport(Transport::rolling(TEMPO));
    rig.set("Thru", 0.0).unwrap();
    rig.set("Feel", 0.0).unwrap();
    rig
}

/// Plays a call of three and a half beats in D minor, from a whole beat of the song on. Returns the sample at which its
/// last key goes up.
pub(crate) fn play_call<I: Instance>(rig: &mut Rig<I>, from_beat: u32) -> u64 {
    let notes = [(0.0, 0.5, 62), (0.5, 0.5, 65), (1.0, 1.0, 69), (2.0, 0.5, 67), (2.5, 0.5, 65), (3.0, 0.5, 64)];
    let mut end = 0;
    for (beat, length, key) in notes {
        let (on, off) =
            (sample_of(rig, f64::from(from_beat) + beat), sample_of(rig, f64::from(from_beat) + beat + length));
        rig.send(on, Message::NoteOn { channel: 0, key, velocity: 90 });
        rig.send(off, Message::NoteOff { channel: 0, key });
        end = off;
    }
    end
}

/// The sample at which a beat falls, when the song has rolled from its start at [`TEMPO`].
pub(crate) fn sample_of<I: Instance>(rig: &Rig<I>, beat: f64) -> u64 {
    rig.samples(beat * 60.0 / TEMPO)
}

/// Plays the call from the song's start, runs for so many beats, and returns what was answered.
pub(crate) fn answer<I: Instance>(rig: &mut Rig<I>, beats: u32) -> Vec<Played> {
    play_call(rig, 0);
    rig.run(sample_of(rig, f64::from(beats))).unwrap();
    pair(&rig.heard)
}

/// Fails if a note still sounds.
pub(crate) fn assert_released(notes: &[Played]) {
    let held: Vec<_> = notes.iter().filter(|note| note.off_samples.is_none()).collect();
    assert!(held.is_empty(), "never released: {held:?}");
}
