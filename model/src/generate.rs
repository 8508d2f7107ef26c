//! A piece out of nothing, or the answer to a call, as the plugin plays it.

use std::sync::Arc;

use engine::answer::{AnswerRequest, Call, Controls, answer};
use engine::{Session, Weights};
use music::rhythm::{PlayedNote, transcribe};
use music::score::{ANSWER_TRACK, CALL_TRACK};
use music::{Metre, Note, Part, Reduction, Role, Score, TICKS_PER_BEAT, TimeSignature, find_key};

/// More notes are never written.
const MAX_NOTES: usize = 4096;
/// Length of a piece without a call, when nothing else is said: about a minute.
const PIECE_BARS: u32 = 32;
const COMMON_BAR_TICKS: u32 = 4 * TICKS_PER_BEAT;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct GenerateConfig {
    /// How long the call is silent before the answer begins, in milliseconds; 0 begins with the last key up.
    pub silence_ms: f64,
    /// Length in bars, of which the music may leave out the end; when neither is given, the call's length, or 32 bars.
    pub bars: Option<u32>,
    /// Length in notes.
    pub notes: Option<usize>,
    /// The same seed gives the same notes; without a call it also chooses the key.
    pub seed: u32,
    /// What the music should be like.
    pub controls: Controls,
}

/// The notes of a piece, or of the answer to the call.
#[must_use]
pub fn generate(weights: &Arc<Weights>, call: Option<&Reduction>, config: &GenerateConfig) -> Vec<Note> {
    let metre = metre(call);
    let silence_ticks = call.map_or(0, |call| ticks_of_ms(config.silence_ms, call.tempi.bpm(call.end_ticks)));
    // The keys hand over, and what they mean is answered.
    let played = call.map_or_else(|| Call::none(metre), |call| in_metres(call, call.notes.iter().copied(), metre));
    let mut request = AnswerRequest::like_the_call(&played, silence_ticks, config.seed);
    let call = call.map_or_else(|| Call::none(metre), |call| in_metres(call, heard(call), metre));
    let is_alone = call.bounds_ticks().is_none();
    if config.notes.is_some() {
        request.end_ticks = i64::MAX;
    } else if let Some(bars) = config.bars.or(is_alone.then_some(PIECE_BARS)) {
        request.end_ticks = request.start_ticks + i64::from(bars) * i64::from(bar_ticks(metre));
    }
    let n_most = config.notes.unwrap_or(MAX_NOTES);
    answer(&mut Session::new(Arc::clone(weights)), &call, request, &config.controls, n_most)
}

fn in_metres(call: &Reduction, notes: impl IntoIterator<Item = Note>, metre: Metre) -> Call {
    Call::in_metres(notes.into_iter().map(|note| (note, call.metre(note.onset_ticks))), metre)
}

/// The call as the plugin hears it: where it has a beat, as it is written.
fn heard(call: &Reduction) -> Vec<Note> {
    let beat_ticks = |note: &Note| call.metre(note.onset_ticks).beat_ticks();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "24 bits")]
    let us_per_beat = |note: &Note| (60e6 / call.tempi.bpm(note.onset_ticks)) as u32;
    let transcribed = call.notes.chunk_by(|one, other| beat_ticks(one) == beat_ticks(other)).map(|notes| {
        let Some(beat_ticks) = notes.first().and_then(beat_ticks) else { return notes.to_vec() };
        let played: Vec<PlayedNote> = notes.iter().map(|note| PlayedNote::in_ticks(note, us_per_beat(note))).collect();
        transcribe(&played, beat_ticks)
    });
    transcribed.flatten().collect()
}

/// A time in ticks, rounded as by the plugin's clock: what falls halfway between two ticks is the later one.
#[expect(clippy::cast_possible_truncation, reason = "saturates, and no silence is that long")]
fn ticks_of_ms(ms: f64, bpm: f64) -> i64 {
    (ms / 60_000.0 * bpm * f64::from(TICKS_PER_BEAT) + 0.5 + 1e-4).floor() as i64
}

/// The call, in its own metres and tempi, and what follows it.
#[must_use]
pub fn score(call: Option<&Reduction>, answer: &[Note]) -> Score {
    let mut score = Score::new(120.0, TimeSignature::COMMON);
    if let Some(call) = call {
        score.tempi = call.tempi.clone();
        if !call.is_free {
            score.metres.clone_from(&call.metres);
        }
        score.parts.push(Part::new(CALL_TRACK, call.notes.clone()).on_channel(1));
    }
    score.with_part(Part::new(ANSWER_TRACK, answer.to_vec()))
}

/// What stands above the picture.
#[must_use]
pub fn title(score: &Score) -> String {
    let notes: Vec<Note> = score.notes_of(Role::Answer).copied().collect();
    let key = find_key(&notes).map_or("no key".to_owned(), |(key, _)| key.to_string());
    format!("A piece in {key}, {:.0} BPM", score.tempi.bpm(0))
}

/// Bars from the answer's first note to its end.
#[must_use]
pub fn n_bars(call: Option<&Reduction>, answer: &[Note]) -> i64 {
    let start = answer.first().map_or(0, |note| note.onset_ticks);
    let end = answer.iter().map(Note::end_ticks).max().unwrap_or(start);
    (end - start - 1).div_euclid(i64::from(bar_ticks(metre(call)))) + 1
}

/// The metre to go on in: that of the call's end, or four quarters.
fn metre(call: Option<&Reduction>) -> Metre {
    match call {
        Some(call) => call.metre(call.end_ticks),
        None => Metre::Bars { bar_line_ticks: 0, bar_ticks: COMMON_BAR_TICKS },
    }
}

const fn bar_ticks(metre: Metre) -> u32 {
    match metre {
        Metre::Bars { bar_ticks, .. } if bar_ticks > 0 => bar_ticks,
        _ => COMMON_BAR_TICKS,
    }
}
