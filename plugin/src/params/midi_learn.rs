//! MIDI learn: controllers that move parameters.
//!
//! A plugin cannot set its own parameters while it processes. So a controller's value lies over the parameter's until the
//! host or the player moves the parameter itself. While the window is open, it hands the value on to the host.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use atomic_float::AtomicF32;
use nice_plug::params::persist::PersistentField;

use crate::params::{Changes, ParamId};

/// What a controller said last.
#[derive(Debug)]
struct Moved {
    /// 0 to 1; not a number if it said nothing.
    to: AtomicF32,
    /// The parameter's own value then.
    from: AtomicF32,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Learned {
    /// For each controller one more than the place of its parameter in the table; 0 for none.
    params: [AtomicU8; 128],
    /// The same of the parameter that waits for a controller.
    learning: AtomicU8,
    /// Whether any controller has said anything: most songs have none.
    is_any_moved: AtomicBool,
    /// By the parameter's place in the table.
    moved: [Moved; ParamId::ALL.len()],
    changes: Changes,
}

impl Learned {
    /// No controller moves anything yet; when one does, `changes` counts it.
    pub(crate) fn new(changes: &Changes) -> Self {
        let still = || Moved { to: AtomicF32::new(f32::NAN), from: AtomicF32::new(0.0) };
        Self {
            params: std::array::from_fn(|_| AtomicU8::new(0)),
            learning: AtomicU8::new(0),
            is_any_moved: AtomicBool::new(false),
            moved: std::array::from_fn(|_| still()),
            changes: changes.clone(),
        }
    }

    /// The next controller that moves will move this parameter; the one that did so far no longer does.
    pub(crate) fn learn(&self, param: ParamId) {
        self.forget(param);
        self.learning.store(number(param), Relaxed);
    }

    /// Whether it waits for a controller for this parameter.
    pub(crate) fn is_learning(&self, param: ParamId) -> bool {
        number(param) != 0 && self.learning.load(Relaxed) == number(param)
    }

    /// No controller moves this parameter any more.
    pub(crate) fn forget(&self, param: ParamId) {
        self.learning.store(0, Relaxed);
        for moves in self.params.iter().filter(|moves| moves.load(Relaxed) == number(param)) {
            moves.store(0, Relaxed);
        }
        self.moved[param as usize].to.store(f32::NAN, Relaxed);
        self.changes.add();
    }

    /// The controller that moves this parameter.
    pub(crate) fn controller(&self, param: ParamId) -> Option<usize> {
        self.params.iter().position(|moves| number(param) != 0 && moves.load(Relaxed) == number(param))
    }

    /// A controller moves. `own` tells a parameter's own value. Whether it moves a parameter.
    ///
    /// # Realtime safety
    /// Allocates nothing.
    pub(crate) fn hear(&self, controller: u8, value: f32, own: impl Fn(ParamId) -> f32) -> bool {
        let Some(moves) = self.params.get(usize::from(controller)) else { return false };
        let learning = self.learning.swap(0, Relaxed);
        if learning != 0 {
            moves.store(learning, Relaxed);
        }
        let Some(param) = param(moves) else { return false };
        let moved = &self.moved[param as usize];
        moved.from.store(own(param), Relaxed);
        moved.to.store(value, Relaxed);
        self.is_any_moved.store(true, Relaxed);
        self.changes.add();
        true
    }

