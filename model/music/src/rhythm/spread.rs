//! What is known of the player: how loosely they play, and whether hands play at all or a sequencer does.

use super::{cost, grid};

/// Notes that the spread is taken from.
const N_SPREAD: usize = 64;
/// Spreads of hands are between these shares of the usual one, in 1/16.
const LEAST_SCALE: i64 = 3;
/// The usual scale.
const FULL_SCALE: i64 = 16;
/// From this spread on (1.4826 times the median distance from the median), hands are usual.
const FULL_SPREAD_US: i64 = 12_500;

/// A sequencer's onset is at most this far from its grid.
const EXACT_PARTS: i64 = 1;
/// Hands hit the grid of 8 and 12 to a beat so nearly at 6 of 100 notes.
const ON_GRID: i32 = cost::ln(97, 6);
const OFF_GRID: i32 = -cost::ln(94, 3);
/// Hands play until the notes say otherwise; and no evidence is so strong that it could not change.
const HANDS: i32 = -2 * cost::NAT;
const SURE: i32 = 12 * cost::NAT;
/// Other equal divisions of a beat, which say nothing about hands.
const TUPLETS: [i64; 4] = [5, 7, 9, 16];

/// The player's habits, from deviations (played minus grid) of notes that are decided.
#[derive(Clone, Debug)]
pub(super) struct Player {
    /// The latest deviations, and whether each is of a beat; older ones are overwritten.
    latest: [(i64, bool); N_SPREAD],
    n: usize,
    scale: i64,
    /// Nats for a sequencer, by onsets and by ends.
    onsets_exact: i32,
    ends_exact: i32,
}

impl Player {
    pub(super) const fn new() -> Self {
        Self { latest: [(0, false); N_SPREAD], n: 0, scale: FULL_SCALE, onsets_exact: HANDS, ends_exact: HANDS }
    }

    /// How loosely they play, in 1/16 of the usual spread.
    pub(super) const fn scale_16ths(&self) -> i64 {
        self.scale
    }

    /// Whether the notes begin on a sequencer's grid.
    pub(super) const fn is_exact(&self) -> bool {
        self.onsets_exact > 0
    }

    /// Whether they end there too.
    pub(super) const fn has_exact_ends(&self) -> bool {
        self.ends_exact > 0
    }

    /// What a note says of the sequencer.
    pub(super) fn strike(&mut self, onset_parts: i64) {
        self.onsets_exact = (self.onsets_exact + exactness(onset_parts)).clamp(-SURE, SURE);
    }

    /// What its end says.
    pub(super) fn release(&mut self, off_parts: i64) {
        self.ends_exact = (self.ends_exact + exactness(off_parts)).clamp(-SURE, SURE);
    }

    /// Learns from a note that is decided.
    pub(super) fn learn(&mut self, deviation_us: i64, is_on_beat: bool) {
        self.latest[self.n % N_SPREAD] = (deviation_us, is_on_beat);
        self.n += 1;
        let off_beats = || self.latest[..self.n.min(N_SPREAD)].iter().filter(|(_, is_on_beat)| !is_on_beat);
        let Some(middle) = median(off_beats().map(|(us, _)| *us)) else { return };
        let distance = median(off_beats().map(|(us, _)| (us - middle).abs())).unwrap_or(0);
        let n_off_beats = i64::try_from(off_beats().count()).unwrap_or(0);
        // Few notes say little: the rest are as usual.
        let spread_us = distance * 14826 / 10_000;
        let heard = (spread_us * FULL_SCALE / FULL_SPREAD_US).clamp(LEAST_SCALE, FULL_SCALE);
        self.scale = (heard * n_off_beats + FULL_SCALE * 4) / (n_off_beats + 4);
    }
}

/// Nats for a sequencer.
fn exactness(parts: i64) -> i32 {
    match grid::distance_parts(parts) {
        ..=EXACT_PARTS => ON_GRID,
        _ if TUPLETS.iter().any(|steps| grid::distance_from(parts, *steps) <= EXACT_PARTS) => 0,
        _ => OFF_GRID,
    }
}

/// The lower one of two in the middle.
fn median(values: impl Iterator<Item = i64>) -> Option<i64> {
    let mut sorted = [0; N_SPREAD];
    let mut n = 0;
    for (place, value) in sorted.iter_mut().zip(values) {
        *place = value;
        n += 1;
    }
    if n == 0 {
        return None;
    }
    let (_, middle, _) = sorted[..n].select_nth_unstable((n - 1) / 2);
    Some(*middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_playing_narrows_the_spread_and_loose_playing_does_not() {
        let scale = |us: i64| {
            let mut player = Player::new();
            (0..64).for_each(|i| player.learn(us * (i % 3 - 1), false));
            player.scale_16ths()
        };
        assert!(scale(1000) < 5, "{}", scale(1000));
        assert_eq!((scale(20_000), Player::new().scale_16ths()), (16, 16));
    }

    #[test]
    fn a_sequencer_is_told_from_hands() {
        let is_exact = |late_parts: i64| {
            let mut player = Player::new();
            (0..20).for_each(|i| player.strike(i * 96 + late_parts));
            player.is_exact()
        };
        assert!(is_exact(0) && !is_exact(13));
    }
}
