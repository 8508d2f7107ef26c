//! A real host, without a screen: Ardour plays a call to the VST3 and records its answer on a second track.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use music::Note;
use music::midi::{self, What};

use crate::install;
use crate::play::call;

/// Ardour's interpreter of session scripts.
pub(super) const PROGRAM: &str = "ardour7-lua";
pub(super) const SOURCE: &str = "apt-get install --no-install-recommends ardour (Debian 12)";

/// Where Debian puts Ardour's libraries and its scanner of plugins.
const LIBRARIES: &str = "/usr/lib/ardour7";
const CALL: &str = "tests/fixtures/call.mid";
/// A new session of Ardour has 120 BPM, and the script chooses 48 kHz.
const SAMPLES_PER_TICK: i64 = 50;
/// Of calls and recordings, as they are compared here.
const TICKS_PER_BEAT: u32 = 480;
const TICKS_PER_SECOND: f64 = 960.0;
/// Enough for the silence that hands over, the wait for the beat, and a few bars.
const ANSWER_SECONDS: f64 = 10.0;
const MIN_ANSWER_NOTES: usize = 8;
/// How far from its place Ardour may record a note of the call: 25 ms, more than a block.
const TOLERANCE_TICKS: u64 = 24;

/// Records an answer in a home folder of its own, and checks it.
///
/// # Errors
/// When Ardour fails, or the recording lacks the call, an answer or the end of a note.
pub(super) fn run(program: &Path, vst3: &Path) -> Result<()> {
    println!("== {} (about half a minute)", program.display());
    let home = std::env::temp_dir().join(format!("antiphon-ardour-{}", std::process::id()));
    let n_answered = record(program, vst3, &home).and_then(|recorded| check(&call()?, &recorded));
    fs::remove_dir_all(&home).with_context(|| format!("cannot remove {}", home.display()))?;
    println!("Ardour recorded the call and {} notes of the answer", n_answered?);
    Ok(())
}

/// Plays the shipped call through the plugin, and returns the MIDI file that Ardour recorded.
fn record(program: &Path, vst3: &Path, home: &Path) -> Result<Vec<u8>> {
    let call = call()?;
    let scripts = home.join(".config/ardour7/scripts");
    fs::create_dir_all(&scripts)?;
    fs::write(scripts.join("antiphon_call.lua"), include_str!("call.lua").replace("EVENTS", &events(&call)))?;
    fs::write(home.join("session.lua"), include_str!("ardour.lua"))?;
    let plugin = home.join(".vst3/Antiphon.vst3");
    install::copy(vst3, &plugin)?;
    backdate(&plugin)?;

    // The interpreter knows only plugins that were scanned before.
    let run = |program: &Path, arguments: &[&Path]| -> Result<String> {
        let mut command = Command::new(program);
        command.args(arguments).env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
        command.env("LD_LIBRARY_PATH", LIBRARIES).env("ARDOUR_DLL_PATH", LIBRARIES);
        command.env("ARDOUR_DATA_PATH", "/usr/share/ardour7").env("ARDOUR_CONFIG_PATH", "/etc/ardour7");
        let output = command.output().with_context(|| format!("cannot run {}", program.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let scanned = run(&Path::new(LIBRARIES).join("ardour-vst3-scanner"), &["-f".as_ref(), &plugin])?;
    let session = home.join("session");
    let seconds = (seconds(end_ticks(&call)) + ANSWER_SECONDS).to_string();
    let said = run(program, &[&home.join("session.lua"), &session, seconds.as_ref()])?;
    let recorded = midi_files(&session.join("interchange/session/midifiles"));
    ensure!(recorded.len() == 1, "Ardour recorded {} files, not one. It said:\n{scanned}\n{said}", recorded.len());
    fs::read(&recorded[0]).with_context(|| format!("cannot read {}", recorded[0].display()))
}

/// The call as a table of Lua.
fn events(call: &[Note]) -> String {
    let mut events = Vec::new();
    for note in call {
        events.push((note.onset_ticks * SAMPLES_PER_TICK, 0x90, note.pitch.get(), note.velocity.get()));
        events.push((note.end_ticks() * SAMPLES_PER_TICK, 0x80, note.pitch.get(), 0));
    }
    events.sort_by_key(|&(sample, status, ..)| (sample, status));
    events.iter().fold(String::new(), |mut table, (sample, status, key, velocity)| {
        let _ = write!(table, "{{ {sample}, {status}, {key}, {velocity} }}, ");
        table
    })
}

/// Ardour scans a plugin again and again until the scan is a second younger than the plugin.
fn backdate(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            backdate(&path)?;
        } else {
            let file = fs::File::options().write(true).open(&path)?;
            file.set_modified(SystemTime::now() - Duration::from_secs(60))?;
        }
    }
    Ok(())
}

fn midi_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "mid")).collect()
}

