//! The parameters: ids, units and defaults. Ids and the order of choices are in saved songs, so they never change;
//! new choices come last.

mod any;
mod groups;
mod text;

use std::sync::Arc;

use nice_plug::formatters;
use nice_plug::prelude::*;
use parking_lot::RwLock;
use takes::Take;

pub(crate) use any::AnyParam;
pub(crate) use groups::{OutputParams, PitchParams, StyleParams, TextureParams, TimeParams, TurnParams};
pub(crate) use text::NOT_IN_THIS_MODEL;

use crate::chosen::Chosen;
use crate::clock::Clock;
use crate::learn::{KNOBS, Learned};
use crate::link::Controls;
use crate::log::Files;
use crate::memory::Memory;
use crate::scale::{Lock, Wish};
use crate::turn::{Length, Rules, Start};

const MODES: &[&str] = &["Answer", "Continue", "Off"];

/// All parameters.
#[derive(Params)]
pub(crate) struct AntiphonParams {
    /// Answer, continue, or only pass notes through.
    #[id = "mode"]
    pub(crate) mode: IntParam,
    #[nested(group = "Style")]
    pub(crate) style: StyleParams,
    #[nested(group = "Texture")]
    pub(crate) texture: TextureParams,
    #[nested(group = "Pitch")]
    pub(crate) pitch: PitchParams,
    #[nested(group = "Turns")]
    pub(crate) turns: TurnParams,
    #[nested(group = "Time")]
    pub(crate) time: TimeParams,
    #[nested(group = "Output")]
    pub(crate) output: OutputParams,
    /// Passes the player's notes on, and does nothing else.
    #[id = "bypass"]
    pub(crate) bypass: BoolParam,
    /// Ends everything that sounds, when it goes on.
    #[id = "panic"]
    pub(crate) panic: BoolParam,
    /// Takes that the user keeps with the song. Not for the audio thread.
    #[persist = "takes"]
    pub(crate) takes: RwLock<Vec<Take>>,
    /// The controllers that move parameters.
    #[persist = "controllers"]
    pub(crate) learned: Learned,
    /// What the model knows before the song begins.
    #[persist = "memory"]
    pub(crate) memory: Arc<Memory>,
    /// The style pack that the song plays with.
    #[persist = "pack"]
    pub(crate) chosen: Arc<Chosen>,
    /// What is written for the user. No part of the song.
    pub(crate) files: Arc<Files>,
}

impl Default for AntiphonParams {
    fn default() -> Self {
        let chosen = Arc::default();
        Self {
            mode: text::choice("Mode", MODES, 0),
            style: StyleParams::new(&chosen),
            texture: TextureParams::default(),
            pitch: PitchParams::default(),
            turns: TurnParams::default(),
            time: TimeParams::default(),
            output: OutputParams::default(),
            bypass: BoolParam::new("Bypass", false)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
            panic: BoolParam::new("Panic", false),
            takes: RwLock::new(Vec::new()),
            learned: Learned::default(),
            memory: Arc::default(),
            chosen,
            files: Arc::default(),
        }
    }
}

impl AntiphonParams {
    /// Whether there are answers at all.
    pub(crate) fn is_off(&self) -> bool {
        self.bypass.value() || self.mode.value() == 2
    }

    fn is_continuing(&self) -> bool {
        self.mode.value() == 1
    }

    /// Whether there are answers without a call.
    pub(crate) fn is_generator(&self, clock: &Clock) -> bool {
        self.is_continuing() && clock.is_playing()
    }

    /// Whether the player's notes are passed on.
    pub(crate) fn is_thru(&self) -> bool {
        self.bypass.value() || self.output.thru.value()
    }

    /// The channel of answers to a call on `played`.
    pub(crate) fn channel(&self, played: u8) -> u8 {
        u8::try_from(self.output.channel.value() - 1).unwrap_or(played) & 15
    }

    pub(crate) fn seed(&self) -> u64 {
        u64::from(self.style.seed.value().unsigned_abs())
    }

    /// The controller that hands over.
    pub(crate) fn hand_controller(&self) -> Option<u8> {
        u8::try_from(self.turns.hand_cc.value()).ok()
    }

    /// The key that hands over.
    pub(crate) fn hand_key(&self) -> Option<u8> {
        u8::try_from(self.turns.hand_key.value()).ok()
    }

    /// Notes at a time, at most.
    pub(crate) fn most_voices(&self) -> usize {
        match self.byte("voices", &self.texture.voices) {
            0 => usize::MAX,
            n => usize::from(n),
        }
    }

    /// What is asked of the turns now.
    pub(crate) fn rules(&self, clock: &Clock) -> Rules {
        let turns = &self.turns;
        let is_continuing = self.is_continuing();
        Rules {
            silence_ticks: match turns.hand_silence.value() {
                0 => None,
                2 => Some(clock.ticks_of_beats(f64::from(turns.silence_beats.value()))),
                _ => Some(clock.ticks_of_ms(f64::from(turns.silence_ms.value()))),
            },
            trade_bars: power_of_two(&turns.trade),
            is_generator: self.is_generator(clock),
            start: match self.time.start.value() {
                1 => Start::NextBeat,
                2 => Start::NextBar,
                _ => Start::AtOnce,
            },
            length: match turns.length.value() {
                _ if is_continuing => Length::Endless,
                5 => Length::Endless,
                _ => power_of_two(&turns.length).map_or(Length::LikeTheCall, Length::Bars),
            },
            // An answer "until I play" ends when I do.
            is_interruptible: turns.play_over.value() == 0 || !is_continuing && turns.length.value() == 5,
            metre: clock.metre(),
        }
    }

