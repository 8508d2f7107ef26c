//! Which notes stand on the page. Antiphon's answers, and what comes from a score, are on the grid already and are written as they
//! are; what hands played is written as the ear hears it.

use crate::note::{Note, TICKS_PER_BEAT};
use crate::rhythm::recording::{self, PlayedNote};
use crate::rhythm::{PARTS_PER_BEAT, PARTS_PER_TICK};
use crate::score::{Part, Role, Score, tidy};
use crate::tempo::{resample, us_per_beat};

/// Files whose ticks are so short hold what hands play as they play it.
const FINE_PER_BEAT: u32 = 4 * TICKS_PER_BEAT;
/// A part was written, not played, if of so many of its times ...
const OF_TIMES: usize = 100;
/// ... so many are those of plain or triplet note values.
const CLEAN_TIMES: usize = 90;

/// So many times off the beats are too many to be meant.
const OFF_TIMES: usize = 30;

/// The score in ticks of 1/48 beat, as it is written; in each part, a key sounds once at a time.
pub(super) fn written(score: &Score) -> Score {
    let is_on_page = |part: &&Part| !part.notes.is_empty() || !part.pedal.is_empty();
    let has_answer = score.notes_of(Role::Answer).next().is_some();
    let is_played = |part: &Part| !is_exact(part, score.ticks_per_beat);
    if !has_answer
        && score.parts.iter().any(is_played)
        && let Some((heard, _)) = recording::written(score, true)
    {
        let parts = heard.parts.into_iter().filter(|part| !part.notes.is_empty());
        return Score { parts: parts.map(|part| Part { notes: tidy(part.notes), ..part }).collect(), ..heard };
    }
    let mut on_grid = score.resampled(TICKS_PER_BEAT);
    for (part, from) in on_grid.parts.iter_mut().zip(&score.parts) {
        if is_played(from) {
            part.notes = heard(score, from);
        }
        for note in &mut part.notes {
            note.onset_ticks = note.onset_ticks.max(0);
        }
        part.notes = tidy(std::mem::take(&mut part.notes));
    }
    let calls: Vec<i64> = on_grid.notes_of(Role::Call).map(|note| note.onset_ticks).collect();
    for part in on_grid.parts.iter_mut().filter(|part| part.role == Role::Answer) {
        to_beats(&mut part.notes, &calls);
    }
    on_grid.parts = on_grid.parts.iter().filter(is_on_page).cloned().collect();
    on_grid
}

/// An answer begins where the player let go, be it between the beats. If it keeps that distance from the beats, it is moved onto
/// them as a whole, by half a beat at most. Answers are told apart by the calls between them.
fn to_beats(notes: &mut [Note], calls: &[i64]) {
    let n_calls = |note: &Note| calls.iter().filter(|onset| **onset <= note.onset_ticks).count();
    for answer in notes.chunk_by_mut(|one, next| n_calls(one) == n_calls(next)) {
        let n_off = |by: i64| answer.iter().filter(|note| !is_plain(note.onset_ticks + by)).count();
        let half = i64::from(TICKS_PER_BEAT) / 2;
        let weakness = |by: i64| answer.iter().map(|note| weakness(note.onset_ticks + by)).sum::<u32>();
        let best = (-half..=half).min_by_key(|by| (weakness(*by), by.abs())).unwrap_or(0);
        let begins_off = answer.first().is_some_and(|first| !is_plain(first.onset_ticks));
        let is_off = begins_off && n_off(0) * OF_TIMES > answer.len() * OFF_TIMES;
        let is_on_then = n_off(best) * OF_TIMES < answer.len() * (OF_TIMES - CLEAN_TIMES);
        let fits = answer.iter().all(|note| note.onset_ticks + best >= 0);
        if is_off && is_on_then && fits {
            answer.iter_mut().for_each(|note| note.onset_ticks += best);
        }
    }
}

/// Whether a time is on a sixteenth, or on a third of a beat.
const fn is_plain(ticks: i64) -> bool {
    weakness(ticks) < 4
}

/// How weak the beat at a time is.
const fn weakness(ticks: i64) -> u32 {
    let beat = TICKS_PER_BEAT as i64;
    match () {
        () if ticks % beat == 0 => 0,
        () if ticks % (beat / 2) == 0 => 1,
        () if ticks % (beat / 4) == 0 || ticks % (beat / 3) == 0 => 2,
        () => 4,
    }
}

fn times(part: &Part) -> impl Iterator<Item = i64> + '_ {
    part.notes.iter().flat_map(|note| [note.onset_ticks, note.end_ticks()])
}

/// Whether the times of a part are those of a score, and not of hands.
fn is_exact(part: &Part, per_beat: u32) -> bool {
    let is_on =
        |ticks: i64, divisions: u32| i128::from(ticks) * i128::from(divisions) % i128::from(per_beat.max(1)) == 0;
    let is_whole = times(part).all(|ticks| is_on(ticks, TICKS_PER_BEAT));
    // Thirty-seconds, or sixteenths of triplets.
    let n_clean = times(part).filter(|&ticks| is_on(ticks, 8) || is_on(ticks, 12)).count();
    let n_times = 2 * part.notes.len();
    match part.role {
        _ if part.is_drums() => true,
        Role::Answer => is_whole,
        Role::Call => n_clean == n_times,
        // Hands meet no grid that is coarser than their file's.
        Role::Other => is_whole && per_beat >= FINE_PER_BEAT || n_clean * OF_TIMES >= n_times * CLEAN_TIMES,
    }
}

/// What the ear hears, by the score's own beats.
fn heard(score: &Score, part: &Part) -> Vec<Note> {
    let parts = |ticks| resample(ticks, score.ticks_per_beat, u32::try_from(PARTS_PER_BEAT).unwrap_or(768));
    let mut played: Vec<PlayedNote> = Vec::with_capacity(part.notes.len());
    for note in &part.notes {
        let onset_parts = parts(note.onset_ticks);
        played.push(PlayedNote {
            onset_parts,
            off_parts: parts(note.end_ticks()).max(onset_parts + PARTS_PER_TICK),
            pitch: note.pitch,
            velocity: note.velocity,
            us_per_beat: us_per_beat(score.tempi.bpm(note.onset_ticks)),
        });
    }
    recording::transcribe(&played, 0)
}
