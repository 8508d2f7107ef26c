//! What performer and planner share on a page: one thread runs both, one after the other.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use engine::{Metre, Weights};
use live::params::{self, ParamId};
use live::timeline::{Bars, TimelineEvent};
use live::{
    Begin, Count, Doing, FromWorker, Listener, MayWait, Monitor, Settings, SettingsSource, ToWorker, WeightsSource,
    Worker,
};

use crate::page::AHEAD_MS;

/// Messages that may wait for the planner, as in the plugin.
const MOST_WAITING: usize = 4096;

/// What several have in hand.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Rc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Notes that are made before the player is heard again: a few milliseconds.
const SLICE_NOTES: u32 = 4;

/// Values of all parameters, each in its own unit.
#[derive(Debug)]
pub(crate) struct Values {
    values: RefCell<[f32; ParamId::ALL.len()]>,
    n_changes: Cell<u32>,
}

impl Default for Values {
    fn default() -> Self {
        Self { values: RefCell::new(ParamId::ALL.map(|id| id.spec().kind.bounds()[1])), n_changes: Cell::new(0) }
    }
}

impl Values {
    pub(crate) fn get(&self, id: ParamId) -> f32 {
        self.values.borrow()[id as usize]
    }

    /// Sets the nearest value that the parameter has.
    pub(crate) fn set(&self, id: ParamId, value: f32) {
        let kind = id.spec().kind;
        let [least, default, most] = kind.bounds();
        let value = if value.is_finite() { value.clamp(least, most) } else { default };
        self.values.borrow_mut()[id as usize] = if kind.is_whole() { value.round() } else { value };
        self.n_changes.set(self.n_changes.get().wrapping_add(1));
    }
}

impl SettingsSource for Shared<Values> {
    fn n_changes(&self) -> u32 {
        self.n_changes.get()
    }

    fn settings(&self) -> Settings {
        let settings = params::settings(|id| self.get(id));
        // What the player plays sounds at once, before it comes here. The answer is sent early, and each note with its time.
        Settings { is_thru: false, ahead_ms: settings.ahead_ms + AHEAD_MS, ..settings }
    }

    fn hear_controller(&self, _: u8, _: f32) -> bool {
        false
    }
}

/// The way between performer and planner.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    pub(crate) to_planner: RefCell<VecDeque<ToWorker>>,
    from_planner: RefCell<VecDeque<FromWorker>>,
    /// The plan that is extended, and how many of its notes are still to be made before others have their turn.
    slice: Cell<Option<(u32, u32)>>,
}

impl Queues {
    /// The next message for the planner. Making notes takes it long, so it is to stop after a few of them.
    pub(crate) fn begin_slice(&self) -> Option<ToWorker> {
        let message = self.to_planner.borrow_mut().pop_front();
        self.slice.set(match message {
            Some(ToWorker::Begin(Begin { turn, .. }) | ToWorker::Extend { turn, .. }) => Some((turn, SLICE_NOTES)),
            _ => None,
        });
        message
    }

    /// What is left of a message that it has handled comes next.
    pub(crate) fn end_slice(&self, message: ToWorker) {
        let is_cut = self.slice.take().is_some_and(|(_, n_left)| n_left == 0);
        match message {
            ToWorker::Begin(Begin { turn, until_ticks, controls, .. })
            | ToWorker::Extend { turn, until_ticks, controls }
                if is_cut =>
            {
                self.to_planner.borrow_mut().push_front(ToWorker::Extend { turn, until_ticks, controls });
            }
            _ => {}
        }
    }
}

impl Worker for Shared<Queues> {
    type Wait = ();

    fn send(&mut self, message: ToWorker) -> bool {
        let mut queue = self.to_planner.borrow_mut();
        let has_room = queue.len() < MOST_WAITING;
        if has_room {
            queue.push_back(message);
        }
        has_room
    }

