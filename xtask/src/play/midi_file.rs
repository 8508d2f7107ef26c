//! Calls from MIDI files, and answers into them. Times are in quarter notes from the start of the file.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

/// A note on the timeline of the song.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Note {
    /// When it begins, in quarter notes.
    pub start_beats: f64,
    /// When it ends, in quarter notes.
    pub end_beats: f64,
    /// 0 to 127.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

/// A phrase to play.
pub(crate) struct Call {
    /// In order of their start.
    pub notes: Vec<Note>,
    /// Quarter notes a minute, at the start of the file.
    pub tempo: f64,
    /// Time signature at the start of the file.
    pub signature: (u16, u16),
}

/// Reads all notes of all tracks but the drums (channel 10), and the first tempo and time signature.
///
/// # Errors
/// When it is no MIDI file, has no notes, or counts time in video frames.
pub(crate) fn read(path: &Path) -> Result<Call> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&bytes).with_context(|| format!("cannot play {}", path.display()))
}

/// As [`read`], from the bytes of a file.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(bytes: &[u8]) -> Result<Call> {
    let file = Smf::parse(bytes).context("it is no MIDI file")?;
    let Timing::Metrical(ticks_per_beat) = file.header.timing else {
        bail!("it counts time in video frames; please save it with a tempo");
    };
    let ticks_per_beat = f64::from(ticks_per_beat.as_int().max(1));
    let mut call = Call { notes: Vec::new(), tempo: 120.0, signature: (4, 4) };
    let mut is_tempo_known = false;
    for track in &file.tracks {
        let mut held: Vec<(u8, Note)> = Vec::new();
        let mut ticks = 0.0;
        for event in track {
            ticks += f64::from(event.delta.as_int());
            let beats = ticks / ticks_per_beat;
            match event.kind {
                TrackEventKind::Meta(MetaMessage::Tempo(us)) if !is_tempo_known && us.as_int() > 0 => {
                    call.tempo = (60e6 / f64::from(us.as_int())).clamp(20.0, 400.0);
                    is_tempo_known = true;
                }
                TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, ..)) if ticks == 0.0 => {
                    call.signature = (u16::from(numerator.clamp(1, 32)), 1 << power.min(4));
                }
                TrackEventKind::Midi { channel, message } if channel.as_int() != 9 => {
                    let (key, velocity) = match message {
                        MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int()),
                        MidiMessage::NoteOff { key, .. } => (key.as_int(), 0),
                        _ => continue,
                    };
                    let channel = channel.as_int();
                    if let Some(at) = held.iter().position(|(c, note)| (*c, note.key) == (channel, key)) {
                        call.notes.push(Note { end_beats: beats, ..held.swap_remove(at).1 });
                    }
                    if velocity > 0 {
                        held.push((channel, Note { start_beats: beats, end_beats: beats, key, velocity }));
                    }
                }
                _ => {}
            }
        }
    }
    ensure!(!call.notes.is_empty(), "it holds no notes to play");
    call.notes.sort_by(|a, b| a.start_beats.total_cmp(&b.start_beats).then(a.key.cmp(&b.key)));
    Ok(call)
}

const TICKS_PER_BEAT: u16 = 480;

/// Writes one named track for each part, all at the same tempo and metre.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(path: &Path, tempo: f64, signature: (u16, u16), parts: &[(&str, &[Note])]) -> Result<()> {
    arrange(tempo, signature, parts)?.save(path).with_context(|| format!("cannot write {}", path.display()))
}

/// As [`write`], without the file.
///
/// # Errors
/// When a time signature has more beats than the format can hold.
pub(crate) fn arrange<'a>(tempo: f64, signature: (u16, u16), parts: &[(&'a str, &[Note])]) -> Result<Smf<'a>> {
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(TICKS_PER_BEAT)));
    let mut file = Smf::new(header);
    let meta = |message| TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(message) };
    let power = u8::try_from(signature.1.trailing_zeros())?;
    file.tracks.push(vec![
        meta(MetaMessage::Tempo(u24::new(whole(60e6 / tempo)))),
        meta(MetaMessage::TimeSignature(u8::try_from(signature.0)?, power, 24, 8)),
        meta(MetaMessage::EndOfTrack),
    ]);
    for (name, notes) in parts {
        // Ends sort before starts at the same tick, so that a repeated key is released before it is struck again.
        let mut moments: Vec<(u32, bool, Note)> = Vec::new();
        for note in *notes {
            moments.push((ticks(note.start_beats), true, *note));
            moments.push((ticks(note.end_beats).max(ticks(note.start_beats) + 1), false, *note));
        }
        moments.sort_by_key(|(tick, is_start, note)| (*tick, *is_start, note.key));
        let mut track = vec![meta(MetaMessage::TrackName(name.as_bytes()))];
        let mut last = 0;
        for (tick, is_start, note) in moments {
            let (key, vel) = (u7::new(note.key), u7::new(note.velocity));
            let message = if is_start { MidiMessage::NoteOn { key, vel } } else { MidiMessage::NoteOff { key, vel } };
            let kind = TrackEventKind::Midi { channel: u4::new(0), message };
            track.push(TrackEvent { delta: u28::new(tick - last), kind });
            last = tick;
        }
        track.push(meta(MetaMessage::EndOfTrack));
        file.tracks.push(track);
    }
    Ok(file)
}

fn ticks(beats: f64) -> u32 {
    whole(beats * f64::from(TICKS_PER_BEAT))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; no song is that long")]
fn whole(value: f64) -> u32 {
    value.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = std::env::temp_dir().join(format!("antiphon-midi-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("take.mid");
        let notes = [
            Note { start_beats: 0.0, end_beats: 1.0, key: 62, velocity: 80 },
            Note { start_beats: 1.0, end_beats: 1.5, key: 62, velocity: 70 },
            Note { start_beats: 1.0, end_beats: 4.0, key: 65, velocity: 60 },
        ];
        write(&path, 96.0, (3, 4), &[("Call", &notes[..1]), ("Answer", &notes[1..])]).unwrap();
        let call = read(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(call.notes, notes);
        assert_eq!(call.signature, (3, 4));
        assert!((call.tempo - 96.0).abs() < 1e-3);
    }

    #[test]
    fn the_shipped_calls_are_playable() {
        for (name, signature, key) in [("call.mid", (4, 4), "D minor"), ("call-waltz.mid", (3, 4), "G major")] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
            let call = read(&path).unwrap();
            assert_eq!(call.signature, signature, "{name}");
            assert_eq!(crate::play::key::name(&call.notes), key, "{name}");
            let end = call.notes.iter().map(|n| n.end_beats).fold(0.0, f64::max);
            let bar = f64::from(signature.0);
            assert!(end > 3.0 * bar && end <= 4.0 * bar, "{name} ends at {end}");
        }
    }
}
