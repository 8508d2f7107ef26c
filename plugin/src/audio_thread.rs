//! All that `process` does: it hears, keeps the turns, passes notes through and plays what is planned, each at its
//! sample. It never allocates, waits or makes a system call, except that it waits for the worker in a bounce.

mod hearing;
mod playing;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Metre;
use engine::answer::Controls;
use nice_plug::prelude::ProcessMode;

use crate::clock::{Clock, Course, Transport};
use crate::link::{AudioSide, MayWait};
use crate::midi::Host;
use crate::pace::Pace;
use crate::params::AntiphonParams;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::sounding::{Sounding, Whose};
use crate::status::{Doing, Status};
use crate::tape::{Mark, Pen};
use crate::turn::{Phase, Turn, bar_ticks};

const SCHEDULE_CAPACITY: usize = 1024;

/// The audio thread's state. Made once, on the main thread.
pub(crate) struct AudioThread {
    params: Arc<AntiphonParams>,
    settings: Settings,
    /// Of the parameters, when the settings were read.
    n_changes: u32,
    /// How much earlier than its time the answer is sent.
    ahead_samples: i64,
    status: Arc<Status>,
    link: AudioSide,
    may_wait: Option<MayWait>,
    /// Set if the host's word on the process mode cannot be trusted.
    pace: Option<Pace>,
    clock: Clock,
    turn: Turn,
    schedule: Schedule,
    sounding: Sounding,
    pen: Pen,
    /// Number of the latest plan.
    plan: u32,
    /// Answers begun since the last reset: each has its own random stream.
    n_answers: u32,
    /// The channel that the player used last.
    played_channel: u8,
    /// The same, when the answer began.
    call_channel: u8,
    /// The sample at which it began, from the start of this block.
    begun_samples: i64,
    /// What the worker was last told.
    metre: Option<Metre>,
    controls: Option<Controls>,
    /// A message was lost, so the worker no longer knows what is going on: it must be reset.
    is_out_of_step: bool,
    /// Plans were asked for that an offline render must wait for.
    is_asked: bool,
    was_off: bool,
    was_thru: bool,
    was_panic: bool,
    /// `None` before the first block: a song may have been saved with the button down.
    was_handed_over: Option<bool>,
    /// Whether the controller that hands over was down.
    was_pedal_down: bool,
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
    Nothing,
}

impl AudioThread {
    pub(crate) fn new(params: Arc<AntiphonParams>, status: Arc<Status>, link: AudioSide) -> Self {
        Self {
            pen: status.tape.pen(),
            n_changes: params.changes.count(),
            settings: params.settings(),
            ahead_samples: 0,
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
            call_channel: 0,
            begun_samples: 0,
            metre: None,
            controls: None,
            is_out_of_step: false,
            is_asked: false,
            was_off: false,
            was_thru: true,
            was_panic: false,
            was_handed_over: None,
            was_pedal_down: false,
        }
    }

    /// Before processing (again). What sounded before is released in the first block: there is no way to send it sooner.
    pub(crate) fn activate(&mut self, sample_rate: f32, mode: Mode) {
        self.clock = Clock::new(sample_rate);
        self.follow_ahead();
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
        let course = self.clock.begin_block(transport);
        if course != Course::GoesOn {
            self.pen.mark(&self.status.tape, Mark::Jump { ticks: self.clock.tick_at(0) });
        }
        self.sounding.settle(0, host);
        let is_other_turn = self.read_settings();
        self.follow(course, host);
        if is_other_turn {
            self.reconsider(0, host);
        }
        self.play_alone(host);
        self.run(n_samples, host);
        self.show();
        self.clock.end_block(n_samples);
        self.begun_samples = self.begun_samples.saturating_sub(i64::from(n_samples));
    }

    /// After a fault in [`AudioThread::process`]: ends what sounds.
    pub(crate) fn give_up(&mut self, host: &mut impl Host) {
        self.sounding.settle(0, host);
        self.sounding.release(0, Whose::Both, host);
        self.status.set_doing(Doing::Broken);
    }

    /// What the player, the host or a controller has moved. Whether the next answer would begin or end otherwise, or be
    /// another one.
    fn read_settings(&mut self) -> bool {
        let n_changes = self.params.changes.count();
        let mut is_other_turn = false;
        if n_changes != self.n_changes {
            // What plays ahead can begin no sooner than it can be sent.
            let of_turn = |settings: &Settings, clock| (settings.rules(clock), settings.seed, settings.ahead_ms);
            let before = of_turn(&self.settings, &self.clock);
            self.n_changes = n_changes;
            self.settings = self.params.settings();
            is_other_turn = of_turn(&self.settings, &self.clock) != before;
            self.follow_ahead();
        }
        debug_assert!(
            self.settings == self.params.settings() || self.params.changes.count() != n_changes,
            "a parameter is not watched"
        );
        is_other_turn
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
            if let Some((tick, is_end)) = self.turn.deadline() {
                offer(self.due(tick), if is_end { Next::AnswerEnds } else { Next::Turn });
            }
            if let Some(tick) = self.schedule.next_off() {
                offer(self.due(tick), Next::NoteEnds);
            }
            if let Phase::Answering { .. } = self.turn.phase()
                && let Some(tick) = self.schedule.next_on()
            {
                offer(self.due(tick), Next::NoteBegins);
            }
            if let Some((offset, _)) = input {
                // An empty block has no samples, but may bring events.
                next = next.min((i64::from(offset).min(end - 1).max(now), Next::Input));
            }
            now = next.0;
            let sample = u32::try_from(now).unwrap_or(0);
            match next.1 {
                Next::AnswerEnds | Next::Turn => self.reach(sample, host),
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

    fn show(&self) {
        let status = &self.status;
        let doing = match self.turn.phase() {
            _ if self.settings.is_off => Doing::Off,
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
        #[expect(clippy::cast_possible_truncation, reason = "to be shown")]
        let tempo = self.clock.tempo() as f32;
        status.tape.be_at(self.clock.tick_at(0), self.clock.metre(), tempo);
        status.set_doing(doing);
    }
}

#[cfg(test)]
mod tests;
