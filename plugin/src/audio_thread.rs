//! All that `process` does: it hears, keeps the turns, passes notes through and plays what is planned, each at its
//! sample. It never allocates, waits or makes a system call, except that it waits for the worker in a bounce.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use engine::Metre;
use nice_plug::prelude::ProcessMode;

use crate::clock::{Clock, Transport};
use crate::link::{AudioSide, Begin, MayWait, PlannedNote, ToWorker};
use crate::midi::{self, Host, Input};
use crate::pace::Pace;
use crate::params::AntiphonParams;
use crate::schedule::Schedule;
use crate::sounding::{Sounding, Whose, bits};
use crate::status::{Doing, Status};
use crate::turn::{Action, Phase, Rules, Turn, bar_ticks};

/// A note that is later than this is left out: late is worse than missing.
const MAX_LATE_MS: f64 = 20.0;
const SCHEDULE_CAPACITY: usize = 1024;

/// The audio thread's state. Made once, on the main thread.
pub(crate) struct AudioThread {
    params: Arc<AntiphonParams>,
    status: Arc<Status>,
    link: AudioSide,
    may_wait: Option<MayWait>,
    /// Set if the host's word on the process mode cannot be trusted.
    pace: Option<Pace>,
    clock: Clock,
    turn: Turn,
    schedule: Schedule,
    sounding: Sounding,
    /// Number of the latest plan.
    plan: u32,
    /// Answers begun since the last reset: each has its own random stream.
    n_answers: u32,
    /// The channel that the player used last.
    played_channel: u8,
    /// What the worker was last told.
    metre: Option<Metre>,
    /// A message was lost, so the worker no longer knows what is going on: it must be reset.
    is_out_of_step: bool,
    /// Plans were asked for that an offline render must wait for.
    is_asked: bool,
    was_off: bool,
    was_thru: bool,
    was_panic: bool,
}

/// Whether the host plays live.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    Told(ProcessMode),
    /// Its pace will show.
    Unknown,
}

/// What comes next within a block, in the order of things that fall on one sample: what ends, what the player does, whose
/// turn it is, what begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    AnswerEnds,
    NoteEnds,
    Input,
    Turn,
    NoteBegins,
}

impl AudioThread {
    pub(crate) fn new(params: Arc<AntiphonParams>, status: Arc<Status>, link: AudioSide) -> Self {
        Self {
            params,
            status,
            link,
            may_wait: None,
            pace: None,
            clock: Clock::new(48_000.0),
            turn: Turn::new(),
            schedule: Schedule::new(SCHEDULE_CAPACITY),
            sounding: Sounding::new(),
            plan: 0,
            n_answers: 0,
            played_channel: 0,
            metre: None,
            is_out_of_step: false,
            is_asked: false,
            was_off: false,
            was_thru: true,
            was_panic: false,
        }
    }

    /// Before processing (again). What sounded before is released in the first block: there is no way to send it sooner.
    pub(crate) fn activate(&mut self, sample_rate: f32, mode: Mode) {
        self.clock = Clock::new(sample_rate);
        (self.may_wait, self.pace) = match mode {
            Mode::Told(mode) => (MayWait::in_mode(mode), None),
            Mode::Unknown => (None, Some(Pace::default())),
        };
    }

    /// The host wants a fresh start. The release itself comes with the next block.
    pub(crate) fn reset(&mut self) {
        self.clock.restart();
    }

    /// Runs a block.
    pub(crate) fn process(&mut self, transport: &Transport, n_samples: u32, host: &mut impl Host) {
        if let Some(pace) = &mut self.pace {
            let block = Duration::from_secs_f64(self.clock.ms_of_samples(i64::from(n_samples)) / 1000.0);
            self.may_wait = MayWait::spare(pace.spare(Instant::now(), block));
        }
        let jumped = self.clock.begin_block(transport);
        self.sounding.settle(0, host);
        self.follow_params(jumped, host);
        self.run(n_samples, host);
        self.show();
        self.clock.end_block(n_samples);
    }

