//! A whole score, as samples or as a WAV file.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};
use music::Score;

use crate::{Piano, PianoError};

/// After the last note, so that it can end.
const TAIL_SECONDS: f64 = 2.0;
const MAX_SECONDS: f64 = 3600.0;

/// All parts but drums: left and right.
///
/// # Errors
/// If the piano cannot play at this sampling rate, or the score is longer than an hour.
pub fn render(score: &Score, sample_rate_hz: u32) -> Result<[Vec<f32>; 2], PianoError> {
    #[expect(clippy::cast_precision_loss, reason = "the piano takes no rate that high")]
    let mut piano = Piano::new(sample_rate_hz as f32)?;
    let end_seconds = score.tempi.seconds(score.end_ticks());
    if end_seconds > MAX_SECONDS {
        return Err(PianoError::TooLong);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to an hour")]
    let sample = |seconds: f64| (seconds.max(0.0) * f64::from(sample_rate_hz)).round() as usize;
    let moves = moves(score, |ticks| sample(score.tempi.seconds(ticks)));
    let end = sample(end_seconds + TAIL_SECONDS);
    let (mut left, mut right) = (vec![0.0; end], vec![0.0; end]);
    let mut now = 0;
    for Move { at, velocity, key, channel } in moves {
        let at = at.min(end);
        piano.render(&mut left[now..at], &mut right[now..at]);
        now = at;
        match velocity {
            0 => piano.note_off(channel, key),
            _ => piano.note_on(channel, key, f32::from(velocity) / 127.0),
        }
    }
    piano.render(&mut left[now..], &mut right[now..]);
    Ok([left, right])
}

/// The same as the bytes of a WAV file: stereo, 16 bits.
///
/// # Errors
/// As [`render`].
pub fn wav(score: &Score, sample_rate_hz: u32) -> Result<Vec<u8>, PianoError> {
    let [left, right] = render(score, sample_rate_hz)?;
    let spec =
        WavSpec { channels: 2, sample_rate: sample_rate_hz, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut file = Cursor::new(Vec::new());
    let written = WavWriter::new(&mut file, spec).and_then(|mut writer| {
        for sample in left.into_iter().zip(right).flat_map(<[f32; 2]>::from) {
            #[expect(clippy::cast_possible_truncation, reason = "between -1 and 1")]
            writer.write_sample((sample * 32_767.0).round() as i16)?;
        }
        writer.finalize()
    });
    // Memory can be written to, so all that can be wrong is the length.
    written.map_err(|_| PianoError::TooLong)?;
    Ok(file.into_inner())
}

/// A key goes down, or up where the velocity is 0. At one sample keys go up before others go down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Move {
    at: usize,
    velocity: u8,
    key: u8,
    channel: u8,
}

/// By rising time. `sample` is when a tick is heard.
fn moves(score: &Score, sample: impl Fn(i64) -> usize) -> Vec<Move> {
    let mut moves = Vec::new();
    let score = score.without_pedal();
    // Each part has keys of its own, as far as there are channels.
    for (part, channel) in score.parts.iter().zip((0..16).cycle()).filter(|(part, _)| !part.is_drums()) {
        for note in &part.notes {
            let (at, key) = (sample(note.onset_ticks), note.pitch.get());
            moves.push(Move { at, velocity: note.velocity.get(), key, channel });
            moves.push(Move { at: sample(note.end_ticks()).max(at + 1), velocity: 0, key, channel });
        }
    }
    moves.sort_unstable();
    moves
}