/// The notes of the shipped call.
fn call() -> Result<Vec<Note>> {
    Ok(call::notes(&call::read(Path::new(CALL))?.resampled(TICKS_PER_BEAT)))
}

fn end_ticks(notes: &[Note]) -> i64 {
    notes.iter().map(Note::end_ticks).max().unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "a call lasts seconds")]
fn seconds(ticks: i64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

/// Counts the notes that begin after the call.
///
/// # Errors
/// When the call is not there in time, the answer is too short, or a note does not end.
fn check(call: &[Note], recorded: &[u8]) -> Result<usize> {
    let file = midi::read(recorded).context("Ardour recorded no MIDI file")?;
    let held = file.left_out.iter().find(|left| matches!(left.what, What::NeverReleased(_)));
    ensure!(held.is_none(), "keys were never released: {held:?}");
    let notes = call::notes(&file.score.resampled(TICKS_PER_BEAT));
    for note in call {
        let is_it =
            |other: &Note| other.pitch == note.pitch && other.onset_ticks.abs_diff(note.onset_ticks) < TOLERANCE_TICKS;
        let beat = note.onset_ticks / i64::from(TICKS_PER_BEAT);
        ensure!(notes.iter().any(is_it), "key {} of the call, in beat {beat}, is missing", note.pitch.get());
    }
    let n_answered = notes.iter().filter(|note| note.onset_ticks > end_ticks(call)).count();
    ensure!(n_answered >= MIN_ANSWER_NOTES, "the answer has {n_answered} notes, and should have {MIN_ANSWER_NOTES}");
    Ok(n_answered)
}

#[cfg(test)]
mod tests {
    use music::{Part, Pitch, Score, TimeSignature, Velocity};

    use super::*;

    fn note(half_beats: i64, key: u8) -> Note {
        let (pitch, velocity) = (Pitch::nearest(key), Velocity::nearest(80));
        Note { onset_ticks: 240 * half_beats, duration_ticks: 240, pitch, velocity }
    }

    fn file(notes: &[Note]) -> Vec<u8> {
        let mut score = Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("Recorder", notes.to_vec()));
        score.ticks_per_beat = TICKS_PER_BEAT;
        midi::write(&score).unwrap()
    }

    #[test]
    fn a_recording_needs_the_call_an_answer_and_the_end_of_every_note() {
        let call = [note(0, 60), note(2, 62)];
        let answered: Vec<Note> = call.into_iter().chain((4..12).map(|beat| note(2 * beat, 70))).collect();
        assert_eq!(check(&call, &file(&answered)).unwrap(), 8);
        let why = |notes: &[u8]| check(&call, notes).unwrap_err().to_string();
        assert!(why(&file(&call)).contains("the answer has 0 notes"), "a silent plugin");
        assert!(why(&file(&answered[1..])).contains("key 60"), "no call");
        let mut stuck = file(&answered);
        let off = stuck.windows(2).rposition(|bytes| bytes == [0x80, 70]).unwrap();
        stuck[off + 1] = 71;
        assert!(why(&stuck).contains("never released"));
        assert!(check(&call, b"").is_err(), "nothing at all");
    }

    #[test]
    fn the_call_becomes_a_table_that_releases_before_it_strikes() {
        let again = [note(0, 60), note(1, 60)];
        let expected = "{ 0, 144, 60, 80 }, { 12000, 128, 60, 0 }, { 12000, 144, 60, 80 }, { 24000, 128, 60, 0 }, ";
        assert_eq!(events(&again), expected);
    }
}
