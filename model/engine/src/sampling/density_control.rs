//! How many notes music has and how even its rhythm is, and what brings an answer to those of its call.
//!
//! What is wanted of the next note is corrected by what came of it so far ([`Pacing`] says why). Each note is held to what was
//! wanted when it was made: what comes after a control has moved does not make up for what came before.

use crate::note::Note;
use crate::sampling::onset_bias::{Pacing, is_same_pulse};

/// A chord that is rolled within so many ticks is one onset.
const ROLL_TICKS: i64 = 3;
/// From thirty-seconds to a note every two bars of 4/4.
const GOALS_TICKS: [f32; 2] = [6.0, 384.0];
/// The correction is at most two octaves.
const MOST_CORRECTION: f32 = 2.0;
/// Music without a call to measure has four onsets in three beats, of one or two notes, as most that the network has read.
const MIDDLE: Texture =
    Texture { shift_ticks: Some(36.0), notes_per_onset: Some(1.6), n_onsets: 0, evenness: MIDDLE_EVENNESS };
/// In 96 notes of 150 held-out scores, the time between onsets that came most often had this share of all (median; 10 % have
/// less than 0.42, and 23 % no other).
const MIDDLE_EVENNESS: f32 = 0.74;
/// The pulse is measured in so many notes.
const PULSE_NOTES: usize = 96;
/// What a pulse loses in logit, if it has all of a long answer and should have nothing of it. A network that has begun to beat
/// time goes on for minutes.
const UNEVENNESS_RATE: f32 = 40.0;
/// So many times between onsets are believed half: some that are alike are no pulse yet.
const HALF_BELIEVED: f32 = 24.0;
/// What came of it is measured in the last so many notes, if they have so many onsets.
const RECENT_NOTES: usize = 24;
const LEAST_ONSETS: usize = 4;
/// How much a rhythm is wanted by which the answer has as many notes as the call, when it is an octave away or more, or there
/// is none ...
const STRENGTH: f32 = 1.0;
/// ... and how much more, when the player wants another number, from half an octave on.
const ASKED_STRENGTH: f32 = 2.0;
/// The most complex answer has so many times the notes of the call, and so many times the notes in a chord.
const MOST_DENSITY: f32 = 2.25;
const MOST_FULLNESS: f32 = 2.0;
/// Notes that begin together, at most.
const FULLEST: f32 = 6.0;
/// What a chord's note gains in logit for each octave that chords are too thin, if fuller or thinner ones are asked for ...
const FULLNESS_RATE: f32 = 2.0;
/// ... and the share of it that it gains if not, when they are an octave away or more.
const UNASKED_FULLNESS: f32 = 0.5;

/// What the player asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// Times the notes of the call.
    pub density: f32,
    /// From -1 to 1.
    pub complexity: f32,
    /// Onsets are drawn to a grid as wide as this: nothing faster could be heard. 0 for none.
    pub grid_ticks: f32,
}

impl Asked {
    /// How many times the notes of the call are wanted.
    #[must_use]
    pub fn density_factor(self) -> f32 {
        self.density * libm::exp2f(libm::log2f(MOST_DENSITY) * self.complexity)
    }
}

/// How many notes music has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Texture {
    /// Mean time from one onset to the next; `None` if there is only one.
    shift_ticks: Option<f32>,
    /// `None` without notes.
    notes_per_onset: Option<f32>,
    n_onsets: usize,
    /// Share of the time between onsets that comes most often.
    evenness: f32,
}

/// The time between onsets that comes most often.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pulse {
    ticks: f32,
    /// Of all times.
    share: f32,
    n_times: f32,
}

impl Pulse {
    /// Of the last [`PULSE_NOTES`] of notes in the order of their onsets; `None` if they are few.
    fn of(notes: impl ExactSizeIterator<Item = Note>) -> Option<Self> {
        let n_old = notes.len().saturating_sub(PULSE_NOTES);
        let mut onsets = onsets(notes.skip(n_old).map(|note| (note, ())));
        let (mut last, ()) = onsets.next()?;
        let mut times_ticks = [0.0; PULSE_NOTES];
        let mut n_times = 0;
        for (time_ticks, (onset_ticks, ())) in times_ticks.iter_mut().zip(onsets) {
            #[expect(clippy::cast_precision_loss, reason = "a bar or two")]
            let ticks = onset_ticks.saturating_sub(last) as f32;
            (*time_ticks, last) = (ticks, onset_ticks);
            n_times += 1;
        }
        let times_ticks = &times_ticks[..n_times];
        let n_like = |ticks: f32| times_ticks.iter().filter(|&&other| is_same_pulse(other, ticks)).count();
        let (ticks, n) = times_ticks.iter().map(|&ticks| (ticks, n_like(ticks))).max_by_key(|(_, n)| *n)?;
        #[expect(clippy::cast_precision_loss, reason = "at most PULSE_NOTES")]
        let (n, n_all) = (n as f32, n_times as f32);
        (n_times >= LEAST_ONSETS).then_some(Self { ticks, share: n / n_all, n_times: n_all })
    }
}

