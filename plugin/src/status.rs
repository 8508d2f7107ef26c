//! What the editor shows: numbers that the two threads write and the editor reads.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use atomic_float::AtomicF32;
pub(crate) use live::Doing;
use parking_lot::Mutex;
use piano::PianoError;

use crate::timeline::Timeline;

/// What the worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Engine {
    /// Reading the weights.
    Loading,
    Ready,
    /// There are no usable weights; [`Status::message`] says why.
    NoWeights,
    /// A fault was caught, and a new session begun.
    Recovered,
}

/// How the system runs the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Priority {
    /// Like any program: late notes are likelier when the machine is busy.
    Normal,
    /// Before most programs.
    Raised,
    /// Before all programs that are not real-time ones.
    RealTime,
}

/// A number that one thread counts and another shows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU32);

impl Counter {
    pub(crate) fn add(&self, n: u32) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn set(&self, n: u32) {
        self.0.store(n, Relaxed);
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Notes the latest of several things that are counted together. For the only thread that writes.
    pub(crate) fn set_latest(&self, what: u8) {
        self.set((self.get() & !127).wrapping_add(128) | u32::from(what & 127));
    }
}

/// All that is shown. Each number is on its own: the editor may see one a little newer than another.
#[derive(Debug)]
pub(crate) struct Status {
    doing: AtomicU8,
    engine: AtomicU8,
    priority: AtomicU8,
    /// Notes of the call so far.
    pub(crate) n_call: Counter,
    /// Bar of the answer, from 1.
    pub(crate) bar: Counter,
    /// Bars of the answer; 0 if it is endless.
    pub(crate) n_bars: Counter,
    pub(crate) n_heard: Counter,
    pub(crate) n_played: Counter,
    /// Notes of the player that answers can lean towards.
    pub(crate) n_learnt: Counter,
    /// Notes that the network makes in a second; 0 before the first.
    pub(crate) notes_per_second: Counter,
    /// The tempo that was found in the player's last phrase, in microseconds a beat; 0 if the beat is the song's.
    pub(crate) found_us_per_beat: Counter,
    /// The chord to which the answer keeps, as the network's condition; 0 for none.
    pub(crate) chord: Counter,
    /// Notes that were played late, by 20 ms at most.
    pub(crate) n_late: Counter,
    /// Notes that came too late to be played.
    pub(crate) n_dropped: Counter,
    /// Messages and notes that found no room.
    pub(crate) n_queue_full: Counter,
    /// Events that the host refused.
    pub(crate) n_refused: Counter,
    /// From when the answer's first note was due to when it came: beyond the silence, or the beat, that it was to wait for.
    pub(crate) hand_over_ms: AtomicF32,
    /// What was played and what is to come.
    pub(crate) timeline: Timeline,
    /// The controller that moved last, and the key that went down last, for 'learn': a count of them, times 128.
    pub(crate) last_controller: Counter,
    pub(crate) last_key: Counter,
    message: Mutex<String>,
    preview_error: Mutex<Option<PianoError>>,
}

impl Status {
    pub(crate) fn new() -> Self {
        Self {
            doing: AtomicU8::new(Doing::Asleep as u8),
            engine: AtomicU8::new(Engine::Loading as u8),
            priority: AtomicU8::new(Priority::Normal as u8),
            n_call: Counter::default(),
            bar: Counter::default(),
            n_bars: Counter::default(),
            n_heard: Counter::default(),
            n_played: Counter::default(),
            n_learnt: Counter::default(),
            notes_per_second: Counter::default(),
            found_us_per_beat: Counter::default(),
            chord: Counter::default(),
            n_late: Counter::default(),
            n_dropped: Counter::default(),
            n_queue_full: Counter::default(),
            n_refused: Counter::default(),
            hand_over_ms: AtomicF32::new(0.0),
            timeline: Timeline::new(),
            last_controller: Counter::default(),
            last_key: Counter::default(),
            message: Mutex::new(String::new()),
            preview_error: Mutex::new(None),
        }
    }

    pub(crate) fn set_doing(&self, doing: Doing) {
        self.doing.store(doing as u8, Relaxed);
    }

    pub(crate) fn doing(&self) -> Doing {
        use Doing::{Answering, Asleep, Broken, Frozen, Idle, Listening, Off, Planning, Stuck};
        let all = [Asleep, Idle, Listening, Planning, Answering, Off, Stuck, Broken, Frozen];
        all.get(usize::from(self.doing.load(Relaxed))).copied().unwrap_or(Asleep)
    }

    /// Whether an answer is planned or heard.
    pub(crate) fn is_answering(&self) -> bool {
        matches!(self.doing(), Doing::Planning | Doing::Answering)
    }

    /// Not for the audio thread: the message is behind a lock.
    pub(crate) fn set_engine(&self, engine: Engine, message: String) {
        *self.message.lock() = message;
        self.engine.store(engine as u8, Relaxed);
    }

    pub(crate) fn engine(&self) -> Engine {
        use Engine::{Loading, NoWeights, Ready, Recovered};
        let all = [Loading, Ready, NoWeights, Recovered];
        all.get(usize::from(self.engine.load(Relaxed))).copied().unwrap_or(Loading)
    }

    pub(crate) fn set_priority(&self, priority: Priority) {
        self.priority.store(priority as u8, Relaxed);
    }

    pub(crate) fn priority(&self) -> Priority {
        use Priority::{Normal, Raised, RealTime};
        [Normal, Raised, RealTime].get(usize::from(self.priority.load(Relaxed))).copied().unwrap_or(Normal)
    }

    /// What the worker has to say: the model's name, or what is wrong.
    pub(crate) fn message(&self) -> String {
        self.message.lock().clone()
    }

    /// Not for the audio thread, as the other messages.
    pub(crate) fn set_preview_error(&self, error: Option<PianoError>) {
        *self.preview_error.lock() = error;
    }

    /// Why the built-in piano cannot play.
    pub(crate) fn preview_error(&self) -> Option<PianoError> {
        *self.preview_error.lock()
    }
}
