//! Which controls there are: all parameters, in the groups and the order of their table.

use super::view::{Control, Group, Kind, Learn};
use crate::params::{self, AntiphonParams, AnyParam, NOT_IN_THIS_MODEL, ParamId};

/// Choices up to this many are shown as a list.
const MOST_CHOICES: usize = 31;
/// Those that have a place of their own in the window.
const APART: [ParamId; 5] = [ParamId::Mode, ParamId::HandOver, ParamId::Another, ParamId::Back, ParamId::Panic];
/// Where parameters go that declare no group.
const LAST_GROUP: params::Group = params::Group::Output;

/// What the window shows of the groups.
pub(crate) fn groups(params: &AntiphonParams) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for id in ParamId::ALL.into_iter().filter(|id| !APART.contains(id)) {
        let group = Some(id.spec().group).filter(|&group| group != params::Group::None).unwrap_or(LAST_GROUP);
        let control = control(params, id);
        match groups.iter_mut().find(|shown| shown.name == group.name()) {
            Some(shown) => shown.controls.push(control),
            None => groups.push(Group { name: group.name(), controls: vec![control] }),
        }
    }
    groups
}

/// What the window shows of a parameter.
pub(crate) fn control(params: &AntiphonParams, id: ParamId) -> Control {
    let param = params.get(id);
    let normalized = param.normalized();
    Control {
        id,
        text: param.text_at(normalized),
        normalized,
        default: param.default(),
        steps: param.steps_around(normalized),
        kind: match (param, param.step_count()) {
            (AnyParam::Bool(_), _) => Kind::Switch,
            (_, Some(steps)) if steps <= MOST_CHOICES => Kind::Choice(choices(param, steps)),
            _ => Kind::Slider,
        },
        learn: id.spec().is_learnable.then(|| Learn {
            is_learning: params.learned.is_learning(id),
            learnt: params.learned.controller(id).map(|controller| format!("CC {controller}")),
        }),
    }
}

/// The normalized place of a number, as a key or controller has one.
pub(crate) fn place_of(param: &AnyParam, number: u8) -> f32 {
    // By its text: a parameter of any type reads that.
    param.read(&number.to_string()).unwrap_or(param.normalized())
}

fn choices(param: &AnyParam, steps: usize) -> Vec<(String, f32)> {
    #[expect(clippy::cast_precision_loss, reason = "at most 31")]
    let normalized = |step: usize| step as f32 / steps as f32;
    let choice = (0..=steps).map(normalized).map(|normalized| (param.text_at(normalized), normalized));
    choice.filter(|(text, _)| !text.ends_with(NOT_IN_THIS_MODEL)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_a_place_in_the_window() {
        let groups = groups(&AntiphonParams::default());
        let controls = groups.iter().flat_map(|group| &group.controls).map(|control| control.id);
        let shown: Vec<ParamId> = controls.chain(APART).collect();
        assert!(ParamId::ALL.iter().all(|id| shown.contains(id)));
        assert_eq!(shown.len(), ParamId::ALL.len(), "one is there twice");
        let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
        assert_eq!(names, ["Style", "Texture", "Pitch", "Turns", "Time", "Output"]);
    }

    #[test]
    fn a_key_or_controller_is_learnt_as_its_number() {
        let params = AntiphonParams::default();
        let learnt = |id, number| params.get(id).text_at(place_of(params.get(id), number));
        assert_eq!(learnt(ParamId::HandCc, 20), "CC 20");
        assert_eq!(learnt(ParamId::HandKey, 36), "C2");
    }
}
