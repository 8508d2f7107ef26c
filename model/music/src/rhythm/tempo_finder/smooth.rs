//! Beats drawn more finely than the lattice's grid: a line through the notes if the tempo is constant, a smooth curve if not
//! (least squares with a penalty on changes of tempo, as a Kalman smoother has it). Floating-point numbers here are only added,
//! multiplied and divided, in one order, so that every machine draws the same.

use super::super::grid::CLASSES;
use super::chords::Chord;
use super::lattice::PathBeat;

/// Notes farther from the lattice's beats than this are left out, in milliseconds.
const MOST_OFF_MS: f64 = 90.0;
/// Weight of a change of tempo from one beat to the next against a note's distance from the curve.
const STIFFNESS: f64 = 0.6;
/// The lattice's own beats count little: they hold the curve where there are no notes.
const OWN_WEIGHT: f64 = 0.02;
/// The tempo is constant if a straight line is not much farther from the notes than the curve: mean squares in milliseconds.
const STEADY_MORE: f64 = 1.6;
const STEADY_ALWAYS: f64 = 15.0 * 15.0;
const STEADY_NEVER: f64 = 45.0 * 45.0;

/// Beats of a phrase.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) beats_ms: Vec<f64>,
    pub(super) is_steady: bool,
}

/// A note on the curve: its beat, how far it is in it, and when it was played.
#[derive(Clone, Copy, Debug)]
struct Point {
    beat: usize,
    share: f64,
    ms: f64,
}

/// Draws the beats of a path. `None` if it has none.
pub(super) fn track(path: &[PathBeat], chords: &[Chord]) -> Option<Track> {
    let last = path.last()?;
    let mut own: Vec<f64> = path.iter().map(|beat| f64::from(beat.ms)).collect();
    own.push(f64::from(last.ms + last.length_ms));
    let points = points(path, chords);
    let curve = curve(&own, &points);
    let line = line(&own, &points);
    let (curved, straight) = (mean_square(&curve, &points), mean_square(&line, &points));
    let is_steady = straight <= STEADY_ALWAYS || straight <= STEADY_NEVER && straight <= STEADY_MORE * curved.max(81.0);
    let mut beats_ms = if is_steady { line } else { curve };
    if beats_ms.windows(2).any(|pair| pair[1] - pair[0] < 100.0) {
        beats_ms = own;
    }
    Some(Track { beats_ms, is_steady })
}

/// To the nearest microsecond.
#[expect(clippy::cast_possible_truncation, reason = "a phrase is 30 seconds")]
pub(super) fn us(ms: f64) -> i64 {
    (ms * 1000.0).round() as i64
}

fn points(path: &[PathBeat], chords: &[Chord]) -> Vec<Point> {
    let mut points = Vec::with_capacity(chords.len());
    let mut beat = 0;
    for chord in chords {
        while path.get(beat + 1).is_some_and(|next| next.ms - super::lattice::EARLY_MS <= chord.ms) {
            beat += 1;
        }
        let Some(&PathBeat { ms, length_ms, class, is_empty }) = path.get(beat) else { break };
        let steps = i32::from(CLASSES[usize::from(class)]);
        let step = (((chord.ms - ms) * steps).max(0) + length_ms / 2) / length_ms.max(1);
        let share = f64::from(step.min(steps - 1)) / f64::from(steps);
        let off_ms = f64::from(chord.ms - ms) - share * f64::from(length_ms);
        if !is_empty && (-MOST_OFF_MS..=MOST_OFF_MS).contains(&off_ms) {
            points.push(Point { beat, share, ms: f64::from(chord.ms) });
        }
    }
    points
}

/// A straight line by least squares.
fn line(own: &[f64], points: &[Point]) -> Vec<f64> {
    let at = |point: &Point| as_f64(point.beat) + point.share;
    let n = as_f64(points.len()).max(1.0);
    let (mean_at, mean_ms) = points.iter().fold((0.0, 0.0), |sum, p| (sum.0 + at(p) / n, sum.1 + p.ms / n));
    let (mut square, mut product) = (0.0, 0.0);
    for point in points {
        let off = at(point) - mean_at;
        square += off * off;
        product += off * (point.ms - mean_ms);
    }
    if square < 0.5 || product <= 0.0 {
        return own.to_vec();
    }
    let slope = product / square;
    (0..own.len()).map(|beat| mean_ms + (as_f64(beat) - mean_at) * slope).collect()
}

/// The curve that has the least sum of squares: a system of equations of which each beat shares one with its two neighbours on
/// either side, solved by Cholesky's method.
fn curve(own: &[f64], points: &[Point]) -> Vec<f64> {
    let n = own.len();
    // (n, 3): the diagonal, and those one and two below it.
    let mut rows = vec![[OWN_WEIGHT, 0.0, 0.0]; n];
    let mut right: Vec<f64> = own.iter().map(|ms| ms * OWN_WEIGHT).collect();
    for &Point { beat, share, ms } in points {
        let (a, b) = (1.0 - share, share);
        rows[beat][0] += a * a;
        rows[beat + 1][0] += b * b;
        rows[beat + 1][1] += a * b;
        right[beat] += a * ms;
        right[beat + 1] += b * ms;
    }
    for middle in 1..n.saturating_sub(1) {
        let bend = [1.0, -2.0, 1.0];
        for i in 0..3 {
            for j in 0..=i {
                rows[middle - 1 + i][i - j] += STIFFNESS * bend[i] * bend[j];
            }
        }
    }
    // L D L^T in place: rows hold D, then L.
    for i in 0..n {
        if i >= 2 {
            rows[i][2] /= rows[i - 2][0];
        }
        if i >= 1 {
            let shared = if i >= 2 { rows[i][2] * rows[i - 2][0] * rows[i - 1][1] } else { 0.0 };
            rows[i][1] = (rows[i][1] - shared) / rows[i - 1][0];
            rows[i][0] -= rows[i][1] * rows[i][1] * rows[i - 1][0];
        }
        if i >= 2 {
            rows[i][0] -= rows[i][2] * rows[i][2] * rows[i - 2][0];
        }
        let before = |back: usize| if i >= back { right[i - back] * rows[i][back] } else { 0.0 };
        let known = before(1) + before(2);
        right[i] -= known;
    }
    for i in 0..n {
        right[i] /= rows[i][0];
    }
    for i in (0..n).rev() {
        let after = |on: usize| if i + on < n { right[i + on] * rows[i + on][on] } else { 0.0 };
        let known = after(1) + after(2);
        right[i] -= known;
    }
    right
}

fn mean_square(beats: &[f64], points: &[Point]) -> f64 {
    let sum = points.iter().fold(0.0, |sum, &Point { beat, share, ms }| {
        let off = ms - beats[beat] * (1.0 - share) - beats[beat + 1] * share;
        sum + off * off
    });
    sum / as_f64(points.len()).max(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
const fn as_f64(n: usize) -> f64 {
    n as f64
}
