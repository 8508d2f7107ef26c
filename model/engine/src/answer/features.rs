//! What is known of a call, and what follows from it and the controls: what the network is told, and how its notes are played.

use super::controls::Controls;
use super::scale::{CLASSES, share_in_key};
use crate::conditions::{Conditions, density_level, harmony, polyphony_level};
use crate::key::{Key, find_key};
use crate::metre::Metre;
use crate::note::{Note, Velocity};
use crate::sampling::density_control::NoteDensity;
use crate::sampling::onset_bias::OnsetBias;

/// Density levels are about this factor apart.
const DENSITY_STEP: f32 = 1.5;
/// The level from which density or polyphony moves when there is no call to measure.
const MIDDLE_DENSITY: u8 = 4;
const MIDDLE_POLYPHONY: u8 = 2;
/// A call of so many notes says enough about its key; a shorter one is read with what was played before it.
const ENOUGH_FOR_A_KEY: usize = 12;
/// How much of a new note's velocity goes into the running mean.
const VELOCITY_RATE: f32 = 0.1;
/// So far from the call's the loudness of an answer may be where it does not follow at all; where it follows by three quarters, a quarter
/// of that. Of composers' answers, 70 in 100 are as loud as the call to 12 velocities (standard deviation 11.7).
const FREE_VELOCITIES: f32 = 48.0;
/// Loudness follows the call in steps of so many velocities: as fine as the network's own.
const FOLLOW_STEP: f32 = 4.0;

/// What is known of a call.
#[derive(Clone, Copy, Debug)]
pub struct CallFeatures {
    key: Option<Key>,
    /// Share of the notes by which the key was found that are in its scale, 0 to 1.
    in_key: f32,
    /// As the condition, 1 to 8; 0 if there is too little to measure.
    density: u8,
    /// As the condition, 1 to 5; 0 without notes.
    polyphony: u8,
    /// How many notes it has.
    texture: NoteDensity,
    mean_velocity: Option<f32>,
}

/// Between which ticks a note may be moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// When the answer begins.
    pub(super) start_ticks: i64,
    /// The earliest onset of this note.
    pub(super) least_ticks: i64,
    /// When the answer is over.
    pub(super) end_ticks: i64,
}

impl CallFeatures {
    /// Measures a call. `recent` are the player's last notes, those of the call among them; both in [`Note::order`]. Without
    /// any, the song's seed chooses the key, so that music of its own does not drift from one to another.
    #[must_use]
    pub fn of(call: &[Note], recent: &[Note], song_seed: u32) -> Self {
        let is_alone = recent.is_empty();
        let heard = if call.len() >= ENOUGH_FOR_A_KEY { call } else { recent };
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let mean = call.iter().map(|note| f32::from(note.velocity.get())).sum::<f32>() / (call.len().max(1) as f32);
        let key = if is_alone { Some(key_of_seed(song_seed)) } else { find_key(heard).map(|(key, _)| key) };
        Self {
            key,
            in_key: key.map_or(1.0, |key| share_in_key(heard, key)),
            density: density_level(call),
            polyphony: polyphony_level(call),
            texture: NoteDensity::of(call.iter().copied()),
            mean_velocity: (!call.is_empty()).then_some(mean),
        }
    }

    /// The same in another key, or in none: for music whose key is known better.
    #[must_use]
    pub fn with_key(self, key: Option<Key>) -> Self {
        Self { key, ..self }
    }

