//! The places that a note can have in a beat: those of its division into equal parts (Cemgil, Desain and Kappen 2000 weigh them
//! by depth; here each beat has one division, its class).

use super::PARTS_PER_BEAT;

/// The classes: into how many equal parts a beat may be divided. Of two that fit, the earlier one counts.
pub const CLASSES: [u8; N_CLASSES] = [1, 2, 4, 3, 6, 8, 12, 5, 7];
/// How many classes there are.
pub const N_CLASSES: usize = 9;
/// The most parts of a beat.
pub const MAX_STEPS: usize = 12;

/// Steps of a beat that have onsets: a bit for each, of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// The class of the steps.
    pub class: u8,
    /// From the lowest bit.
    pub steps: u16,
}

impl Pattern {
    /// The first step from `step` on: `MAX_STEPS` if there is none, and one more if nothing is known or it is of another class.
    #[must_use]
    pub const fn next(self, class: u8, step: u8) -> usize {
        if self.steps == 0 || self.class != class {
            return MAX_STEPS + 1;
        }
        let later = self.steps >> step;
        if later == 0 { MAX_STEPS } else { step as usize + later.trailing_zeros() as usize }
    }
}

/// A place on the grid of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Beats from the caller's zero.
    pub beat: i64,
    /// Index into [`CLASSES`].
    pub class: u8,
    /// Which part of the beat, from 0.
    pub step: u8,
}

impl Place {
    /// Where it is, in parts of a tick, to the nearest.
    #[must_use]
    pub const fn parts(self) -> i64 {
        self.beat * PARTS_PER_BEAT + STEP_PARTS[self.class as usize][self.step as usize]
    }
}

/// The places of a class from one time to another, in order.
#[expect(clippy::cast_possible_truncation, reason = "a step is below 12")]
pub(super) fn places(class: u8, from_parts: i64, to_parts: i64) -> impl Iterator<Item = Place> {
    let steps = i64::from(CLASSES[usize::from(class)]);
    let first = (from_parts * steps).div_euclid(PARTS_PER_BEAT);
    let last = (to_parts * steps).div_euclid(PARTS_PER_BEAT) + 1;
    let place = move |n: i64| Place { beat: n.div_euclid(steps), class, step: n.rem_euclid(steps) as u8 };
    (first..=last).map(place).filter(move |place| (from_parts..=to_parts).contains(&place.parts()))
}

/// The first class that has all these places (ticks from the beat's beginning); `None` if no class has.
#[must_use]
pub fn class_of(ticks: impl Iterator<Item = i64> + Clone) -> Option<u8> {
    (0u8..).zip(CLASSES).map(|(class, _)| class).find(|&class| ticks.clone().all(|tick| step_of(class, tick).is_some()))
}

/// Which step of a class a tick of the beat is.
#[must_use]
pub fn step_of(class: u8, ticks: i64) -> Option<u8> {
    let steps = 0..CLASSES[usize::from(class)];
    steps.into_iter().find(|&step| nearest_ticks(STEP_PARTS[usize::from(class)][usize::from(step)]) == ticks)
}

/// To the nearest tick; halves go up.
#[must_use]
pub const fn nearest_ticks(parts: i64) -> i64 {
    parts.saturating_add(super::PARTS_PER_TICK / 2).div_euclid(super::PARTS_PER_TICK)
}

const STEP_PARTS: [[i64; MAX_STEPS]; N_CLASSES] = {
    let mut table = [[0; MAX_STEPS]; N_CLASSES];
    let mut class = 0;
    while class < N_CLASSES {
        let steps = CLASSES[class] as i64;
        let (mut step, mut parts) = (0, 0);
        while step < CLASSES[class] as usize {
            table[class][step] = (parts + steps / 2) / steps;
            parts += PARTS_PER_BEAT;
            step += 1;
        }
        class += 1;
    }
    table
};

/// How far a time is from the nearest division of a beat into 8 or 12, in parts.
pub(super) fn distance_parts(parts: i64) -> i64 {
    [8, 12].map(|steps| distance_from(parts, steps)).into_iter().min().unwrap_or(0)
}

/// How far a time is from the nearest division of a beat into so many, in parts.
pub(super) fn distance_from(parts: i64, steps: i64) -> i64 {
    let within = parts.rem_euclid(PARTS_PER_BEAT);
    let nearest = (within * steps + PARTS_PER_BEAT / 2) / PARTS_PER_BEAT;
    (within - (nearest * PARTS_PER_BEAT + steps / 2) / steps).abs()
}

/// The nearest division of a beat into 8 or 12, in parts.
pub(super) fn nearest_parts(parts: i64) -> i64 {
    let divided = |steps: i64| {
        let nearest = (parts * steps + PARTS_PER_BEAT / 2).div_euclid(PARTS_PER_BEAT);
        nearest * PARTS_PER_BEAT / steps
    };
    let (straight, triplet) = (divided(8), divided(12));
    if (straight - parts).abs() <= (triplet - parts).abs() { straight } else { triplet }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beats_class_is_the_first_that_has_all_its_onsets() {
        let classes = |ticks: &[i64]| class_of(ticks.iter().copied()).map(|class| CLASSES[usize::from(class)]);
        assert_eq!(classes(&[0]), Some(1));
        assert_eq!(classes(&[24]), Some(2));
        assert_eq!(classes(&[0, 36]), Some(4));
        assert_eq!(classes(&[16, 32]), Some(3));
        assert_eq!(classes(&[0, 16, 24]), Some(6));
        assert_eq!(classes(&[0, 10, 19, 29, 38]), Some(5));
        assert_eq!(classes(&[0, 16, 36]), Some(12));
        assert_eq!(classes(&[0, 7, 14, 21, 27, 34, 41]), Some(7));
        assert_eq!(classes(&[1]), None);
    }

    #[test]
    fn places_are_all_within_and_in_order() {
        let found: Vec<_> = places(4, -200, 300).map(Place::parts).collect();
        assert_eq!(found, [-128, 0, 128, 256]);
        assert_eq!(nearest_parts(-130), -128);
        assert_eq!((distance_parts(-130), distance_from(154, 5)), (2, 0));
    }
}
