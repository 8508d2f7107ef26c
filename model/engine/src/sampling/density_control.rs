//! How many notes music has and how even its rhythm is, and what brings an answer to those of its call.
//!
//! What is wanted of the next note is corrected by what came of it so far ([`OnsetBias`] says why). Each note is held to what was
//! wanted when it was made: what comes after a control has moved does not make up for what came before.

use crate::note::Note;
use crate::sampling::onset_bias::{OnsetBias, is_same_ioi};

/// A chord that is rolled within so many ticks is one onset.
const ROLL_TICKS: i64 = 3;
/// From thirty-seconds to a note every two bars of 4/4.
const IOI_RANGE_TICKS: [f32; 2] = [6.0, 384.0];
/// The correction is at most two octaves.
const MOST_CORRECTION: f32 = 2.0;
/// Music without a call to measure has four onsets in three beats, of one or two notes, as most that the network has read.
const MIDDLE: NoteDensity = NoteDensity {
    ioi_ticks: Some(36.0),
    notes_per_onset: Some(1.6),
    n_onsets: 0,
    ioi_regularity: MIDDLE_IOI_REGULARITY,
};
/// In 96 notes of 150 held-out scores, the time between onsets that came most often had this share of all (median; 10 % have
/// less than 0.42, and 23 % no other).
const MIDDLE_IOI_REGULARITY: f32 = 0.74;
/// The commonest time between onsets is looked for in so many notes.
const IOI_NOTES: usize = 96;
/// What the commonest time between onsets loses in logit, if it has all of a long answer and should have nothing of it. A network that has begun to beat
/// time goes on for minutes.
const REGULARITY_RATE: f32 = 40.0;
/// So many times between onsets are believed half: some that are alike are no habit yet.
const HALF_BELIEVED: f32 = 24.0;
/// What came of it is measured in the last so many notes, if they have so many onsets.
const RECENT_NOTES: usize = 24;
const LEAST_ONSETS: usize = 4;
/// How much a rhythm is wanted by which the answer has as many notes as the call, when it is half an octave away or more, or there
/// is none ...
const STRENGTH: f32 = 1.0;
/// ... and how much more, when the player wants another number, from half an octave on.
const REQUEST_STRENGTH: f32 = 2.0;
/// The most complex answer has so many times the notes of the call, and so many times the notes in a chord.
const MOST_DENSITY: f32 = 2.25;
const MOST_CHORD_SIZE_FACTOR: f32 = 2.0;
/// Notes that begin together, at most.
const LARGEST_CHORD: f32 = 6.0;
/// What a chord's note gains in logit for each octave that chords are too thin, if fuller or thinner ones are asked for ...
const CHORD_SIZE_RATE: f32 = 2.0;
/// ... and the share of it that it gains if not, when they are an octave away or more.
const UNASKED_CHORD_SIZE: f32 = 0.5;

/// What the player asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityRequest {
    /// Times the notes of the call.
    pub density: f32,
    /// From -1 to 1.
    pub complexity: f32,
    /// Onsets are drawn to a grid as wide as this: nothing faster could be heard. 0 for none.
    pub grid_ticks: f32,
}

impl DensityRequest {
    /// How many times the notes of the call are wanted.
    #[must_use]
    pub fn density_factor(self) -> f32 {
        self.density * libm::exp2f(libm::log2f(MOST_DENSITY) * self.complexity)
    }
}

/// How many notes music has, and how regular its rhythm is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteDensity {
    /// Mean time from one onset to the next; `None` if there is only one.
    ioi_ticks: Option<f32>,
    /// `None` without notes.
    notes_per_onset: Option<f32>,
    n_onsets: usize,
    /// Share of the time between onsets that comes most often.
    ioi_regularity: f32,
}

/// The time between onsets that comes most often.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ModalIoi {
    ticks: f32,
    /// Of all times.
    share: f32,
    n_times: f32,
}

