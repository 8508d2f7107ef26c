//! The turns, as the performer carries them out.

use engine::answer::{AnswerRequest, MOST_CANDIDATES, candidates_in};

use super::Performer;
use super::answer::{is_wanted, take_in};
use super::sounding::{Whose, bits};
use crate::clock::Course;
use crate::events::Host;
use crate::messages::{Begin, ToWorker};
use crate::monitor::{Count, Monitor};
use crate::settings::{Settings, SettingsSource};
use crate::timeline::TimelineEvent;
use crate::turn::{Action, Phase, Turn};
use crate::worker::Worker;

impl<S: SettingsSource, W: Worker, M: Monitor> Performer<S, W, M> {
    /// What has changed since the last block: the song's position, and switches that end what sounds.
    pub(super) fn follow(&mut self, course: Course, host: &mut impl Host) {
        let Settings { is_off, is_thru, is_panic, is_handed_over, is_another, is_back, .. } = *self.settings;
        let Self { edges, .. } = self;
        let (is_off_moved, is_panic_pressed) = (edges.off.moved(is_off), edges.panic.rising(is_panic));
        let is_thru_ended = edges.thru.falling(is_thru);
        let (is_another_wanted, is_last_wanted) = (edges.another.rising(is_another), edges.back.rising(is_back));
        if course == Course::BeginsAnew || course == Course::Stops || is_panic_pressed {
            if course == Course::BeginsAnew {
                self.edges.sustain = 0;
            }
            self.start_over(Whose::Both, host);
        } else if is_off_moved {
            // What the player holds ends when the player lets it go: who sent the note-on holds its note-off.
            self.start_over(Whose::Answer, host);
        } else if course == Course::Starts {
            self.start(host);
        } else if course == Course::Jumps {
            self.jump(0, host);
        }
        if is_thru_ended {
            self.sounding.release(0, Whose::Player, host);
        }
        self.reset_worker_that_caught_up();
        self.tell_metre();
        let is_button_pressed = self.edges.hand_over.rising(is_handed_over);
        if is_button_pressed && !is_off {
            self.hand_over(0, host);
        }
        for (is_wanted, is_back) in [(is_another_wanted, false), (is_last_wanted, true)] {
            if is_wanted && !is_off {
                self.another(0, is_back, host);
            }
        }
    }

    /// Forgets the song so far: the turns, the answer and the model's memory.
    fn start_over(&mut self, whose: Whose, host: &mut impl Host) {
        let ticks = self.clock.tick_at(0);
        self.drop_answer(0, host);
        self.sounding.release(0, whose, host);
        self.monitor.record(TimelineEvent::CallEnds { parts: self.clock.parts_at(0) });
        self.turn = Turn::new();
        self.chord.forget();
        self.n_answers = 0;
        self.tell(ToWorker::Reset);
        // They are down still, though what they held has ended.
        for channel in bits(self.edges.sustain.into()) {
            self.tell(ToWorker::Pedal { ticks, channel, is_down: true });
        }
    }

    /// The song starts, with all that it remembers and no more. Who is in the middle of a phrase goes on with it.
    fn start(&mut self, host: &mut impl Host) {
        let tick = self.clock.tick_at(0);
        if !self.turn.is_open(tick) {
            return self.start_over(Whose::Answer, host);
        }
        let action = self.turn.start(tick);
        self.act(0, action, host);
        self.end_what_sounds(0, host);
        self.n_answers = 0;
        // The call is told again: in the song's bars.
        self.tell_metre();
        self.tell(ToWorker::Start);
        self.plan(0, tick, host);
    }

    /// The song goes on from elsewhere. What we play ends, and nothing else: not a key, nor the phrase so far.
    fn jump(&mut self, now: u32, host: &mut impl Host) {
        let tick = self.clock.tick_at(now);
        let metre = self.settings.metre(&self.clock);
        let is_metre_kept = !self.worker.is_other(metre);
        let is_begun_there = is_metre_kept
            && !self.clock.tells_loop()
            && self.turn.has_begun_on_a_bar_line(self.clock.last_block_tick(), metre);
        if is_begun_there {
            return;
        }
        let was_waiting = self.turn.deadline().is_some();
        let action = self.turn.jump(tick);
        self.act(now, action, host);
        self.end_what_sounds(now, host);
        if !is_metre_kept {
            // In other bars, an answer that has not begun is another one.
            let action = self.turn.invalidate_plan();
            self.act(now, action, host);
            self.tell_metre();
        }
        if was_waiting {
            self.plan(now, tick, host);
        }
    }

    /// The host has told where the song's loop ends: it jumps back now.
    pub(super) fn wrap(&mut self, now: u32, host: &mut impl Host) {
        self.clock.wrap(now);
        self.record_jump(now);
        self.jump(now, host);
    }

    /// Lets whoever shows it know that the song is elsewhere.
    pub(super) fn record_jump(&mut self, now: u32) {
        let ticks = self.clock.tick_at(now);
        let (song_ticks, bars) = (ticks - self.clock.offset_ticks(), self.clock.metre().into());
        self.monitor.record(TimelineEvent::Jump { ticks, song_ticks, bars });
    }

    fn tell_metre(&mut self) {
        let metre = self.settings.metre(&self.clock);
        if self.worker.is_news(metre) {
            self.tell(ToWorker::Metre(metre));
        }
    }

