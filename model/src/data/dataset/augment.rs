//! More music from the same: other keys, loudness, tempi, swung eighths and odd metres.

use engine::conditions::Feel;
use engine::{Pitch, Position, TICKS_PER_BEAT, Velocity};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::crop::Crop;
use super::{as_f64, whole};
use crate::data::shards::{Labels, PlacedNote};

const MAX_TRANSPOSITION: i16 = 3;
const VELOCITY_SCALES: std::ops::RangeInclusive<f64> = 0.92..=1.08;
/// How often music with a beat is read as if it had none.
const READ_AS_FREE: f64 = 0.1;
/// Music without a beat is made slower or faster by up to a third.
const TIME_SCALES: std::ops::RangeInclusive<f64> = 0.75..=1.33;
/// How often eighths are swung, and bars of four made to bars of five or seven.
const SWING: f64 = 0.04;
const ODD: f64 = 0.03;

const BEAT: i64 = TICKS_PER_BEAT as i64;
const COMMON_BAR: i64 = 4 * BEAT;

/// Varies a crop; what is told of it must be measured afterwards.
pub(super) fn vary(crop: &mut Crop, rng: &mut ChaCha8Rng, is_free: bool) {
    vary_key(crop, rng);
    vary_velocities(crop, rng);
    if is_free || rng.random_bool(READ_AS_FREE) {
        return read_as_free(crop, rng.random_range(TIME_SCALES));
    }
    crop.feel = Some(Feel::Straight);
    match rng.random::<f64>() {
        dice if dice < SWING => swing(crop),
        dice if dice < SWING + ODD => odd_metre(crop, rng.random_bool(0.5)),
        _ => {}
    }
}

/// Transposes by up to three semitones, within the keys of a piano where the music is.
fn vary_key(crop: &mut Crop, rng: &mut ChaCha8Rng) {
    let keys = || crop.notes.iter().map(|placed| i16::from(placed.note.pitch.get()));
    let (Some(lowest), Some(highest)) = (keys().min(), keys().max()) else { return };
    let floor = if lowest >= 21 { 21 } else { 0 };
    let ceiling = if highest <= 108 { 108 } else { 127 };
    let by = rng.random_range((floor - lowest).max(-MAX_TRANSPOSITION)..=(ceiling - highest).min(MAX_TRANSPOSITION));
    for placed in &mut crop.notes {
        let key = u8::try_from(i16::from(placed.note.pitch.get()) + by).ok();
        placed.note.pitch = key.and_then(Pitch::new).unwrap_or(placed.note.pitch);
    }
    crop.transpose_harmony(by);
}

fn vary_velocities(crop: &mut Crop, rng: &mut ChaCha8Rng) {
    let by = rng.random_range(VELOCITY_SCALES);
    for placed in &mut crop.notes {
        let velocity = whole(f64::from(placed.note.velocity.get()) * by).clamp(1, 127);
        placed.note.velocity = u8::try_from(velocity).ok().and_then(Velocity::new).unwrap_or(placed.note.velocity);
    }
}

/// Takes the beat away and stretches the time.
fn read_as_free(crop: &mut Crop, scale: f64) {
    let Some(origin) = crop.notes.first().map(|placed| placed.note.onset_ticks) else { return };
    let scaled = |ticks: i64| whole(as_f64(usize::try_from(ticks - origin).unwrap_or(0)) * scale);
    move_all(crop, scaled);
    for placed in &mut crop.notes {
        placed.position = Position::FREE;
        placed.labels = Labels { harmony: placed.labels.harmony, ..Labels::default() };
    }
    crop.end = crop.end.map(|(ticks, _)| (ticks, Position::FREE));
}

/// Moves every onset and end, keeps the order of notes, and drops those that come to lie on each other.
fn move_all(crop: &mut Crop, to: impl Fn(i64) -> i64) {
    for PlacedNote { note, .. } in &mut crop.notes {
        let end = to(note.end_ticks());
        note.onset_ticks = to(note.onset_ticks);
        note.duration_ticks = u32::try_from(end - note.onset_ticks).unwrap_or(0).max(1);
    }
    crop.notes.sort_by_key(|placed| placed.note.order());
    crop.notes.dedup_by_key(|placed| placed.note.order());
    crop.end = crop.end.map(|(ticks, position)| (to(ticks), position));
}

/// Where a beat begins on the crop's timeline; `None` when the grid is not the same for all of the crop, or the music
/// already has triplets.
fn even_grid(crop: &Crop) -> Option<i64> {
    let first = crop.notes.first()?;
    let grid = first.note.onset_ticks - i64::from(first.position.beat_phase);
    let has_eighths = crop.notes.iter().any(|placed| placed.position.beat_phase == 24);
    let is_even = crop.notes.iter().all(|placed| {
        let phase = (placed.note.onset_ticks - grid).rem_euclid(BEAT);
        phase == i64::from(placed.position.beat_phase) && phase % 12 == 0
    });
    (has_eighths && is_even).then_some(grid)
}