impl ModalIoi {
    /// Of the last [`IOI_NOTES`] of notes in the order of their onsets; `None` if they are few.
    fn of(notes: impl ExactSizeIterator<Item = Note>) -> Option<Self> {
        let n_old = notes.len().saturating_sub(IOI_NOTES);
        let mut onsets = onsets(notes.skip(n_old).map(|note| (note, ())));
        let (mut last, ()) = onsets.next()?;
        let mut times_ticks = [0.0; IOI_NOTES];
        let mut n_times = 0;
        for (time_ticks, (onset_ticks, ())) in times_ticks.iter_mut().zip(onsets) {
            #[expect(clippy::cast_precision_loss, reason = "a bar or two")]
            let ticks = onset_ticks.saturating_sub(last) as f32;
            (*time_ticks, last) = (ticks, onset_ticks);
            n_times += 1;
        }
        let times_ticks = &times_ticks[..n_times];
        let n_like = |ticks: f32| times_ticks.iter().filter(|&&other| is_same_ioi(other, ticks)).count();
        let (ticks, n) = times_ticks.iter().map(|&ticks| (ticks, n_like(ticks))).max_by_key(|(_, n)| *n)?;
        #[expect(clippy::cast_precision_loss, reason = "at most IOI_NOTES")]
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

impl NoteDensity {
    /// Of notes in the order of their onsets.
    #[must_use]
    pub fn of(notes: impl ExactSizeIterator<Item = Note> + Clone) -> Self {
        let ioi_regularity = ModalIoi::of(notes.clone()).map_or(MIDDLE_IOI_REGULARITY, |modal| modal.share);
        Self { ioi_regularity, ..Self::with_targets(notes.map(|note| (note, 0.0))).0 }
    }

    /// And all that was wanted of the times from one onset to the next, in ticks.
    fn with_targets(notes: impl IntoIterator<Item = (Note, f32)>) -> (Self, f32) {
        let (mut n_notes, mut n_onsets, mut first, mut last, mut targets_ticks) = (0usize, 0usize, 0, 0, 0.0);
        for (onset_ticks, target_ioi_ticks) in onsets(notes.into_iter().inspect(|_| n_notes += 1)) {
            if n_onsets == 0 {
                first = onset_ticks;
            } else {
                targets_ticks += target_ioi_ticks;
            }
            (n_onsets, last) = (n_onsets + 1, onset_ticks);
        }
        #[expect(clippy::cast_precision_loss, reason = "ratios; 24 bits are plenty")]
        let ratio = |a: i64, b: usize| (b > 0).then(|| a as f32 / b as f32);
        let density = Self {
            ioi_ticks: ratio(last.saturating_sub(first), n_onsets.saturating_sub(1)),
            notes_per_onset: ratio(i64::try_from(n_notes).unwrap_or(i64::MAX), n_onsets),
            n_onsets,
            ..MIDDLE
        };
        (density, targets_ticks)
    }

    /// The time from one onset to the next that is wanted in an answer to this call.
    #[must_use]
    pub fn target_ioi_ticks(&self, request: DensityRequest) -> f32 {
        let [shortest, longest] = IOI_RANGE_TICKS;
        let called = self.ioi_ticks.or(MIDDLE.ioi_ticks).unwrap_or(longest);
        (called / request.density_factor()).clamp(shortest.max(request.grid_ticks), longest)
    }

    /// The penalty on the commonest time between onsets of an answer.
    fn regularity_penalty(&self, modal: ModalIoi) -> f32 {
        let belief = modal.n_times / (modal.n_times + HALF_BELIEVED);
        REGULARITY_RATE * belief * (modal.share - self.ioi_regularity).max(0.0)
    }

    /// What brings an answer to this call's number of notes, times the factor of density, with complexity to fuller chords
    /// or thinner ones, and keeps its rhythm as uneven as the call's. `made` are the answer's notes so far, each with its
    /// [`NoteDensity::target_ioi_ticks`].
    #[must_use]
    pub fn onset_bias(
        &self,
        request: DensityRequest,
        made: impl ExactSizeIterator<Item = (Note, f32)> + Clone,
    ) -> OnsetBias {
        let DensityRequest { complexity, .. } = request;
        let modal = ModalIoi::of(made.clone().map(|(note, _)| note));
        let n_old = made.len().saturating_sub(RECENT_NOTES);
        let (recent, targets_ticks) = Self::with_targets(made.skip(n_old));
        let recent = (recent.n_onsets >= LEAST_ONSETS).then_some(recent);
        let factor = libm::log2f(request.density_factor());
        #[expect(clippy::cast_precision_loss, reason = "at most RECENT_NOTES")]
        let octaves_too_slow = recent.and_then(|recent| Some((recent.ioi_ticks?, (recent.n_onsets - 1) as f32)));
        let octaves_too_slow =
            octaves_too_slow.map_or(0.0, |(ioi_ticks, n)| libm::log2f(targets_ticks / (n * ioi_ticks)));
        let unasked = STRENGTH * self.ioi_ticks.map_or(1.0, |_| (2.0 * octaves_too_slow.abs()).min(1.0));
        let fuller = libm::exp2f(libm::log2f(MOST_CHORD_SIZE_FACTOR) * complexity);
        let called = self.notes_per_onset.or(MIDDLE.notes_per_onset).unwrap_or(1.0);
        let chord = (called * fuller).clamp(1.0, LARGEST_CHORD.max(called));
        let octaves_too_thin =
            recent.and_then(|recent| recent.notes_per_onset).map_or(complexity, |n| libm::log2f(chord / n));
        let unasked_share = UNASKED_CHORD_SIZE * octaves_too_thin.abs().min(1.0);
        OnsetBias {
            ioi_ticks: self.target_ioi_ticks(request)
                * libm::exp2f(octaves_too_slow.clamp(-MOST_CORRECTION, MOST_CORRECTION)),
            strength: unasked + REQUEST_STRENGTH * (2.0 * factor.abs()).min(1.0),
            modal_ioi_ticks: modal.map_or(0.0, |modal| modal.ticks),
            regularity_penalty: modal.map_or(0.0, |modal| self.regularity_penalty(modal)),
            chord_size_bias: CHORD_SIZE_RATE * octaves_too_thin * (2.0 * complexity.abs()).max(unasked_share).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    const PLAIN: DensityRequest = DensityRequest { density: 1.0, complexity: 0.0, grid_ticks: 0.0 };

    fn notes(onsets_ticks: impl IntoIterator<Item = i64>) -> Vec<Note> {
        let note =
            |onset_ticks| Note { onset_ticks, duration_ticks: 9, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM };
        onsets_ticks.into_iter().map(note).collect()
    }

    fn measured(notes: Vec<Note>) -> NoteDensity {
        NoteDensity::of(notes.into_iter())
    }

    #[test]
    fn a_rolled_chord_is_one_onset() {
        let rolled = measured(notes([0, 2, 3, 48, 96, 97]));
        assert_eq!((rolled.ioi_ticks, rolled.notes_per_onset, rolled.n_onsets), (Some(48.0), Some(2.0), 3));
        assert_eq!(measured(notes([7])).ioi_ticks, None);
        assert_eq!(measured(notes([])).notes_per_onset, None);
    }

    #[test]
    fn an_answer_like_its_call_is_left_alone_and_another_is_corrected() {
        let call = measured(notes((0..9).map(|i| 24 * i)));
        let onset_bias = |call: NoteDensity, density, n: i64, ticks: i64| {
            let request = DensityRequest { density, ..PLAIN };
            let answer =
                notes((0..n).map(|i| ticks * i)).into_iter().map(|note| (note, call.target_ioi_ticks(request)));
            call.onset_bias(request, answer.collect::<Vec<_>>().into_iter())
        };
        assert_eq!(onset_bias(call, 1.0, 9, 24).strength, 0.0);
        let slow = onset_bias(call, 1.0, 9, 96);
        assert_eq!((slow.ioi_ticks, slow.strength, slow.chord_size_bias), (6.0, STRENGTH, 0.0));
        let fast = onset_bias(call, 2.0, 9, 12);
        assert_eq!((fast.ioi_ticks, fast.strength), (12.0, REQUEST_STRENGTH));
        let begun = onset_bias(call, 0.5, 2, 24);
        assert_eq!((begun.ioi_ticks, begun.strength), (48.0, REQUEST_STRENGTH));
        let alone = measured(notes([]));
        let slow = onset_bias(alone, 1.0, 9, 144);
        assert_eq!((slow.ioi_ticks, slow.strength), (9.0, STRENGTH), "four in three beats");
    }

    #[test]
    fn what_came_is_held_to_what_was_wanted_then() {
        let call = measured(notes((0..9).map(|i| 24 * i)));
        let slow = notes((0..9).map(|i| 96 * i)).into_iter().map(|note| (note, 96.0));
        let onset_bias =
            call.onset_bias(DensityRequest { density: 4.0, ..PLAIN }, slow.collect::<Vec<_>>().into_iter());
        assert_eq!(onset_bias.ioi_ticks, 6.0);
    }

    #[test]
    fn an_answer_that_beats_time_is_made_uneven_unless_its_call_does() {
        let even = measured(notes((0..9).map(|i| 24 * i)));
        let uneven = measured(notes([0, 24, 48, 96, 108, 120, 144, 240, 264]));
        let beats = |call: NoteDensity, n: i64| {
            call.onset_bias(PLAIN, notes((0..n).map(|i| 48 * i)).into_iter().map(|note| (note, 48.0)))
        };
        assert_eq!((beats(even, 40).regularity_penalty, beats(even, 40).modal_ioi_ticks), (0.0, 48.0));
        // Half of the call's times are one. Some that are alike say nothing yet.
        assert_eq!([1, 4, 25].map(|n| beats(uneven, n).regularity_penalty), [0.0, 0.0, REGULARITY_RATE / 4.0]);
        assert!(beats(measured(notes([])), 25).regularity_penalty > 2.0);
    }

    #[test]
    fn nothing_faster_than_the_grid_is_wanted() {
        let call = measured(notes((0..9).map(|i| 12 * i)));
        let goal = |grid_ticks| call.target_ioi_ticks(DensityRequest { grid_ticks, ..PLAIN });
        assert_eq!([0.0, 6.0, 48.0].map(goal), [12.0, 12.0, 48.0]);
    }

    #[test]
    fn complexity_asks_for_more_and_fuller_chords() {
        let call = measured(notes((0..9).map(|i| 24 * i)));
        let onset_bias = |complexity, made: &[Note]| {
            call.onset_bias(DensityRequest { complexity, ..PLAIN }, made.iter().map(|&note| (note, 24.0)))
        };
        let thin = notes((0..12).map(|i| 24 * i));
        let [simple, complex] = [-1.0, 1.0].map(|complexity| onset_bias(complexity, &thin));
        assert!(complex.chord_size_bias > 1.0 && complex.ioi_ticks < 24.0, "{complex:?}");
        assert!(simple.chord_size_bias == 0.0 && simple.ioi_ticks > 24.0, "{simple:?}: it has one voice already");
        let full = notes((0..12).map(|i| i / 4 * 24).chain([96, 96, 96]));
        assert!(onset_bias(-1.0, &full).chord_size_bias < -1.0);
        assert!((-2.0..-1.0).contains(&onset_bias(0.0, &full).chord_size_bias), "not asked for, but far from the call");
    }
}