    /// The value that lies over the parameter's own, 0 to 1, if one does.
    ///
    /// # Realtime safety
    /// Allocates nothing, and touches one cache line while no controller has moved.
    pub(crate) fn over(&self, param: ParamId, own: f32) -> Option<f32> {
        if !self.is_any_moved.load(Relaxed) {
            return None;
        }
        let moved = &self.moved[param as usize];
        let to = moved.to.load(Relaxed);
        let is_own = moved.from.load(Relaxed).to_bits() != own.to_bits();
        if is_own && !to.is_nan() {
            // It was moved itself. It may come back to where it was, but what the controller said is over.
            let _ = moved.to.compare_exchange(to, f32::NAN, Relaxed, Relaxed);
        }
        (!is_own && !to.is_nan()).then_some(to)
    }
}

/// One more than a parameter's place; 0 for one that no controller may move.
fn number(param: ParamId) -> u8 {
    if param.spec().is_learnable { param as u8 + 1 } else { 0 }
}

/// The parameter of such a number.
fn param(number: &AtomicU8) -> Option<ParamId> {
    ParamId::ALL.get(usize::from(number.load(Relaxed)).checked_sub(1)?).copied()
}

/// In a saved song: the id of the parameter that each controller moves.
impl PersistentField<'_, BTreeMap<u8, String>> for Learned {
    fn set(&self, saved: BTreeMap<u8, String>) {
        for (controller, moves) in (0..).zip(&self.params) {
            let param = saved.get(&controller).and_then(|id| ParamId::from_id(id));
            moves.store(param.map_or(0, number), Relaxed);
        }
        // What controllers said so far was said in another song.
        for moved in &self.moved {
            moved.to.store(f32::NAN, Relaxed);
        }
        self.is_any_moved.store(false, Relaxed);
        self.changes.add();
    }

    fn map<F: Fn(&BTreeMap<u8, String>) -> R, R>(&self, f: F) -> R {
        let controllers = (0..128u8).zip(&self.params);
        f(&controllers
            .filter_map(|(controller, moves)| Some((controller, param(moves)?.spec().id.to_owned())))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_controller_moves_the_parameter_until_it_is_moved_itself() {
        let learned = Learned::new(&Changes::default());
        learned.hear(21, 0.9, |_| 0.5);
        assert_eq!(learned.over(ParamId::Density, 0.5), None);
        learned.learn(ParamId::Density);
        assert!(learned.is_learning(ParamId::Density) && !learned.is_learning(ParamId::Style));
        learned.hear(21, 0.25, |_| 0.5);
        assert_eq!((learned.over(ParamId::Density, 0.5), learned.controller(ParamId::Density)), (Some(0.25), Some(21)));
        assert_eq!(learned.over(ParamId::Style, 0.5), None);
        assert_eq!(learned.over(ParamId::Density, 0.75), None, "the parameter was moved");
        assert_eq!(learned.over(ParamId::Density, 0.5), None, "and it was moved back");
        learned.hear(22, 1.0, |_| 0.75);
        assert_eq!(learned.over(ParamId::Density, 0.75), None, "another controller");
        learned.hear(21, 0.0, |_| 0.75);
        assert_eq!(learned.over(ParamId::Density, 0.75), Some(0.0));
        learned.forget(ParamId::Density);
        assert_eq!((learned.over(ParamId::Density, 0.75), learned.controller(ParamId::Density)), (None, None));
    }

    #[test]
    fn what_is_learnt_is_saved() {
        let learned = Learned::new(&Changes::default());
        for (id, controller) in [(ParamId::StyleMix, 1), (ParamId::Temperature, 74)] {
            learned.learn(id);
            learned.hear(controller, 0.5, |_| 0.0);
        }
        let saved = learned.map(serde_json::to_string).unwrap();
        assert_eq!(saved, r#"{"1":"style_mix","74":"temperature"}"#);
        let loaded = Learned::new(&Changes::default());
        loaded.set(serde_json::from_str(&saved).unwrap());
        assert_eq!(
            (loaded.controller(ParamId::StyleMix), loaded.controller(ParamId::Temperature)),
            (Some(1), Some(74))
        );
        loaded.hear(74, 1.0, |_| 0.5);
        assert_eq!(loaded.over(ParamId::Temperature, 0.5), Some(1.0));
        loaded.set(serde_json::from_str(&saved).unwrap());
        assert_eq!(loaded.over(ParamId::Temperature, 0.5), None, "another song's controller");
        loaded.set(BTreeMap::from([(200, "style".into()), (3, "unknown".into()), (4, "seed".into())]));
        assert_eq!(
            loaded.map(BTreeMap::len),
            0,
            "no such controller or parameter, and one that controllers may not move"
        );
    }
}
