//! Which controls there are: all parameters, in the groups that they declare.

use std::sync::OnceLock;

use nice_plug::prelude::*;

use super::view::{Control, Group, Kind, Learn};
use crate::learn::KNOBS;
use crate::params::{AntiphonParams, AnyParam, NOT_IN_THIS_MODEL};

/// Choices up to this many are shown as a list.
const MOST_CHOICES: usize = 31;
/// Those that have a place of their own in the window.
const APART: [&str; 3] = ["mode", "hand_over", "panic"];
/// Where parameters go that declare no group.
const LAST_GROUP: &str = "Output";

/// What the window needs of a parameter, whatever its type.
pub(crate) trait Handle {
    fn view(&self, id: &'static str) -> Control;
    fn touch(&self, setter: &ParamSetter);
    fn set(&self, setter: &ParamSetter, normalized: f32);
    fn let_go(&self, setter: &ParamSetter);
    /// The normalized place of a number, as a key or controller has one.
    fn place_of(&self, number: u8) -> f32;
}

/// The parameter of an id.
pub(crate) fn find<'a>(params: &'a AntiphonParams, id: &str) -> Option<&'a dyn Handle> {
    Some(match params.by_id(id)? {
        AnyParam::Float(param) => param,
        AnyParam::Int(param) => param,
        AnyParam::Bool(param) => param,
    })
}

/// What the window shows of the groups.
pub(crate) fn view(params: &AntiphonParams) -> Vec<Group> {
    let control = |id: &'static str| {
        let mut control = find(params, id)?.view(id);
        if let AnyParam::Bool(_) = params.by_id(id)? {
            control.kind = Kind::Switch;
        }
        if KNOBS.contains(&id) {
            control.learn = Some(Learn {
                is_learning: params.learned.is_learning(id),
                learnt: params.learned.controller(id).map(|controller| format!("CC {controller}")),
            });
        }
        Some(control)
    };
    let group = |(name, ids): &'static (String, Vec<String>)| Group {
        name,
        controls: ids.iter().filter_map(|id| control(id)).collect(),
    };
    groups().iter().map(group).collect()
}

/// The ids of each group.
fn groups() -> &'static [(String, Vec<String>)] {
    static GROUPS: OnceLock<Vec<(String, Vec<String>)>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        let mut last = Vec::new();
        for (id, _, group) in AntiphonParams::default().param_map() {
            match groups.iter_mut().find(|(name, _)| *name == group) {
                _ if APART.contains(&id.as_str()) => {}
                _ if group.is_empty() => last.push(id),
                Some((_, ids)) => ids.push(id),
                None => groups.push((group, vec![id])),
            }
        }
        match groups.iter_mut().find(|(name, _)| name == LAST_GROUP) {
            Some((_, ids)) => ids.extend(last),
            None => groups.push((LAST_GROUP.to_owned(), last)),
        }
        groups
    })
}

impl<P: Param> Handle for P {
    fn view(&self, id: &'static str) -> Control {
        let normalized = self.unmodulated_normalized_value();
        Control {
            id,
            name: self.name().to_owned(),
            text: self.normalized_value_to_string(normalized, true),
            normalized,
            default: self.default_normalized_value(),
            steps: [self.previous_normalized_step(normalized, false), self.next_normalized_step(normalized, false)],
            kind: match self.step_count() {
                Some(steps) if steps <= MOST_CHOICES => Kind::Choice(choices(self, steps)),
                _ => Kind::Slider,
            },
            learn: None,
        }
    }

    fn touch(&self, setter: &ParamSetter) {
        setter.begin_set_parameter(self);
    }

    fn set(&self, setter: &ParamSetter, normalized: f32) {
        setter.set_parameter_normalized(self, normalized);
    }

    fn let_go(&self, setter: &ParamSetter) {
        setter.end_set_parameter(self);
    }

    fn place_of(&self, number: u8) -> f32 {
        // By its text: a parameter of any type reads that.
        self.string_to_normalized_value(&number.to_string()).unwrap_or(self.unmodulated_normalized_value())
    }
}

fn choices(param: &impl Param, steps: usize) -> Vec<(String, f32)> {
    #[expect(clippy::cast_precision_loss, reason = "at most 31")]
    let normalized = |step: usize| step as f32 / steps as f32;
    let text = |normalized: f32| param.normalized_value_to_string(normalized, true);
    let choice = (0..=steps).map(normalized).map(|normalized| (text(normalized), normalized));
    choice.filter(|(text, _)| !text.ends_with(NOT_IN_THIS_MODEL)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_parameter_has_a_place_in_the_window() {
        let params = AntiphonParams::default();
        let all: BTreeSet<String> = params.param_map().into_iter().map(|(id, _, _)| id).collect();
        let view = view(&params);
        let controls = view.iter().flat_map(|group| &group.controls).map(|control| control.id);
        let shown: Vec<&str> = controls.chain(APART).collect();
        assert_eq!(shown.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), all);
        assert_eq!(shown.len(), all.len(), "one is there twice");
        assert!(APART.iter().all(|id| find(&params, id).is_some()));
        assert_eq!(view.first().map(|group| group.name), Some("Style"));
    }

    #[test]
    fn a_key_or_controller_is_learnt_as_its_number() {
        let params = AntiphonParams::default();
        let turns = &params.turns;
        assert_eq!(turns.hand_cc.normalized_value_to_string(turns.hand_cc.place_of(20), true), "CC 20");
        assert_eq!(turns.hand_key.normalized_value_to_string(turns.hand_key.place_of(36), true), "C2");
    }
}
