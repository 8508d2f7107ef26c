//! The longest passage that was copied from the training music, in any key. Notes are compared by their interval and
//! their time from the note before, the time only roughly.

use std::collections::HashMap;

use rayon::prelude::*;

use super::distributions::time_class;
use crate::data::shards::PlacedNote;

/// Shorter matches are everywhere, and not looked for.
pub const LEAST_NOTES: usize = 6;
const SEED: usize = LEAST_NOTES - 1;

/// From one note to the next: interval and class of time.
pub(crate) type Step = (i16, u8);

/// For each of `passages`, the notes of its longest run that also stands in `music`; 0 when it has fewer than
/// [`LEAST_NOTES`].
#[must_use]
pub fn longest_copies(passages: &[&[PlacedNote]], music: &[&[PlacedNote]]) -> Vec<usize> {
    let passages: Vec<Vec<Step>> = passages.iter().map(|notes| steps(notes)).collect();
    // Where each short run of the passages stands; the music is then read once, from end to end.
    let mut seeds: HashMap<&[Step], Vec<(usize, usize)>> = HashMap::new();
    for (p, passage) in passages.iter().enumerate() {
        for (at, run) in passage.windows(SEED).enumerate() {
            seeds.entry(run).or_default().push((p, at));
        }
    }
    let longest = |mut longest: Vec<usize>, notes: &&[PlacedNote]| {
        let piece = steps(notes);
        for (at, run) in piece.windows(SEED).enumerate() {
            for &(p, begin) in seeds.get(run).into_iter().flatten() {
                let passage = &passages[p];
                // Counted from where the match began.
                let is_inside = at > 0 && begin > 0 && piece[at - 1] == passage[begin - 1];
                if !is_inside {
                    let n_equal = piece[at..].iter().zip(&passage[begin..]).take_while(|(a, b)| a == b).count();
                    longest[p] = longest[p].max(n_equal + 1);
                }
            }
        }
        longest
    };
    let nothing = || vec![0; passages.len()];
    let larger = |a: Vec<usize>, b: Vec<usize>| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect();
    music.par_iter().fold(nothing, longest).reduce(nothing, larger)
}

/// The length that 95 of 100 do not exceed; 0 of none.
#[must_use]
pub fn percentile_95(lengths: &[usize]) -> usize {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 95).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// Of some notes in order.
pub(crate) fn steps(notes: &[PlacedNote]) -> Vec<Step> {
    let step = |pair: &[PlacedNote]| {
        let (before, note) = (pair[0].note, pair[1].note);
        let interval = i16::from(note.pitch.get()) - i16::from(before.pitch.get());
        (interval, time_class(note.onset_ticks - before.onset_ticks))
    };
    notes.windows(2).map(step).collect()
}

#[cfg(test)]
mod tests {
    use engine::{Note, Pitch, Position, Velocity};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn random(n: usize, seed: u64) -> Vec<PlacedNote> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut onset_ticks = 0;
        (0..n)
            .map(|_| {
                onset_ticks += rng.random_range(0..100);
                let pitch = Pitch::new(rng.random_range(40..90)).unwrap();
                let note = Note { onset_ticks, duration_ticks: 10, pitch, velocity: Velocity::MEDIUM };
                PlacedNote { note, position: Position::FREE, labels: crate::data::shards::Labels::default() }
            })
            .collect()
    }

    /// `n` notes of `from`, higher, later and a little uneven, after the end of `to`.
    fn plant(to: &mut Vec<PlacedNote>, from: &[PlacedNote], by: i16) {
        let end_ticks = to.last().map_or(0, |last| last.note.onset_ticks) + 700;
        to.extend(from.iter().map(|placed| {
            let mut planted = *placed;
            planted.note.pitch = Pitch::new(u8::try_from(i16::from(placed.note.pitch.get()) + by).unwrap()).unwrap();
            planted.note.onset_ticks += end_ticks - from[0].note.onset_ticks;
            planted.note.velocity = Velocity::new(9).unwrap();
            planted
        }));
    }

    #[test]
    fn a_planted_copy_is_found_in_any_key_and_in_full() {
        let music = [random(500, 1), random(800, 2)];
        let mut planted = random(30, 3);
        plant(&mut planted, &music[1][200..240], -7);
        plant(&mut planted, &music[0][100..121], 5);
        plant(&mut planted, &random(20, 4), 0);
        let unrelated = random(100, 5);
        let music: Vec<&[PlacedNote]> = music.iter().map(Vec::as_slice).collect();
        assert_eq!(longest_copies(&[&planted[..], &unrelated, &[]], &music), [40, 0, 0]);
    }

    #[test]
    fn a_copy_with_one_wrong_note_is_two_shorter_ones() {
        let music = random(300, 6);
        let mut copy = music[50..90].to_vec();
        copy[25].note.pitch = Pitch::new(30).unwrap();
        assert_eq!(longest_copies(&[&copy[..]], &[&music[..]]), [25]);
        assert_eq!(longest_copies(&[&music[..9]], &[&music[..]]), [9]);
    }

    #[test]
    fn a_percentile_is_one_of_the_lengths() {
        assert_eq!(percentile_95(&(1..=100).collect::<Vec<_>>()), 95);
        assert_eq!((percentile_95(&[7]), percentile_95(&[])), (7, 0));
    }
}
