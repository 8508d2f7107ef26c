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
    on_grid.parts = on_grid.parts.iter().filter(is_on_page).cloned().collect();
    on_grid
}

fn times(part: &Part) -> impl Iterator<Item = i64> + '_ {
    part.notes.iter().flat_map(|note| [note.onset_ticks, note.end_ticks()])
}

/// Whether the times of a part are those of a score, and not of hands.
fn is_exact(part: &Part, per_beat: u32) -> bool {
    let is_on = |ticks: i64, divisions: u32| i128::from(ticks) * i128::from(divisions) % i128::from(per_beat.max(1)) == 0;
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