    /// After a fault in [`AudioThread::process`]: ends what sounds.
    pub(crate) fn give_up(&mut self, host: &mut impl Host) {
        self.sounding.settle(0, host);
        self.sounding.release(0, Whose::Both, host);
        self.status.set_doing(Doing::Broken);
    }

    /// What has changed since the last block: the song's position, and switches that end what sounds.
    fn follow_params(&mut self, jumped: bool, host: &mut impl Host) {
        let (is_off, is_thru, is_panic) = (self.params.is_off(), self.params.is_thru(), self.params.panic.value());
        if jumped || is_panic && !self.was_panic {
            self.start_over(Whose::Both, host);
        } else if is_off != self.was_off {
            self.start_over(Whose::Answer, host);
        }
        if self.was_thru && !is_thru {
            self.sounding.release(0, Whose::Player, host);
        }
        (self.was_off, self.was_thru, self.was_panic) = (is_off, is_thru, is_panic);

        if self.is_out_of_step {
            self.wait();
            if self.link.has_room() {
                self.is_out_of_step = false;
                self.metre = None;
                self.tell(ToWorker::Reset);
            }
        }
        let metre = self.clock.metre();
        if self.metre != Some(metre) {
            self.tell(ToWorker::Metre(metre));
            self.metre = Some(metre);
        }
    }

    /// Forgets the song so far: the turns, the answer and the model's memory.
    fn start_over(&mut self, whose: Whose, host: &mut impl Host) {
        self.drop_answer(0, host);
        self.sounding.release(0, whose, host);
        self.turn = Turn::new();
        self.n_answers = 0;
        self.tell(ToWorker::Reset);
    }

    fn run(&mut self, n_samples: u32, host: &mut impl Host) {
        let mut input = host.next_event();
        let mut now = 0;
        loop {
            self.receive();
            let deadline = self.turn.deadline();
            let is_answering = matches!(self.turn.phase(), Phase::Answering { .. });
            let next_on = if is_answering { self.schedule.next_on() } else { None };
            let next = [
                deadline.map(|(tick, is_end)| (self.offset(tick), if is_end { Next::AnswerEnds } else { Next::Turn })),
                self.schedule.next_off().map(|tick| (self.offset(tick), Next::NoteEnds)),
                input.map(|(offset, _)| (i64::from(offset.min(n_samples.saturating_sub(1))), Next::Input)),
                next_on.map(|tick| (self.offset(tick), Next::NoteBegins)),
            ];
            // What should have happened earlier happens now.
            let next = next.into_iter().flatten().map(|(offset, next)| (offset.max(i64::from(now)), next)).min();
            // An empty block has no samples, but may bring events.
            let is_in_block = |&(offset, next): &(i64, Next)| offset < i64::from(n_samples) || next == Next::Input;
            let Some((offset, next)) = next.filter(is_in_block) else { break };
            now = u32::try_from(offset).unwrap_or(now);
            match (next, input) {
                (Next::AnswerEnds | Next::Turn, _) => self.reach(now, host),
                (Next::NoteEnds, _) => self.end_notes(now, host),
                (Next::Input, Some((_, event))) => {
                    self.hear(now, event, host);
                    input = host.next_event();
                }
                (Next::NoteBegins, _) => self.begin_note(now, host),
                (Next::Input, None) => break,
            }
        }
    }

    /// The sample of a tick in this block.
    fn offset(&self, tick: i64) -> i64 {
        self.clock.offset_of(tick)
    }