/// When notes begin, those that begin together once, with what is said of the first of them.
fn onsets<T>(notes: impl Iterator<Item = (Note, T)>) -> impl Iterator<Item = (i64, T)> {
    let mut last: Option<i64> = None;
    notes.filter_map(move |(Note { onset_ticks, .. }, said)| {
        let is_rolled = last.is_some_and(|last| onset_ticks.saturating_sub(last) <= ROLL_TICKS);
        (!is_rolled).then(|| {
            last = Some(onset_ticks);
            (onset_ticks, said)
        })
    })
}

impl Texture {
    /// Of notes in the order of their onsets.
    #[must_use]
    pub fn of(notes: impl ExactSizeIterator<Item = Note> + Clone) -> Self {
        let evenness = Pulse::of(notes.clone()).map_or(MIDDLE_EVENNESS, |pulse| pulse.share);
        Self { evenness, ..Self::with_goals(notes.map(|note| (note, 0.0))).0 }
    }

    /// And all that was wanted of the times from one onset to the next, in ticks.
    fn with_goals(notes: impl IntoIterator<Item = (Note, f32)>) -> (Self, f32) {
        let (mut n_notes, mut n_onsets, mut first, mut last, mut goals_ticks) = (0usize, 0usize, 0, 0, 0.0);
        for (onset_ticks, goal_ticks) in onsets(notes.into_iter().inspect(|_| n_notes += 1)) {
            if n_onsets == 0 {
                first = onset_ticks;
            } else {
                goals_ticks += goal_ticks;
            }
            (n_onsets, last) = (n_onsets + 1, onset_ticks);
        }
        #[expect(clippy::cast_precision_loss, reason = "ratios; 24 bits are plenty")]
        let ratio = |a: i64, b: usize| (b > 0).then(|| a as f32 / b as f32);
        let texture = Self {
            shift_ticks: ratio(last.saturating_sub(first), n_onsets.saturating_sub(1)),
            notes_per_onset: ratio(i64::try_from(n_notes).unwrap_or(i64::MAX), n_onsets),
            n_onsets,
            ..MIDDLE
        };
        (texture, goals_ticks)
    }

    /// The time from one onset to the next that is wanted in an answer to this call.
    #[must_use]
    pub fn goal_ticks(&self, asked: Asked) -> f32 {
        let [shortest, longest] = GOALS_TICKS;
        let called = self.shift_ticks.or(MIDDLE.shift_ticks).unwrap_or(longest);
        (called / asked.density_factor()).clamp(shortest.max(asked.grid_ticks), longest)
    }

    /// How much a pulse of the answer is too much.
    fn unevenness(&self, pulse: Pulse) -> f32 {
        let belief = pulse.n_times / (pulse.n_times + HALF_BELIEVED);
        UNEVENNESS_RATE * belief * (pulse.share - self.evenness).max(0.0)
    }

