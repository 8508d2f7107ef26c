//! Which controls there are, in which group. A new parameter needs a line here; a test sees to that.

use nice_plug::prelude::*;

use super::view::{Control, Group, Kind, Learns};
use crate::params::{AntiphonParams, NOT_IN_THIS_MODEL};

/// Choices up to this many are shown as a list.
const MOST_CHOICES: usize = 31;

/// A parameter of any type.
pub(crate) trait Handle {
    fn view(&self, id: &'static str) -> Control;
    fn touch(&self, setter: &ParamSetter);
    fn set(&self, setter: &ParamSetter, normalized: f32);
    fn let_go(&self, setter: &ParamSetter);
    /// The normalized place of a number, as a key or controller has one.
    fn place_of(&self, number: u8) -> f32;
}

type Entry<'a> = (&'static str, &'a dyn Handle);

/// All parameters, by group.
pub(crate) fn groups(params: &AntiphonParams) -> [(&'static str, Vec<Entry<'_>>); 6] {
    let (style, texture, pitch) = (&params.style, &params.texture, &params.pitch);
    let (turns, time, output) = (&params.turns, &params.time, &params.output);
    [
        (
            "Style",
            vec![
                ("style", &style.style),
                ("style2", &style.style2),
                ("style_mix", &style.style_mix),
                ("seed", &style.seed),
                ("temperature", &style.temperature),
                ("top_p", &style.top_p),
                ("rhythm_freedom", &style.rhythm_freedom),
                ("pitch_freedom", &style.pitch_freedom),
            ],
        ),
        (
            "Texture",
            vec![
                ("density", &texture.density),
                ("complexity", &texture.complexity),
                ("voices", &texture.voices),
                ("velocity_follow", &texture.velocity_follow),
            ],
        ),
        (
            "Pitch",
            vec![
                ("key", &pitch.key),
                ("scale", &pitch.scale),
                ("key_lock", &pitch.key_lock),
                ("lowest", &pitch.lowest),
                ("highest", &pitch.highest),
            ],
        ),
        (
            "Turns",
            vec![
                ("hand_silence", &turns.hand_silence),
                ("silence", &turns.silence_ms),
                ("silence_beats", &turns.silence_beats),
                ("trade", &turns.trade),
                ("hand_cc", &turns.hand_cc),
                ("hand_key", &turns.hand_key),
                ("length", &turns.length),
                ("play_over", &turns.play_over),
            ],
        ),
        (
            "Time",
            vec![
                ("start", &time.start),
                ("quantise", &time.quantise),
                ("quantise_strength", &time.quantise_strength),
                ("ahead", &time.ahead_ms),
            ],
        ),
        ("Output", vec![("channel", &output.channel), ("thru", &output.thru), ("bypass", &params.bypass)]),
    ]
}

/// Those that have a place of their own in the window.
pub(crate) fn apart(params: &AntiphonParams) -> [Entry<'_>; 3] {
    [("mode", &params.mode), ("hand_over", &params.turns.hand_over), ("panic", &params.panic)]
}

/// What the window shows of the groups.
pub(crate) fn view(params: &AntiphonParams) -> Vec<Group> {
    let controls = |entries: Vec<Entry>| entries.into_iter().map(|(id, handle)| handle.view(id)).collect();
    groups(params).into_iter().map(|(name, entries)| Group { name, controls: controls(entries) }).collect()
}

/// The parameter of an id.
pub(crate) fn find<'a>(params: &'a AntiphonParams, id: &str) -> Option<&'a dyn Handle> {
    let all = groups(params).into_iter().flat_map(|(_, entries)| entries).chain(apart(params));
    all.into_iter().find(|entry| entry.0 == id).map(|entry| entry.1)
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
            kind: match self.step_count() {
                Some(1) => Kind::Switch,
                Some(steps) if steps <= MOST_CHOICES => Kind::Choice(choices(self, steps)),
                _ => Kind::Slider,
            },
            learns: match id {
                "hand_cc" => Some(Learns::Controller),
                "hand_key" | "lowest" | "highest" => Some(Learns::Key),
                _ => None,
            },
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
        let groups = groups(&params).into_iter().flat_map(|(_, entries)| entries);
        let shown: Vec<String> = groups.chain(apart(&params)).map(|(id, _)| id.to_owned()).collect();
        assert_eq!(shown.iter().cloned().collect::<BTreeSet<_>>(), all, "add what is missing to `groups`");
        assert_eq!(shown.len(), all.len(), "one is there twice");
    }

    #[test]
    fn a_key_or_controller_is_learnt_as_its_number() {
        let params = AntiphonParams::default();
        for (id, number, text) in [("hand_cc", 20, "CC 20"), ("hand_key", 36, "C1"), ("lowest", 60, "C3")] {
            let handle = find(&params, id).unwrap();
            let learnt = match id {
                "hand_cc" => params.turns.hand_cc.normalized_value_to_string(handle.place_of(number), true),
                "hand_key" => params.turns.hand_key.normalized_value_to_string(handle.place_of(number), true),
                _ => params.pitch.lowest.normalized_value_to_string(handle.place_of(number), true),
            };
            assert_eq!(learnt, text);
        }
    }
}
