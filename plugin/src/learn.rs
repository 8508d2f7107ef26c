//! MIDI learn: controllers that move parameters.
//!
//! A plugin cannot set its own parameters while it processes. So a controller's value lies over the parameter's until the
//! host or the player moves the parameter itself. While the window is open, it hands the value on to the host.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use atomic_float::AtomicF32;
use nice_plug::params::persist::PersistentField;

use crate::settings::Changes;

/// Parameters that a controller can move, by id: those that bend an answer in flight.
pub(crate) const KNOBS: [&str; 15] = [
    "style",
    "style2",
    "style_mix",
    "temperature",
    "top_p",
    "rhythm_freedom",
    "pitch_freedom",
    "density",
    "complexity",
    "voices",
    "velocity_follow",
    "lowest",
    "highest",
    "quantise_strength",
    "learn_from_me",
];

/// What a controller said last.
#[derive(Debug)]
struct Moved {
    /// 0 to 1; not a number if it said nothing.
    to: AtomicF32,
    /// The parameter's own value then.
    from: AtomicF32,
}

/// See the module. Controllers and knobs are stored as one more than their number; 0 is none.
#[derive(Debug)]
pub(crate) struct Learned {
    knobs: [AtomicU8; 128],
    learning: AtomicU8,
    /// Whether any controller has said anything: most songs have none.
    is_any_moved: AtomicBool,
    moved: [Moved; KNOBS.len()],
    changes: Changes,
}

impl Learned {
    /// No controller moves anything yet; when one does, `changes` counts it.
    pub(crate) fn new(changes: &Changes) -> Self {
        let still = || Moved { to: AtomicF32::new(f32::NAN), from: AtomicF32::new(0.0) };
        Self {
            knobs: std::array::from_fn(|_| AtomicU8::new(0)),
            learning: AtomicU8::new(0),
            is_any_moved: AtomicBool::new(false),
            moved: std::array::from_fn(|_| still()),
            changes: changes.clone(),
        }
    }

    /// The next controller that moves will move this parameter; the one that did so far no longer does.
    pub(crate) fn learn(&self, id: &str) {
        self.forget(id);
        self.learning.store(number(id), Relaxed);
    }

    /// Whether it waits for a controller for this parameter.
    pub(crate) fn is_learning(&self, id: &str) -> bool {
        number(id) != 0 && self.learning.load(Relaxed) == number(id)
    }

    /// No controller moves this parameter any more.
    pub(crate) fn forget(&self, id: &str) {
        self.learning.store(0, Relaxed);
        for knob in self.knobs.iter().filter(|knob| knob.load(Relaxed) == number(id)) {
            knob.store(0, Relaxed);
        }
        if let Some(moved) = place(id).and_then(|place| self.moved.get(place)) {
            moved.to.store(f32::NAN, Relaxed);
            self.changes.add();
        }
    }

    /// The controller that moves this parameter.
    pub(crate) fn controller(&self, id: &str) -> Option<usize> {
        self.knobs.iter().position(|knob| number(id) != 0 && knob.load(Relaxed) == number(id))
    }

    /// A controller moves. `own` tells a parameter's own value. Whether it moves a parameter.
    pub(crate) fn hear(&self, controller: u8, value: f32, own: impl Fn(&str) -> f32) -> bool {
        let Some(knob) = self.knobs.get(usize::from(controller)) else { return false };
        let learning = self.learning.swap(0, Relaxed);
        if learning != 0 {
            knob.store(learning, Relaxed);
        }
        let Some(place) = usize::from(knob.load(Relaxed)).checked_sub(1) else { return false };
        let Some((moved, id)) = self.moved.get(place).zip(KNOBS.get(place)) else { return false };
        moved.from.store(own(id), Relaxed);
        moved.to.store(value, Relaxed);
        self.is_any_moved.store(true, Relaxed);
        self.changes.add();
        true
    }

