//! Which music is drawn how often, and in which order: what a training run may choose about its corpus.

use std::str::FromStr;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::corpus::Split;
use crate::data::shards::{Index, Piece};

/// Which music is drawn how often. The default knows no favourites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingPolicy {
    /// Draw styles by their notes to this power: 1 as they are, less for more of the rare ones.
    pub style_power: f64,
    /// Draw a style so many times as often, for example "Mozart=2"; may be given several times
    pub favour: Vec<Favour>,
    /// Draw played music so many times as often as written music
    pub expressive_weight: f64,
    /// Draw music of more voices than this (notes that begin together, on average) a quarter as often
    pub thick_voices: f32,
    /// Begin this share of the crops with a call whose answer is known to echo, vary or contrast with it
    #[serde(default)]
    pub pairs: f64,
    /// Play the beginning of this share of the crops with simulated hands, and read it as the ear hears it
    #[serde(default)]
    pub played: f64,
}

impl Default for SamplingPolicy {
    fn default() -> Self {
        Self {
            style_power: 0.7,
            favour: Vec::new(),
            expressive_weight: 1.0,
            thick_voices: 4.0,
            pairs: 0.0,
            played: 0.0,
        }
    }
}

/// How often thick music is drawn, against other music.
const THICK_WEIGHT: f64 = 0.25;

/// A style that is drawn more or less often than by its notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Favour {
    style: String,
    times: f64,
}

impl FromStr for Favour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (style, times) = text.rsplit_once('=').ok_or("give a style and a number, as in \"Mozart=2\"")?;
        let times: f64 = times.trim().parse().map_err(|_| format!("\"{times}\" is not a number"))?;
        if !(0.0..=100.0).contains(&times) {
            return Err(format!("{times} is not from 0 to 100"));
        }
        Ok(Self { style: style.trim().to_owned(), times })
    }
}

impl SamplingPolicy {
    /// How many notes of each piece of the index should be drawn in a pass; 0 for held-out pieces.
    pub(super) fn notes_in_a_pass(&self, index: &Index) -> Vec<f64> {
        let own = |piece: &Piece| match piece.split {
            Split::Train => {
                let played = if piece.is_expressive { self.expressive_weight } else { 1.0 };
                let thick = if piece.voices > self.thick_voices { THICK_WEIGHT } else { 1.0 };
                super::as_f64(piece.n_notes) * played * thick * f64::from(piece.weight)
            }
            _ => 0.0,
        };
        let mut notes: Vec<f64> = index.pieces.iter().map(own).collect();
        let mut by_style = vec![0.0; index.styles.len()];
        for (piece, notes) in index.pieces.iter().zip(&notes) {
            by_style[usize::from(piece.style)] += notes;
        }
        let times = |name: &str| self.favour.iter().find(|f| f.style == name).map_or(1.0, |f| f.times);
        let wanted: Vec<f64> = by_style
            .iter()
            .zip(&index.styles)
            .map(|(notes, name)| notes.powf(self.style_power) * times(name))
            .collect();
        // A pass has as many notes as the music.
        let (all, all_wanted) = (by_style.iter().sum::<f64>(), wanted.iter().sum::<f64>().max(f64::MIN_POSITIVE));
        for (piece, notes) in index.pieces.iter().zip(&mut notes) {
            let style = usize::from(piece.style);
            *notes *= wanted[style] / by_style[style].max(f64::MIN_POSITIVE) * all / all_wanted;
        }
        notes
    }
}

/// The order of crops. A pass draws every piece as often as the policy asks for, or once more, at other places each time;
/// then comes the next pass, shuffled afresh. Crop `n` is a pure function of the order and `n`, so a run that goes on sees
/// the crops that it would have seen.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Running totals of the notes that each piece gives a pass.
    totals: Vec<f64>,
}

/// A place in a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) piece: usize,
    /// Where in it, 0 to 1.
    pub(super) at: f64,
}

