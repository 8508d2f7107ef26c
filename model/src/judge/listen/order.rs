//! In which order scenes are heard, and on which sides: drawn, so that neither place nor side says anything.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::key::Side;

/// Digits of a trial's name, which says nothing either.
const NAME_DIGITS: usize = 12;

/// Why something is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Pair,
    /// A pair that was heard before, its sides swapped.
    Repeat,
    Anchor,
}

/// What is heard at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) scene: usize,
    pub(super) purpose: Purpose,
    /// The side of the scene's first answer.
    pub(super) subject: Side,
}

/// The trials of a page: pairs and anchors mixed, each side as often as the other, and repeats half a page after what they repeat.
/// Scenes are numbered as in `Scenes`, pairs first.
pub(super) fn order(n_pairs: usize, n_anchors: usize, n_repeats: usize, random: &mut impl Rng) -> Vec<Trial> {
    let n_scenes = n_pairs + n_anchors;
    let mut scenes: Vec<usize> = (0..n_scenes).collect();
    scenes.shuffle(random);
    let pairs = balanced(n_pairs, random);
    let anchors = balanced(n_anchors, random);
    let mut trial = |scene: usize| {
        let (purpose, subject) =
            if scene < n_pairs { (Purpose::Pair, pairs[scene]) } else { (Purpose::Anchor, anchors[scene - n_pairs]) };
        Trial { name: name(random), scene, purpose, subject }
    };
    let firsts: Vec<Trial> = scenes.into_iter().map(&mut trial).collect();
    // Some pairs from the beginning, spread over the page as far as the first half allows; each comes again half a page later.
    let half = n_scenes / 2;
    let mut repeated: Vec<usize> = (0..n_scenes).filter(|&place| firsts[place].purpose == Purpose::Pair).collect();
    repeated.sort_by_key(|&place| (place > half, place * 7919 % (half + 1), place));
    repeated.truncate(n_repeats);
    let mut order = Vec::new();
    for place in 0..n_scenes + half {
        order.extend(firsts.get(place).cloned());
        let again = place.checked_sub(half).filter(|before| repeated.contains(before)).map(|before| &firsts[before]);
        order.extend(again.map(|first| Trial {
            name: name(random),
            purpose: Purpose::Repeat,
            subject: first.subject.other(),
            ..*first
        }));
    }
    order
}

/// As many of each side, one more of some side if they are odd.
fn balanced(n: usize, random: &mut impl Rng) -> Vec<Side> {
    let first = if random.random_bool(0.5) { Side::A } else { Side::B };
    let mut sides: Vec<Side> = (0..n).map(|i| if i % 2 == 0 { first } else { first.other() }).collect();
    sides.shuffle(random);
    sides
}

/// A name that nobody has.
pub(super) fn name(random: &mut impl Rng) -> String {
    (0..NAME_DIGITS).map(|_| char::from_digit(random.random_range(0..16), 16).unwrap_or('0')).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn everything_comes_once_and_some_again_with_sides_swapped() {
        for seed in 0..50 {
            let order = order(20, 2, 4, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(order.len(), 26);
            let names: BTreeSet<&str> = order.iter().map(|trial| trial.name.as_str()).collect();
            assert_eq!(names.len(), 26);
            let of = |purpose| order.iter().filter(move |trial| trial.purpose == purpose);
            assert_eq!((of(Purpose::Pair).count(), of(Purpose::Anchor).count()), (20, 2));
            let is_a = |trial: &&Trial| trial.subject == Side::A;
            assert_eq!((of(Purpose::Pair).filter(is_a).count(), of(Purpose::Anchor).filter(is_a).count()), (10, 1));
            for repeat in of(Purpose::Repeat) {
                let place = |name: &str| order.iter().position(|trial| trial.name == name).unwrap();
                let first = of(Purpose::Pair).find(|trial| trial.scene == repeat.scene).unwrap();
                assert_eq!(first.subject, repeat.subject.other());
                // Listeners begin somewhere and go round: neither way are the two near each other.
                let distance = place(&repeat.name) - place(&first.name);
                assert!((8..=18).contains(&distance), "{distance}");
            }
        }
    }

    #[test]
    fn small_pages_have_an_order_too() {
        for (pairs, anchors, repeats) in [(1, 0, 0), (1, 0, 1), (2, 1, 1), (3, 0, 3)] {
            let order = order(pairs, anchors, repeats, &mut ChaCha8Rng::seed_from_u64(1));
            assert_eq!(order.len(), pairs + anchors + repeats);
        }
    }

    #[test]
    fn the_seed_decides() {
        let of = |seed| order(8, 2, 2, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(of(5), of(5));
        assert_ne!(of(5), of(6));
    }
}