    fn hear(&mut self, now: u32, event: Input, host: &mut impl Host) {
        let is_on = !self.params.is_off() && !self.is_out_of_step;
        let is_thru = self.params.is_thru();
        match event {
            Input::On { channel, key, velocity } => {
                if is_on {
                    self.key_down(now, channel, key, velocity, host);
                }
                if is_thru && !self.sounding.thru_on(now, channel, key, velocity, host) {
                    self.status.n_refused.add(1);
                }
            }
            Input::Off { channel: Some(channel), key: Some(key) } => {
                self.sounding.thru_off(now, channel, key, host);
                if is_on {
                    self.key_up(now, channel, key, host);
                }
            }
            Input::Off { channel, key } => {
                for channel in (0..16).filter(|&c| channel.is_none_or(|wanted| wanted == c)) {
                    for key in (0..128).filter(|&k| key.is_none_or(|wanted| wanted == k)) {
                        self.sounding.thru_off(now, channel, key, host);
                    }
                    for key in bits(self.turn.held(channel)).filter(|&k| key.is_none_or(|wanted| wanted == k)) {
                        self.key_up(now, channel, key, host);
                    }
                }
            }
            Input::Pedal { channel, value } => {
                if is_on {
                    let (ticks, is_down) = (self.clock.tick_at(now), value >= 0.5);
                    self.tell(ToWorker::Pedal { ticks, channel, is_down });
                }
                if is_thru {
                    self.sounding.pedal(now, channel, value, host);
                }
            }
        }
    }

    fn key_down(&mut self, now: u32, channel: u8, key: u8, velocity: f32, host: &mut impl Host) {
        let ticks = self.clock.tick_at(now);
        self.played_channel = channel;
        self.status.n_heard.add(1);
        let action = self.turn.key_down(ticks, channel, key, &self.rules());
        self.act(now, action, host);
        let (velocity, style) = (midi::velocity(velocity).get(), self.params.controls().style);
        self.tell(ToWorker::On { ticks, channel, key, velocity, style });
    }

    fn key_up(&mut self, now: u32, channel: u8, key: u8, host: &mut impl Host) {
        if self.turn.held(channel) & 1 << (key & 127) == 0 {
            return;
        }
        let ticks = self.clock.tick_at(now);
        self.tell(ToWorker::Off { ticks, channel, key });
        let action = self.turn.key_up(ticks, channel, key, &self.rules());
        self.act(now, action, host);
    }

    /// A deadline of the turn has come.
    fn reach(&mut self, now: u32, host: &mut impl Host) {
        let rules = self.rules();
        let action = self.turn.reach();
        self.act(now, action, host);
        if matches!(action, Some(Action::Finish { .. })) {
            let next = self.turn.after_finish(self.clock.tick_at(now), &rules);
            self.act(now, next, host);
        }
    }

    fn act(&mut self, now: u32, action: Option<Action>, host: &mut impl Host) {
        match action {
            None => {}
            Some(Action::Begin { start_ticks, until_ticks, end_ticks }) => {
                self.plan = self.plan.wrapping_add(1);
                self.schedule.forget_coming();
                let seed = self.params.seed() << 32 | u64::from(self.n_answers);
                let (turn, controls) = (self.plan, self.params.controls());
                self.is_asked = true;
                self.tell(ToWorker::Begin(Begin { turn, seed, start_ticks, end_ticks, until_ticks, controls }));
            }
            Some(Action::Extend { until_ticks }) => {
                self.is_asked = true;
                self.tell(ToWorker::Extend { turn: self.plan, until_ticks, controls: self.params.controls() });
            }
            Some(Action::Play) => self.n_answers = self.n_answers.wrapping_add(1),
            Some(Action::Cancel) => {
                self.schedule.forget_coming();
                self.tell(ToWorker::Cancel { turn: self.plan });
            }
            Some(Action::Finish { at_ticks }) => {
                self.drop_answer(now, host);
                self.tell(ToWorker::Finish { turn: self.plan, at_ticks });
            }
        }
    }

    /// Ends the answer's notes, those that sound and those to come.
    fn drop_answer(&mut self, now: u32, host: &mut impl Host) {
        self.schedule.forget_coming();
        self.schedule.forget_ending();
        self.sounding.release(now, Whose::Answer, host);
    }

    fn end_notes(&mut self, now: u32, host: &mut impl Host) {
        let mut tick = self.clock.tick_at(now);
        // The tick nearest to this sample may be one less than the tick that begins on it, or one more.
        while self.offset(tick) > i64::from(now) {
            tick -= 1;
        }
        while self.offset(tick + 1) <= i64::from(now) {
            tick += 1;
        }
        while let Some(ending) = self.schedule.take_ended(tick) {
            self.sounding.answer_off(now, (ending.channel, ending.key), ending.id, host);
        }
    }

