//! How fast notes follow each other, and how many begin together, beyond what the network chooses by itself.
//!
//! The network is told a density and a polyphony, but it believes what it has read more than what it is told. So another
//! opinion is multiplied with its own (a product of experts, Hinton 2002): that a time between two onsets is the less likely
//! the more octaves it is away from the one that is wanted. A tilt towards shorter or longer times alone either does nothing
//! or runs away: each fast note makes the next one likelier.

use crate::network::math;
use crate::tokens::vocab::TIMES_TICKS;

/// What is added to the logits of the next shift. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OnsetBias {
    /// The time from one onset to the next that is wanted, in ticks.
    pub ioi_ticks: f32,
    /// How much it is wanted: a time that is one octave away becomes e to this power times less likely, two octaves the
    /// fourth power of that. 0 leaves the rhythm to the network.
    pub strength: f32,
    /// A time that has come too often, in ticks.
    pub modal_ioi_ticks: f32,
    /// Taken from the logits of that time and those next to it.
    pub regularity_penalty: f32,
    /// Added to the logit of a note that begins together with the one before it.
    pub chord_size_bias: f32,
}

impl OnsetBias {
    /// Adds to the logits of shifts. How likely a note begins together with the one before it depends on `chord_size_bias` only.
    /// logits: (shifts)
    pub(crate) fn apply(self, logits: &mut [f32]) {
        let Some((together, later)) = logits.split_first_mut() else { return };
        *together += self.chord_size_bias;
        let strength = if self.ioi_ticks > 0.0 { self.strength } else { 0.0 };
        if strength == 0.0 && self.regularity_penalty == 0.0 || later.is_empty() {
            return;
        }
        let before = math::log_sum_exp(later);
        for (logit, &ticks) in later.iter_mut().zip(&TIMES_TICKS[1..]) {
            let ticks = f32::from(ticks);
            if strength > 0.0 {
                let octaves = libm::log2f(ticks / self.ioi_ticks);
                *logit -= strength * octaves * octaves;
            }
            if is_same_ioi(ticks, self.modal_ioi_ticks) {
                *logit -= self.regularity_penalty;
            }
        }
        let lost = before - math::log_sum_exp(later);
        for logit in later {
            *logit += lost;
        }
    }
}

/// Whether two times are the same but for the freedom that players take: an eighth of it, or a tick.
pub(crate) fn is_same_ioi(ticks: f32, other_ticks: f32) -> bool {
    (ticks - other_ticks).abs() <= (other_ticks / 8.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::vocab::{N_SHIFTS, time_value};

    fn biased(onset_bias: OnsetBias) -> Vec<f32> {
        let mut logits = vec![0.0; N_SHIFTS];
        onset_bias.apply(&mut logits);
        logits
    }

    fn sum_of_later(logits: &[f32]) -> f32 {
        math::log_sum_exp(&logits[1..])
    }

    #[test]
    fn nothing_changes_unless_asked() {
        assert_eq!(biased(OnsetBias::default()), vec![0.0; N_SHIFTS]);
        OnsetBias { ioi_ticks: 24.0, strength: 1.0, chord_size_bias: 1.0, ..OnsetBias::default() }.apply(&mut []);
        OnsetBias { strength: 1.0, ..OnsetBias::default() }.apply(&mut [0.0]);
    }

    #[test]
    fn times_lose_by_their_distance_and_chords_do_not() {
        let logits = biased(OnsetBias { ioi_ticks: 24.0, strength: 1.5, ..OnsetBias::default() });
        let at = |ticks| logits[usize::from(time_value(ticks))] - logits[usize::from(time_value(24))];
        for (ticks, lost) in [(12, 1.5), (48, 1.5), (6, 6.0), (96, 6.0), (3, 13.5)] {
            assert!((at(ticks) + lost).abs() < 1e-3, "{ticks}: {}", at(ticks));
        }
        assert_eq!(logits[0], 0.0);
        assert!(
            (sum_of_later(&logits) - sum_of_later(&[0.0; N_SHIFTS])).abs() < 1e-3,
            "a chord is as likely as before"
        );
        let full = biased(OnsetBias { chord_size_bias: 2.0, ..OnsetBias::default() });
        assert_eq!((full[0], &full[1..]), (2.0, &[0.0; N_SHIFTS - 1][..]));
    }

    #[test]
    fn a_pulse_that_came_too_often_becomes_less_likely() {
        let logits = biased(OnsetBias { modal_ioi_ticks: 48.0, regularity_penalty: 2.0, ..OnsetBias::default() });
        let lost = |ticks| logits[usize::from(time_value(96))] - logits[usize::from(time_value(ticks))];
        for (ticks, expected) in [(48, 2.0), (44, 2.0), (54, 2.0), (40, 0.0), (56, 0.0), (24, 0.0)] {
            assert!((lost(ticks) - expected).abs() < 1e-3, "{ticks}: {}", lost(ticks));
        }
        assert!((sum_of_later(&logits) - sum_of_later(&[0.0; N_SHIFTS])).abs() < 1e-3);
    }
}
