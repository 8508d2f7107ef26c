//! Takes as MIDI files.

use std::io;

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

use crate::take::{TICKS_PER_BEAT, Take, TakeNote};

/// Name of the track with the player's notes.
const CALL_TRACK: &str = "Call";
/// Name of the track with Antiphon's. Who learns from a file leaves it out: Antiphon must not learn from itself.
pub const ANSWER_TRACK: &str = "Antiphon's answer";

/// Call and answer, one track each, with tempo and metre.
///
/// # Errors
/// When the notes do not fit into a MIDI file.
pub(crate) fn midi_file(take: &Take) -> io::Result<Vec<u8>> {
    let meta = |message| TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(message) };
    let tempo = if take.tempo.is_finite() { f64::from(take.tempo).clamp(4.0, 2000.0) } else { 120.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "30,000 to 15,000,000")]
    let microseconds = (60e6 / tempo) as u32;
    let mut head = vec![meta(MetaMessage::Tempo(u24::new(microseconds)))];
    if let Some((beats, power)) = signature(take.bar_ticks) {
        head.push(meta(MetaMessage::TimeSignature(beats, power, 24, 8)));
    }
    head.push(meta(MetaMessage::EndOfTrack));

    let ticks_per_beat = u15::new(u16::try_from(TICKS_PER_BEAT).unwrap_or(48));
    let mut file = Smf::new(Header::new(Format::Parallel, Timing::Metrical(ticks_per_beat)));
    file.tracks.push(head);
    for (name, is_answer) in [(CALL_TRACK, false), (ANSWER_TRACK, true)] {
        let notes = take.notes.iter().filter(|note| note.is_answer == is_answer);
        file.tracks.push(track(name, u4::new(u8::from(is_answer)), notes));
    }
    let mut bytes = Vec::new();
    file.write_std(&mut bytes)?;
    Ok(bytes)
}

/// How many notes of a file are the player's, and how many Antiphon's. `None` if it cannot be read.
#[must_use]
pub fn count_notes(bytes: &[u8]) -> Option<(usize, usize)> {
    let file = Smf::parse(bytes).ok()?;
    let (mut n_call, mut n_answer) = (0, 0);
    for track in &file.tracks {
        let is_name =
            |event: &TrackEvent| event.kind == TrackEventKind::Meta(MetaMessage::TrackName(ANSWER_TRACK.as_bytes()));
        let is_on = |event: &&TrackEvent| {
            matches!(event.kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })
        };
        let n = if track.iter().any(is_name) { &mut n_answer } else { &mut n_call };
        *n += track.iter().filter(is_on).count();
    }
    Some((n_call, n_answer))
}

fn track<'a>(name: &'a str, channel: u4, notes: impl Iterator<Item = &'a TakeNote>) -> Track<'a> {
    // Ends come before beginnings on the same tick.
    let mut events: Vec<(u32, bool, u8, u8)> = notes
        .flat_map(|note| {
            let off_ticks = note.off_ticks.max(note.on_ticks.saturating_add(1));
            [(note.on_ticks, true, note.key, note.velocity.clamp(1, 127)), (off_ticks, false, note.key, 0)]
        })
        .collect();
    events.sort_unstable();
    let mut track =
        vec![TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes())) }];
    let mut last = 0;
    for (ticks, is_on, key, velocity) in events {
        let (key, vel) = (u7::from_int_lossy(key), u7::from_int_lossy(velocity));
        let message = if is_on { MidiMessage::NoteOn { key, vel } } else { MidiMessage::NoteOff { key, vel } };
        let kind = TrackEventKind::Midi { channel, message };
        track.push(TrackEvent { delta: u28::from_int_lossy(ticks - last), kind });
        last = ticks;
    }
    track.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

/// Numerator, and the denominator's power of two, of a bar of so many ticks.
fn signature(bar_ticks: u32) -> Option<(u8, u8)> {
    [2u8, 3, 4].into_iter().find_map(|power| {
        let unit = (4 * TICKS_PER_BEAT) >> power;
        let beats = bar_ticks.checked_div(unit).filter(|beats| beats * unit == bar_ticks && *beats > 0)?;
        Some((u8::try_from(beats).ok()?, power))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take() -> Take {
        let note =
            |is_answer, on_ticks, key| TakeNote { is_answer, on_ticks, off_ticks: on_ticks + 24, key, velocity: 90 };
        Take { tempo: 90.0, bar_ticks: 144, notes: vec![note(false, 0, 60), note(false, 24, 60), note(true, 48, 67)] }
    }

    #[test]
    fn a_saved_take_reads_back_with_its_notes_tempo_and_metre() {
        let bytes = midi_file(&take()).unwrap();
        let file = Smf::parse(&bytes).unwrap();
        let metas: Vec<_> = file.tracks[0].iter().map(|event| event.kind).collect();
        assert_eq!(metas[0], TrackEventKind::Meta(MetaMessage::Tempo(u24::new(666_666))));
        assert_eq!(metas[1], TrackEventKind::Meta(MetaMessage::TimeSignature(3, 2, 24, 8)));
        let notes = |track: usize| {
            let is_midi = |event: &&TrackEvent| matches!(event.kind, TrackEventKind::Midi { .. });
            file.tracks[track].iter().filter(is_midi).map(|event| event.delta.as_int()).collect::<Vec<_>>()
        };
        assert_eq!((notes(1), notes(2)), (vec![0, 24, 0, 24], vec![48, 24]));
        assert_eq!((count_notes(&bytes), count_notes(b"MThd")), (Some((2, 1)), None));
    }

    #[test]
    fn a_take_from_a_damaged_song_does_no_harm() {
        let wild = TakeNote { is_answer: true, on_ticks: u32::MAX, off_ticks: 0, key: 255, velocity: 0 };
        let take = Take { tempo: f32::NAN, bar_ticks: u32::MAX, notes: vec![wild; 3] };
        assert!(Smf::parse(&midi_file(&take).unwrap()).is_ok());
    }
}
