//! The performer's side of what it and the worker know of each other.

use std::time::Duration;

use engine::Metre;
use engine::answer::Controls;

use super::render_speed::RenderSpeed;
use crate::messages::{FromWorker, ToWorker};
use crate::worker::{MayWait, RenderMode, Worker};

/// Tells the worker what happens, asks it for notes, and waits for them where that is allowed.
///
/// # Realtime safety
/// It waits only with leave to, which a live host never gives.
#[derive(Debug)]
pub(super) struct WorkerClient<W> {
    worker: W,
    may_wait: Option<MayWait>,
    /// Set if the host does not say whether it plays live.
    render_speed: Option<RenderSpeed>,
    /// Number of the latest plan.
    plan: u32,
    /// What it was last told.
    metre: Option<Metre>,
    controls: Option<Controls>,
    /// A message was lost, so the worker no longer knows what is going on: it must be reset.
    is_out_of_step: bool,
    /// Notes were asked for that an offline render must wait for.
    is_asked: bool,
}

impl<W: Worker> WorkerClient<W> {
    pub(super) fn new(worker: W) -> Self {
        Self {
            worker,
            may_wait: None,
            render_speed: None,
            plan: 0,
            metre: None,
            controls: None,
            is_out_of_step: false,
            is_asked: false,
        }
    }

    pub(super) fn set_mode(&mut self, mode: RenderMode) {
        self.may_wait = MayWait::in_mode(mode);
        self.render_speed = (mode == RenderMode::Unknown).then(RenderSpeed::default);
    }

    /// The host asks for a block. `time` is the time on the wall, and the length of the block.
    pub(super) fn begin_block(&mut self, time: impl FnOnce() -> (Duration, Duration)) {
        if let Some(render_speed) = &mut self.render_speed {
            let (now, block) = time();
            self.may_wait = MayWait::spare(render_speed.spare(now, block));
        }
    }

    /// Whether a message was lost, and the worker could not be reset since.
    pub(super) fn is_out_of_step(&self) -> bool {
        self.is_out_of_step
    }

    /// Number of the latest plan.
    pub(super) fn plan(&self) -> u32 {
        self.plan
    }

    /// A number for another plan. What still comes of earlier ones is left out.
    pub(super) fn next_plan(&mut self) -> u32 {
        self.plan = self.plan.wrapping_add(1);
        self.plan
    }

    /// Whether these are other bars than it was last told.
    pub(super) fn is_other(&self, metre: Metre) -> bool {
        self.metre != Some(metre)
    }

    /// Whether these are other bars than it was last told. From now on they are what it was told.
    pub(super) fn is_news(&mut self, metre: Metre) -> bool {
        self.metre.replace(metre) != Some(metre)
    }

    /// Whether these are other controls than it was last told.
    pub(super) fn is_changed(&self, controls: &Controls) -> bool {
        self.controls.as_ref() != Some(controls)
    }

    /// The next message asks for notes with these controls: an offline render waits for them in [`WorkerClient::receive`].
    pub(super) fn note_question(&mut self, controls: Controls) {
        self.controls = Some(controls);
        self.is_asked = true;
    }

    /// Sends a message. False if it is lost: with it missing, what follows would make no sense to the worker. Until that has
    /// caught up and can be reset, nothing else is sent. `take` is given what comes while it waits.
    #[must_use]
    pub(super) fn tell(&mut self, message: ToWorker, take: impl FnMut(FromWorker)) -> bool {
        if self.is_out_of_step {
            return true;
        }
        let mut is_sent = self.worker.send(message);
        if !is_sent && self.may_wait.is_some() {
            self.wait(take);
            is_sent = self.worker.send(message);
        }
        self.is_out_of_step = !is_sent;
        is_sent
    }

    /// After a message was lost: whether the worker has caught up. It must then be reset, and knows no bars.
    pub(super) fn catch_up(&mut self, take: impl FnMut(FromWorker)) -> bool {
        if !self.is_out_of_step {
            return false;
        }
        self.wait(take);
        let has_caught_up = self.worker.has_room();
        if has_caught_up {
            self.is_out_of_step = false;
            self.metre = None;
        }
        has_caught_up
    }

    /// Takes in what was planned; in an offline render, all that was asked for.
    pub(super) fn receive(&mut self, mut take: impl FnMut(FromWorker)) {
        if std::mem::take(&mut self.is_asked) {
            self.wait(&mut take);
        }
        self.take_all(&mut take);
    }

    /// In an offline render, lets the worker catch up.
    fn wait(&mut self, mut take: impl FnMut(FromWorker)) {
        let Some(may_wait) = self.may_wait else { return };
        let wait = self.worker.begin_wait(may_wait);
        while self.worker.goes_on(wait) {
            self.take_all(&mut take);
        }
    }

    /// What there is of the latest plan.
    fn take_all(&mut self, take: &mut impl FnMut(FromWorker)) {
        while let Some(message) = self.worker.receive() {
            if message.turn() == self.plan {
                take(message);
            }
        }
    }
}