/// Eighths in two to one, where they are even now.
fn swing(crop: &mut Crop) {
    let Some(grid) = even_grid(crop) else { return };
    let swung = |ticks: i64| {
        let (beat, phase) = ((ticks - grid).div_euclid(BEAT), (ticks - grid).rem_euclid(BEAT));
        let phase = if phase <= 24 { phase * 32 / 24 } else { 32 + (phase - 24) * 16 / 24 };
        grid + beat * BEAT + phase
    };
    let end = crop.end;
    move_all(crop, swung);
    // The piece's end is where it was, so that its position still holds.
    crop.end = end;
    for placed in &mut crop.notes {
        let phase = (placed.note.onset_ticks - grid).rem_euclid(BEAT);
        placed.position.beat_phase = u8::try_from(phase).unwrap_or(0);
    }
    crop.feel = Some(Feel::Swung);
}

/// Bars of four become bars of seven eighths, whose last eighth is left out, or of five beats, whose fourth is played twice.
/// Crops in other metres stay as they are.
fn odd_metre(crop: &mut Crop, is_seven: bool) {
    let Some(first) = crop.notes.first() else { return };
    let in_bar = |position: Position| position.in_bar_ticks().unwrap_or(0);
    let grid = first.note.onset_ticks - in_bar(first.position);
    let is_common = crop
        .notes
        .iter()
        .all(|placed| (placed.note.onset_ticks - grid).rem_euclid(COMMON_BAR) == in_bar(placed.position));
    if !is_common || crop.end.is_some() {
        return;
    }
    let (cut, bar) =
        if is_seven { (COMMON_BAR - BEAT / 2, COMMON_BAR - BEAT / 2) } else { (COMMON_BAR, COMMON_BAR + BEAT) };
    let moved = |ticks: i64| {
        let (index, within) = ((ticks - grid).div_euclid(COMMON_BAR), (ticks - grid).rem_euclid(COMMON_BAR));
        grid + index * bar + within.min(cut)
    };
    let fourth = 3 * BEAT..COMMON_BAR;
    let mut made = Vec::with_capacity(crop.notes.len());
    for placed in &crop.notes {
        let within = in_bar(placed.position);
        if within >= cut {
            continue;
        }
        let onset_ticks = moved(placed.note.onset_ticks);
        let length = (moved(placed.note.end_ticks()) - onset_ticks).max(1);
        let mut note = *placed;
        note.note.onset_ticks = onset_ticks;
        note.note.duration_ticks = u32::try_from(length).unwrap_or(1);
        if !is_seven && fourth.contains(&within) {
            // What is struck again must have ended.
            note.note.duration_ticks = placed.note.duration_ticks.min(TICKS_PER_BEAT);
            let mut again = note;
            again.note.onset_ticks += BEAT;
            again.position.bar_beat += 1;
            again.labels.begins_phrase = false;
            made.push(again);
        }
        made.push(note);
    }
    made.sort_by_key(|placed| placed.note.order());
    made.dedup_by_key(|placed| placed.note.order());
    crop.notes = made;
    crop.feel = Some(Feel::Odd);
}

#[cfg(test)]
mod tests {
    use engine::{Metre, Note};

    use super::*;

    /// Two bars of even eighths.
    fn crop() -> Crop {
        let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
        let note = |i: i64| {
            let onset_ticks = 24 * i;
            let note = Note { onset_ticks, duration_ticks: 24, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM };
            PlacedNote { note, position: metre.position(onset_ticks), labels: Labels::default() }
        };
        let mut crop = Crop::default();
        crop.notes = (0..16).map(note).collect();
        crop
    }

    fn onsets(crop: &Crop) -> Vec<i64> {
        crop.notes.iter().map(|placed| placed.note.onset_ticks).collect()
    }

    #[test]
    fn swung_eighths_are_long_and_short() {
        let mut crop = crop();
        swing(&mut crop);
        assert_eq!(onsets(&crop)[..4], [0, 32, 48, 80]);
        assert_eq!(crop.notes[1].position.beat_phase, 32);
        assert!(crop.notes.iter().all(|placed| [16, 32].contains(&placed.note.duration_ticks)));
        assert_eq!(crop.feel, Some(Feel::Swung));
    }

    #[test]
    fn odd_bars_keep_their_own_beats() {
        for (is_seven, bar_ticks, n) in [(true, 168, 14), (false, 240, 20)] {
            let mut crop = crop();
            odd_metre(&mut crop, is_seven);
            let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks };
            assert_eq!(onsets(&crop), (0..n).map(|i| 24 * i).collect::<Vec<_>>());
            assert!(crop.notes.iter().all(|placed| metre.position(placed.note.onset_ticks) == placed.position));
        }
    }
}
