//! The framework's parameters, made from the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use live::params::{Kind, ParamId, Range, Spec};
use nice_plug::formatters;
use nice_plug::prelude::*;

use super::any::AnyParam;
use super::changes::{Changes, Watched};
use super::text;
use crate::models::ActiveModel;

/// All parameters with their values, in the order of the table.
#[derive(Debug)]
pub(crate) struct ParamArray([AnyParam; ParamId::ALL.len()]);

impl ParamArray {
    /// All at their defaults. Their moves are counted by `changes`; the styles are those of the chosen model.
    pub(super) fn new(changes: &Changes, model: &Arc<ActiveModel>) -> Self {
        Self(ParamId::ALL.map(|param| build(param.spec(), changes, model)))
    }

    pub(crate) fn get(&self, param: ParamId) -> &AnyParam {
        &self.0[param as usize]
    }

    #[cfg(test)]
    pub(crate) fn get_mut(&mut self, param: ParamId) -> &mut AnyParam {
        &mut self.0[param as usize]
    }
}

/// What `#[derive(Params)]` asks of a nested field, by these names. To implement [`Params`] itself would be unsafe code.
impl ParamArray {
    /// Id, place in memory and group of each parameter.
    pub(super) fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        let entry = |param: ParamId| {
            let Spec { id, group, .. } = param.spec();
            ((*id).to_owned(), self.get(param).as_ptr(), group.name().to_owned())
        };
        ParamId::ALL.map(entry).into()
    }

    #[expect(clippy::unused_self, reason = "the derive macro calls it")]
    pub(super) fn serialize_fields(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    #[expect(clippy::unused_self, reason = "the derive macro calls it")]
    pub(super) fn deserialize_fields(&self, _: &BTreeMap<String, String>) {}
}

fn build(spec: &Spec, changes: &Changes, model: &Arc<ActiveModel>) -> AnyParam {
    let name = spec.name;
    let integer = |param: IntParam| AnyParam::Int(param.watched(changes));
    let float = |param: FloatParam| AnyParam::Float(param.watched(changes));
    let switch = |param: BoolParam| AnyParam::Bool(param.watched(changes));
    match spec.kind {
        Kind::Choice { names, default } => integer(text::choice(name, names, default)),
        Kind::Style => integer(text::style(name, model)),
        Kind::Integer { default, min, max } => integer(IntParam::new(name, default, IntRange::Linear { min, max })),
        Kind::Key { default } => integer(text::key(name, default)),
        Kind::KeyOrOff => integer(text::key_or_off(name)),
        Kind::ControllerOrOff => integer(text::controller_or_off(name)),
        Kind::Float { default, range, step, unit } => {
            float(FloatParam::new(name, default, float_range(range)).with_step_size(step).with_unit(unit))
        }
        Kind::Percent { default, min, max } => float(text::percent(name, default, min, max)),
        Kind::Switch { default } => switch(BoolParam::new(name, default)),
        Kind::Bypass => switch(
            BoolParam::new(name, false)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
        ),
    }
}

fn float_range(range: Range) -> FloatRange {
    match range {
        Range::Linear { min, max } => FloatRange::Linear { min, max },
        Range::Skewed { min, max, factor } => FloatRange::Skewed { min, max, factor },
        Range::SymmetricalSkewed { min, max, factor, center } => {
            FloatRange::SymmetricalSkewed { min, max, factor, center }
        }
    }
}
