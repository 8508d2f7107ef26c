//! What a row of the parameter table says.

use nice_plug::prelude::FloatRange;

/// The part of the window that a parameter is in, and the folder in which hosts list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Listed by hosts beside the groups.
    None,
    Style,
    Texture,
    Pitch,
    Turns,
    Time,
    Output,
}

impl Group {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Style => "Style",
            Self::Texture => "Texture",
            Self::Pitch => "Pitch",
            Self::Turns => "Turns",
            Self::Time => "Time",
            Self::Output => "Output",
        }
    }
}

/// The values of a parameter: type, range, default, unit and how they are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// One of several names, by its place among them.
    Choice {
        names: &'static [&'static str],
        default: i32,
    },
    /// One of the styles of the model that is loaded.
    Style,
    /// A whole number.
    Integer {
        default: i32,
        min: i32,
        max: i32,
    },
    /// A MIDI key.
    Key {
        default: i32,
    },
    /// A MIDI key, or -1 for none, which is the default.
    KeyOrOff,
    /// A MIDI controller, or -1 for none, which is the default.
    ControllerOrOff,
    /// A number with a unit, in steps.
    Float {
        default: f32,
        range: FloatRange,
        step: f32,
        unit: &'static str,
    },
    /// A share, written in percent.
    Percent {
        default: f32,
        min: f32,
        max: f32,
    },
    Switch {
        default: bool,
    },
    /// The switch that hosts offer as the bypass of the plugin.
    Bypass,
}

/// A parameter but for its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// What songs and automation know it by. It never changes.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(super) kind: Kind,
    /// A sentence on what it does, for the window.
    pub(crate) tip: &'static str,
    /// Whether a MIDI controller may move it: those that change an answer while it is played.
    pub(crate) is_learnable: bool,
}

impl Spec {
    pub(super) const fn new(id: &'static str, name: &'static str, group: Group, kind: Kind) -> Self {
        Self { id, name, group, kind, tip: "", is_learnable: false }
    }

    pub(super) const fn learnable(self) -> Self {
        Self { is_learnable: true, ..self }
    }

    pub(super) const fn tip(self, tip: &'static str) -> Self {
        Self { tip, ..self }
    }
}

pub(super) const fn choice(names: &'static [&'static str], default: i32) -> Kind {
    Kind::Choice { names, default }
}

pub(super) const fn percent(default: f32, min: f32, max: f32) -> Kind {
    Kind::Percent { default, min, max }
}

pub(super) const fn linear(default: f32, [min, max]: [f32; 2], step: f32, unit: &'static str) -> Kind {
    Kind::Float { default, range: FloatRange::Linear { min, max }, step, unit }
}

/// More of the way for small values.
pub(super) const fn skewed(default: f32, [min, max]: [f32; 2], step: f32, unit: &'static str) -> Kind {
    Kind::Float { default, range: FloatRange::Skewed { min, max, factor: 0.5 }, step, unit }
}

pub(super) const fn switch(default: bool) -> Kind {
    Kind::Switch { default }
}
