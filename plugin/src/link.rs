//! The only place where the two threads meet. Messages are plain values: nothing that crosses has a destructor, so the
//! audio thread never frees memory. It never waits either, except in an offline render.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam::utils::CachePadded;
use engine::Metre;
use engine::answer::{AnswerRequest, Controls};
use nice_plug::prelude::ProcessMode;
use rtrb::{Consumer, Producer, RingBuffer};

use crate::tape::Span;

/// Messages that may wait for the worker: a minute of furious playing.
const TO_WORKER_CAPACITY: usize = 4096;
/// Notes that may wait for the audio thread; when it is full, the worker waits.
const TO_AUDIO_CAPACITY: usize = 1024;
/// An offline render goes on after this long, whatever the worker does.
const OFFLINE_WAIT: Duration = Duration::from_secs(5);

/// What the worker is told. Times are ticks that never go back between two resets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ToWorker {
    /// The player strikes a key, with this style chosen.
    On { ticks: i64, channel: u8, key: u8, velocity: u8, style: u8 },
    /// The player lets a key go.
    Off { ticks: i64, channel: u8, key: u8 },
    /// The sustain pedal of a channel goes down or up.
    Pedal { ticks: i64, channel: u8, is_down: bool },
    /// The bars have changed.
    Metre(Metre),
    /// Plan an answer.
    Begin(Begin),
    /// Plan it further.
    Extend { turn: u32, until_ticks: i64, controls: Controls },
    /// Plan it anew from here on.
    Replace { turn: u32, from_ticks: i64, until_ticks: i64, controls: Controls },
    /// The player goes on: it was never played.
    Cancel { turn: u32 },
    /// It was played up to here.
    Finish { turn: u32, at_ticks: i64 },
    /// Forget all.
    Reset,
}

/// An answer that is to be planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Begin {
    /// Tells this plan from all others.
    pub(crate) turn: u32,
    pub(crate) request: AnswerRequest,
    /// Notes that begin before this are wanted now.
    pub(crate) until_ticks: i64,
    pub(crate) controls: Controls,
}

/// What the worker says. What it says later holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromWorker {
    /// A note of a plan. Notes come in the order of their onsets.
    Note(PlannedNote),
    /// The notes of this plan from here on are to be forgotten; others come in their place.
    Replace { turn: u32, from_ticks: i64 },
}

/// A note that the worker has planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlannedNote {
    pub(crate) turn: u32,
    pub(crate) on_ticks: i64,
    pub(crate) off_ticks: i64,
    pub(crate) key: u8,
    pub(crate) velocity: u8,
}

impl PlannedNote {
    pub(crate) fn span(self) -> Span {
        Span { on_ticks: self.on_ticks, off_ticks: self.off_ticks, key: self.key, velocity: self.velocity }
    }
}

const _: () = assert!(size_of::<ToWorker>() <= 104 && size_of::<FromWorker>() <= 32, "messages are copied often");

/// Makes a queue and uses each of its places once. The system only provides memory when it is first written to, and that
/// must not happen on the audio thread: it takes as long as a system call, and may wait for other threads.
pub(crate) fn queue<T: Copy>(capacity: usize, any: T) -> (Producer<T>, Consumer<T>) {
    let (mut producer, mut consumer) = RingBuffer::new(capacity);
    while producer.push(any).is_ok() {}
    while consumer.pop().is_ok() {}
    (producer, consumer)
}

/// Makes both ends of a link.
pub(crate) fn link() -> (AudioSide, WorkerSide) {
    let (to_worker, from_audio) = queue(TO_WORKER_CAPACITY, ToWorker::Metre(Metre::Free));
    let (to_audio, from_worker) = queue(TO_AUDIO_CAPACITY, FromWorker::Replace { turn: 0, from_ticks: 0 });
    let n_handled = Arc::new(CachePadded::new(AtomicU64::new(0)));
    (
        AudioSide { to_worker, from_worker, n_sent: 0, n_handled: Arc::clone(&n_handled) },
        WorkerSide { from_audio, to_audio, n_handled },
    )
}

/// The audio thread's end.
#[derive(Debug)]
pub(crate) struct AudioSide {
    to_worker: Producer<ToWorker>,
    from_worker: Consumer<FromWorker>,
    n_sent: u64,
    n_handled: Arc<CachePadded<AtomicU64>>,
}

/// Leave to wait for the worker. Exists only when nobody listens live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MayWait {
    at_most: Duration,
}

impl MayWait {
    /// In an offline render.
    pub(crate) fn in_mode(mode: ProcessMode) -> Option<Self> {
        (mode == ProcessMode::Offline).then_some(Self { at_most: OFFLINE_WAIT })
    }

    /// In a host that has time to spare.
    pub(crate) fn spare(spare: Option<Duration>) -> Option<Self> {
        spare.map(|spare| Self { at_most: spare.min(OFFLINE_WAIT) })
    }
}

impl AudioSide {
    /// Sends a message. False if the queue is full.
    pub(crate) fn send(&mut self, message: ToWorker) -> bool {
        let sent = self.to_worker.push(message).is_ok();
        self.n_sent += u64::from(sent);
        sent
    }

    /// Whether the worker has caught up with most of what was sent.
    pub(crate) fn has_room(&self) -> bool {
        self.to_worker.slots() > TO_WORKER_CAPACITY / 2
    }

    /// The next thing that the worker says, if there is one.
    pub(crate) fn receive(&mut self) -> Option<FromWorker> {
        self.from_worker.pop().ok()
    }

    /// Begins to wait until the worker has handled all that was sent.
    pub(crate) fn begin_wait(&self, may_wait: MayWait) -> Waiting {
        Waiting { until: Instant::now() + may_wait.at_most }
    }
}

/// A wait for the worker, in an offline render.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    until: Instant,
}

impl Waiting {
    /// Waits a little. False when the worker is done, or gone, or takes too long.
    pub(crate) fn goes_on(self, link: &AudioSide) -> bool {
        let is_done = link.n_handled.load(Ordering::Acquire) >= link.n_sent;
        if is_done || link.to_worker.is_abandoned() || Instant::now() > self.until {
            return false;
        }
        std::thread::sleep(Duration::from_micros(50));
        true
    }
}

/// The worker's end.
#[derive(Debug)]
pub(crate) struct WorkerSide {
    from_audio: Consumer<ToWorker>,
    to_audio: Producer<FromWorker>,
    n_handled: Arc<CachePadded<AtomicU64>>,
}

impl WorkerSide {
    /// The next message, if there is one. [`WorkerSide::handled`] must follow.
    pub(crate) fn receive(&mut self) -> Option<ToWorker> {
        self.from_audio.pop().ok()
    }

    /// The message after the one being handled.
    pub(crate) fn peek(&self) -> Option<ToWorker> {
        self.from_audio.peek().ok().copied()
    }

    /// Says that a message, and all that follows from it, is done with.
    pub(crate) fn handled(&mut self) {
        self.n_handled.fetch_add(1, Ordering::Release);
    }

    /// Whether the audio thread's end is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.from_audio.is_abandoned()
    }

    /// Says something, waiting for room. False if the audio thread's end is gone.
    pub(crate) fn offer(&mut self, message: FromWorker) -> bool {
        while self.to_audio.push(message).is_err() {
            if self.is_abandoned() {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        true
    }
}