    /// What brings an answer to this call's number of notes, times the factor of density, with complexity to fuller chords
    /// or thinner ones, and keeps its rhythm as uneven as the call's. `made` are the answer's notes so far, each with its
    /// [`Texture::goal_ticks`].
    #[must_use]
    pub fn pacing(&self, asked: Asked, made: impl ExactSizeIterator<Item = (Note, f32)> + Clone) -> Pacing {
        let Asked { complexity, .. } = asked;
        let pulse = Pulse::of(made.clone().map(|(note, _)| note));
        let n_old = made.len().saturating_sub(RECENT_NOTES);
        let (recent, goals_ticks) = Self::with_goals(made.skip(n_old));
        let recent = (recent.n_onsets >= LEAST_ONSETS).then_some(recent);
        let factor = libm::log2f(asked.density_factor());
        #[expect(clippy::cast_precision_loss, reason = "at most RECENT_NOTES")]
        let is_by = recent.and_then(|recent| Some((recent.shift_ticks?, (recent.n_onsets - 1) as f32)));
        let is_by = is_by.map_or(0.0, |(shift_ticks, n)| libm::log2f(goals_ticks / (n * shift_ticks)));
        let unasked = STRENGTH * self.shift_ticks.map_or(1.0, |_| is_by.abs().min(1.0));
        let fuller = libm::exp2f(libm::log2f(MOST_FULLNESS) * complexity);
        let called = self.notes_per_onset.or(MIDDLE.notes_per_onset).unwrap_or(1.0);
        let chord = (called * fuller).clamp(1.0, FULLEST.max(called));
        let is_thin_by =
            recent.and_then(|recent| recent.notes_per_onset).map_or(complexity, |n| libm::log2f(chord / n));
        let unasked_share = UNASKED_FULLNESS * is_thin_by.abs().min(1.0);
        Pacing {
            shift_ticks: self.goal_ticks(asked) * libm::exp2f(is_by.clamp(-MOST_CORRECTION, MOST_CORRECTION)),
            strength: unasked + ASKED_STRENGTH * (2.0 * factor.abs()).min(1.0),
            pulse_ticks: pulse.map_or(0.0, |pulse| pulse.ticks),
            unevenness: pulse.map_or(0.0, |pulse| self.unevenness(pulse)),
            fullness: FULLNESS_RATE * is_thin_by * (2.0 * complexity.abs()).max(unasked_share).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    const PLAIN: Asked = Asked { density: 1.0, complexity: 0.0, grid_ticks: 0.0 };

    fn notes(onsets_ticks: impl IntoIterator<Item = i64>) -> Vec<Note> {
        let note =
            |onset_ticks| Note { onset_ticks, duration_ticks: 9, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM };
        onsets_ticks.into_iter().map(note).collect()
    }

    fn texture(notes: Vec<Note>) -> Texture {
        Texture::of(notes.into_iter())
    }

    #[test]
    fn a_rolled_chord_is_one_onset() {
        let rolled = texture(notes([0, 2, 3, 48, 96, 97]));
        assert_eq!((rolled.shift_ticks, rolled.notes_per_onset, rolled.n_onsets), (Some(48.0), Some(2.0), 3));
        assert_eq!(texture(notes([7])).shift_ticks, None);
        assert_eq!(texture(notes([])).notes_per_onset, None);
    }

    #[test]
    fn an_answer_like_its_call_is_left_alone_and_another_is_corrected() {
        let call = texture(notes((0..9).map(|i| 24 * i)));
        let pacing = |call: Texture, density, n: i64, ticks: i64| {
            let asked = Asked { density, ..PLAIN };
            let answer = notes((0..n).map(|i| ticks * i)).into_iter().map(|note| (note, call.goal_ticks(asked)));
            call.pacing(asked, answer.collect::<Vec<_>>().into_iter())
        };
        assert_eq!(pacing(call, 1.0, 9, 24).strength, 0.0);
        let slow = pacing(call, 1.0, 9, 96);
        assert_eq!((slow.shift_ticks, slow.strength, slow.fullness), (6.0, STRENGTH, 0.0));
        let asked = pacing(call, 2.0, 9, 12);
        assert_eq!((asked.shift_ticks, asked.strength), (12.0, ASKED_STRENGTH));
        let begun = pacing(call, 0.5, 2, 24);
        assert_eq!((begun.shift_ticks, begun.strength), (48.0, ASKED_STRENGTH));
        let alone = texture(notes([]));
        let slow = pacing(alone, 1.0, 9, 144);
        assert_eq!((slow.shift_ticks, slow.strength), (9.0, STRENGTH), "four in three beats");
    }

    #[test]
    fn what_came_is_held_to_what_was_wanted_then() {
        let call = texture(notes((0..9).map(|i| 24 * i)));
        let slow = notes((0..9).map(|i| 96 * i)).into_iter().map(|note| (note, 96.0));
        let pacing = call.pacing(Asked { density: 4.0, ..PLAIN }, slow.collect::<Vec<_>>().into_iter());
        assert_eq!(pacing.shift_ticks, 6.0);
    }

    #[test]
    fn an_answer_that_beats_time_is_made_uneven_unless_its_call_does() {
        let even = texture(notes((0..9).map(|i| 24 * i)));
        let uneven = texture(notes([0, 24, 48, 96, 108, 120, 144, 240, 264]));
        let beats = |call: Texture, n: i64| {
            call.pacing(PLAIN, notes((0..n).map(|i| 48 * i)).into_iter().map(|note| (note, 48.0)))
        };
        assert_eq!((beats(even, 40).unevenness, beats(even, 40).pulse_ticks), (0.0, 48.0));
        // Half of the call's times are a pulse. Some that are alike are none yet.
        assert_eq!([1, 4, 25].map(|n| beats(uneven, n).unevenness), [0.0, 0.0, UNEVENNESS_RATE / 4.0]);
        assert!(beats(texture(notes([])), 25).unevenness > 2.0);
    }

    #[test]
    fn nothing_faster_than_the_grid_is_wanted() {
        let call = texture(notes((0..9).map(|i| 12 * i)));
        let goal = |grid_ticks| call.goal_ticks(Asked { grid_ticks, ..PLAIN });
        assert_eq!([0.0, 6.0, 48.0].map(goal), [12.0, 12.0, 48.0]);
    }

    #[test]
    fn complexity_asks_for_more_and_fuller_chords() {
        let call = texture(notes((0..9).map(|i| 24 * i)));
        let pacing = |complexity, made: &[Note]| {
            call.pacing(Asked { complexity, ..PLAIN }, made.iter().map(|&note| (note, 24.0)))
        };
        let thin = notes((0..12).map(|i| 24 * i));
        let [simple, complex] = [-1.0, 1.0].map(|complexity| pacing(complexity, &thin));
        assert!(complex.fullness > 1.0 && complex.shift_ticks < 24.0, "{complex:?}");
        assert!(simple.fullness == 0.0 && simple.shift_ticks > 24.0, "{simple:?}: it has one voice already");
        let full = notes((0..12).map(|i| i / 4 * 24).chain([96, 96, 96]));
        assert!(pacing(-1.0, &full).fullness < -1.0);
        assert!((-2.0..-1.0).contains(&pacing(0.0, &full).fullness), "not asked for, but far from the call");
    }
}