    /// The style that is chosen.
    pub(crate) fn style(&self) -> u8 {
        self.byte("style", &self.style.style)
    }

    /// What may change while an answer is being made.
    pub(crate) fn controls(&self) -> Controls {
        let Self { style, texture, pitch, time, .. } = self;
        let (lowest, highest) = (self.byte("lowest", &pitch.lowest), self.byte("highest", &pitch.highest));
        let temperature = self.float("temperature", &style.temperature);
        Controls {
            style: self.style(),
            style2: self.byte("style2", &style.style2),
            style_mix: self.float("style_mix", &style.style_mix),
            temperature: temperature * self.float("pitch_freedom", &style.pitch_freedom),
            rhythm_temperature: temperature * self.float("rhythm_freedom", &style.rhythm_freedom),
            top_p: self.float("top_p", &style.top_p),
            learn_from_me: self.float("learn_from_me", &style.learn_from_me),
            density: self.float("density", &texture.density),
            complexity: self.float("complexity", &texture.complexity),
            voices: self.byte("voices", &texture.voices),
            velocity_follow: self.float("velocity_follow", &texture.velocity_follow),
            lowest: lowest.min(highest),
            highest: lowest.max(highest),
            wish: Wish { tonic: self.byte("key", &pitch.key).checked_sub(1), scale: self.byte("scale", &pitch.scale) },
            lock: match pitch.key_lock.value() {
                0 => Lock::Off,
                2 => Lock::Strict,
                _ => Lock::Lean,
            },
            quantise_ticks: usize::try_from(time.quantise.value())
                .ok()
                .and_then(|place| groups::QUANTISE_TICKS.get(place))
                .copied()
                .unwrap_or(0),
            quantise_strength: self.float("quantise_strength", &time.quantise_strength),
        }
    }

    /// The value of a parameter, or what a controller says over it. Called for each knob rather than copied for each: the
    /// audio thread finds little of its code in the cache.
    #[inline(never)]
    fn float(&self, id: &str, param: &FloatParam) -> f32 {
        let over = self.learned.over(id, param.unmodulated_normalized_value());
        over.map_or_else(|| param.value(), |normalized| param.preview_plain(normalized))
    }

    #[inline(never)]
    fn byte(&self, id: &str, param: &IntParam) -> u8 {
        let over = self.learned.over(id, param.unmodulated_normalized_value());
        let value = over.map_or_else(|| param.value(), |normalized| param.preview_plain(normalized));
        u8::try_from(value.clamp(0, 127)).unwrap_or(0)
    }

    /// A controller moves; it may have been learnt.
    pub(crate) fn hear_controller(&self, controller: u8, value: f32) {
        self.learned.hear(controller, value, |id| self.by_id(id).map_or(0.0, any::AnyParam::normalized));
    }

    /// Tells the host what controllers said.
    pub(crate) fn tell_host(&self, setter: &ParamSetter) {
        for id in KNOBS {
            if let Some(param) = self.by_id(id)
                && let Some(value) = self.learned.over(id, param.normalized())
                && (value - param.normalized()).abs() > f32::EPSILON
            {
                param.set(value, setter);
            }
        }
    }
}

/// 1, 2, 4, 8 for the choices 1 to 4.
fn power_of_two(param: &IntParam) -> Option<i64> {
    match param.value() {
        power @ 1..=4 => Some(1 << (power - 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_can_be_read_back_from_its_text() {
        let params = AntiphonParams::default();
        let AntiphonParams { mode, style, texture, pitch, turns, time, output, .. } = &params;
        let by_steps = [
            mode,
            &style.style,
            &style.style2,
            &texture.voices,
            &pitch.key,
            &pitch.scale,
            &pitch.key_lock,
            &pitch.lowest,
            &turns.hand_silence,
            &turns.trade,
            &turns.hand_cc,
            &turns.hand_key,
            &turns.length,
            &turns.play_over,
            &time.start,
            &time.quantise,
            &output.channel,
        ];
        for param in by_steps {
            let steps = param.step_count().unwrap();
            for step in 0..=steps {
                #[expect(clippy::cast_precision_loss, reason = "at most 128")]
                let normalized = step as f32 / steps as f32;
                let text = param.normalized_value_to_string(normalized, true);
                let back = param.string_to_normalized_value(&text).map(|n| param.preview_plain(n));
                assert_eq!(back, Some(param.preview_plain(normalized)), "{} {text}", param.name());
            }
        }
        let smooth =
            [&style.style_mix, &style.rhythm_freedom, &texture.complexity, &texture.density, &turns.silence_beats];
        for param in smooth {
            for normalized in [0.0, 0.3, 0.5, 1.0] {
                let text = param.normalized_value_to_string(normalized, true);
                let back = param.string_to_normalized_value(&text).unwrap();
                assert!((back - normalized).abs() < 0.02, "{} {text}: {back}", param.name());
            }
        }
    }

    #[test]
    fn ids_in_saved_songs_never_change() {
        let ids: Vec<String> = AntiphonParams::default().param_map().into_iter().map(|(id, ..)| id).collect();
        let expected = "mode style style2 style_mix temperature top_p rhythm_freedom pitch_freedom learn_from_me seed density \
            complexity voices velocity_follow key scale key_lock lowest highest hand_silence silence silence_beats \
            trade hand_cc hand_key hand_over length play_over start quantise quantise_strength ahead channel thru \
            bypass panic";
        assert_eq!(ids.join(" "), expected);
        let params = AntiphonParams::default();
        assert!(ids.iter().all(|id| params.by_id(id).is_some()) && KNOBS.iter().all(|id| params.by_id(id).is_some()));
    }
}
