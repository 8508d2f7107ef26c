//! All that a block needs: it hears, keeps the turns, passes notes through and plays what is planned, each at its sample. It
//! never allocates, waits or makes a system call, except that it waits for the worker in a bounce.
//!
//! Reading order: `edges` (switches that move), `output_channel` and `worker_client` are parts of the performer's state, as are
//! `schedule` (what will sound), `strikes` (which keys are down) and `sounding` (what sounds); `render_speed` says whether the host plays live. `input` is what
//! the player does, `turns` carries out what the turns order, `chords` is what the answer keeps to, and `answer` plays what is planned.

mod answer;
mod chords;
mod edges;
mod input;
mod output_channel;
mod render_speed;
mod schedule;
mod sounding;
mod strikes;
mod turns;
mod worker_client;

use std::time::Duration;

use engine::answer::Controls;

use crate::clock::{Clock, Course, Transport};
use crate::events::Host;
use crate::monitor::{Doing, Monitor};
use crate::settings::{Chords, CurrentSettings, Settings, SettingsSource};
use crate::timeline::TimelineEvent;
use crate::turn::{Phase, Turn, bar_ticks};
use crate::worker::{RenderMode, Worker};
use chords::HeldChord;
use edges::Edges;
use output_channel::OutputChannel;
use schedule::Schedule;
use sounding::{Sounding, Whose};
use worker_client::WorkerClient;

const SCHEDULE_CAPACITY: usize = 1024;
/// A song position that has stood still for so long will not move by itself.
const FROZEN_MS: f64 = 1000.0;

/// The musician without a host: what the audio thread owns. It reads its settings from `S`, has its answers planned by `W`, and
/// lets `M` know what happens.
///
/// # Realtime safety
/// Allocates in [`Performer::new`] only. The rest is for the audio thread, and keeps what the three traits promise.
#[derive(Debug)]
pub struct Performer<S, W, M> {
    settings: CurrentSettings<S>,
    monitor: M,
    worker: WorkerClient<W>,
    clock: Clock,
    turn: Turn,
    schedule: Schedule,
    sounding: Sounding,
    edges: Edges,
    chord: HeldChord,
    output: OutputChannel,
    /// How much earlier than its time the answer is sent.
    ahead_samples: i64,
    /// Answers begun since the last reset: each has its own random stream.
    n_answers: u32,
    /// Which candidate of the answer is played: 0 is the best.
    rank: u8,
    /// The sample at which the answer began, from the start of this block.
    begun_samples: i64,
    /// An answer has begun, and none of its notes.
    is_first_to_come: bool,
}

/// What comes next within a block, in the order of things that fall on one sample: the song is elsewhere, what ends, what the
/// player does, whose turn it is, what begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Wrap,
    AnswerEnds,
    NoteEnds,
    Input,
    Turn,
    NoteBegins,
    Nothing,
}

impl<S: SettingsSource, W: Worker, M: Monitor> Performer<S, W, M> {
    /// A performer at rest. Made once, not on the audio thread.
    #[must_use]
    pub fn new(settings: S, worker: W, monitor: M) -> Self {
        Self {
            settings: CurrentSettings::new(settings),
            monitor,
            worker: WorkerClient::new(worker),
            clock: Clock::new(48_000.0),
            turn: Turn::new(),
            schedule: Schedule::new(SCHEDULE_CAPACITY),
            sounding: Sounding::new(),
            edges: Edges::new(),
            chord: HeldChord::default(),
            output: OutputChannel::default(),
            ahead_samples: 0,
            n_answers: 0,
            rank: 0,
            begun_samples: 0,
            is_first_to_come: false,
        }
    }

    /// Before processing (again). What sounded before is released in the first block: there is no way to send it sooner.
    pub fn activate(&mut self, sample_rate_hz: f32, mode: RenderMode) {
        self.clock = Clock::new(sample_rate_hz);
        self.follow_ahead();
        self.worker.set_mode(mode);
    }

    /// The host wants a fresh start. The release itself comes with the next block.
    pub fn reset(&mut self) {
        self.clock.restart();
    }

    /// Runs a block.
    pub fn process(&mut self, transport: &Transport, n_samples: u32, host: &mut impl Host) {
        let block_ms = || self.clock.ms_of_samples(i64::from(n_samples));
        self.worker.begin_block(|| (host.wall_clock(), Duration::from_secs_f64(block_ms() / 1000.0)));
        let course = self.clock.begin_block(transport);
        match course {
            Course::GoesOn => {}
            Course::BeginsAnew => {
                let (ticks, bars) = (self.clock.tick_at(0), self.clock.metre().into());
                self.monitor.record(TimelineEvent::Anew { ticks, bars });
            }
            Course::Jumps | Course::Starts | Course::Stops => self.record_jump(0),
        }
        self.sounding.settle(0, host);
        let is_other_turn = self.read_settings();
        self.follow(course, host);
        if is_other_turn {
            self.invalidate_plan(0, host);
        }
        self.play_alone(host);
        self.run(n_samples, host);
        self.show();
        self.clock.end_block(n_samples);
        self.begun_samples = self.begun_samples.saturating_sub(i64::from(n_samples));
    }