    /// The key of the call.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        self.key
    }

    /// What the network is told of the next note, which comes in this style. `bars_left` is the condition, 0 for open.
    pub(super) fn conditions(&self, controls: &Controls, style: u8, bars_left: u8) -> Conditions {
        let mode = controls.key.key(self.key).map_or(0, Key::mode_condition);
        let told = Conditions { style, mode, ..Conditions::default() };
        if !controls.is_guided {
            return told;
        }
        let factor = controls.density_request().density_factor();
        let fuller = 2.0 * controls.complexity;
        Conditions {
            bars_left,
            harmony: controls.harmony,
            relation: controls.relation.map_or(0, |relation| relation as u8),
            density: moved(self.density, (libm::logf(factor) / libm::logf(DENSITY_STEP)).round(), MIDDLE_DENSITY, 8),
            polyphony: match controls.voices {
                0 => moved(self.polyphony, fuller.round(), MIDDLE_POLYPHONY, 5),
                voices => voices.min(5),
            },
            ..told
        }
    }

    /// What is added to the logits of the pitch classes, from C up: `(12,)`.
    pub(super) fn class_bias(&self, controls: &Controls) -> [f32; 12] {
        let mut bias = controls.key.class_bias(self.key, controls.key_lock, self.in_key);
        // A chord that is held may leave the key, unless that is strict.
        if let Some(chord) = harmony::chord(controls.harmony) {
            let of_chord = bias.iter_mut().zip(CLASSES).filter(|(bias, class)| bias.is_finite() && chord.has(*class));
            of_chord.for_each(|(bias, _)| *bias = 0.0);
        }
        bias
    }

    /// What brings the answer to the number of notes that is asked for. `made` are its notes so far, each with the
    /// [`CallFeatures::target_ioi_ticks`] of its time.
    pub(super) fn onset_bias(
        &self,
        controls: &Controls,
        made: impl ExactSizeIterator<Item = (Note, f32)> + Clone,
    ) -> OnsetBias {
        if controls.is_guided {
            self.texture.onset_bias(controls.density_request(), made)
        } else {
            OnsetBias::default()
        }
    }

    /// The time from one onset to the next that is wanted.
    pub(super) fn target_ioi_ticks(&self, controls: &Controls) -> f32 {
        self.texture.target_ioi_ticks(controls.density_request())
    }

    /// A note of the network as it is played, and the running mean of the network's velocities after it. `mean_velocity` is
    /// that before it.
    pub(super) fn render(
        &self,
        note: Note,
        controls: &Controls,
        metre: Metre,
        bounds: Bounds,
        mean_velocity: Option<f32>,
    ) -> (Note, f32) {
        let velocity = f32::from(note.velocity.get());
        let mean = mean_velocity.map_or(velocity, |mean| mean + VELOCITY_RATE * (velocity - mean));
        let free = if controls.velocity_follow > 0.0 {
            FREE_VELOCITIES * (1.0 - controls.velocity_follow)
        } else {
            f32::INFINITY
        };
        let off = self.mean_velocity.map_or(0.0, |call| call - mean);
        let follow = off.signum() * (off.abs() - free).max(0.0);
        // Moved in steps, so that notes which are alike stay so.
        let follow = (follow / FOLLOW_STEP).round() * FOLLOW_STEP;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=127")]
        let louder = (velocity + follow).round().clamp(1.0, 127.0) as u8;
        let onset_ticks = match note.onset_ticks {
            // The first note is where the turns want it.
            first if first <= bounds.start_ticks => first,
            onset => quantised(onset, metre, bounds, controls).max(bounds.least_ticks),
        };
        (Note { onset_ticks, velocity: Velocity::new(louder).unwrap_or(note.velocity), ..note }, mean)
    }
}

/// Drawn to the nearest line of the grid before the end. Each bar has a grid of its own: one of 7/8 ends with half a beat.
pub(super) fn quantised(tick: i64, metre: Metre, bounds: Bounds, controls: &Controls) -> i64 {
    let grid = i64::from(controls.quantise_ticks);
    if grid == 0 {
        return tick;
    }
    let (line, bar) = match metre {
        Metre::Bars { bar_line_ticks, bar_ticks } => (bar_line_ticks, i64::from(bar_ticks.max(1))),
        Metre::Free => (bounds.start_ticks, i64::MAX),
    };
    let in_bar = (tick - line).rem_euclid(bar);
    let since = in_bar % grid;
    let to_next = (grid - since).min(bar - in_bar);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most 48 ticks")]
    let drawn = |off: i64| tick - (off as f32 * controls.quantise_strength).round() as i64;
    if to_next <= since && drawn(-to_next) < bounds.end_ticks { drawn(-to_next) } else { drawn(since) }
}

/// Neighbouring seeds are a fifth apart; every third is minor.
fn key_of_seed(seed: u32) -> Key {
    let place = u8::try_from(seed % 12).unwrap_or(0);
    Key { tonic: place * 7 % 12, is_minor: seed % 3 == 2 }
}

/// A level moved by so many steps, 1 to `highest`; an unknown one (0) stays unknown unless it is moved.
fn moved(level: u8, steps: f32, middle: u8, highest: u8) -> u8 {
    if !steps.is_finite() || steps == 0.0 {
        return level;
    }
    let from = if level == 0 { middle } else { level };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 and more")]
    let moved = (f32::from(from) + steps).clamp(1.0, f32::from(highest)) as u8;
    moved
}

#[cfg(test)]
mod tests {
    use super::super::tests::NEUTRAL;
    use super::*;
    use crate::conditions::Relation;
    use crate::note::Pitch;

    fn note(onset_ticks: i64, velocity: u8) -> Note {
        Note { onset_ticks, duration_ticks: 24, pitch: Pitch::MIDDLE_C, velocity: Velocity::new(velocity).unwrap() }
    }

