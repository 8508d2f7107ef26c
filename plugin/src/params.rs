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
use crate::learn::{KNOBS, Learned};
use crate::log::Files;
use crate::memory::Memory;
use crate::settings::{Changes, Watched};

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
    /// Passes on what the player does, and does nothing else.
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
    /// Moves of the parameters above.
    pub(crate) changes: Changes,
}

impl Default for AntiphonParams {
    fn default() -> Self {
        let (changes, chosen) = (Changes::default(), Arc::default());
        Self {
            mode: text::choice("Mode", MODES, 0).watched(&changes),
            style: StyleParams::new(&changes, &chosen),
            texture: TextureParams::new(&changes),
            pitch: PitchParams::new(&changes),
            turns: TurnParams::new(&changes),
            time: TimeParams::new(&changes),
            output: OutputParams::new(&changes),
            bypass: BoolParam::new("Bypass", false)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass()
                .watched(&changes),
            panic: BoolParam::new("Panic", false).watched(&changes),
            takes: RwLock::new(Vec::new()),
            learned: Learned::new(&changes),
            memory: Arc::default(),
            chosen,
            files: Arc::default(),
            changes,
        }
    }
}

impl AntiphonParams {
    /// A controller moves. Whether it has been learnt.
    pub(crate) fn hear_controller(&self, controller: u8, value: f32) -> bool {
        self.learned.hear(controller, value, |id| self.by_id(id).map_or(0.0, any::AnyParam::normalized))
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