    /// After a fault in [`Performer::process`]: ends what sounds.
    pub fn give_up(&mut self, host: &mut impl Host) {
        self.sounding.settle(0, host);
        self.sounding.release(0, Whose::Both, host);
        self.monitor.set_doing(Doing::Broken);
    }

    /// What the player, the host or a controller has moved. Whether the next answer would begin or end otherwise, or be
    /// another one.
    fn read_settings(&mut self) -> bool {
        let Some(before) = self.settings.refresh() else { return false };
        // What plays ahead can begin no sooner than it can be sent.
        let of_turn = |settings: &Settings| (settings.rules(&self.clock), settings.seed, settings.ahead_ms);
        let is_other_turn = of_turn(&self.settings) != of_turn(&before);
        self.follow_ahead();
        is_other_turn
    }

    /// The controls as they are now, with the chord.
    fn controls(&self) -> Controls {
        Controls { harmony: self.harmony(), ..self.settings.controls }
    }

    /// The chord to which the answer keeps, as the condition; 0 for none.
    fn harmony(&self) -> u8 {
        if self.settings.chords == Chords::Off { 0 } else { self.chord.value() }
    }

    fn follow_ahead(&mut self) {
        self.ahead_samples = self.clock.samples_of_ms(f64::from(self.settings.ahead_ms));
    }

    fn run(&mut self, n_samples: u32, host: &mut impl Host) {
        let end = i64::from(n_samples);
        let mut input = host.next_event();
        let mut now = 0;
        loop {
            self.receive();
            let mut next = (end, Next::Nothing);
            // What should have happened earlier happens now.
            let mut offer = |offset: i64, what| {
                if offset < end {
                    next = next.min((offset.max(now), what));
                }
            };
            if let Some(offset) = self.clock.next_wrap() {
                offer(offset, Next::Wrap);
            }
            if let Some((tick, is_end)) = self.turn.deadline() {
                offer(self.due(tick), if is_end { Next::AnswerEnds } else { Next::Turn });
            }
            if let Some(parts) = self.schedule.next_off() {
                offer(self.due_parts(parts), Next::NoteEnds);
            }
            if let Phase::Answering { .. } = self.turn.phase()
                && let Some(parts) = self.schedule.next_on()
            {
                offer(self.due_parts(parts), Next::NoteBegins);
            }
            if let Some((offset, _)) = input {
                // An empty block has no samples, but may bring events.
                next = next.min((i64::from(offset).min(end - 1).max(now), Next::Input));
            }
            now = next.0;
            let sample = u32::try_from(now).unwrap_or(0);
            match next.1 {
                Next::Wrap => self.wrap(sample, host),
                Next::AnswerEnds | Next::Turn => self.on_deadline(sample, host),
                Next::NoteEnds => self.end_notes(sample, host),
                Next::Input => {
                    if let Some((_, event)) = input {
                        self.hear(sample, event, host);
                    }
                    input = host.next_event();
                }
                Next::NoteBegins => self.begin_note(sample, host),
                Next::Nothing => break,
            }
        }
    }

    /// The sample of this block at which to send what is heard at this tick; negative if that was earlier.
    fn due(&self, tick: i64) -> i64 {
        self.clock.offset_of(tick) - self.ahead_samples
    }

    /// The same of a part of a tick.
    fn due_parts(&self, parts: i64) -> i64 {
        self.clock.offset_of_parts(parts) - self.ahead_samples
    }

    fn show(&self) {
        let monitor = &self.monitor;
        let doing = match self.turn.phase() {
            _ if self.settings.is_off => Doing::Off,
            _ if self.worker.is_out_of_step() => Doing::Stuck,
            Phase::Idle | Phase::Listening if self.clock.still_ms() >= FROZEN_MS => Doing::Frozen,
            Phase::Idle => Doing::Idle,
            Phase::Listening => Doing::Listening,
            Phase::Planning { .. } => Doing::Planning,
            Phase::Answering { start_ticks, end_ticks, .. } => {
                let bar = bar_ticks(self.clock.metre());
                let since = (self.clock.tick_at(0) - start_ticks).max(0) / bar + 1;
                let n_bars = if end_ticks == i64::MAX { 0 } else { (end_ticks - start_ticks + bar - 1) / bar };
                monitor.set_answer_bar(u32::try_from(since).unwrap_or(0), u32::try_from(n_bars).unwrap_or(0));
                Doing::Answering
            }
        };
        monitor.set_chord(self.harmony());
        monitor.set_call(self.turn.n_heard());
        #[expect(clippy::cast_possible_truncation, reason = "to be shown")]
        let tempo = self.clock.tempo() as f32;
        monitor.set_position(self.clock.tick_at(0), self.clock.metre(), tempo);
        monitor.set_doing(doing);
    }
}

#[cfg(test)]
mod tests;