    #[test]
    fn levels_move_by_steps_and_stay_in_range() {
        for (level, steps, expected) in [(4, 0.0, 4), (4, 3.0, 7), (4, -3.0, 1), (8, 3.0, 8), (0, 0.0, 0), (0, 2.0, 6)]
        {
            assert_eq!(moved(level, steps, 4, 8), expected, "{level} and {steps}");
        }
        assert_eq!(moved(3, f32::NAN, 4, 8), 3);
    }

    #[test]
    fn complexity_density_and_voices_reach_the_model() {
        let call: Vec<Note> = (0..16).map(|i| note(24 * i, 80)).collect();
        let features = CallFeatures::of(&call, &call, 1);
        let conditions = |controls: Controls| features.conditions(&controls, 3, 2);
        let plain = conditions(NEUTRAL);
        assert_eq!((plain.style, plain.density, plain.polyphony, plain.bars_left, plain.relation), (3, 4, 1, 2, 0));
        assert_eq!(conditions(Controls { relation: Some(Relation::Vary), ..NEUTRAL }).relation, 2);
        let complex = conditions(Controls { complexity: 1.0, ..NEUTRAL });
        assert_eq!((complex.density, complex.polyphony), (6, 3));
        assert_eq!(conditions(Controls { density: 1.5, ..NEUTRAL }).density, 5);
        assert_eq!(conditions(Controls { voices: 7, ..NEUTRAL }).polyphony, 5);
    }

    #[test]
    fn the_network_alone_is_told_style_and_mode_only() {
        let call: Vec<Note> = (0..16).map(|i| note(24 * i, 80)).collect();
        let features = CallFeatures::of(&call, &call, 1).with_key(Some(Key { tonic: 2, is_minor: true }));
        let controls = Controls { density: 4.0, complexity: 1.0, voices: 3, ..Controls::raw() };
        let told = Conditions { style: 3, mode: 2, ..Conditions::default() };
        assert_eq!(features.conditions(&controls, 3, 2), told);
        assert_eq!(features.onset_bias(&controls, call.iter().map(|&note| (note, 24.0))), OnsetBias::default());
        assert_eq!(features.class_bias(&controls), [0.0; 12]);
    }

    #[test]
    fn the_loudness_follows_the_call_and_keeps_its_accents() {
        let quiet: Vec<Note> = (0..16).map(|i| note(24 * i, 30)).collect();
        let features = CallFeatures::of(&quiet, &quiet, 1);
        let bounds = Bounds { start_ticks: 99, least_ticks: 99, end_ticks: 999 };
        for (follow, expected) in [(0.0, [90, 110, 90]), (1.0, [30, 46, 30]), (0.5, [54, 70, 54])] {
            let controls = Controls { velocity_follow: follow, ..NEUTRAL };
            let mut mean = None;
            let played = [90, 110, 90].map(|velocity| {
                let (note, after) = features.render(note(99, velocity), &controls, Metre::Free, bounds, mean);
                mean = Some(after);
                note.velocity.get()
            });
            assert_eq!(played, expected, "{follow}");
        }
    }

    #[test]
    fn notes_are_drawn_to_the_grid_as_far_as_asked() {
        let features = CallFeatures::of(&[], &[], 1);
        let metre = Metre::Bars { bar_line_ticks: 4, bar_ticks: 192 };
        let bounds = Bounds { start_ticks: 0, least_ticks: 20, end_ticks: 190 };
        let drawn = |onset, strength, ticks| {
            let controls = Controls { quantise_ticks: ticks, quantise_strength: strength, ..NEUTRAL };
            features.render(note(onset, 80), &controls, metre, bounds, None).0.onset_ticks
        };
        let cases = [
            (30, 1.0, 12, 28),
            (35, 1.0, 12, 40),
            (30, 0.5, 12, 29),
            (30, 0.0, 12, 30),
            (30, 1.0, 0, 30),
            (25, 1.0, 48, 20),   // the beat before has passed
            (188, 1.0, 48, 148), // the one after is no part of the answer
            (0, 1.0, 12, 0),     // the first note stays
        ];
        for (onset, strength, ticks, expected) in cases {
            assert_eq!(drawn(onset, strength, ticks), expected, "{onset} to {ticks} by {strength}");
        }
    }

    #[test]
    fn music_without_a_call_has_a_key() {
        assert_eq!(CallFeatures::of(&[], &[], 1).key.map(|key| key.to_string()), Some("G major".into()));
        assert_eq!(CallFeatures::of(&[], &[], 2).key.map(|key| key.to_string()), Some("D minor".into()));
        assert_eq!(CallFeatures::of(&[], &[note(0, 80)], 1).key, None);
    }
}
