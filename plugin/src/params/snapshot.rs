//! What hosts, saved songs and automation know of the parameters, as it must stay.

use nice_plug::prelude::*;

use super::*;

/// One line for each parameter, in the host's order: id, name, group; flags, steps, normalised default and its text; and
/// the texts from a quarter to a quarter of the way.
fn lines() -> Vec<String> {
    let params = AntiphonParams::default();
    let line = |(id, pointer, group): (String, ParamPtr, String)| {
        let param = params.get(ParamId::from_id(&id).unwrap());
        assert_eq!(pointer, param.as_ptr(), "{id}");
        let (steps, default) = (param.step_count(), param.default());
        let (name, flags) = match param {
            AnyParam::Float(param) => (param.name(), param.flags()),
            AnyParam::Int(param) => (param.name(), param.flags()),
            AnyParam::Bool(param) => (param.name(), param.flags()),
        };
        format!(
            "{id} | {name} | {group} | {} {steps:?} {default} {} | {}",
            flags.bits(),
            param.text_at(default),
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|normalized| param.text_at(normalized)).join(", ")
        )
    };
    params.param_map().into_iter().map(line).collect()
}

#[test]
fn nothing_that_saved_songs_and_automation_depend_on_has_changed() {
    let lines = lines();
    // Between these lines may be parameters that no release has had yet.
    let mut rest = lines.iter();
    for expected in include_str!("snapshot.txt").lines() {
        assert!(rest.any(|line| line == expected), "this is gone, changed or in another order: {expected}");
    }
}
