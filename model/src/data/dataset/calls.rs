//! Calls and answers: crops that begin as music begins in the plugin, with a call, and calls as hands play them.

use std::ops::RangeInclusive;

use engine::Position;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::crop::Crop;
use crate::data::hands::Hands;
use crate::data::performance::heard;
use crate::data::shards::{Labels, PlacedNote};

/// How far hands are from the beat: a standard deviation, in milliseconds.
const SDS_MS: RangeInclusive<f64> = 8.0..=28.0;
/// Of a crop that begins anywhere, how much is played.
const SHARES: RangeInclusive<f64> = 0.15..=0.75;

/// The first note of the first call from `start` on whose answer begins within `length` notes and is known to echo, vary or
/// contrast with it; at most `last_start`.
pub(crate) fn pair_start(notes: &[PlacedNote], start: usize, last_start: usize, length: usize) -> Option<usize> {
    let answers = (start..notes.len().min(start + length)).filter(|&i| {
        let labels = notes[i].labels;
        labels.begins_phrase && labels.relation != 0 && labels.last_bar != Labels::UNKNOWN_BAR
    });
    let call = |answer: usize| {
        let labels = notes[answer].labels;
        let n_bars = labels.last_bar.saturating_sub(labels.bar).saturating_add(1);
        let first_bar = labels.bar.checked_sub(n_bars)?;
        let n_call = notes[..answer].iter().rev().take_while(|placed| placed.labels.bar >= first_bar).count();
        Some(answer - n_call).filter(|&first| first <= last_start)
    };
    answers.filter_map(call).next()
}

/// The first part of a crop as the ear hears it when hands play it: up to the first answer, or to a place anywhere. The rest stays
/// as it is written.
pub(super) fn play_call(crop: &mut Crop, rng: &mut ChaCha8Rng, is_pair: bool) {
    let (seed, sd_ms, share) = (rng.random(), rng.random_range(SDS_MS), rng.random_range(SHARES));
    if crop.notes.iter().any(|placed| placed.position == Position::FREE) {
        return;
    }
    let begins_answer = |placed: &PlacedNote| placed.labels.begins_phrase && placed.labels.relation != 0;
    let anywhere = usize::try_from(super::whole(super::as_f64(crop.notes.len()) * share)).unwrap_or(0);
    let answer = crop.notes.iter().skip(1).position(begins_answer).map(|i| i + 1).filter(|_| is_pair);
    let n_call = answer.unwrap_or(anywhere).min(crop.notes.len());
    let call = heard(&crop.notes[..n_call], &mut Hands::new(sd_ms, seed), crop.us_per_beat());
    crop.notes.splice(..n_call, call);
    crop.notes.sort_by_key(|placed| placed.note.order());
    crop.notes.dedup_by_key(|placed| placed.note.order());
    crop.n_heard = n_call;
}

#[cfg(test)]
mod tests {
    use engine::{Metre, Note, Pitch, Velocity};
    use rand::SeedableRng;

    use super::*;

    /// Phrases of two bars in 4/4, eight quarters each; from the third on they are echoes.
    fn phrases(n: usize) -> Vec<PlacedNote> {
        let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
        let placed = |i: usize| {
            let onset_ticks = 48 * i64::try_from(i).unwrap();
            let pitch = Pitch::nearest(60 + u8::try_from(i % 8).unwrap());
            let bar = u16::try_from(i / 4).unwrap();
            PlacedNote {
                note: Note { onset_ticks, duration_ticks: 48, pitch, velocity: Velocity::MEDIUM },
                position: metre.position(onset_ticks),
                labels: Labels {
                    bar,
                    last_bar: bar | 1,
                    harmony: 0,
                    begins_phrase: i.is_multiple_of(8),
                    relation: u8::from(i >= 16),
                },
            }
        };
        (0..8 * n).map(placed).collect()
    }

    #[test]
    fn a_pair_begins_with_its_call() {
        let notes = phrases(6);
        assert_eq!(pair_start(&notes, 0, 40, 30), Some(8), "the third phrase answers the second");
        assert_eq!(pair_start(&notes, 20, 40, 30), Some(16), "the fourth answers the third, which has begun");
        assert_eq!(pair_start(&notes, 0, 40, 10), None, "no answer in so few notes");
        assert_eq!(pair_start(&notes, 20, 10, 30), None, "too near to the end");
    }

    #[test]
    fn a_call_is_heard_and_its_answer_stays_as_it_is_written() {
        let notes = phrases(6);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut n_moved = 0;
        for _ in 0..20 {
            let mut crop = Crop::default();
            crop.notes = notes[8..].to_vec();
            play_call(&mut crop, &mut rng, true);
            assert_eq!((crop.n_heard, crop.notes.len()), (8, 40));
            assert_eq!(crop.notes[8..], notes[16..]);
            let pitches = |notes: &[PlacedNote]| notes.iter().map(|placed| placed.note.pitch).collect::<Vec<_>>();
            assert_eq!(pitches(&crop.notes[..8]), pitches(&notes[8..16]));
            for placed in &crop.notes {
                let in_bar = placed.position.in_bar_ticks().unwrap();
                assert_eq!(in_bar, placed.note.onset_ticks.rem_euclid(192));
            }
            n_moved += usize::from(crop.notes[..8] != notes[8..16]);
        }
        assert!(n_moved > 10, "hands deviate, in loudness at least: {n_moved}");
    }

    #[test]
    fn what_has_no_beat_is_not_played() {
        let free = PlacedNote { position: Position::FREE, ..phrases(1)[0] };
        let mut crop = Crop::default();
        crop.notes = vec![free; 8];
        play_call(&mut crop, &mut ChaCha8Rng::seed_from_u64(1), false);
        assert_eq!((crop.n_heard, &crop.notes[0]), (0, &free));
    }
}