    fn receive(&mut self) -> Option<FromWorker> {
        self.from_planner.borrow_mut().pop_front()
    }

    fn has_room(&self) -> bool {
        self.to_planner.borrow().len() < MOST_WAITING / 2
    }

    fn begin_wait(&self, _: MayWait) {}

    fn goes_on(&self, (): ()) -> bool {
        false
    }
}

impl Listener for Shared<Queues> {
    fn offer(&mut self, message: FromWorker) -> bool {
        self.from_planner.borrow_mut().push_back(message);
        true
    }

    /// The planner asks before each note of a plan, and makes no more for one that is not wanted. What it has made stays, so a plan goes
    /// on later as if it had never stopped.
    fn peek(&self) -> Option<ToWorker> {
        match self.slice.get() {
            Some((turn, 0)) => Some(ToWorker::Cancel { turn }),
            Some((turn, n_left)) => {
                self.slice.set(Some((turn, n_left - 1)));
                self.to_planner.borrow().front().copied()
            }
            None => self.to_planner.borrow().front().copied(),
        }
    }

    fn wall_clock(&self) -> Duration {
        Duration::ZERO
    }
}

/// What the page shows of the performer.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) events: RefCell<Vec<TimelineEvent>>,
    pub(crate) doing: Cell<Doing>,
    /// The bar of the answer, and how many it has.
    pub(crate) answer_bar: Cell<(u32, u32)>,
    pub(crate) n_call: Cell<u32>,
    pub(crate) hand_over_ms: Cell<f32>,
    pub(crate) now_ticks: Cell<i64>,
    pub(crate) bars: Cell<Bars>,
    pub(crate) tempo: Cell<f32>,
    counts: [Cell<u32>; 6],
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            events: RefCell::default(),
            doing: Cell::new(Doing::Asleep),
            answer_bar: Cell::default(),
            n_call: Cell::default(),
            hand_over_ms: Cell::default(),
            now_ticks: Cell::default(),
            bars: Cell::default(),
            tempo: Cell::new(120.0),
            counts: Default::default(),
        }
    }
}

impl Shown {
    pub(crate) fn count(&self, what: Count) -> u32 {
        self.counts[what as usize].get()
    }
}

impl Monitor for Shared<Shown> {
    fn count(&self, what: Count) {
        let count = &self.counts[what as usize];
        count.set(count.get().wrapping_add(1));
    }

    fn record(&mut self, event: TimelineEvent) {
        self.events.borrow_mut().push(event);
    }

    fn set_last_key(&self, _: u8) {}

    fn set_last_controller(&self, _: u8) {}

    fn set_hand_over_ms(&self, late_ms: f32) {
        self.hand_over_ms.set(late_ms);
    }

    fn set_call(&self, n_notes: u32) {
        self.n_call.set(n_notes);
    }

    fn set_chord(&self, _: u8) {}

    fn set_answer_bar(&self, bar: u32, n_bars: u32) {
        self.answer_bar.set((bar, n_bars));
    }

    fn set_position(&self, ticks: i64, metre: Metre, tempo: f32) {
        self.now_ticks.set(ticks);
        self.bars.set(metre.into());
        self.tempo.set(tempo);
    }

    fn set_doing(&self, doing: Doing) {
        self.doing.set(doing);
    }
}

/// A style pack or network that was dropped; none for the built-in styles.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    weights: RefCell<Option<Arc<Weights>>>,
    n_ready: Cell<u32>,
}

impl Chosen {
    pub(crate) fn choose(&self, weights: Option<Arc<Weights>>) {
        self.weights.replace(weights);
        self.n_ready.set(self.n_ready.get().wrapping_add(1));
    }
}

impl WeightsSource for Shared<Chosen> {
    fn n_ready(&self) -> u32 {
        self.n_ready.get()
    }

    fn weights(&self) -> Option<Arc<Weights>> {
        self.weights.borrow().clone()
    }

    fn wait(&self) {}
}
