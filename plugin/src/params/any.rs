//! A parameter of the framework, whatever its type.

use std::fmt::{self, Display, Formatter};

use nice_plug::prelude::*;

/// A parameter with its value.
#[derive(Debug)]
pub(crate) enum AnyParam {
    Float(FloatParam),
    Int(IntParam),
    Bool(BoolParam),
}

/// Does the same with a parameter of any type.
macro_rules! with {
    ($any:expr, $param:ident => $body:expr) => {
        match $any {
            Self::Float($param) => $body,
            Self::Int($param) => $body,
            Self::Bool($param) => $body,
        }
    };
}

impl AnyParam {
    /// The value as the host or the player set it, 0 to 1.
    pub(crate) fn normalized(&self) -> f32 {
        with!(self, param => param.unmodulated_normalized_value())
    }

    /// The default, 0 to 1.
    pub(crate) fn default(&self) -> f32 {
        with!(self, param => param.default_normalized_value())
    }

    /// The value in the parameter's own unit; the place of a choice; 1 for a switch that is on. All of them are numbers that
    /// 32 bits hold exactly.
    #[expect(clippy::cast_precision_loss, reason = "whole numbers of parameters are small")]
    pub(crate) fn plain(&self) -> f32 {
        match self {
            Self::Float(param) => param.value(),
            Self::Int(param) => param.value() as f32,
            Self::Bool(param) => f32::from(u8::from(param.value())),
        }
    }

    /// What [`AnyParam::plain`] would be at a value from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "whole numbers of parameters are small")]
    pub(crate) fn plain_at(&self, normalized: f32) -> f32 {
        match self {
            Self::Float(param) => param.preview_plain(normalized),
            Self::Int(param) => param.preview_plain(normalized) as f32,
            Self::Bool(param) => f32::from(u8::from(param.preview_plain(normalized))),
        }
    }

    /// The text of a value from 0 to 1, with its unit.
    pub(crate) fn text_at(&self, normalized: f32) -> String {
        with!(self, param => param.normalized_value_to_string(normalized, true))
    }

    /// The value of a text, 0 to 1.
    pub(crate) fn read(&self, text: &str) -> Option<f32> {
        with!(self, param => param.string_to_normalized_value(text))
    }

    /// From the lowest value to the highest; `None` if there are no steps.
    pub(crate) fn step_count(&self) -> Option<usize> {
        with!(self, param => param.step_count())
    }

    /// The values a step below and a step above, 0 to 1.
    pub(crate) fn steps_around(&self, normalized: f32) -> [f32; 2] {
        with!(self, param => [
            param.previous_normalized_step(normalized, false),
            param.next_normalized_step(normalized, false),
        ])
    }

    /// Tells the host that a hand is on the parameter.
    pub(crate) fn begin_gesture(&self, setter: &ParamSetter) {
        with!(self, param => setter.begin_set_parameter(param));
    }

    /// Sets the value within a gesture.
    pub(crate) fn set(&self, normalized: f32, setter: &ParamSetter) {
        with!(self, param => setter.set_parameter_normalized(param, normalized));
    }

    /// Tells the host that the hand has let go.
    pub(crate) fn end_gesture(&self, setter: &ParamSetter) {
        with!(self, param => setter.end_set_parameter(param));
    }

    /// Sets the value in a gesture of its own.
    pub(crate) fn change(&self, normalized: f32, setter: &ParamSetter) {
        self.begin_gesture(setter);
        self.set(normalized, setter);
        self.end_gesture(setter);
    }

    pub(super) fn as_ptr(&self) -> ParamPtr {
        with!(self, param => param.as_ptr())
    }
}

/// The value with its unit.
impl Display for AnyParam {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        with!(self, param => param.fmt(formatter))
    }
}