    /// While the song rolls, the generator begins by itself.
    pub(super) fn play_alone(&mut self, host: &mut impl Host) {
        let is_on = !self.settings.is_off && !self.worker.is_out_of_step();
        if is_on && self.turn.phase() == Phase::Idle && self.settings.is_generator(&self.clock) {
            self.plan(0, self.clock.tick_at(0), host);
        }
    }

    /// The player hands over, or takes the turn back.
    pub(super) fn hand_over(&mut self, now: u32, host: &mut impl Host) {
        let tick = self.clock.tick_at(now);
        let action = self.turn.hand_over(tick);
        self.act(now, action, host);
        self.plan(now, tick, host);
    }

    /// The player wants the next answer to the same call, or the one before it.
    fn another(&mut self, now: u32, is_back: bool, host: &mut impl Host) {
        let tick = self.clock.tick_at(now);
        let action = self.turn.another(tick, self.settings.metre(&self.clock));
        if action.is_some() {
            self.rank = (self.rank + if is_back { MOST_CANDIDATES - 1 } else { 1 }) % MOST_CANDIDATES;
        }
        self.act(now, action, host);
    }

    /// What is coming keeps to the settings as they are now. If nothing is, a call of long ago stays unanswered.
    pub(super) fn invalidate_plan(&mut self, now: u32, host: &mut impl Host) {
        if self.turn.deadline().is_none() {
            return;
        }
        let action = self.turn.invalidate_plan();
        self.act(now, action, host);
        self.plan(now, self.clock.tick_at(now), host);
    }

    /// A deadline of the turn has come.
    pub(super) fn on_deadline(&mut self, now: u32, host: &mut impl Host) {
        // The tick nearest to this sample may be one less than the one that begins on it.
        let tick = self.turn.deadline().map_or(i64::MIN, |(tick, _)| tick).max(self.clock.tick_at(now));
        let is_changed = self.worker.is_changed(&self.controls());
        let action = self.turn.on_deadline(is_changed);
        self.act(now, action, host);
        self.plan(now, tick, host);
    }

    pub(super) fn plan(&mut self, now: u32, tick: i64, host: &mut impl Host) {
        let rules = self.settings.rules(&self.clock);
        // What is sent now is heard later, if it plays ahead.
        let ahead_samples = u32::try_from(self.ahead_samples).unwrap_or(0);
        let soonest = tick.max(self.clock.tick_at(now.saturating_add(ahead_samples)));
        let action = self.turn.plan(soonest, &rules);
        self.act(now, action, host);
    }

    pub(super) fn act(&mut self, now: u32, action: Option<Action>, host: &mut impl Host) {
        let controls = self.controls();
        match action {
            None => {}
            Some(Action::Begin { start_ticks, until_ticks, end_ticks }) => {
                let turn = self.worker.next_plan();
                self.rank = 0;
                self.schedule.forget_coming();
                let (song_seed, number) = (self.settings.seed, self.n_answers);
                let silence_ticks = start_ticks - self.clock.tick_at(now);
                let most_candidates = candidates_in(self.clock.us_per_beat(), silence_ticks);
                let request = AnswerRequest { song_seed, number, start_ticks, end_ticks, most_candidates };
                let (us_per_beat, start) = (self.clock.us_per_beat(), self.settings.start);
                self.ask(ToWorker::Begin(Begin { turn, request, until_ticks, controls, us_per_beat, start }));
            }
            Some(Action::Extend { until_ticks }) => {
                self.ask(ToWorker::Extend { turn: self.worker.plan(), until_ticks, controls });
            }
            Some(Action::Replace { from_ticks, until_ticks }) => {
                self.ask(ToWorker::Replace { turn: self.worker.plan(), from_ticks, until_ticks, controls });
            }
            Some(Action::Another { from_ticks, until_ticks }) => {
                let (turn, rank) = (self.worker.plan(), self.rank);
                self.ask(ToWorker::Another { turn, rank, from_ticks, until_ticks, controls });
            }
            Some(Action::Play) => {
                self.n_answers = self.n_answers.wrapping_add(1);
                self.output.begin_answer();
                self.begun_samples = now.into();
                self.is_first_to_come = true;
            }
            Some(Action::Cancel) => {
                self.schedule.forget_coming();
                self.tell(ToWorker::Cancel { turn: self.worker.plan() });
            }
            Some(Action::Finish { at_ticks }) => {
                self.is_first_to_come = false;
                self.drop_answer(now, host);
                self.tell(ToWorker::Finish { turn: self.worker.plan(), at_ticks });
            }
        }
    }

    /// Asks for notes, with the controls as they are now.
    fn ask(&mut self, message: ToWorker) {
        self.worker.note_question(self.controls());
        self.tell(message);
    }

    pub(super) fn tell(&mut self, message: ToWorker) {
        let is_wanted = is_wanted(self.turn.phase());
        let Self { worker, schedule, monitor, .. } = self;
        if !worker.tell(message, |message| take_in(message, is_wanted, schedule, monitor)) {
            // Until the worker has caught up there is no answer. What sounds now ends at its time.
            self.monitor.count(Count::QueueFull);
            self.schedule.forget_coming();
            self.turn = Turn::new();
        }
    }

    /// After a message was lost, as soon as that is possible.
    fn reset_worker_that_caught_up(&mut self) {
        let is_wanted = is_wanted(self.turn.phase());
        let Self { worker, schedule, monitor, .. } = self;
        if worker.catch_up(|message| take_in(message, is_wanted, schedule, monitor)) {
            self.tell(ToWorker::Reset);
        }
    }
}