    fn begin_note(&mut self, now: u32, host: &mut impl Host) {
        let Some(note) = self.schedule.take_coming() else { return };
        let late_samples = i64::from(now) - self.offset(note.on_ticks);
        let late_ms = self.clock.ms_of_samples(late_samples);
        if let Phase::Answering { start_ticks, .. } = self.turn.phase()
            && note.on_ticks == start_ticks
        {
            #[expect(clippy::cast_possible_truncation, reason = "shown with one decimal")]
            self.status.hand_over_ms.store(late_ms as f32, Relaxed);
        }
        if late_ms > MAX_LATE_MS {
            self.status.n_dropped.add(1);
            return;
        }
        if late_samples > 0 {
            self.status.n_late.add(1);
        }
        let channel = self.params.channel(self.played_channel);
        let Some(id) = self.schedule.begin(&note, channel) else {
            self.status.n_queue_full.add(1);
            return;
        };
        let velocity = f32::from(note.velocity) / 127.0;
        if self.sounding.answer_on(now, (channel, note.key), velocity, id, host) {
            self.status.n_played.add(1);
        } else {
            self.status.n_refused.add(1);
        }
    }

    /// Takes in what the worker has planned; in an offline render, all that it was asked for.
    fn receive(&mut self) {
        if std::mem::take(&mut self.is_asked) {
            self.wait();
        }
        while let Some(note) = self.link.receive() {
            self.take(note);
        }
    }

    /// In an offline render, lets the worker catch up.
    fn wait(&mut self) {
        let Some(may_wait) = self.may_wait else { return };
        let waiting = self.link.begin_wait(may_wait);
        while waiting.goes_on(&self.link) {
            while let Some(note) = self.link.receive() {
                self.take(note);
            }
        }
    }

    fn take(&mut self, note: PlannedNote) {
        let is_wanted = matches!(self.turn.phase(), Phase::Planning { .. } | Phase::Answering { .. });
        if is_wanted && note.turn == self.plan && !self.schedule.plan(note) {
            self.status.n_queue_full.add(1);
        }
    }

    fn tell(&mut self, message: ToWorker) {
        if self.is_out_of_step {
            return;
        }
        let mut is_sent = self.link.send(message);
        if !is_sent && self.may_wait.is_some() {
            self.wait();
            is_sent = self.link.send(message);
        }
        if !is_sent {
            // With a message missing, what follows would make no sense to the worker. Until it has caught up and can be
            // reset, there is no answer. What sounds now ends at its time.
            self.status.n_queue_full.add(1);
            self.is_out_of_step = true;
            self.schedule.forget_coming();
            self.turn = Turn::new();
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            silence_ticks: self.clock.ticks_of_ms(f64::from(self.params.silence_ms.value())),
            start: self.params.start(),
            length: self.params.length(),
            is_interruptible: self.params.is_interruptible(),
            metre: self.clock.metre(),
        }
    }

    fn show(&self) {
        let status = &self.status;
        let doing = match self.turn.phase() {
            _ if self.params.is_off() => Doing::Off,
            _ if self.is_out_of_step => Doing::Stuck,
            Phase::Idle => Doing::Idle,
            Phase::Listening => Doing::Listening,
            Phase::Planning { .. } => Doing::Planning,
            Phase::Answering { start_ticks, end_ticks, .. } => {
                let bar = bar_ticks(self.clock.metre());
                let since = (self.clock.tick_at(0) - start_ticks).max(0) / bar + 1;
                let n_bars = if end_ticks == i64::MAX { 0 } else { (end_ticks - start_ticks + bar - 1) / bar };
                status.bar.set(u32::try_from(since).unwrap_or(0));
                status.n_bars.set(u32::try_from(n_bars).unwrap_or(0));
                Doing::Answering
            }
        };
        status.n_call.set(self.turn.n_heard());
        status.set_doing(doing);
    }
}

#[cfg(test)]
mod tests;