    /// The value that lies over the parameter's own, 0 to 1, if one does.
    pub(crate) fn over(&self, id: &str, own: f32) -> Option<f32> {
        if !self.is_any_moved.load(Relaxed) {
            return None;
        }
        let moved = self.moved.get(place(id)?)?;
        let to = moved.to.load(Relaxed);
        let is_own = moved.from.load(Relaxed).to_bits() != own.to_bits();
        if is_own && !to.is_nan() {
            // It was moved itself. It may come back to where it was, but what the controller said is over.
            let _ = moved.to.compare_exchange(to, f32::NAN, Relaxed, Relaxed);
        }
        (!is_own && !to.is_nan()).then_some(to)
    }
}

fn place(id: &str) -> Option<usize> {
    KNOBS.iter().position(|knob| *knob == id)
}

fn number(id: &str) -> u8 {
    place(id).and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0)
}

/// In a saved song: the id of the parameter that each controller moves.
impl PersistentField<'_, BTreeMap<u8, String>> for Learned {
    fn set(&self, saved: BTreeMap<u8, String>) {
        for (controller, knob) in (0..).zip(&self.knobs) {
            knob.store(saved.get(&controller).map_or(0, |id| number(id)), Relaxed);
        }
        // What controllers said so far was said in another song.
        for moved in &self.moved {
            moved.to.store(f32::NAN, Relaxed);
        }
        self.is_any_moved.store(false, Relaxed);
        self.changes.add();
    }

    fn map<F: Fn(&BTreeMap<u8, String>) -> R, R>(&self, f: F) -> R {
        let id = |knob: &AtomicU8| KNOBS.get(usize::from(knob.load(Relaxed)).checked_sub(1)?).copied();
        let knobs = (0..128u8).zip(&self.knobs);
        f(&knobs.filter_map(|(controller, knob)| Some((controller, id(knob)?.to_owned()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_controller_moves_the_parameter_until_it_is_moved_itself() {
        let learned = Learned::new(&Changes::default());
        learned.hear(21, 0.9, |_| 0.5);
        assert_eq!(learned.over("density", 0.5), None);
        learned.learn("density");
        assert!(learned.is_learning("density") && !learned.is_learning("style"));
        learned.hear(21, 0.25, |_| 0.5);
        assert_eq!((learned.over("density", 0.5), learned.controller("density")), (Some(0.25), Some(21)));
        assert_eq!(learned.over("style", 0.5), None);
        assert_eq!(learned.over("density", 0.75), None, "the parameter was moved");
        assert_eq!(learned.over("density", 0.5), None, "and it was moved back");
        learned.hear(22, 1.0, |_| 0.75);
        assert_eq!(learned.over("density", 0.75), None, "another controller");
        learned.hear(21, 0.0, |_| 0.75);
        assert_eq!(learned.over("density", 0.75), Some(0.0));
        learned.forget("density");
        assert_eq!((learned.over("density", 0.75), learned.controller("density")), (None, None));
    }

    #[test]
    fn what_is_learnt_is_saved() {
        let learned = Learned::new(&Changes::default());
        for (id, controller) in [("style_mix", 1), ("temperature", 74)] {
            learned.learn(id);
            learned.hear(controller, 0.5, |_| 0.0);
        }
        let saved = learned.map(serde_json::to_string).unwrap();
        assert_eq!(saved, r#"{"1":"style_mix","74":"temperature"}"#);
        let loaded = Learned::new(&Changes::default());
        loaded.set(serde_json::from_str(&saved).unwrap());
        assert_eq!((loaded.controller("style_mix"), loaded.controller("temperature")), (Some(1), Some(74)));
        loaded.hear(74, 1.0, |_| 0.5);
        assert_eq!(loaded.over("temperature", 0.5), Some(1.0));
        loaded.set(serde_json::from_str(&saved).unwrap());
        assert_eq!(loaded.over("temperature", 0.5), None, "another song's controller");
        loaded.set(BTreeMap::from([(200, "style".into()), (3, "unknown".into())]));
        assert_eq!(loaded.map(BTreeMap::len), 0);
    }
}
