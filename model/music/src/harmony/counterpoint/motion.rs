//! How two voices move together.

use super::texture::{Move, Texture};
use super::{Counts, Rule};

const FIFTH: i32 = 7;

pub(super) fn count(texture: &Texture, counts: &mut Counts) {
    let mut moves: Vec<Move> = Vec::new();
    for moment in 0..texture.moments.len() {
        moves.clear();
        moves.extend(texture.moves(moment));
        for (i, lower) in moves.iter().enumerate() {
            for upper in &moves[i + 1..] {
                if texture.overlap(lower.from, upper.from) {
                    parallels(texture, counts, lower, upper);
                    hidden(texture, moment, counts, lower, upper);
                }
            }
        }
        overlaps(texture, counts, &moves);
        crossings(texture, moment, counts, &moves);
    }
}

fn parallels(texture: &Texture, counts: &mut Counts, lower: &Move, upper: &Move) {
    if lower.interval == 0 || upper.interval == 0 {
        return;
    }
    let before = texture.pitch(upper.from) - texture.pitch(lower.from);
    let after = texture.pitch(upper.to) - texture.pitch(lower.to);
    let is_parallel = lower.interval.signum() == upper.interval.signum();
    if before > 0 && before % 12 == FIFTH {
        counts[Rule::ParallelFifths].see(is_parallel && after % 12 == FIFTH);
    }
    if before >= 0 && before % 12 == 0 && !is_doubling(texture, lower, upper) {
        counts[Rule::ParallelOctaves].see(is_parallel && after % 12 == 0);
    }
}

/// Octaves that were octaves before or go on as such are one voice, doubled.
fn is_doubling(texture: &Texture, lower: &Move, upper: &Move) -> bool {
    if lower.interval != upper.interval {
        return false;
    }
    let voices = texture.voices;
    let are_octaves = |pair: (Option<usize>, Option<usize>)| {
        let (Some(one), Some(other)) = pair else { return false };
        let begin_together = texture.moment_of(one) == texture.moment_of(other);
        begin_together && (texture.pitch(one) - texture.pitch(other)) % 12 == 0
    };
    are_octaves((voices.previous(lower.from), voices.previous(upper.from)))
        || are_octaves((voices.next(lower.to), voices.next(upper.to)))
}

fn hidden(texture: &Texture, moment: usize, counts: &mut Counts, lower: &Move, upper: &Move) {
    let Some(before) = moment.checked_sub(1) else { return };
    let are_outer = texture.bass(moment) == lower.to
        && texture.top(moment) == upper.to
        && texture.bass(before) == lower.from
        && texture.top(before) == upper.from;
    if !are_outer || lower.interval.signum() != upper.interval.signum() || upper.interval.abs() <= 2 {
        return;
    }
    let before = (texture.pitch(upper.from) - texture.pitch(lower.from)) % 12;
    let after = (texture.pitch(upper.to) - texture.pitch(lower.to)) % 12;
    for (rule, perfect) in [(Rule::HiddenFifths, FIFTH), (Rule::HiddenOctaves, 0)] {
        if before != perfect {
            counts[rule].see(after == perfect);
        }
    }
}

fn overlaps(texture: &Texture, counts: &mut Counts, moves: &[Move]) {
    for pair in moves.windows(2) {
        let [lower, upper] = pair else { continue };
        if (lower.interval != 0 || upper.interval != 0) && texture.overlap(lower.from, upper.from) {
            let is_broken = texture.pitch(lower.to) > texture.pitch(upper.from)
                || texture.pitch(upper.to) < texture.pitch(lower.from);
            counts[Rule::Overlap].see(is_broken);
        }
    }
}

fn crossings(texture: &Texture, moment: usize, counts: &mut Counts, moves: &[Move]) {
    let sounding = texture.sounding(moment);
    let ticks = texture.moments[moment].ticks;
    for &Move { from, to, interval } in moves {
        let Some(place) = sounding.iter().position(|&note| note == to) else { continue };
        if interval == 0 {
            continue;
        }
        // The next held note above and below.
        let is_held = |&&note: &&usize| texture.notes()[note].onset_ticks < ticks && texture.overlap(note, from);
        let above = sounding[place + 1..].iter().find(is_held);
        let below = sounding[..place].iter().rev().find(is_held);
        for &held in above.into_iter().chain(below) {
            let side = |note| (texture.pitch(note) - texture.pitch(held)).signum();
            counts[Rule::Crossing].see(side(from) * side(to) < 0);
        }
    }
}
