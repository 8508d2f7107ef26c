//! The presets that come with the plugin. Each is a file in `presets`: a name, a sentence, and the parameters that differ
//! from their defaults, by id, in the words that the host shows.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use nice_plug::prelude::*;
use serde::Deserialize;

use crate::params::{AntiphonParams, ParamId};

const FILES: [&str; 11] = [
    include_str!("../../presets/01-answer.json"),
    include_str!("../../presets/02-trading-fours.json"),
    include_str!("../../presets/03-bar-for-bar.json"),
    include_str!("../../presets/04-on-the-pedal.json"),
    include_str!("../../presets/05-on-the-next-beat.json"),
    include_str!("../../presets/06-one-voice.json"),
    include_str!("../../presets/07-chorale.json"),
    include_str!("../../presets/08-nocturne.json"),
    include_str!("../../presets/09-generator.json"),
    include_str!("../../presets/10-sparse.json"),
    include_str!("../../presets/11-wild.json"),
];
/// What a preset leaves alone: which notes come is the song's choice, and where they go the studio's.
const NOT_IN_PRESETS: [ParamId; 10] = [
    ParamId::Seed,
    ParamId::Channel,
    ParamId::Thru,
    ParamId::Drums,
    ParamId::Preview,
    ParamId::Bypass,
    ParamId::Panic,
    ParamId::HandOver,
    ParamId::Another,
    ParamId::Back,
];

/// See the module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    pub(crate) name: String,
    pub(crate) about: String,
    values: BTreeMap<String, String>,
}

/// All presets, in the order of their files.
pub(crate) fn all() -> &'static [Preset] {
    static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();
    // The files are built in and tested, so none is lost here.
    PRESETS.get_or_init(|| FILES.iter().filter_map(|file| serde_json::from_str(file).ok()).collect())
}

impl Preset {
    /// The normalised value of each parameter that the preset sets.
    fn normalized(&self, params: &AntiphonParams) -> impl Iterator<Item = (ParamId, f32)> {
        ParamId::ALL.into_iter().filter(|id| !NOT_IN_PRESETS.contains(id)).map(|id| {
            let param = params.get(id);
            // A style that this model does not have is any style.
            let value = self.values.get(id.spec().id).and_then(|text| param.read(text)).unwrap_or(param.default());
            (id, value)
        })
    }

    /// Sets the parameters, and tells the host.
    pub(crate) fn apply(&self, params: &AntiphonParams, setter: &ParamSetter) {
        for (id, value) in self.normalized(params) {
            params.get(id).change(value, setter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_read_and_says_what_is_different() {
        let params = AntiphonParams::default();
        assert_eq!(all().len(), FILES.len());
        for preset in all() {
            assert!(!preset.about.is_empty());
            for (id, text) in &preset.values {
                let param = ParamId::from_id(id).unwrap_or_else(|| panic!("{}: no parameter {id}", preset.name));
                assert!(!NOT_IN_PRESETS.contains(&param), "{}: {id}", preset.name);
                let param = params.get(param);
                let value = param.read(text).unwrap_or_else(|| panic!("{}: {id} is never {text}", preset.name));
                assert!((value - param.default()).abs() > 1e-6, "{}: {id} is {text} anyway", preset.name);
            }
            assert_eq!(preset.normalized(&params).count(), ParamId::ALL.len() - NOT_IN_PRESETS.len());
        }
    }
}
