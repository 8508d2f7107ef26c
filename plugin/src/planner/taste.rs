//! What the controls make of an answer: what the model is told, and how its notes are bent.

use engine::conditions::{density_level, polyphony_level};
use engine::key::{Key, find_key};
use engine::note::Note;
use engine::{Asked, Conditions, Metre, Texture, Velocity};

use crate::link::Controls;

/// Density levels are about this factor apart.
const DENSITY_STEP: f32 = 1.5;
/// The level from which density or polyphony moves when there is no call to measure.
const MIDDLE_DENSITY: u8 = 4;
const MIDDLE_POLYPHONY: u8 = 2;
/// A call of so many notes says enough about its key; a shorter one is read with what was played before it.
const ENOUGH_FOR_A_KEY: usize = 12;
/// How much of a new note's strength goes into the mean.
const LOUDNESS_RATE: f32 = 0.2;

/// What is known of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) key: Option<Key>,
    density: u8,
    polyphony: u8,
    /// How many notes it has.
    pub(super) texture: Texture,
    /// Mean velocity.
    loudness: Option<f32>,
}

impl Facts {
    /// Measures a call. `recent` are the player's last notes, those of the call among them. Without any, the seed chooses
    /// the key, so that music of its own does not drift from one to another.
    pub(super) fn of(call: &[Note], recent: &[Note], seed: u64) -> Self {
        let is_alone = recent.is_empty();
        let heard = if call.len() >= ENOUGH_FOR_A_KEY { call } else { recent };
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let loudness = call.iter().map(|note| f32::from(note.velocity.get())).sum::<f32>() / (call.len().max(1) as f32);
        Self {
            key: if is_alone { Some(key_of_seed(seed)) } else { find_key(heard).map(|(key, _)| key) },
            density: density_level(call),
            polyphony: polyphony_level(call),
            texture: Texture::of(call.iter().copied()),
            loudness: (!call.is_empty()).then_some(loudness),
        }
    }

    /// What the model is told, in the style of the next note.
    pub(super) fn conditions(&self, controls: &Controls, style: u8) -> Conditions {
        let factor = asked(controls).density_factor();
        let fuller = 2.0 * controls.complexity;
        Conditions {
            style,
            mode: controls.wish.key(self.key).map_or(0, Key::mode_condition),
            density: moved(self.density, (factor.ln() / DENSITY_STEP.ln()).round(), MIDDLE_DENSITY, 8),
            polyphony: match controls.voices {
                0 => moved(self.polyphony, fuller.round(), MIDDLE_POLYPHONY, 5),
                voices => voices.min(5),
            },
            ..Conditions::default()
        }
    }

    /// The note as it is played, between `least_ticks` and `end_ticks`, and the mean loudness after it. `loudness` is
    /// that before it.
    pub(super) fn played(
        &self,
        note: Note,
        controls: &Controls,
        metre: Metre,
        (start_ticks, least_ticks, end_ticks): (i64, i64, i64),
        loudness: Option<f32>,
    ) -> (Note, f32) {
        let velocity = f32::from(note.velocity.get());
        let mean = loudness.map_or(velocity, |mean| mean + LOUDNESS_RATE * (velocity - mean));
        let follow = self.loudness.map_or(0.0, |call| controls.velocity_follow * (call - mean));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=127")]
        let louder = (velocity + follow).round().clamp(1.0, 127.0) as u8;
        let onset_ticks = match note.onset_ticks {
            // The first note is where the turns want it.
            first if first <= start_ticks => first,
            onset => quantised(onset, metre, (start_ticks, end_ticks), controls).max(least_ticks),
        };
        (Note { onset_ticks, velocity: Velocity::new(louder).unwrap_or(note.velocity), ..note }, mean)
    }
}

/// How many notes the controls ask for.
pub(super) fn asked(controls: &Controls) -> Asked {
    let grid_ticks = f32::from(controls.quantise_ticks) * controls.quantise_strength;
    Asked { density: controls.density, complexity: controls.complexity, grid_ticks }
}

/// Drawn to the nearest line of the grid before the end. Each bar has a grid of its own: one of 7/8 ends with half a beat.
pub(super) fn quantised(tick: i64, metre: Metre, (start_ticks, end_ticks): (i64, i64), controls: &Controls) -> i64 {
    let grid = i64::from(controls.quantise_ticks);
    if grid == 0 {
        return tick;
    }
    let (line, bar) = match metre {
        Metre::Bars { bar_line_ticks, bar_ticks } => (bar_line_ticks, i64::from(bar_ticks.max(1))),
        Metre::Free => (start_ticks, i64::MAX),
    };
    let in_bar = (tick - line).rem_euclid(bar);
    let since = in_bar % grid;
    let to_next = (grid - since).min(bar - in_bar);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most 48 ticks")]
    let drawn = |off: i64| tick - (off as f32 * controls.quantise_strength).round() as i64;
    if to_next <= since && drawn(-to_next) < end_ticks { drawn(-to_next) } else { drawn(since) }
}

/// Neighbouring seeds are a fifth apart; every third is minor.
fn key_of_seed(seed: u64) -> Key {
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
    use engine::Pitch;

    use super::*;
    use crate::planner::tests::CONTROLS;

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
        let facts = Facts::of(&call, &call, 1);
        let conditions = |controls: Controls| facts.conditions(&controls, 3);
        let plain = conditions(CONTROLS);
        assert_eq!((plain.style, plain.density, plain.polyphony), (3, 4, 1));
        let complex = conditions(Controls { complexity: 1.0, ..CONTROLS });
        assert_eq!((complex.density, complex.polyphony), (6, 3));
        assert_eq!(conditions(Controls { density: 1.5, ..CONTROLS }).density, 5);
        assert_eq!(conditions(Controls { voices: 7, ..CONTROLS }).polyphony, 5);
    }

    #[test]
    fn the_loudness_follows_the_call_and_keeps_its_accents() {
        let quiet: Vec<Note> = (0..16).map(|i| note(24 * i, 30)).collect();
        let facts = Facts::of(&quiet, &quiet, 1);
        for (follow, expected) in [(0.0, [90, 110, 90]), (1.0, [30, 46, 27]), (0.5, [60, 78, 58])] {
            let controls = Controls { velocity_follow: follow, ..CONTROLS };
            let mut loudness = None;
            let played = [90, 110, 90].map(|velocity| {
                let (note, mean) = facts.played(note(99, velocity), &controls, Metre::Free, (99, 99, 999), loudness);
                loudness = Some(mean);
                note.velocity.get()
            });
            assert_eq!(played, expected, "{follow}");
        }
    }

    #[test]
    fn notes_are_drawn_to_the_grid_as_far_as_asked() {
        let facts = Facts::of(&[], &[], 1);
        let metre = Metre::Bars { bar_line_ticks: 4, bar_ticks: 192 };
        let drawn = |onset, strength, ticks| {
            let controls = Controls { quantise_ticks: ticks, quantise_strength: strength, ..CONTROLS };
            facts.played(note(onset, 80), &controls, metre, (0, 20, 190), None).0.onset_ticks
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
        assert_eq!(Facts::of(&[], &[], 1).key.map(|key| key.to_string()), Some("G major".into()));
        assert_eq!(Facts::of(&[], &[], 2).key.map(|key| key.to_string()), Some("D minor".into()));
        assert_eq!(Facts::of(&[], &[note(0, 80)], 1).key, None);
    }
}
