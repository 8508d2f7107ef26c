//! What clashes, how that comes about, and how it ends.

use super::texture::{Texture, is_step};
use super::{Counts, Rule};

pub(super) fn count(texture: &Texture, counts: &mut Counts) {
    for moment in 0..texture.moments.len() {
        struck(texture, moment, counts);
        held(texture, moment, counts);
    }
}

/// Seconds and sevenths clash anywhere, fourths and tritones only with the bass (Aldwell and Schachter).
fn is_dissonant(texture: &Texture, moment: usize, one: usize, other: usize) -> bool {
    let (low, high) = if texture.pitch(one) <= texture.pitch(other) { (one, other) } else { (other, one) };
    match (texture.pitch(high) - texture.pitch(low)) % 12 {
        1 | 2 | 10 | 11 => true,
        5 | 6 => low == texture.bass(moment),
        _ => false,
    }
}

fn struck(texture: &Texture, moment: usize, counts: &mut Counts) {
    let starting = texture.moments[moment].starting.clone();
    for low in starting.clone() {
        for high in low + 1..starting.end {
            let are_sure = texture.voices.previous(low).is_some() && texture.voices.previous(high).is_some();
            if are_sure {
                counts[Rule::StruckDissonance].see(is_dissonant(texture, moment, low, high));
            }
        }
    }
}

/// Who moves first out of a dissonance is the one who was dissonant: a held note is a suspension, a note that came is in
/// passing, or a neighbour.
fn held(texture: &Texture, moment: usize, counts: &mut Counts) {
    let notes = texture.notes();
    let ticks = texture.moments[moment].ticks;
    for came in texture.moves(moment).filter(|came| came.interval != 0) {
        for &held in texture.sounding(moment) {
            if notes[held].onset_ticks == ticks || !is_dissonant(texture, moment, held, came.to) {
                continue;
            }
            let (held_leaves, came_leaves) = (texture.interval_after(held), texture.interval_after(came.to));
            let falls = held_leaves.is_some_and(|interval| matches!(interval, -2 | -1));
            match notes[held].end_ticks().cmp(&notes[came.to].end_ticks()) {
                std::cmp::Ordering::Less => {
                    // A note that is struck again is still the same dissonance.
                    if held_leaves.is_some_and(|interval| interval != 0) {
                        counts[Rule::Suspension].see(!falls);
                    }
                }
                std::cmp::Ordering::Equal => {
                    if let (Some(_), Some(interval)) = (held_leaves, came_leaves) {
                        counts[Rule::DissonanceLeft].see(!falls && !is_step(interval));
                    }
                }
                std::cmp::Ordering::Greater => {
                    counts[Rule::DissonanceEntered].see(!is_step(came.interval));
                    if let Some(interval) = came_leaves.filter(|&interval| interval != 0) {
                        counts[Rule::DissonanceLeft].see(!is_step(interval));
                    }
                }
            }
        }
    }
}
