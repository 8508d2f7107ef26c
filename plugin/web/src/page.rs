//! The duet as a page drives it: a worker lets time pass in blocks, and lets the planner think between them.

use std::collections::{VecDeque, vec_deque};
use std::sync::Arc;
use std::time::Duration;

use engine::{Weights, WeightsError};
use live::params::ParamId;
use live::timeline::{History, Passage, Roll};
use live::{Count, Doing, Handover, Host, Input, Output, Performer, Planner, RenderMode, SessionHandover, ToWorker};

use crate::duet::{Chosen, Queues, Shared, Shown, Values};
use crate::midi::{self, Message};
use crate::song::Song;

/// Samples a second of a page's time.
pub const SAMPLE_RATE_HZ: u32 = 48_000;
/// The longest block, in samples: 5 ms.
pub const MAX_BLOCK_SAMPLES: u64 = 240;
/// How much earlier than it is heard an answer comes out, so that timers and messages have time. A page plays each output so much
/// after its sample.
pub const AHEAD_MS: f32 = 60.0;

/// A message at a sample of the page's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Samples since the page began.
    pub at_samples: u64,
    /// The message.
    pub message: Message,
}

/// What the page shows beside the notes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// What the performer is doing.
    pub doing: Doing,
    /// The bar of the answer that is heard, from 1, and how many it has; 0 if it is endless.
    pub answer_bar: (u32, u32),
    /// Notes of the call so far.
    pub n_call: u32,
    /// How late the last answer's first note came.
    pub hand_over_ms: f32,
    /// Notes of the player, notes played, and of these late ones; and notes that came too late to be played.
    pub counts: [u32; 4],
}

/// See the module.
#[derive(Debug)]
pub struct Page {
    values: Shared<Values>,
    queues: Shared<Queues>,
    shown: Shared<Shown>,
    chosen: Shared<Chosen>,
    performer: Performer<Shared<Values>, Shared<Queues>, Shared<Shown>>,
    /// Once the weights are there.
    planner: Option<(Planner, SessionHandover<Shared<Chosen>>)>,
    base: Option<Arc<Weights>>,
    history: History,
    /// Tempo and bars.
    song: Song,
    /// What the player does, by its time.
    pending: VecDeque<Timed>,
    now_samples: u64,
}

impl Default for Page {
    fn default() -> Self {
        let (values, queues, shown) =
            (Shared::<Values>::default(), Shared::<Queues>::default(), Shared::<Shown>::default());
        let mut performer = Performer::new(values.clone(), queues.clone(), shown.clone());
        #[expect(clippy::cast_precision_loss, reason = "it is exact")]
        performer.activate(SAMPLE_RATE_HZ as f32, RenderMode::Live);
        Self {
            values,
            queues,
            shown,
            chosen: Shared::default(),
            performer,
            planner: None,
            base: None,
            history: History::default(),
            song: Song::default(),
            pending: VecDeque::new(),
            now_samples: 0,
        }
    }
}

