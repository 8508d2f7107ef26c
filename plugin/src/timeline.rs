//! What was played and what is to come, shared by the threads: `live::timeline` says what it is.
//!
//! The audio thread leaves events in a bounded, wait-free queue. Whoever comes along on the other side drains them into the
//! history, which is behind a lock that the audio thread never touches.

mod take;

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use atomic_float::AtomicF32;
use engine::Metre;
use live::timeline::{Bars, History, Insight, TimelineEvent};
use parking_lot::Mutex;
use rtrb::{Consumer, Producer, RingBuffer};
use takes::Take;

use crate::link::queue;
use crate::status::Counter;
pub(crate) use take::{MAX_TAKES, take};

/// Events that may wait: minutes of furious playing.
const CAPACITY: usize = 4096;

/// The queue's other end and where the song is now.
#[derive(Debug)]
pub(crate) struct Timeline {
    now_ticks: AtomicI64,
    bar_line_ticks: AtomicI64,
    /// 0 where there are no bars.
    bar_ticks: AtomicU32,
    tempo: AtomicF32,
    /// Events that found no room.
    n_lost: Counter,
    drained: Mutex<Drained>,
}

/// The history, and the end of the queue from which it is drained.
#[derive(Debug)]
struct Drained {
    events: Consumer<TimelineEvent>,
    history: History,
}

/// The audio thread's end of the queue.
#[derive(Debug)]
pub(crate) struct EventRecorder(Producer<TimelineEvent>);

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            now_ticks: AtomicI64::new(0),
            bar_line_ticks: AtomicI64::new(0),
            bar_ticks: AtomicU32::new(0),
            tempo: AtomicF32::new(120.0),
            n_lost: Counter::default(),
            drained: Mutex::new(Drained { events: RingBuffer::new(1).1, history: History::default() }),
        }
    }

    /// A fresh queue for a new audio thread. Not to be called on that thread.
    pub(crate) fn recorder(&self) -> EventRecorder {
        let (producer, consumer) = queue(CAPACITY, TimelineEvent::Anew { ticks: 0, bars: Bars::default() });
        let mut drained = self.drained.lock();
        drained.events = consumer;
        drained.history.begin_anew();
        EventRecorder(producer)
    }

    /// Says where the song is. Comes after the block's events.
    pub(crate) fn set_position(&self, ticks: i64, metre: Metre, tempo: f32) {
        let bars = Bars::from(metre);
        self.bar_line_ticks.store(bars.line_ticks, Ordering::Relaxed);
        self.bar_ticks.store(bars.length_ticks, Ordering::Relaxed);
        self.tempo.store(tempo, Ordering::Relaxed);
        self.now_ticks.store(ticks, Ordering::Release);
    }

    /// Beats a minute now.
    pub(crate) fn tempo(&self) -> f32 {
        self.tempo.load(Ordering::Relaxed)
    }

    /// Drains what has been recorded into the history, and reads that. Not for the audio thread.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&History) -> T) -> T {
        self.update(|history| read(history))
    }

    /// Keeps the queue from filling up while no window is open, and takes in what the worker has understood. That is of notes which
    /// the audio thread recorded before it told the worker of them, so they are here. Not for the audio thread.
    pub(crate) fn learn(&self, insights: impl Iterator<Item = Insight>) {
        self.update(|history| insights.for_each(|insight| history.learn(insight)));
    }

    fn update<T>(&self, update: impl FnOnce(&mut History) -> T) -> T {
        let mut drained = self.drained.lock();
        let Drained { events, history } = &mut *drained;
        // The place is read before the events, so that ticks that begin anew in between are seen to.
        let now_ticks = self.now_ticks.load(Ordering::Acquire);
        let bars = Bars {
            line_ticks: self.bar_line_ticks.load(Ordering::Relaxed),
            length_ticks: self.bar_ticks.load(Ordering::Relaxed),
        };
        let tempo = self.tempo.load(Ordering::Relaxed);
        history.drain(std::iter::from_fn(|| events.pop().ok()), now_ticks, bars, tempo, self.n_lost.get());
        update(history)
    }

    /// The latest call and its answer; `None` before the first. Not for the audio thread.
    pub(crate) fn last_take(&self) -> Option<Take> {
        self.read(|history| history.last_take().as_ref().map(take))
    }

    /// Only drains. Not for the audio thread.
    #[cfg(test)]
    pub(crate) fn drain(&self) {
        self.read(|_| ());
    }
}

impl EventRecorder {
    /// Records an event; without room, it is only counted.
    ///
    /// # Realtime safety
    /// Wait-free.
    pub(crate) fn record(&mut self, timeline: &Timeline, event: TimelineEvent) {
        if self.0.push(event).is_err() {
            timeline.n_lost.add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use live::timeline::{Span, Written};

    use super::*;

    #[test]
    fn what_is_understood_finds_its_note_though_nobody_has_looked_for_that() {
        let timeline = Timeline::new();
        let mut recorder = timeline.recorder();
        recorder.record(&timeline, TimelineEvent::CallOn { parts: 770, key: 60, velocity: 90 });
        timeline.set_position(50, Metre::Free, 120.0);
        let written = Written { on_parts: 768, length_parts: None, beat_parts: (768, 1536), place_ticks: Some(0) };
        timeline.learn([(769, 60), (770, 61), (770, 60)].into_iter().map(|(struck_parts, key)| {
            let on_parts = if (struck_parts, key) == (770, 60) { 768 } else { 0 };
            Insight::Note { struck_parts, key, written: Written { on_parts, ..written } }
        }));
        let roll = timeline.read(|history| history.roll(1000, 0));
        assert_eq!(roll.notes.iter().map(|note| note.written).collect::<Vec<_>>(), [Some(written)]);
    }

    #[test]
    fn events_that_find_no_room_are_counted_and_leave_no_endless_note() {
        let timeline = Timeline::new();
        let mut recorder = timeline.recorder();
        recorder.record(&timeline, TimelineEvent::CallOn { parts: 0, key: 1, velocity: 90 });
        for _ in 0..CAPACITY {
            recorder.record(&timeline, TimelineEvent::CallOff { parts: 5, key: 2 });
        }
        timeline.set_position(400, Metre::Free, 120.0);
        let spans: Vec<Span> =
            timeline.read(|history| history.roll(1000, 0).notes.iter().map(|note| note.span).collect());
        assert_eq!(spans, [Span { on_parts: 0, off_parts: 400 * 16, key: 1, velocity: 90 }]);
        assert_eq!(timeline.n_lost.get(), 1);
    }
}
