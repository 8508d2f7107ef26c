//! The only place where audio thread and worker exchange messages, which are those of `live`. Nothing that crosses has a
//! destructor, so the audio thread never frees memory. It never waits either, except in an offline render.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam::utils::CachePadded;
use engine::Metre;
use live::{FromWorker, MayWait, ToWorker, Worker};
use rtrb::{Consumer, Producer, RingBuffer};

/// Messages that may wait for the worker: a minute of furious playing.
const TO_WORKER_CAPACITY: usize = 4096;
/// Notes that may wait for the audio thread; when it is full, the worker waits.
const TO_AUDIO_CAPACITY: usize = 1024;

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
        WorkerSide { from_audio, to_audio, n_handled, begun: Instant::now() },
    )
}

/// The audio thread's end.
///
/// # Realtime safety
/// Wait-free, but for `goes_on`, which only an offline render calls.
#[derive(Debug)]
pub(crate) struct AudioSide {
    to_worker: Producer<ToWorker>,
    from_worker: Consumer<FromWorker>,
    n_sent: u64,
    n_handled: Arc<CachePadded<AtomicU64>>,
}

/// A wait for the worker, in an offline render.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    until: Instant,
}

impl Worker for AudioSide {
    type Wait = Wait;

    fn send(&mut self, message: ToWorker) -> bool {
        let sent = self.to_worker.push(message).is_ok();
        self.n_sent += u64::from(sent);
        sent
    }

    fn has_room(&self) -> bool {
        self.to_worker.slots() > TO_WORKER_CAPACITY / 2
    }

    fn receive(&mut self) -> Option<FromWorker> {
        self.from_worker.pop().ok()
    }

    fn begin_wait(&self, may_wait: MayWait) -> Wait {
        Wait { until: Instant::now() + may_wait.at_most() }
    }

    fn goes_on(&self, wait: Wait) -> bool {
        let is_done = self.n_handled.load(Ordering::Acquire) >= self.n_sent;
        if is_done || self.to_worker.is_abandoned() || Instant::now() > wait.until {
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
    begun: Instant,
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

    /// Time since the link was made.
    pub(crate) fn wall_clock(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Says something, waiting for room. False if the audio thread's end is gone.
    pub(crate) fn offer(&mut self, message: FromWorker) -> bool {
        while self.to_audio.push(message).is_err() {
            if self.is_abandoned() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }
}
