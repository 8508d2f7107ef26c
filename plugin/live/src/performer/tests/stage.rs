//! What a performer needs in its tests: a host, settings, a worker and somebody who watches.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use engine::Metre;
use engine::answer::Controls;

use crate::events::{Host, Input, Output};
use crate::messages::{FromWorker, ToWorker};
use crate::monitor::{Count, Doing, Monitor};
use crate::settings::{Settings, SettingsSource, Silence};
use crate::timeline::TimelineEvent;
use crate::turn::{Length, Start};
use crate::worker::{MayWait, Worker};

/// Small random numbers (a linear congruential generator; Knuth's constants).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
}

/// A host that sometimes has no room for what it is sent.
pub(super) struct Moody<'a> {
    pub(super) input: std::vec::IntoIter<(u32, Input)>,
    pub(super) heard: &'a mut Vec<(u32, Output)>,
    pub(super) dice: Dice,
    pub(super) refuses_one_in: u32,
}

impl Host for Moody<'_> {
    fn next_event(&mut self) -> Option<(u32, Input)> {
        self.input.next()
    }

    fn send(&mut self, offset_samples: u32, event: Output) -> bool {
        let is_taken = self.refuses_one_in == 0 || self.dice.roll(self.refuses_one_in) > 0;
        if is_taken {
            self.heard.push((offset_samples, event));
        }
        is_taken
    }

    fn wall_clock(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// Messages that may wait for the worker, as in the plugin.
const TO_WORKER_CAPACITY: usize = 4096;

/// Messages on their way between the performer and the worker, which is the test.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues {
    to_worker: Rc<RefCell<VecDeque<ToWorker>>>,
    from_worker: Rc<RefCell<VecDeque<FromWorker>>>,
}

impl Queues {
    /// The next message to the worker.
    pub(super) fn next(&self) -> Option<ToWorker> {
        self.to_worker.borrow_mut().pop_front()
    }

    /// The worker says something.
    pub(super) fn offer(&self, message: FromWorker) {
        self.from_worker.borrow_mut().push_back(message);
    }
}

impl Worker for Queues {
    type Wait = ();

    fn send(&mut self, message: ToWorker) -> bool {
        let mut queue = self.to_worker.borrow_mut();
        let has_room = queue.len() < TO_WORKER_CAPACITY;
        if has_room {
            queue.push_back(message);
        }
        has_room
    }

    fn receive(&mut self) -> Option<FromWorker> {
        self.from_worker.borrow_mut().pop_front()
    }

    fn has_room(&self) -> bool {
        self.to_worker.borrow().len() < TO_WORKER_CAPACITY / 2
    }

    fn begin_wait(&self, _: MayWait) {}

    fn goes_on(&self, (): ()) -> bool {
        false
    }
}

/// Shows what the performer lets know.
#[derive(Debug)]
pub(super) struct Board {
    counts: [Cell<u32>; 6],
    pub(super) doing: Cell<Doing>,
    pub(super) hand_over_ms: Cell<f32>,
    pub(super) events: RefCell<Vec<TimelineEvent>>,
}

impl Board {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            counts: Default::default(),
            doing: Cell::new(Doing::Asleep),
            hand_over_ms: Cell::new(0.0),
            events: RefCell::default(),
        })
    }

    pub(super) fn n(&self, what: Count) -> u32 {
        self.counts[what as usize].get()
    }
}

impl Monitor for Rc<Board> {
    fn count(&self, what: Count) {
        let count = &self.counts[what as usize];
        count.set(count.get() + 1);
    }

    fn record(&mut self, event: TimelineEvent) {
        self.events.borrow_mut().push(event);
    }

    fn set_last_key(&self, _: u8) {}

    fn set_last_controller(&self, _: u8) {}

    fn set_hand_over_ms(&self, late_ms: f32) {
        self.hand_over_ms.set(late_ms);
    }

    fn set_call(&self, _: u32) {}

    fn set_answer_bar(&self, _: u32, _: u32) {}

    fn set_chord(&self, _: u8) {}

    fn set_position(&self, _: i64, _: Metre, _: f32) {}

    fn set_doing(&self, doing: Doing) {
        self.doing.set(doing);
    }
}

/// Settings that nobody moves.
impl SettingsSource for Settings {
    fn n_changes(&self) -> u32 {
        0
    }

    fn settings(&self) -> Settings {
        *self
    }

    fn hear_controller(&self, _: u8, _: f32) -> bool {
        false
    }
}

/// Other settings than the usual ones, at random.
pub(super) fn random_settings(dice: &mut Dice) -> Settings {
    /// One of so many choices, in one of `one_in` songs; else the usual one.
    fn roll(dice: &mut Dice, n_choices: u32, usual: u32, one_in: u32) -> u32 {
        if dice.roll(one_in) == 0 { dice.roll(n_choices) } else { usual }
    }
    let mode = roll(dice, 3, 0, 3);
    let hand_silence = roll(dice, 3, 1, 3);
    let trade = roll(dice, 5, 0, 3);
    let length = roll(dice, 6, 0, 2);
    let play_over = roll(dice, 2, 0, 1);
    let start = roll(dice, 3, 0, 2);
    let voices = roll(dice, 9, 0, 2);
    let channel = roll(dice, 17, 0, 2);
    let ahead_ms = if dice.roll(2) == 0 { 30.0 } else { 0.0 };
    Settings {
        is_off: mode == 2,
        is_continuing: mode == 1,
        are_drums_heard: dice.roll(2) == 0,
        is_interruptible: play_over == 0,
        hand_controller: Some(66),
        hand_key: Some(65),
        channel: u8::try_from(channel).unwrap().checked_sub(1),
        ahead_ms,
        silence: [Silence::Never, Silence::Ms(700.0), Silence::Beats(1.0)][hand_silence as usize],
        trade_bars: [None, Some(1), Some(2), Some(4), Some(8)][trade as usize],
        start: [Start::AtOnce, Start::NextBeat, Start::NextBar][start as usize],
        length: match (mode, length) {
            (1, _) | (_, 5) => Length::Endless,
            (_, 0) => Length::LikeTheCall,
            (_, power) => Length::Bars(1 << (power - 1)),
        },
        controls: Controls { voices: u8::try_from(voices).unwrap(), ..Controls::default() },
        ..Settings::default()
    }
}
