//! From notes to the bytes of a MIDI file.

use anyhow::{Context, Result};
use engine::{Note, TICKS_PER_BEAT};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

/// File ticks per tick of ours: 480 to the beat, which every program reads.
const SCALE: u32 = 10;

/// One track of a MIDI file.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Shown by sequencers.
    pub name: &'a str,
    /// 0 to 15.
    pub channel: u8,
    /// In any order. Onsets before zero are moved to zero.
    pub notes: &'a [Note],
}

/// The bytes of a format 1 file: a track of tempo (BPM) and time signature (quarter notes per bar), then one per part.
///
/// # Errors
/// Names the part whose notes do not fit into a MIDI file.
pub fn write(parts: &[Part], tempo_bpm: f64, beats_per_bar: u8) -> Result<Vec<u8>> {
    let ticks_per_beat = u16::try_from(SCALE * TICKS_PER_BEAT).unwrap_or(u16::MAX);
    let header = Header { format: Format::Parallel, timing: Timing::Metrical(u15::new(ticks_per_beat)) };
    let mut smf = Smf::new(header);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within 24 bits")]
    let us_per_beat = (60e6 / tempo_bpm).clamp(1.0, 16_777_215.0) as u32;
    smf.tracks.push(vec![
        meta(MetaMessage::Tempo(u24::new(us_per_beat))),
        meta(MetaMessage::TimeSignature(beats_per_bar.max(1), 2, 24, 8)),
        meta(MetaMessage::EndOfTrack),
    ]);
    for part in parts {
        let track = track(part).with_context(|| format!("track \"{}\" is too long for a MIDI file", part.name))?;
        smf.tracks.push(track);
    }
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).context("the MIDI file cannot be written")?;
    Ok(bytes)
}

fn track<'a>(part: &Part<'a>) -> Result<Track<'a>> {
    let channel = u4::new(part.channel.min(15));
    // (time, note-offs first, message)
    let mut messages = Vec::new();
    for note in part.notes {
        let key = u7::new(note.pitch.get());
        let on = MidiMessage::NoteOn { key, vel: u7::new(note.velocity.get()) };
        messages.push((note.onset_ticks.max(0), 1u8, on));
        messages.push((note.end_ticks().max(1), 0, MidiMessage::NoteOff { key, vel: u7::new(64) }));
    }
    messages.sort_by_key(|&(ticks, order, _)| (ticks, order));
    let mut track = vec![meta(MetaMessage::TrackName(part.name.as_bytes()))];
    let mut now = 0;
    for (ticks, _, message) in messages {
        let delta =
            u32::try_from(ticks - now)?.checked_mul(SCALE).and_then(u28::try_from).context("too long a rest")?;
        track.push(TrackEvent { delta, kind: TrackEventKind::Midi { channel, message } });
        now = ticks;
    }
    track.push(meta(MetaMessage::EndOfTrack));
    Ok(track)
}

const fn meta(message: MetaMessage<'_>) -> TrackEvent<'_> {
    TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(message) }
}
