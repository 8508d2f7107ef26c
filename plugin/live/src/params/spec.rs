//! What a row of the parameter table says.

use serde::Serialize;

/// The last style that a model may have: its place among them.
pub const LAST_STYLE: i32 = 31;

/// The part of the window that a parameter is in, and the folder in which hosts list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Group {
    /// Listed by hosts beside the groups.
    None,
    /// In whose manner, and how boldly.
    Style,
    /// How many notes.
    Texture,
    /// Which notes.
    Pitch,
    /// Who plays when.
    Turns,
    /// In which time.
    Time,
    /// Where the notes go.
    Output,
}

impl Group {
    /// Its name in the window; none for [`Group::None`].
    #[must_use]
    pub fn name(self) -> &'static str {
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
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type")]
pub enum Kind {
    /// One of several names, by its place among them.
    Choice {
        /// In their order.
        names: &'static [&'static str],
        /// Place of one of them.
        default: i32,
    },
    /// One of the styles of the model that is loaded.
    Style,
    /// A whole number.
    Integer {
        /// Its default.
        default: i32,
        /// The least.
        min: i32,
        /// The most.
        max: i32,
    },
    /// A MIDI key.
    Key {
        /// 0 to 127.
        default: i32,
    },
    /// A MIDI key, or -1 for none, which is the default.
    KeyOrOff,
    /// A MIDI controller, or -1 for none, which is the default.
    ControllerOrOff,
    /// A number with a unit, in steps.
    Float {
        /// Its default.
        default: f32,
        /// From where to where, and how that is laid out.
        range: Range,
        /// What it moves by.
        step: f32,
        /// Written behind it, with a space before.
        unit: &'static str,
    },
    /// A share, written in percent.
    Percent {
        /// 1 is all.
        default: f32,
        /// The least.
        min: f32,
        /// The most.
        max: f32,
    },
    /// On or off.
    Switch {
        /// Whether it is on.
        default: bool,
    },
    /// The switch that hosts offer as the bypass of the plugin.
    Bypass,
}

/// From where to where a number goes, and how that is laid out on the way of a slider.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "curve")]
pub enum Range {
    /// Evenly.
    Linear {
        /// The least.
        min: f32,
        /// The most.
        max: f32,
    },
    /// A value is at the part of the way that is its linear part to the power of `factor`.
    Skewed {
        /// The least.
        min: f32,
        /// The most.
        max: f32,
        /// Below 1, small values have more room.
        factor: f32,
    },
    /// The same to both sides of a value in the middle of the way.
    SymmetricalSkewed {
        /// The least.
        min: f32,
        /// The most.
        max: f32,
        /// Of each side.
        factor: f32,
        /// The value in the middle.
        center: f32,
    },
}

impl Range {
    /// The least and the most.
    #[must_use]
    pub fn bounds(self) -> (f32, f32) {
        match self {
            Self::Linear { min, max } | Self::Skewed { min, max, .. } | Self::SymmetricalSkewed { min, max, .. } => {
                (min, max)
            }
        }
    }
}

impl Kind {
    /// The least value, the default and the most, in the parameter's own unit; places of choices; 1 for a switch that is on.
    #[must_use]
    pub fn bounds(self) -> [f32; 3] {
        #[expect(clippy::cast_precision_loss, reason = "whole numbers of parameters are small")]
        let whole = |bounds: [i32; 3]| bounds.map(|value| value as f32);
        match self {
            Self::Choice { names, default } => whole([0, default, i32::try_from(names.len() - 1).unwrap_or(0)]),
            Self::Style => whole([0, 0, LAST_STYLE]),
            Self::Integer { default, min, max } => whole([min, default, max]),
            Self::Key { default } => whole([0, default, 127]),
            Self::KeyOrOff | Self::ControllerOrOff => whole([-1, -1, 127]),
            Self::Float { default, range, .. } => [range.bounds().0, default, range.bounds().1],
            Self::Percent { default, min, max } => [min, default, max],
            Self::Switch { default } => whole([0, i32::from(default), 1]),
            Self::Bypass => whole([0, 0, 1]),
        }
    }

    /// Whether only whole numbers are values.
    #[must_use]
    pub fn is_whole(self) -> bool {
        !matches!(self, Self::Float { .. } | Self::Percent { .. })
    }
}

/// A parameter but for its value.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spec {
    /// What songs and automation know it by. It never changes.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where it is listed.
    pub group: Group,
    /// Its values.
    pub kind: Kind,
    /// A sentence on what it does, for the window.
    pub tip: &'static str,
    /// Whether a MIDI controller may move it: those that change an answer while it is played.
    pub is_learnable: bool,
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
    Kind::Float { default, range: Range::Linear { min, max }, step, unit }
}

/// More of the way for small values.
pub(super) const fn skewed(default: f32, [min, max]: [f32; 2], step: f32, unit: &'static str) -> Kind {
    Kind::Float { default, range: Range::Skewed { min, max, factor: 0.5 }, step, unit }
}

pub(super) const fn switch(default: bool) -> Kind {
    Kind::Switch { default }
}
