//! What was played and what is to come, as the window shows it and as a take keeps it.
//!
//! The audio thread leaves marks in a bounded, wait-free queue. Whoever comes along on the other side winds them onto the
//! reel, which is behind a lock that the audio thread never touches. Songs jump and loop; the tape does not: it counts on
//! from where the song left off.

mod reel;
mod take;

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use atomic_float::AtomicF32;
use engine::Metre;
use parking_lot::Mutex;
use rtrb::{Producer, RingBuffer};

use crate::link::queue;
use crate::status::Counter;
use reel::{Bars, Reel};
pub(crate) use reel::{Note, Part, Roll, Who};
pub(crate) use take::MAX_TAKES;

/// Marks that may wait: minutes of furious playing.
const CAPACITY: usize = 4096;

/// A note from one tick to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) on_ticks: i64,
    pub(crate) off_ticks: i64,
    pub(crate) key: u8,
    pub(crate) velocity: u8,
}

/// What the audio thread notes down. Ticks are the song's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    CallOn {
        ticks: i64,
        key: u8,
        velocity: u8,
    },
    CallOff {
        ticks: i64,
        key: u8,
    },
    /// A note of this plan is to come.
    Planned {
        turn: u32,
        span: Span,
    },
    /// Planned notes from here on will not come.
    Forget {
        from_ticks: i64,
    },
    /// A planned note sounds.
    Answer(Span),
    /// What sounds of the answer ends.
    Cut {
        ticks: i64,
    },
    /// The song goes on from elsewhere.
    Jump {
        ticks: i64,
    },
}

/// The queue's other end and where the song is now.
#[derive(Debug)]
pub(crate) struct Tape {
    now_ticks: AtomicI64,
    bar_line_ticks: AtomicI64,
    /// 0 where there are no bars.
    bar_ticks: AtomicU32,
    tempo: AtomicF32,
    /// Marks that found no room.
    n_lost: Counter,
    reel: Mutex<Reel>,
}

/// The audio thread's end of the queue.
#[derive(Debug)]
pub(crate) struct Pen(Producer<Mark>);

impl Tape {
    pub(crate) fn new() -> Self {
        Self {
            now_ticks: AtomicI64::new(0),
            bar_line_ticks: AtomicI64::new(0),
            bar_ticks: AtomicU32::new(0),
            tempo: AtomicF32::new(120.0),
            n_lost: Counter::default(),
            reel: Mutex::new(Reel::new(RingBuffer::new(1).1)),
        }
    }

    /// A fresh queue for a new audio thread. Not to be called on that thread.
    pub(crate) fn pen(&self) -> Pen {
        let (producer, consumer) = queue(CAPACITY, Mark::Jump { ticks: 0 });
        self.reel.lock().listen_to(consumer);
        Pen(producer)
    }

    /// Says where the song is. Comes after the block's marks.
    pub(crate) fn be_at(&self, ticks: i64, metre: Metre, tempo: f32) {
        let (bar_line_ticks, bar_ticks) = match metre {
            Metre::Bars { bar_line_ticks, bar_ticks } => (bar_line_ticks, bar_ticks),
            Metre::Free => (0, 0),
        };
        self.bar_line_ticks.store(bar_line_ticks, Ordering::Relaxed);
        self.bar_ticks.store(bar_ticks, Ordering::Relaxed);
        self.tempo.store(tempo, Ordering::Relaxed);
        self.now_ticks.store(ticks, Ordering::Release);
    }

    /// Beats a minute now.
    pub(crate) fn tempo(&self) -> f32 {
        self.tempo.load(Ordering::Relaxed)
    }

    /// Winds what has been marked onto the reel, and has a look at it. Not for the audio thread.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Reel) -> T) -> T {
        let mut reel = self.reel.lock();
        // The place is read before the marks, so that a jump in between is seen as one.
        let now_ticks = self.now_ticks.load(Ordering::Acquire);
        let bars = Bars {
            line_ticks: self.bar_line_ticks.load(Ordering::Relaxed),
            length_ticks: self.bar_ticks.load(Ordering::Relaxed),
        };
        reel.wind(now_ticks, bars, self.tempo.load(Ordering::Relaxed), self.n_lost.get());
        look(&reel)
    }

    /// Keeps the queue from filling up while no window is open. Not for the audio thread.
    pub(crate) fn wind(&self) {
        self.look(|_| ());
    }
}

impl Pen {
    /// Notes something down; without room, it is only counted.
    pub(crate) fn mark(&mut self, tape: &Tape, mark: Mark) {
        if self.0.push(mark).is_err() {
            tape.n_lost.add(1);
        }
    }
}

#[cfg(test)]
mod tests;
