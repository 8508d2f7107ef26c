//! A user cache: the player's last notes, and how much likelier what came next in them becomes.
//!
//! A cache model (Kuhn & De Mori 1990) by way of the nearest neighbours of the present moment (Khandelwal et al. 2020): where
//! the player has gone through the same intervals in nearly the same rhythm, in whatever key, what came then becomes likelier
//! now, the more so the longer the passages agree. Velocity is left to the network: measured, it only got worse.

use crate::network::math;
use crate::note::Note;
use crate::tokens::TokenEvent;
use crate::tokens::vocab::{self, N_PITCHES};

/// Notes that are kept. When there are more, the oldest quarter is forgotten.
pub const MOST_USER_NOTES: usize = 1024;
/// Places like the present one that are looked for, from the latest back: it bounds the time that this takes.
const MOST_NEIGHBOURS: usize = 256;
/// Notes that must agree, and beyond which agreeing says no more.
const LEAST_AGREE: usize = 1;
const MOST_AGREE: usize = 6;
/// A note more that agrees counts so many bits more.
const BITS_PER_NOTE: usize = 4;
/// The weight of evidence that is believed half: one passage of three notes that agree.
const HALF_BELIEVED: f32 = 256.0;

/// A note as it follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// In semitones; [`Step::NOTHING`] if there is nothing before it.
    interval: i16,
    shift_ticks: u16,
    shift: u8,
    duration: u8,
}

impl Step {
    const NOTHING: i16 = i16::MAX;

    pub(crate) fn new(before: Option<u8>, event: TokenEvent) -> Self {
        let TokenEvent { shift, pitch, duration, .. } = event;
        let interval = before.map_or(Self::NOTHING, |before| i16::from(pitch) - i16::from(before));
        Self { interval, shift_ticks: ticks(shift), shift, duration }
    }

    fn is_first(self) -> bool {
        self.interval == Self::NOTHING
    }

    fn agrees(self, other: Self) -> bool {
        self.interval == other.interval && !self.is_first() && self.is_near(other.shift_ticks)
    }

    /// Whether a shift is the same but for the freedom that players take: a third of the longer one, or two ticks.
    fn is_near(self, shift_ticks: u16) -> bool {
        3 * self.shift_ticks.abs_diff(shift_ticks) <= self.shift_ticks.max(shift_ticks).max(6)
    }
}

/// See the module. All memory is allocated in [`UserCache::new`].
#[derive(Debug)]
pub(crate) struct UserCache {
    /// At most [`MOST_USER_NOTES`].
    notes: Vec<Note>,
    /// One for each note.
    steps: Vec<Step>,
    /// Those before which things went as they just did, each with its weight.
    neighbours: Vec<(usize, u32)>,
}

impl UserCache {
    pub(crate) fn new() -> Self {
        Self {
            notes: Vec::with_capacity(MOST_USER_NOTES),
            steps: Vec::with_capacity(MOST_USER_NOTES),
            neighbours: Vec::with_capacity(MOST_NEIGHBOURS),
        }
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.notes.clone_from(&other.notes);
        self.steps.clone_from(&other.steps);
        self.neighbours.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.notes.clear();
        self.steps.clear();
    }

    /// Adds a note, and whether something else than the last one came before it.
    pub(crate) fn push(&mut self, note: Note, is_first: bool) {
        if self.notes.len() == MOST_USER_NOTES {
            self.notes.drain(..MOST_USER_NOTES / 4);
            self.steps.drain(..MOST_USER_NOTES / 4);
        }
        let before = self.notes.last().filter(|_| !is_first);
        let shift_ticks = before.map_or(0, |before| note.onset_ticks.saturating_sub(before.onset_ticks).max(0));
        let event = TokenEvent {
            shift: vocab::time_value(u32::try_from(shift_ticks).unwrap_or(u32::MAX)),
            pitch: note.pitch.get(),
            duration: vocab::duration_value(note.duration_ticks),
            velocity: 0,
        };
        self.steps.push(Step::new(before.map(|before| before.pitch.get()), event));
        self.notes.push(note);
    }

    /// Forgets the last notes.
    pub(crate) fn truncate(&mut self, n_notes: usize) {
        self.notes.truncate(n_notes);
        self.steps.truncate(n_notes);
    }

    /// The notes, oldest first, as they were pushed.
    pub(crate) fn notes(&self) -> impl ExactSizeIterator<Item = (Note, bool)> {
        self.notes.iter().zip(&self.steps).map(|(note, step)| (*note, step.is_first()))
    }

    /// Finds what is like the present moment. `recent` are the last moves, the latest first.
    pub(crate) fn recall(&mut self, recent: impl Iterator<Item = Step>) {
        let mut last = [Step::new(None, TokenEvent::BEGIN); MOST_AGREE];
        last.iter_mut().zip(recent).for_each(|(last, step)| *last = step);
        self.neighbours.clear();
        for (place, step) in self.steps.iter().enumerate().rev() {
            let before = self.steps[..place].iter().rev();
            if self.neighbours.len() == MOST_NEIGHBOURS {
                break;
            }
            let n_agree = before.zip(&last).take_while(|(step, last)| step.agrees(**last)).count();
            if n_agree >= LEAST_AGREE && !step.is_first() {
                self.neighbours.push((place, 1 << (BITS_PER_NOTE * (n_agree - LEAST_AGREE))));
            }
        }
    }

