//! Two hands: the path of a border between them through a part, found by dynamic programming (Viterbi). It costs to stretch a hand, to
//! reach far from its place, to move the border, to have it close to keys on both its sides, and to break a line.

use super::sheet::Clef;
use crate::note::Note;

/// Places of the border: notes below it are the left hand's.
const LOWEST: i64 = 36;
const N_BORDERS: usize = 49;
/// Where it is by nature.
const MIDDLE_C: i64 = 60;
/// A hand spans an octave with ease, and not much more than a tenth.
const EASY_SPAN: i64 = 12;
const STRETCH_COST: i64 = 12;
/// For each semitone that the border is away from its place.
const PLACE_COST: i64 = 1;
/// For each semitone that it moves.
const MOVE_COST: i64 = 2;
/// For each semitone that it lacks to a comfortable distance from the keys beside it.
const GAP_COST: i64 = 2;
const EASY_GAP: i64 = 4;
/// A line goes on by steps and small leaps: to change the hand in it costs that much.
const BREAK_COST: i64 = 25;
const SMALL_LEAP: i64 = 7;

/// The hands of a part, or one staff if that is enough.
pub(super) enum Hands {
    /// All on one staff.
    One(Clef),
    /// For each note, whether it is the left hand's.
    Two(Vec<bool>),
}

/// Notes in [`Note::order`].
pub(super) fn divide(notes: &[Note]) -> Hands {
    let pitch = |note: &Note| i64::from(note.pitch.get());
    let (low, high) = (notes.iter().map(pitch).min(), notes.iter().map(pitch).max());
    let (Some(low), Some(high)) = (low, high) else { return Hands::One(Clef::Treble) };
    let is_line = notes.windows(2).all(|pair| pair[0].end_ticks() <= pair[1].onset_ticks);
    let middle = notes.iter().map(pitch).sum::<i64>() / i64::try_from(notes.len()).unwrap_or(1);
    // Two ledger lines below the treble staff, or above the bass staff.
    if low >= 57 || is_line && high - low <= 28 && middle >= MIDDLE_C {
        return Hands::One(Clef::Treble);
    }
    if high <= 64 || is_line && high - low <= 28 {
        return Hands::One(Clef::Bass);
    }
    Hands::Two(border(notes))
}

/// What is struck at one time, with what still sounds.
struct Moment {
    struck: std::ops::Range<usize>,
    held: Vec<i64>,
}

fn moments(notes: &[Note]) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    let mut sounding: Vec<usize> = Vec::new();
    let mut from = 0;
    while from < notes.len() {
        let onset = notes[from].onset_ticks;
        let to = from + notes[from..].iter().take_while(|note| note.onset_ticks == onset).count();
        sounding.retain(|&note| notes[note].end_ticks() > onset);
        let held = sounding.iter().map(|&note| i64::from(notes[note].pitch.get())).collect();
        moments.push(Moment { struck: from..to, held });
        sounding.extend(from..to);
        from = to;
    }
    moments
}

fn border(notes: &[Note]) -> Vec<bool> {
    let moments = moments(notes);
    let border = |place: usize| LOWEST + i64::try_from(place).unwrap_or(0);
    let mut costs = vec![0i64; N_BORDERS];
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(moments.len());
    for (number, moment) in moments.iter().enumerate() {
        let line = number.checked_sub(1).and_then(|before| leap(notes, &moments[before], moment));
        let mut next = Vec::with_capacity(N_BORDERS);
        let mut way = Vec::with_capacity(N_BORDERS);
        for to in 0..N_BORDERS {
            let reach = |from: usize| {
                let broken = line.is_some_and(|(a, b)| (a < border(from)) != (b < border(to)));
                costs[from] + MOVE_COST * (border(to) - border(from)).abs() + if broken { BREAK_COST } else { 0 }
            };
            let best = (0..N_BORDERS).min_by_key(|&from| (reach(from), from.abs_diff(to))).unwrap_or(to);
            next.push(reach(best) + cost(notes, moment, border(to)));
            way.push(best);
        }
        costs = next;
        ways.push(way);
    }
    let mut place = (0..N_BORDERS).min_by_key(|&place| costs[place]).unwrap_or(0);
    let mut is_left = vec![false; notes.len()];
    for (moment, way) in moments.iter().zip(&ways).rev() {
        for note in moment.struck.clone() {
            is_left[note] = i64::from(notes[note].pitch.get()) < border(place);
        }
        place = way[place];
    }
    is_left
}

/// Two keys that make a line: single notes that follow each other closely.
fn leap(notes: &[Note], before: &Moment, now: &Moment) -> Option<(i64, i64)> {
    let (1, 1) = (before.struck.len(), now.struck.len()) else { return None };
    let (a, b) = (&notes[before.struck.start], &notes[now.struck.start]);
    let keys = (i64::from(a.pitch.get()), i64::from(b.pitch.get()));
    let follows = a.end_ticks() <= b.onset_ticks && b.onset_ticks - a.end_ticks() < 24;
    (follows && (keys.0 - keys.1).abs() <= SMALL_LEAP).then_some(keys)
}

fn cost(notes: &[Note], moment: &Moment, border: i64) -> i64 {
    let struck = moment.struck.clone().map(|note| i64::from(notes[note].pitch.get()));
    let mut keys: Vec<i64> = struck.chain(moment.held.iter().copied()).collect();
    keys.sort_unstable();
    let split = keys.partition_point(|key| *key < border);
    let (left, right) = keys.split_at(split);
    let stretch = |hand: &[i64]| match hand {
        [low, .., high] => (high - low - EASY_SPAN).max(0) * STRETCH_COST,
        _ => 0,
    };
    let gap = |distance: Option<i64>| distance.map_or(0, |distance| (EASY_GAP - distance).max(0) * GAP_COST);
    let far = |key: i64, limit: i64| (key - limit).max(0);
    let high_left: i64 = left.iter().map(|key| far(*key, MIDDLE_C + 4)).sum();
    let low_right: i64 = right.iter().map(|key| far(MIDDLE_C - 4, *key)).sum();
    stretch(left)
        + stretch(right)
        + gap(left.last().map(|key| border - key))
        + gap(right.first().map(|key| key - border + 1))
        + (border - MIDDLE_C).abs() * PLACE_COST
        + 2 * (high_left + low_right)
}
