//! The parameters: what the host, the window and the audio thread make of the table that is in [`live::params`].
//!
//! Reading order: `build` makes the framework's parameters of
//! the rows, with `text` for values that have names, and `any` is such a parameter of any type; `changes` counts their moves,
//! `settings` reads their values for the audio thread, `midi_learn` lets controllers move them, and `presets` sets many at once.
//! A test compares them with the snapshot in `params/`, so that nothing changes that songs depend on.

mod any;
mod build;
mod changes;
mod midi_learn;
pub(crate) mod presets;
mod settings;
mod text;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nice_plug::prelude::*;
use parking_lot::RwLock;
use takes::Take;

pub(crate) use any::AnyParam;
pub(crate) use changes::Changes;
pub(crate) use live::params::{Group, ParamId, Spec};
pub(crate) use text::NOT_IN_THIS_MODEL;

use self::build::ParamArray;
use self::midi_learn::Learned;
use crate::models::ActiveModel;
use crate::song_memory::SharedSongMemory;
use crate::user_files::UserFiles;

/// All that a song saves, and what goes with it.
#[derive(Params)]
pub(crate) struct AntiphonParams {
    #[nested]
    array: ParamArray,
    /// Takes that the user keeps with the song. Not for the audio thread.
    #[persist = "takes"]
    pub(crate) takes: RwLock<Vec<Take>>,
    /// The controllers that move parameters.
    #[persist = "controllers"]
    pub(crate) learned: Learned,
    /// What the model knows before the song begins.
    #[persist = "memory"]
    pub(crate) memory: Arc<SharedSongMemory>,
    /// The style pack or network that the song plays with.
    #[persist = "pack"]
    pub(crate) model: Arc<ActiveModel>,
    /// Whether this song has a sound: the user has chosen *Preview sound*, or hears the notes already. Songs of before it are taken to
    /// have one.
    #[persist = "has_sound"]
    pub(crate) has_sound: AtomicBool,
    /// What is written for the user. No part of the song.
    pub(crate) files: Arc<UserFiles>,
    /// Moves of the parameters above.
    pub(crate) changes: Changes,
}

impl Default for AntiphonParams {
    fn default() -> Self {
        let (changes, model) = (Changes::default(), Arc::default());
        Self {
            array: ParamArray::new(&changes, &model),
            takes: RwLock::new(Vec::new()),
            learned: Learned::new(&changes),
            memory: Arc::default(),
            model,
            has_sound: AtomicBool::new(false),
            files: Arc::default(),
            changes,
        }
    }
}

impl AntiphonParams {
    pub(crate) fn get(&self, id: ParamId) -> &AnyParam {
        self.array.get(id)
    }

    #[cfg(test)]
    pub(crate) fn get_mut(&mut self, id: ParamId) -> &mut AnyParam {
        self.array.get_mut(id)
    }

    /// A controller moves. Whether it has been learnt.
    pub(crate) fn hear_controller(&self, controller: u8, value: f32) -> bool {
        self.learned.hear(controller, value, |id| self.get(id).normalized())
    }

    /// Tells the host what controllers said.
    pub(crate) fn tell_host(&self, setter: &ParamSetter) {
        for id in ParamId::ALL {
            let param = self.get(id);
            if let Some(value) = self.learned.over(id, param.normalized())
                && (value - param.normalized()).abs() > f32::EPSILON
            {
                param.change(value, setter);
            }
        }
    }
}

#[cfg(test)]
mod snapshot;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_can_be_read_back_from_its_text() {
        let params = AntiphonParams::default();
        for id in ParamId::ALL {
            let (param, name) = (params.get(id), id.spec().name);
            let Some(steps) = param.step_count() else {
                for normalized in [0.0, 0.3, 0.5, 1.0] {
                    let text = param.text_at(normalized);
                    let back = param.read(&text).unwrap();
                    assert!((back - normalized).abs() < 0.02, "{name} {text}: {back}");
                }
                continue;
            };
            for step in 0..=steps {
                #[expect(clippy::cast_precision_loss, reason = "at most 9999")]
                let normalized = step as f32 / steps as f32;
                let text = param.text_at(normalized);
                let back = param.read(&text).map(|normalized| param.plain_at(normalized));
                assert_eq!(back, Some(param.plain_at(normalized)), "{name} {text}");
            }
        }
    }
}
