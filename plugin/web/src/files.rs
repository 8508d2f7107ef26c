//! What can be dropped on a page and downloaded from it.

use std::sync::Arc;

use engine::{Pack, PackError, Pitch, Velocity, Weights};
use live::timeline::Passage;
use music::file::{self, MusicFile};
use music::{Score, midi, musicxml};
use serde::{Deserialize, Serialize};
use takes::{Take, TakeNote};

use crate::midi::Message;
use crate::page::SAMPLE_RATE_HZ;

/// Of a take as sound.
const WAV_RATE_HZ: u32 = 44_100;
/// A damaged file can have a thousand faults.
const MAX_LINES: usize = 8;

/// A file that was dropped.
#[derive(Debug)]
pub(crate) enum Dropped {
    /// Music to play to Antiphon.
    Music(Music),
    /// Styles to play in, with a name.
    Weights(Arc<Weights>, String),
}

/// Music, as hands play it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Music {
    /// Samples from its start, and the message.
    pub messages: Vec<(u64, Message)>,
    /// Samples from its start, and from there on beats a minute, beats of a bar, and how many of them make a whole note.
    pub song: Vec<(u64, f64, u16, u16)>,
    /// What could not be read.
    pub left_out: Vec<String>,
}

/// How a take is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A MIDI file.
    Midi,
    /// A score.
    MusicXml,
    /// The sound of it, on the built-in piano.
    Wav,
}

/// Reads a file by what is in it.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(crate) fn open(bytes: &[u8], base: &Weights) -> Result<Dropped, String> {
    match Pack::parse(bytes) {
        Ok(pack) => {
            let weights = pack.apply(base).map_err(|error| error.to_string())?;
            Ok(Dropped::Weights(Arc::new(weights), pack.header().name.clone()))
        }
        Err(PackError::IsWeights) => Err("this is a whole network; a page plays packs made for its own".into()),
        Err(error) if is_ours(bytes) => Err(error.to_string()),
        Err(_) => music(bytes).map(Dropped::Music),
    }
}

/// Whether a file begins as packs and networks do.
fn is_ours(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ANTI")
}

fn music(bytes: &[u8]) -> Result<Music, String> {
    let MusicFile { score, left_out, drums } = file::read(bytes).map_err(|error| error.to_string())?;
    let left_out = left_out.iter().chain(&drums).take(MAX_LINES).map(ToString::to_string).collect();
    let call = score.as_call();
    if call.n_notes() == 0 {
        return Err("this file holds no notes but drums".into());
    }
    Ok(Music { left_out, ..played(&call) })
}

/// What hands do to play a score, and the song in which they do.
fn played(call: &Score) -> Music {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; no music is that long")]
    let sample = |seconds: f64| (seconds * f64::from(SAMPLE_RATE_HZ)).round() as u64;
    let end = call.end_ticks();
    let mut changes: Vec<i64> = call.tempi.changes().map(|(ticks, _)| ticks).collect();
    changes.extend(call.metres.iter().map(|metre| metre.start_ticks));
    changes.retain(|&ticks| ticks > 0 && ticks <= end);
    changes.push(0);
    changes.sort_unstable();
    changes.dedup();
    let song = changes.into_iter().map(|ticks| {
        let signature = call.signature(ticks);
        let at = sample(call.tempi.seconds(ticks));
        (at, call.tempi.bpm(ticks), signature.numerator().into(), signature.denominator().into())
    });
    Music { messages: call.messages(sample), song: song.collect(), left_out: Vec::new() }
}

/// A call and its answer as a file.
///
/// # Errors
/// A sentence that says why it cannot be written.
pub(crate) fn take(passage: &Passage, format: Format) -> Result<Vec<u8>, String> {
    let notes = passage.notes.iter().map(|note| TakeNote {
        is_answer: note.is_answer,
        on_parts: note.on_parts,
        off_parts: note.off_parts,
        pitch: Pitch::nearest(note.key),
        velocity: Velocity::nearest(note.velocity),
    });
    let score = Take { tempo: passage.tempo, bar_ticks: passage.bar_ticks, notes: notes.collect() }.score();
    match format {
        Format::Midi => midi::write(&score).map_err(|error| error.to_string()),
        Format::MusicXml => musicxml::write(&score).map(String::into_bytes).map_err(|error| error.to_string()),
        Format::Wav => piano::wav(&score, WAV_RATE_HZ).map_err(|error| error.to_string()),
    }
}