    /// Moves the logits of the attribute after `earlier` towards what came before, as far as `strength` (0 to 1) says.
    /// `last` is the pitch of the note before. logits: (values of the attribute)
    pub(crate) fn bias(&self, strength: f32, last: Option<u8>, earlier: &[u8], logits: &mut [f32]) {
        let Some(last) = last.filter(|_| earlier.len() < 3) else { return };
        let mut weights = [0u32; N_PITCHES];
        let mut total = 0;
        for &(place, weight) in &self.neighbours {
            let step = self.steps[place];
            let pitch = u8::try_from(i16::from(last) + step.interval).ok().filter(|pitch| *pitch < vocab::END);
            let value = match *earlier {
                [] => Some(step.shift),
                [shift, ..] if !step.is_near(ticks(shift)) => None,
                [_] => pitch,
                [_, drawn, ..] if pitch != Some(drawn) => None,
                _ => Some(step.duration),
            };
            if let Some(weight_of) = value.and_then(|value| weights.get_mut(usize::from(value))) {
                *weight_of += weight;
                total += weight;
            }
        }
        if total == 0 {
            return;
        }
        // p' = (1 - s) p + s w / total, with s = strength * total / (total + HALF_BELIEVED), times what makes p stay p where w is 0.
        #[expect(clippy::cast_precision_loss, reason = "at most 2^28, and rounded the same everywhere")]
        let float = |weight: u32| weight as f32;
        let strength = strength.clamp(0.0, 1.0);
        let per_weight = strength / (float(total) * (1.0 - strength) + HALF_BELIEVED);
        let all = math::log_sum_exp(logits);
        for (logit, &weight) in logits.iter_mut().zip(&weights).filter(|(_, weight)| **weight > 0) {
            *logit = math::log_sum_exp(&[*logit, all + libm::logf(per_weight * float(weight))]);
        }
    }
}

/// Of a shift, at most the longest.
fn ticks(shift: u8) -> u16 {
    vocab::TIMES_TICKS[usize::from(shift.min(127))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    /// Notes of these keys, `shift_ticks` apart.
    fn learn(cache: &mut UserCache, keys: &[u8], shift_ticks: i64) {
        for (&key, i) in keys.iter().zip(0..) {
            let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::MEDIUM);
            cache.push(Note { onset_ticks: i * shift_ticks, duration_ticks: 20, pitch, velocity }, i == 0);
        }
    }

    /// The moves of these keys, the latest first.
    fn moves(keys: &[u8], shift: u8) -> Vec<Step> {
        let event = |pitch| TokenEvent { shift, pitch, duration: 24, velocity: 0 };
        let step = |(i, &key): (usize, &u8)| Step::new(i.checked_sub(1).map(|before| keys[before]), event(key));
        keys.iter().enumerate().map(step).rev().collect()
    }

    /// Probability of each pitch after these keys, when the network knows nothing.
    fn pitches(cache: &mut UserCache, keys: &[u8], shift: u8, strength: f32) -> Vec<f32> {
        cache.recall(moves(keys, shift).into_iter());
        let mut logits = [0.5; N_PITCHES];
        cache.bias(strength, keys.last().copied(), &[shift], &mut logits);
        let all = math::log_sum_exp(&logits);
        logits.iter().map(|logit| (logit - all).exp()).collect()
    }

    #[test]
    fn what_came_next_is_likelier_in_any_key_and_by_any_hand() {
        let mut cache = UserCache::new();
        learn(&mut cache, &[60, 62, 64, 67, 72, 65], 24);
        let even = 1.0 / 129.0;
        // A fifth higher, and a little slower.
        let known = pitches(&mut cache, &[67, 69, 71, 74, 79], 28, 0.5);
        assert!(known[72] > 0.25 && (known.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{}", known[72]);
        let less = pitches(&mut cache, &[30, 67, 69, 71, 74], 28, 0.5);
        assert!(less[79] > 2.0 * even && less[79] < known[72], "three moves say less than four: {}", less[79]);
        for (keys, shift) in [(&[67, 69, 71, 75][..], 28), (&[67, 69, 71, 74], 60), (&[67], 28), (&[], 0)] {
            let unknown = pitches(&mut cache, keys, shift, 0.5);
            assert!(unknown.iter().all(|p| (p - even).abs() < 1e-4), "{keys:?} at {shift}");
        }
    }

    #[test]
    fn no_note_that_is_not_one_and_no_number_that_is_none_comes_of_it() {
        let mut cache = UserCache::new();
        learn(&mut cache, &[0, 40, 80, 120], 24);
        let high = pitches(&mut cache, &[40, 80, 120], 24, 1.0);
        assert!(high.iter().all(|p| (p - 1.0 / 129.0).abs() < 1e-4), "160 is no pitch");
        (0..100).for_each(|_| learn(&mut cache, &[60; 30], 24));
        let sure = pitches(&mut cache, &[60; 30], 24, 1.0);
        assert!(sure[60] > 0.999 && sure.iter().all(|p| p.is_finite()));
        cache.recall(moves(&[60; 30], 24).into_iter());
        let mut odd = [f32::MIN, f32::NEG_INFINITY, 0.0];
        cache.bias(1.0, Some(60), &[], &mut odd);
        assert!(!odd.iter().any(|logit| logit.is_nan()));
    }

    #[test]
    fn the_oldest_is_forgotten_and_nothing_grows() {
        let mut cache = UserCache::new();
        learn(&mut cache, &[60, 62, 64, 67, 72, 65], 24);
        let room = (cache.notes.capacity(), cache.neighbours.capacity());
        for i in 0..5 * MOST_USER_NOTES {
            learn(&mut cache, &[u8::try_from(i * i % 128).unwrap()], 24);
            assert!(cache.notes().len() <= MOST_USER_NOTES);
        }
        assert_eq!(pitches(&mut cache, &[67, 69, 71, 74, 79], 24, 1.0)[72], pitches(&mut cache, &[], 0, 1.0)[72]);
        assert_eq!(room, (cache.notes.capacity(), cache.neighbours.capacity()));
    }
}
