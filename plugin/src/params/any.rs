//! Parameters by their ids, whatever their type.

use nice_plug::prelude::*;

use super::AntiphonParams;

/// A parameter.
#[derive(Clone, Copy)]
pub(crate) enum AnyParam<'a> {
    Float(&'a FloatParam),
    Int(&'a IntParam),
    Bool(&'a BoolParam),
}

impl AnyParam<'_> {
    /// The value, 0 to 1.
    pub(crate) fn normalized(self) -> f32 {
        match self {
            Self::Float(param) => param.unmodulated_normalized_value(),
            Self::Int(param) => param.unmodulated_normalized_value(),
            Self::Bool(param) => param.unmodulated_normalized_value(),
        }
    }

    /// The default, 0 to 1.
    pub(crate) fn default(self) -> f32 {
        match self {
            Self::Float(param) => param.default_normalized_value(),
            Self::Int(param) => param.default_normalized_value(),
            Self::Bool(param) => param.default_normalized_value(),
        }
    }

    /// The value of a text, 0 to 1.
    pub(crate) fn read(self, text: &str) -> Option<f32> {
        match self {
            Self::Float(param) => param.string_to_normalized_value(text),
            Self::Int(param) => param.string_to_normalized_value(text),
            Self::Bool(param) => param.string_to_normalized_value(text),
        }
    }

    /// Sets the value, and tells the host.
    pub(crate) fn set(self, normalized: f32, setter: &ParamSetter) {
        fn set<P: Param>(param: &P, normalized: f32, setter: &ParamSetter) {
            setter.begin_set_parameter(param);
            setter.set_parameter_normalized(param, normalized);
            setter.end_set_parameter(param);
        }
        match self {
            Self::Float(param) => set(param, normalized, setter),
            Self::Int(param) => set(param, normalized, setter),
            Self::Bool(param) => set(param, normalized, setter),
        }
    }
}

impl AntiphonParams {
    /// The parameter with this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<AnyParam<'_>> {
        use AnyParam::{Bool, Float, Int};
        let Self { style, texture, pitch, turns, time, output, .. } = self;
        Some(match id {
            "mode" => Int(&self.mode),
            "style" => Int(&style.style),
            "style2" => Int(&style.style2),
            "style_mix" => Float(&style.style_mix),
            "temperature" => Float(&style.temperature),
            "top_p" => Float(&style.top_p),
            "rhythm_freedom" => Float(&style.rhythm_freedom),
            "pitch_freedom" => Float(&style.pitch_freedom),
            "learn_from_me" => Float(&style.learn_from_me),
            "seed" => Int(&style.seed),
            "density" => Float(&texture.density),
            "complexity" => Float(&texture.complexity),
            "voices" => Int(&texture.voices),
            "velocity_follow" => Float(&texture.velocity_follow),
            "key" => Int(&pitch.key),
            "scale" => Int(&pitch.scale),
            "key_lock" => Int(&pitch.key_lock),
            "lowest" => Int(&pitch.lowest),
            "highest" => Int(&pitch.highest),
            "hand_silence" => Int(&turns.hand_silence),
            "silence" => Float(&turns.silence_ms),
            "silence_beats" => Float(&turns.silence_beats),
            "trade" => Int(&turns.trade),
            "hand_cc" => Int(&turns.hand_cc),
            "hand_key" => Int(&turns.hand_key),
            "hand_over" => Bool(&turns.hand_over),
            "length" => Int(&turns.length),
            "play_over" => Int(&turns.play_over),
            "start" => Int(&time.start),
            "quantise" => Int(&time.quantise),
            "quantise_strength" => Float(&time.quantise_strength),
            "ahead" => Float(&time.ahead_ms),
            "channel" => Int(&output.channel),
            "thru" => Bool(&output.thru),
            "bypass" => Bool(&self.bypass),
            "panic" => Bool(&self.panic),
            _ => return None,
        })
    }
}