impl Page {
    /// Plays with this network from now on.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn load(&mut self, file: &[u8]) -> Result<(), WeightsError> {
        let weights = Arc::new(Weights::parse(file)?);
        let mut handover = SessionHandover::new(Arc::clone(&weights), self.chosen.clone());
        self.planner = Some((Planner::new(handover.first()), handover));
        self.base = Some(weights);
        Ok(())
    }

    /// The built-in network, once it is loaded.
    #[must_use]
    pub fn weights(&self) -> Option<&Arc<Weights>> {
        self.base.as_ref()
    }

    /// Plays other weights, as soon as they know what was played; `None` for the built-in ones.
    pub fn choose(&mut self, weights: Option<Arc<Weights>>) {
        self.chosen.choose(weights);
    }

    /// A parameter, in its own unit.
    #[must_use]
    pub fn value(&self, id: ParamId) -> f32 {
        self.values.get(id)
    }

    /// Sets a parameter to the nearest value that it has.
    pub fn set(&mut self, id: ParamId, value: f32) {
        self.values.set(id, value);
    }

    /// The page's time.
    #[must_use]
    pub fn now_samples(&self) -> u64 {
        self.now_samples
    }

    /// Begins anew: what was played is forgotten, and what sounds ends.
    pub fn restart(&mut self) {
        self.performer.reset();
    }

    /// The song begins to roll from its start, or stops.
    pub fn roll_song(&mut self, is_playing: bool) {
        self.song.roll(is_playing, self.now_samples);
    }

    /// The song goes on like this. Tempi beyond 20 and 400 beats a minute are taken for these.
    pub fn change_song(&mut self, tempo: f64, signature: (i32, i32)) {
        let tempo = if tempo.is_finite() { tempo.clamp(20.0, 400.0) } else { 120.0 };
        self.song.change(tempo, signature, self.now_samples);
    }

    /// Tempo and bars.
    #[must_use]
    pub fn song(&self) -> &Song {
        &self.song
    }

    /// The player does something: at its time, or now if that is over.
    pub fn hear(&mut self, timed: Timed) {
        let place = self.pending.partition_point(|before| before.at_samples <= timed.at_samples);
        self.pending.insert(place, timed);
    }

    /// Lets time pass up to a sample, but no more than [`MAX_BLOCK_SAMPLES`]. What is to be heard comes out, each at its sample.
    pub fn advance(&mut self, to_samples: u64, output: &mut Vec<Timed>) {
        let begun_samples = self.now_samples;
        let n_samples = to_samples.saturating_sub(begun_samples).min(MAX_BLOCK_SAMPLES);
        self.now_samples += n_samples;
        let n_input = self.pending.partition_point(|timed| timed.at_samples < self.now_samples);
        let mut block = Block { begun_samples, input: self.pending.drain(..n_input), output };
        let transport = self.song.transport(begun_samples);
        self.performer.process(&transport, u32::try_from(n_samples).unwrap_or(0), &mut block);
        drop(block);
        let shown = &self.shown;
        let events = shown.events.take();
        self.history.drain(events.into_iter(), shown.now_ticks.get(), shown.bars.get(), shown.tempo.get(), 0);
    }

    /// Lets the planner handle a message, as far as that takes a few milliseconds, or catch up with other weights. Whether there is more
    /// to do.
    pub fn think(&mut self) -> bool {
        let Some((planner, handover)) = &mut self.planner else { return false };
        let message = self.queues.begin_slice();
        let progress = match message {
            None => handover.go_on(planner),
            Some(message) => {
                planner.handle(message, &mut self.queues);
                self.queues.end_slice(message);
                if matches!(message, ToWorker::Start | ToWorker::Reset) {
                    // The song begins with what was chosen for it.
                    handover.finish(planner)
                } else {
                    Handover::Idle
                }
            }
        };
        while let Some(insight) = planner.take_insight() {
            self.history.learn(insight);
        }
        progress == Handover::Progressed || !self.queues.to_planner.borrow().is_empty()
    }

    /// What is to be shown.
    #[must_use]
    pub fn state(&self) -> State {
        let shown = &self.shown;
        State {
            doing: if self.planner.is_some() { shown.doing.get() } else { Doing::Asleep },
            answer_bar: shown.answer_bar.get(),
            n_call: shown.n_call.get(),
            hand_over_ms: shown.hand_over_ms.get(),
            counts: [Count::Heard, Count::Played, Count::Late, Count::Dropped].map(|what| shown.count(what)),
        }
    }

    /// The tempo that was found in the last phrase, in beats a minute.
    #[must_use]
    pub fn found_tempo(&self) -> Option<f64> {
        let us_per_beat = self.planner.as_ref()?.0.found_us_per_beat()?;
        Some(60e6 / f64::from(us_per_beat))
    }

    /// What is played and to come, around now.
    #[must_use]
    pub fn roll(&self, past_ticks: i64, future_ticks: i64) -> Roll {
        self.history.roll(past_ticks, future_ticks)
    }

    /// The latest call and its answer.
    #[must_use]
    pub fn last_take(&self) -> Option<Passage> {
        self.history.last_take()
    }
}

/// A block's events.
struct Block<'a> {
    begun_samples: u64,
    input: vec_deque::Drain<'a, Timed>,
    output: &'a mut Vec<Timed>,
}

impl Host for Block<'_> {
    fn next_event(&mut self) -> Option<(u32, Input)> {
        self.input.find_map(|timed| {
            let offset = timed.at_samples.saturating_sub(self.begun_samples);
            Some((u32::try_from(offset).unwrap_or(u32::MAX), midi::input(timed.message)?))
        })
    }

    fn send(&mut self, offset_samples: u32, event: Output) -> bool {
        let at_samples = self.begun_samples + u64::from(offset_samples);
        self.output.push(Timed { at_samples, message: midi::message(event) });
        true
    }

    fn wall_clock(&mut self) -> Duration {
        Duration::ZERO
    }
}
