//! The turns, as the audio thread carries them out.

use engine::answer::{AnswerRequest, Controls};

use super::AudioThread;
use crate::clock::Course;
use crate::link::{Begin, ToWorker};
use crate::midi::Host;
use crate::settings::Settings;
use crate::sounding::Whose;
use crate::turn::{Action, Phase, Turn};

impl AudioThread {
    /// What has changed since the last block: the song's position, and switches that end what sounds.
    pub(super) fn follow(&mut self, course: Course, host: &mut impl Host) {
        let Settings { is_off, is_thru, is_panic, is_handed_over, .. } = self.settings;
        if course == Course::BeginsAnew || is_panic && !self.was_panic {
            self.start_over(Whose::Both, host);
        } else if course == Course::Jumps || is_off != self.was_off {
            // What the player holds ends when the player lets it go: who sent the note-on holds its note-off.
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
        let was_handed_over = self.was_handed_over.replace(is_handed_over);
        if is_handed_over && was_handed_over == Some(false) && !is_off {
            self.hand_over(0, host);
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

    /// While the song rolls, the generator begins by itself.
    pub(super) fn play_alone(&mut self, host: &mut impl Host) {
        let is_on = !self.settings.is_off && !self.is_out_of_step;
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

    /// What is coming keeps to the settings as they are now. If nothing is, a call of long ago stays unanswered.
    pub(super) fn reconsider(&mut self, now: u32, host: &mut impl Host) {
        if self.turn.deadline().is_none() {
            return;
        }
        let action = self.turn.reconsider();
        self.act(now, action, host);
        self.plan(now, self.clock.tick_at(now), host);
    }

    /// A deadline of the turn has come.
    pub(super) fn reach(&mut self, now: u32, host: &mut impl Host) {
        // The tick nearest to this sample may be one less than the one that begins on it.
        let tick = self.turn.deadline().map_or(i64::MIN, |(tick, _)| tick).max(self.clock.tick_at(now));
        let is_changed = self.controls != Some(self.settings.controls);
        let action = self.turn.reach(is_changed);
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
        match action {
            None => {}
            Some(Action::Begin { start_ticks, until_ticks, end_ticks }) => {
                let controls = self.new_controls();
                self.plan = self.plan.wrapping_add(1);
                self.schedule.forget_coming();
                let (song_seed, number) = (self.settings.seed, self.n_answers);
                let request = AnswerRequest { song_seed, number, start_ticks, end_ticks };
                self.ask(ToWorker::Begin(Begin { turn: self.plan, request, until_ticks, controls }));
            }
            Some(Action::Extend { until_ticks }) => {
                let controls = self.new_controls();
                self.ask(ToWorker::Extend { turn: self.plan, until_ticks, controls });
            }
            Some(Action::Replace { from_ticks, until_ticks }) => {
                let controls = self.new_controls();
                self.ask(ToWorker::Replace { turn: self.plan, from_ticks, until_ticks, controls });
            }
            Some(Action::Play) => {
                self.n_answers = self.n_answers.wrapping_add(1);
                self.call_channel = self.played_channel;
                self.begun_samples = now.into();
            }
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

    /// The controls as they are now, which the worker is about to be told.
    fn new_controls(&mut self) -> Controls {
        *self.controls.insert(self.settings.controls)
    }

    /// Asks for notes.
    fn ask(&mut self, message: ToWorker) {
        self.is_asked = true;
        self.tell(message);
    }

    pub(super) fn tell(&mut self, message: ToWorker) {
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
}
