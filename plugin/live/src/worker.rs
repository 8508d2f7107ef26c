//! Who runs the planner, as the performer sees it; and when it may be waited for.

use std::time::Duration;

use crate::messages::{FromWorker, ToWorker};

/// An offline render goes on after this long, whatever the worker does.
const OFFLINE_WAIT: Duration = Duration::from_secs(5);

/// The performer's end of the way to whoever runs the [`Planner`]: a thread with queues to and from it, or, where there are no
/// threads, the planner itself, which then does its work in [`Worker::send`].
///
/// # Realtime safety
/// The performer calls all of it: it must not allocate, lock or wait, but for [`Worker::goes_on`].
///
/// [`Planner`]: crate::Planner
pub trait Worker {
    /// A wait that has begun.
    type Wait: Copy;

    /// Sends a message. False if there is no room for it.
    fn send(&mut self, message: ToWorker) -> bool;
    /// The next thing that the planner says, if there is one.
    fn receive(&mut self) -> Option<FromWorker>;
    /// Whether it has caught up with most of what was sent.
    fn has_room(&self) -> bool;
    /// Begins to wait until all that was sent is handled.
    fn begin_wait(&self, may_wait: MayWait) -> Self::Wait;
    /// Waits a little. False when all is handled, or nobody is there to do so, or it takes too long.
    fn goes_on(&self, wait: Self::Wait) -> bool;
}

/// Whether the host plays live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenderMode {
    /// Somebody listens.
    Live,
    /// Nobody does: the worker may be waited for.
    Offline,
    /// The host does not say. Its speed will show.
    Unknown,
}

/// Leave to wait for the worker. Exists only when nobody listens live.
#[derive(Clone, Copy, Debug)]
pub struct MayWait {
    at_most: Duration,
}

impl MayWait {
    /// In an offline render.
    pub(crate) fn in_mode(mode: RenderMode) -> Option<Self> {
        (mode == RenderMode::Offline).then_some(Self { at_most: OFFLINE_WAIT })
    }

    /// In a host that has time to spare.
    pub(crate) fn spare(spare: Option<Duration>) -> Option<Self> {
        spare.map(|spare| Self { at_most: spare.min(OFFLINE_WAIT) })
    }

    /// How long a wait may take.
    #[must_use]
    pub fn at_most(self) -> Duration {
        self.at_most
    }
}