impl Order {
    pub(super) fn new(notes_in_a_pass: &[f64]) -> Self {
        let mut total = 0.0;
        let running = |notes: &f64| {
            total += notes;
            total
        };
        Self { totals: notes_in_a_pass.iter().map(running).collect() }
    }

    pub(super) fn total(&self) -> f64 {
        self.totals.last().copied().unwrap_or(0.0)
    }

    /// Where crop `n` of `length` notes is taken from.
    pub(super) fn place(&self, seed: u64, n: u64, length: usize) -> Place {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of crops")]
        let n_crops = ((self.total() / super::as_f64(length.max(1))).round() as u64).max(1);
        let (pass, index) = (n / n_crops, n % n_crops);
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x0070_6173_7365_7321);
        random.set_stream(pass);
        let offset: f64 = random.random();
        let keys: [u64; 4] = std::array::from_fn(|_| random.random());
        #[expect(clippy::cast_precision_loss, reason = "a count of crops")]
        let at = (shuffled(index, n_crops, &keys) as f64 + offset) / n_crops as f64 * self.total();
        let piece = self.totals.partition_point(|&total| total <= at).min(self.totals.len().saturating_sub(1));
        let from = piece.checked_sub(1).map_or(0.0, |before| self.totals[before]);
        let width = self.totals[piece] - from;
        Place { piece, at: if width > 0.0 { ((at - from) / width).clamp(0.0, 1.0) } else { 0.0 } }
    }
}

/// The place of `index` in a random order of `n`: a Feistel network on as many bits as `n` needs, walked until it is below
/// `n` (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains").
fn shuffled(index: u64, n: u64, keys: &[u64; 4]) -> u64 {
    let half_bits = (64 - (n - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1 << half_bits) - 1;
    let mix = |value: u64, key: u64| {
        let mixed = (value ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
    };
    let mut at = index;
    loop {
        let (mut left, mut right) = (at >> half_bits, at & mask);
        for &key in keys {
            (left, right) = (right, left ^ mix(right, key) & mask);
        }
        at = left << half_bits | right;
        if at < n {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_visits_every_place_once() {
        for n in [1u64, 2, 3, 100, 1000, 1025] {
            let mut seen = vec![false; usize::try_from(n).unwrap()];
            for index in 0..n {
                let at = usize::try_from(shuffled(index, n, &[1, 2, 3, 4])).unwrap();
                assert!(!std::mem::replace(&mut seen[at], true), "{at} twice");
            }
        }
    }

    #[test]
    fn a_pass_draws_pieces_by_their_notes_and_no_pass_is_like_another() {
        let order = Order::new(&[1000.0, 0.0, 3000.0, 500.0]);
        let pass = |pass: u64| -> Vec<Place> { (pass * 45..pass * 45 + 45).map(|n| order.place(7, n, 100)).collect() };
        for places in [pass(0), pass(1), pass(9)] {
            let count = |piece: usize| places.iter().filter(|place| place.piece == piece).count();
            assert_eq!(count(1), 0);
            assert!((9..=11).contains(&count(0)) && (29..=31).contains(&count(2)) && (4..=6).contains(&count(3)));
            let mut at: Vec<f64> = places.iter().filter(|place| place.piece == 2).map(|place| place.at).collect();
            at.sort_by(f64::total_cmp);
            assert!(at.windows(2).all(|pair| (0.02..0.05).contains(&(pair[1] - pair[0]))), "spread evenly: {at:?}");
        }
        assert_ne!(pass(0), pass(1));
        assert_eq!(pass(3), pass(3));
    }

    #[test]
    fn favourites_are_given_as_style_and_number() {
        let favour: Favour = "J. S. Bach=2".parse().unwrap();
        assert_eq!((favour.style.as_str(), favour.times), ("J. S. Bach", 2.0));
        for wrong in ["Bach", "Bach=", "Bach=-1", "Bach=many"] {
            wrong.parse::<Favour>().unwrap_err();
        }
    }
}
